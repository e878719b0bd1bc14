"""``nof1 surveillance activity`` on a small synthetic epidemic, from line list to exposures."""

import json
from datetime import date, timedelta

import polars as pl
import pytest
from click.testing import CliRunner

from cli.test_cli import run
from nof1.cli import cli
from nof1.cli.surveillance_activity import activity
from nof1.core.workspace import create
from nof1.synthetic.epidemic import Plan, telling_day
from nof1.synthetic.epidemic_files import write_epidemic

PLAN = Plan(seed=1, seasons=6, cases=24_000)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_epidemic(tmp_path_factory.mktemp("hospital"), PLAN)


@pytest.fixture(scope="module")
def place(written, tmp_path_factory):
    """A workspace with the line list, and the day that is asked about."""
    workspace = create(tmp_path_factory.mktemp("ws") / "ws", synthetic=True)
    bring(workspace.root, written, written.linelist)
    return workspace.root, telling_day(written.epidemic)


def bring(root, written, linelist):
    arguments = [str(linelist), "--signal", "influenza", "--title", "influenza cases"]
    arguments += ["--locations", str(written.locations), "--workspace", str(root), "--json"]
    done = CliRunner().invoke(cli, ["surveillance", "import", *arguments])
    assert done.exit_code == 1, done.output  # some rows are set aside


def told(root, *arguments):
    done = CliRunner().invoke(activity, [*map(str, arguments), "--workspace", str(root)])
    assert done.exit_code == 0, done.output
    return done.output


def test_json_and_text(place):
    root, day = place
    data = json.loads(told(root, "influenza", "--as-of", day, "--json"))
    assert data["schema"] == "nof1/surveillance-activity/1"
    assert data["as_of"] == day.isoformat()
    assert data["synthetic"]
    rows = {row["place"]: row for row in data["rows"]}
    assert len(rows) == 40
    assert {row["level"] for row in rows.values()} <= set(data["levels"])
    town = rows["SYN-A1"]
    assert town["seasons"] == 5
    assert town["week_end"] <= day.isoformat()
    assert 0 <= town["probability_growing"] <= 1
    kept = root / "surveillance" / "answers" / "influenza" / "activity.json"
    assert json.loads(kept.read_text()) == data
    text = told(root, "influenza", "--as-of", day)
    assert max(map(len, text.splitlines())) <= 80
    assert "SYNTHETIC DATA" in text
    assert "No nowcast of this day was found" in text


def test_the_wave_is_seen_where_the_truth_says_it_is(place, written):
    """At the peak, places where more people fell ill have more cases."""
    root, day = place[0], written.epidemic.seasons["peak"][-1] + timedelta(days=21)
    data = json.loads(told(root, "influenza", "--as-of", day, "--json"))
    weekly = pl.read_csv(written.truth / "weekly.csv", try_parse_dates=True)
    found = pl.DataFrame(data["rows"]).with_columns(pl.col("week_end").str.to_date())
    both = found.join(weekly, left_on=["place", "week_end"], right_on=["place", "date"])
    assert both.height == 40
    assert both.select(pl.corr("cases", "onsets", method="spearman")).item() > 0.7


def test_nothing_reported_later_changes_the_answer(place, written, tmp_path):
    root, day = place
    early = pl.read_csv(written.linelist).filter(pl.col("report") <= day.isoformat())
    early.write_csv(tmp_path / "early.csv")
    workspace = create(tmp_path / "ws", synthetic=True)
    bring(workspace.root, written, tmp_path / "early.csv")
    arguments = ("influenza", "--as-of", day, "--json")
    rows = [json.loads(told(where, *arguments))["rows"] for where in (root, workspace.root)]
    assert rows[0] == rows[1]


def test_exposures_of_every_week(place, tmp_path):
    root, day = place
    out = tmp_path / "exposures"
    data = json.loads(
        told(
            root, "influenza", "--as-of", day, "--since", day.replace(day=1), "--out", out, "--json"
        )
    )
    files = sorted(path.name for path in out.glob("*.csv"))
    assert data["exposures"]["files"] == files
    assert files[-1] == f"influenza-activity-{day}.csv"
    newest = pl.read_csv(out / files[-1], try_parse_dates=True)
    assert newest["known_on"].unique().to_list() == [day]
    level = data["rows"][0]["level"].replace(" ", "_")
    assert newest[f"influenza_activity//{level}"][0] == 1
    assert "nof1/exposures/1" in (out / "exposures.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("influenza", "--as-of", "10.1.2024"), "cannot be read"),
        (("influenza", "--since", "2022-01-01"), "needs --out"),
        (("influenza", "--since", "2010-01-01", "--out", "x"), "too many"),
        (("influenza", "--disease", "42", "--out", "x"), "No name of a disease"),
        (("measles",), "no signal"),
    ],
)
def test_what_is_wrong_is_said(place, capsys, monkeypatch, tmp_path, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "surveillance", "activity", *arguments, "-w", str(place[0]))
    assert code == 2
    assert said in err


def test_a_weekly_signal_is_not_sent_to_a_nowcast_that_it_cannot_have(tmp_path):
    root = create(tmp_path / "ws").root
    weeks = [date(2023, 1, 7) + timedelta(weeks=number) for number in range(60)]
    lines = [f"{week},A,{20 + week.month}" for week in weeks]
    (tmp_path / "weeks.csv").write_text("\n".join(["date,place,value", *lines]), encoding="utf-8")
    options = ["--signal", "ili", "--workspace", str(root), "--json"]
    done = CliRunner().invoke(
        cli, ["surveillance", "import", str(tmp_path / "weeks.csv"), *options]
    )
    assert done.exit_code == 0, done.output
    text = told(root, "ili")
    assert str(weeks[-1]) in text  # its newest week is used
    assert "nowcast" not in text
