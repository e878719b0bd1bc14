"""``nof1 surveillance alarms``: from a file and from a workspace; text, JSON, exit codes."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from nof1.cli.surveillance_alarms import alarms
from nof1.core.errors import InputError, UsageError
from nof1.core.workspace import create

WEEKS = 300
DATES = [date(2018, 1, 6) + timedelta(weeks=at) for at in range(WEEKS)]


def counts_file(folder: Path, outbreak: int = 60) -> Path:
    rng = np.random.default_rng(1)
    lines = ["date,place,count,latitude,longitude"]
    for number in range(9):
        values = rng.poisson(6.0, WEEKS)
        if number in (0, 1):
            values[-1] += outbreak
        lines += [
            f"{day},p{number},{value},{40 + number // 3},{-90 + number % 3}"
            for day, value in zip(DATES, values, strict=True)
        ]
    path = folder / "cases.csv"
    path.write_text("\n".join(lines))
    return path


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(alarms, [str(one) for one in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def test_an_alarm_in_text_fits_and_says_what_would_make_it_false(tmp_path):
    text = run("--counts", counts_file(tmp_path), "--scan", "poisson", code=1)
    assert "\np0 " in text
    assert "\np1 " in text
    assert "An alarm is false if" in text
    assert "Cluster" in text
    assert "not an outbreak" in text
    assert max(map(len, text.splitlines())) <= 80


def test_calm_is_exit_0_and_as_of_hides_the_outbreak(tmp_path):
    path = counts_file(tmp_path)
    text = run("--counts", path, "--as-of", "2023-09-23", "--fdr", "0.01")
    assert text.startswith("cases as known on 2023-09-23: 0 alarms")


def test_json_follows_the_contract(tmp_path):
    data = json.loads(run("--counts", counts_file(tmp_path), "--json", code=1))
    assert data["schema"] == "nof1/surveillance-alarms/1"
    assert (data["method"], data["fdr"]) == ("farrington-flexible", 0.1)
    row = data["rows"][0]
    for key in ("place", "stratum", "date", "observed", "estimate", "expected", "upper", "p", "q"):
        assert key in row
    assert row["status"] == "alarm"
    assert row["date"] == str(DATES[-1])
    assert row["false_if"]
    assert {"place", "date", "observed", "expected", "upper", "alarm"} <= set(data["history"][0])
    assert len(data["history"]) == 9 * 104


def test_exclusions_and_wrong_options(tmp_path):
    path = counts_file(tmp_path)
    spans = tmp_path / "known.csv"
    spans.write_text("place,first,last\np3,2022-01-01,2022-03-01\n")
    text = run("--counts", path, "--exclude", spans, "--skip", "2020-03-01:2020-05-01", code=1)
    assert "No baseline uses 2020-03-01 to 2020-05-01." in text
    with pytest.raises(UsageError):
        run("--counts", path, "--skip", "2020")
    with pytest.raises(UsageError):
        run("--counts", path, "--method", "glr", "--fdr", "0.1")
    with pytest.raises(InputError):
        run("--counts", tmp_path / "absent.csv")


def test_ears_says_that_its_level_does_not_hold(tmp_path):
    text = run("--counts", counts_file(tmp_path), "--method", "ears-c2", code=1)
    assert "several times as many false alarms" in text


def store_with_reports(root: Path) -> Path:
    """A workspace with a signal of reports: two strata, delays up to 6 days, a late outbreak."""
    from nof1.surveillance.store import FOLDER, REPORTS, Store

    workspace = create(root / "ws").root
    store = Store(workspace / FOLDER)
    folder = store.path("flu")
    folder.mkdir(parents=True)
    rng = np.random.default_rng(2)
    first, last = date(2019, 1, 1), date(2023, 12, 30)
    rows = []
    for at in range((last - first).days + 1):
        day = first + timedelta(days=at)
        for place in ("01", "02"):
            mean = 3.0 * (6 if place == "01" and (last - day).days < 7 else 1)
            for delay, number in enumerate(rng.poisson(mean * np.array([0.4, 0.3, 0.2, 0.1]))):
                reported = day + timedelta(days=2 * delay)
                if number and reported <= last:
                    rows.append((place, "", day, reported, int(number), 0))
    table = pl.DataFrame(rows, schema=REPORTS, orient="row")
    table.write_parquet(folder / "rows-0.parquet")
    about = {"name": "flu", "step_days": 1, "kind": "reports", "synthetic": True, "strata": []}
    (folder / "signal.json").write_text(json.dumps(about))
    return workspace


def test_reports_of_a_workspace_are_tested_against_what_should_be_in(tmp_path):
    workspace = store_with_reports(tmp_path)
    data = json.loads(run("flu", "-w", workspace, "--json", code=1))
    rows = {row["place"]: row for row in data["rows"]}
    assert rows["01"]["status"] == "alarm"
    assert rows["02"]["status"] == "quiet"
    assert 0.6 < rows["02"]["complete"] < 0.95
    assert rows["02"]["estimate"] > rows["02"]["observed"]
    assert data["synthetic"]
    kept = workspace / "surveillance" / "answers" / "flu" / "alarms.json"
    assert json.loads(kept.read_text()) == data
