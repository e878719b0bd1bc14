"""``nof1 surveillance allocate|validate|score`` as a person and as a program meet them."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from cli.test_cli import run as call_main
from hub_samples import PLACES, REFERENCE, forecast
from nof1.core.workspace import create
from nof1.surveillance import answers, documents
from nof1.surveillance.hub import rows
from nof1.surveillance.hub.tasks import flusight
from nof1.surveillance.scores import LEVELS

WEEKS = [REFERENCE - timedelta(days=7 * back) for back in range(5, -1, -1)]


@pytest.fixture
def folder(tmp_path):
    """Past forecasts, what came, places and limits."""
    for day in WEEKS:
        rows.write([forecast(reference=day)], tmp_path / "past" / f"{day}-team-flat.csv")
    rng = np.random.default_rng(3)
    lines = ["date,location,value"]
    for back in range(40, -3, -1):
        day = REFERENCE - timedelta(days=7 * back)
        for place, mean in zip(PLACES, (100, 200, 300), strict=True):
            lines.append(f"{day},{place},{rng.poisson(mean)}")
    (tmp_path / "truth.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "places.csv").write_text(
        "location,location_name,population\nUS,Union,1400\n01,Northland,500\n06,Southland,900\n"
    )
    (tmp_path / "capacity.csv").write_text("location,capacity\n01,150\n06,400\n")
    (tmp_path / "now.csv").write_text("location,now\n01,300\n06,20\n")
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)

    def call(*arguments, code=0):
        status, out, err = call_main(capsys, "surveillance", *arguments)
        assert status == code, err
        return err if code == 2 else out

    return call


NEWEST = f"past/{WEEKS[-1]}-team-flat.csv"
BASE = ("allocate", "--forecast", NEWEST, "--locations", "places.csv")


def test_a_plan_as_text_fits_the_screen(run):
    out = run(*BASE, "--supply", "90%", "--history", "truth.csv")
    assert "Beds: 450 of 450 for 2 places" in out
    assert "Southland" in out
    assert "by last week" in out
    assert "proven best" in out
    assert "Not checked: the plan's regret" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_a_plan_as_json_with_limits_moves_and_regret(run):
    arguments = ("--supply", "400", "--now", "now.csv", "--capacity", "capacity.csv")
    arguments += ("--floor", "0.4", "--cvar", "1", "--resource", "vaccines", "--json")
    arguments += ("--past", "past", "--truth", "truth.csv")
    data = json.loads(run(*BASE, *arguments))
    assert data["schema"] == "nof1/surveillance-allocation/1"
    assert (data["signal"], data["as_of"]) == ("wk inc flu hosp", "2024-01-06")
    assert data["places"][0] == {"id": "01", "name": "Northland", "population": 500.0}
    given = {row["place"]: row["allocated"] for row in data["rows"]}
    assert given["01"] <= 150
    assert given["06"] == 250  # what the store and Northland can spare
    assert data["transfers"][0]["from"] == "01"
    assert data["settings"]["floor"] == 0.4
    assert next(one["plan"] for one in data["regret"]) == "plan"
    assert data["regret"][0]["weeks"] == 6
    assert any("final counts" in note for note in data["notes"])


def test_a_what_if_changes_one_setting(run):
    unmet = [
        json.loads(run(*BASE, "--supply", supply, "--json"))["expected_unmet"]
        for supply in ("300", "400", "500")
    ]
    assert unmet == sorted(unmet, reverse=True)


def test_rows_go_to_a_file(run, folder):
    run(*BASE, "--supply", "100", "--out", "plan.csv")
    text = (folder / "plan.csv").read_text()
    assert text.startswith("place,need_median")
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--supply", "100", "--floor", "0.9"), "The floor asks for"),
        (("--supply", "many"), "supply cannot be read"),
        (("--supply", "10", "--horizon", "9"), "no horizon 9"),
        (("--supply", "10", "--capacity", "places.csv"), "lacks the column capacity"),
        (("--supply", "10", "--now", "now.csv"), "320 units in the places but a supply of 10"),
        (("--supply", "10", "--scenarios", "0"), "out of range"),
        (("--supply", "10", "--seed", "-1"), "out of range"),
        (("--supply", "10", "--transfer-cost", "nan"), "out of range"),
        (("--supply", "10", "--cvar", "nan"), "out of range"),
        (("--supply", "10", "--past", "past"), "Past forecasts need what came"),
        (("--supply", "10", "--capacity", "none.csv"), "cannot be read"),
    ],
)
def test_bad_settings_are_named(run, arguments, message):
    assert message in run(*BASE, *arguments, code=2)


def test_a_signal_or_a_file_but_not_both(run):
    for arguments in (["--supply", "1"], ["flu", "--forecast", NEWEST, "--supply", "1"]):
        assert "one of them" in run("allocate", *arguments, code=2)


def test_a_good_file_passes_and_a_bad_one_does_not(run, folder):
    name = f"{REFERENCE}-team-full.csv"
    rows.write([forecast(flusight().locations)], folder / name)
    assert "1 files keep the hub's rules" in run("validate", name)
    text = (folder / name).read_text().replace(",06,", ",6,")
    (folder / name).write_text(text)
    out = run("validate", name, code=1)
    assert "without their leading zero: '6'" in out
    assert "Next step: Keep the column as text" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    data = json.loads(run("validate", name, "past", "--json", code=1))
    assert (data["ok"], len(data["files"])) == (False, 7)
    assert data["files"][0]["faults"][0]["code"] == "leading_zero"


def test_other_places_and_weeks_can_be_allowed(run, folder):
    (folder / "some.csv").write_text("location\nUS\n01\n06\n")
    assert "were" not in run("validate", "past", "--locations", "some.csv")
    run("validate", "past", "--any-place")
    tasks = {"rounds": [{"model_tasks": [{"task_ids": {}, "output_type": {"quantile": {}}}]}]}
    (folder / "tasks.json").write_text(json.dumps(tasks))
    assert "'reference_date' is missing" in run("validate", "past", "--tasks", "tasks.json", code=2)


def test_scores_as_text_and_json(run, folder):
    for day in WEEKS:
        one = forecast(reference=day, model="x-x")
        wide = type(one)("x-x", day, one.places, one.horizons, one.quantiles * 1.5)
        rows.write([wide], folder / "other" / f"{day}-team-high.csv")
    arguments = ("score", "past", "other", "--truth", "truth.csv", "--baseline", "team-flat")
    out = run(*arguments)
    assert out.index("team-flat") < out.index("team-high")
    assert "forecasts are not judged" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    data = json.loads(run(*arguments, "--json"))
    assert data["schema"] == "nof1/surveillance-score/1"
    assert date.fromisoformat(data["truth"]["last_date"]) == date(2024, 1, 20)
    scored = {one["model"]: one for one in data["models"]}
    assert scored["team-high"]["wis"] > scored["team-flat"]["wis"]
    against = {one["model"]: one for one in data["comparison"]}
    assert against["team-high"]["ratio"] > 1
    assert against["team-high"]["ratio_low"] is None  # a few weeks cannot give an interval
    assert "(too few weeks)" in out


@pytest.fixture
def workspace(run, folder):
    """A workspace with the counts as a signal and a kept forecast."""
    root = create(folder / "ws", synthetic=True).root
    run("import", "truth.csv", "--signal", "flu", "--locations", "places.csv", "-w", "ws",
        "--known-on", "2024-01-21")  # fmt: skip
    kept = documents.head("forecast", "flu", date(2024, 1, 21), synthetic=True, places=[])
    one = forecast()
    answers.keep(
        root / "surveillance",
        {
            **kept,
            "reference_date": "2024-01-06",
            "target": one.target,
            "rows": [
                {
                    "place": place,
                    "horizon": horizon,
                    "quantiles": {
                        f"{level:g}": float(value)
                        for level, value in zip(LEVELS, one.quantiles[i, k], strict=True)
                    },
                }
                for i, place in enumerate(one.places)
                for k, horizon in enumerate(one.horizons)
            ],
        },
    )
    return root


def test_a_plan_for_a_signal_is_kept_for_the_report(run, workspace):
    arguments = ("allocate", "flu", "--supply", "400", "-w", "ws", "--past", "past")
    assert "SYNTHETIC DATA" in run(*arguments).splitlines()[0]
    data = json.loads(run(*arguments, "--json"))
    assert (data["signal"], data["as_of"]) == ("flu", "2024-01-21")
    kept = answers.read(workspace / "surveillance", "flu")
    assert kept["allocation"] == data
    assert [one["plan"] for one in data["alternatives"]] == [
        "by median",
        "by population",
        "by last week",
    ]
    # nothing of the signal was known before 2024-01-21, so last week's rule cannot be judged
    assert [one["plan"] for one in data["regret"]] == ["plan", "by median", "by population"]
    assert not any("final counts" in note for note in data["notes"])


def test_a_signal_without_a_forecast_says_how_to_make_one(run, workspace):
    (workspace / "surveillance" / "answers" / "flu" / "forecast.json").unlink()
    err = run("allocate", "flu", "--supply", "4", "-w", "ws", code=2)
    assert "nof1 surveillance forecast flu" in err
    assert "no signal 'measles'" in run("allocate", "measles", "--supply", "4", "-w", "ws", code=2)
