"""``nof1 surveillance nowcast|transmission`` as a new user meets them."""

import json
from datetime import timedelta

import polars as pl
import pytest
from click.testing import CliRunner
from tests.surveillance.reports_samples import epidemic, last_day

from nof1.cli import main
from nof1.cli.surveillance_nowcast import nowcast, transmission
from nof1.core.workspace import create

DAYS = 200
AS_OF = last_day(DAYS)
INFLUENZA = ["--serial-interval-mean", "2.6", "--serial-interval-sd", "1.5"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    parts = [
        epidemic(DAYS, seed=seed, place=place, stratum=stratum)[0]
        for seed, (place, stratum) in enumerate((p, s) for p in ("06", "B") for s in ("old", "new"))
    ]
    path = tmp_path_factory.mktemp("reports") / "reports.csv"
    pl.concat(parts).filter(pl.col("reported") <= AS_OF).write_csv(path)
    return path


def run(command, *arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments])


def test_a_file_becomes_a_nowcast(file):
    done = run(nowcast, "flu", "--reports", file, "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.output)
    assert data["schema"] == "nof1/surveillance-nowcast/1"
    assert data["signal"] == "flu"
    assert data["as_of"] == AS_OF.isoformat()
    assert [one["id"] for one in data["places"]] == ["06", "B"]
    assert {row["place"] for row in data["rows"]} == {"06", "B", "TOTAL"}
    assert {row["stratum"] for row in data["rows"]} == {""}
    assert data["not_checked"] == []
    assert 0 <= data["past"]["coverage95"] <= 1
    assert data["step_days"] == 1


def test_strata_and_as_of(file):
    as_of = AS_OF - timedelta(days=20)
    done = run(nowcast, "--reports", file, "--strata", "--as-of", as_of, "--json")
    data = json.loads(done.output)
    assert {row["stratum"] for row in data["rows"]} == {"", "old", "new"}
    assert max(row["date"] for row in data["rows"]) == as_of.isoformat()


def test_text_fits_and_says_what_it_is(file):
    done = run(nowcast, "flu", "--reports", file)
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= 80
    assert "Nowcast of flu" in done.output
    assert "Past 8 weekly nowcasts" in done.output
    assert "not a medical device" in done.output


def test_a_stop_needs_attention(file, tmp_path):
    rows = pl.read_csv(file, try_parse_dates=True, schema_overrides={"place": pl.String})
    stop = AS_OF - timedelta(days=5)
    path = tmp_path / "stop.csv"
    rows.filter((pl.col("place") != "06") | (pl.col("reported") <= stop)).write_csv(path)
    done = run(nowcast, "--reports", path)
    assert done.exit_code == 1
    assert "NOT CHECKED: nowcast of 06: regular reporting ended on" in " ".join(done.output.split())
    assert max(map(len, done.output.splitlines())) <= 80
    left_out = run(nowcast, "--reports", path, "--without", "06")
    assert left_out.exit_code == 0


def test_transmission_of_a_file(file):
    done = run(transmission, "flu", "--reports", file, *INFLUENZA, "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.output)
    assert data["schema"] == "nof1/surveillance-transmission/1"
    assert data["window_days"] == 7
    assert data["serial_interval"] == {"mean_days": 2.6, "sd_days": 1.5}
    newest = [row for row in data["rows"] if row["date"] == AS_OF.isoformat()]
    assert {row["place"] for row in newest} == {"06", "B", "TOTAL"}
    for row in newest:
        assert row["low"] < row["r"] < row["high"]
        assert row["growth_low"] < row["growth_per_day"] < row["growth_high"]
    text = run(transmission, "flu", "--reports", file, *INFLUENZA, "--window", "5")
    assert "not a whole number of weeks" in text.output
    assert max(map(len, text.output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("place,date,count\nA,2024-01-01,3\n", "no column reported"),
        ("place,date,reported,count\nA,1.1.2024,2024-01-02,3\n", "cannot be read"),
        ("", "not a CSV table"),
        ("place,date,reported,count\nA,2024-01-01,9024-01-02,3\n", "dated after today"),
        ("place,date,reported,count\nA,2024-01-03,2024-01-02,3\n", "on or after its own day"),
    ],
)
def test_a_bad_file_is_named(tmp_path, text, said, capsys):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["surveillance", "nowcast", "--reports", str(path)])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_an_unknown_place_to_leave_out_is_refused(file, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["surveillance", "nowcast", "--reports", str(file), "--without", "Z"])
    assert ended.value.code == 2
    assert "no place 'Z'" in capsys.readouterr().err


def outcome(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["surveillance", *(str(one) for one in arguments)])
    return ended.value.code


def test_a_signal_of_the_workspace_is_answered_and_kept(file, tmp_path, capsys):
    create(tmp_path)
    assert outcome("import", file, "--signal", "flu", "--synthetic", "-w", tmp_path) == 0
    assert outcome("nowcast", "flu", "--strata", "-w", tmp_path) == 0
    assert outcome("transmission", "flu", "-w", tmp_path, *INFLUENZA) == 0
    out = capsys.readouterr().out
    assert out.count("SYNTHETIC DATA\n") == 2
    weeks = out.split("Last seven days together:")[1].split("\n\n")[0].splitlines()[2:]
    sizes = [float(line.split()[-4]) for line in weeks]
    assert weeks[0].startswith("TOTAL")  # then the largest place
    assert sizes[1:] == sorted(sizes[1:], reverse=True)
    for command in ("nowcast", "transmission"):
        kept = tmp_path / "surveillance" / "answers" / "flu" / f"{command}.json"
        data = json.loads(kept.read_text(encoding="utf-8"))
        assert data["synthetic"] is True
        assert data["as_of"] == AS_OF.isoformat()
        assert data["rows"]


def test_values_without_report_days_have_no_nowcast(tmp_path, capsys):
    create(tmp_path)
    day = [(AS_OF - timedelta(days=back)).isoformat() for back in range(60, -1, -1)]
    table = pl.DataFrame({"date": day, "place": ["A"] * 61, "value": [50.0] * 61})
    table.write_csv(tmp_path / "values.csv")
    take = ["import", tmp_path / "values.csv", "--signal", "x", "--step", "day", "-w", tmp_path]
    assert outcome(*take) == 0
    assert outcome("nowcast", "x", "-w", tmp_path) == 2
    assert "no report days" in capsys.readouterr().err
    assert outcome("transmission", "x", "-w", tmp_path, *INFLUENZA, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["rows"][-1]["r"] == pytest.approx(1, abs=0.1)
    assert "NOT allowed for" in data["notes"][0]
