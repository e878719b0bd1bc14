"""``nof1 surveillance forecast|backtest`` as a person, a newcomer and a program meet them."""

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from tests.surveillance.reports_samples import epidemic, last_day

from cli.test_cli import run as call_main
from nof1.cli.surveillance_forecast import weeks_of
from nof1.core.errors import UsageError
from nof1.core.workspace import create
from nof1.surveillance import answers
from nof1.surveillance.forecast import learned, training_nets, trees
from nof1.surveillance.forecast import run as forecasting
from nof1.surveillance.forecast.keeping import SHOWN
from nof1.surveillance.hub import rows
from nof1.surveillance.hub.tasks import flusight
from nof1.surveillance.hub.validate import validate
from nof1.surveillance.scores import LEVELS
from shared_data import needs
from wave_samples import NEWEST, PLACES, REFERENCE, locations, taught, text, waves

CAME = date(2024, 2, 24)
WEEKS = [date(2023, 12, 9) + timedelta(days=7 * i) for i in range(4)]
BASE = ("forecast", "--target", "target.csv", "--models", "models")
GIVEN = (*BASE, "--locations", "locations.csv")
BACK = ("backtest", "--asof", "asof", "--locations", "locations.csv", "--models", "models")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A target file, a list of places, a season of as-of files, members taught beforehand."""
    at = tmp_path_factory.mktemp("forecast")
    (at / "target.csv").write_text(text(waves()))
    (at / "later.csv").write_text(text(waves(CAME)))
    (at / "locations.csv").write_text(locations())
    (at / "asof").mkdir()
    for day in WEEKS:
        (at / "asof" / f"{day}.csv").write_text(text(waves(day - timedelta(days=7))))
    learned.save(taught(), at / "models" / taught().digest[:SHOWN])
    return at


@pytest.fixture
def run(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(training_nets, "learn", lambda *_: pytest.fail("taught again"))
    monkeypatch.setattr(forecasting, "KEPT_WEEKS", 3)  # fewer weeks to look back at: seconds

    def call(*arguments, code=0):
        status, out, err = call_main(capsys, "surveillance", *map(str, arguments))
        assert status == code, err
        assert "Traceback" not in err
        assert "Something went wrong" not in err
        return err if code == 2 else out

    return call


def refused(run, *arguments):
    """The error of a refused call, with a next step or what is allowed, as a program reads it."""
    error = json.loads(run(*arguments, "--json", code=2))
    assert error["next_step"] or error["allowed"] or "no such file" in error["error"].lower()
    return error


# Forecast -------------------------------------------------------------------------------------


def test_the_text_fits_the_screen(run):
    out = run(*GIVEN)
    assert "Forecast of wk inc flu hosp, reference date 2024-01-13" in out
    assert "Westland" in out
    assert "In 3 earlier weeks of this season" in out
    assert "deep" in out
    assert "Next: --out FILE.csv" in out
    assert "not a medical device" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_json_is_one_object_with_the_agreed_keys(run):
    data = json.loads(run(*GIVEN, "--horizons", "0,2", "--json"))
    assert data["schema"] == "nof1/surveillance-forecast/1"
    assert (data["signal"], data["target"]) == ("wk inc flu hosp", "wk inc flu hosp")
    assert (data["as_of"], data["reference_date"]) == ("2024-01-06", "2024-01-13")
    assert data["horizons"] == [0, 2]
    assert [one["id"] for one in data["places"]] == list(PLACES)
    assert len(data["rows"]) == 8
    assert {len(row["quantiles"]) for row in data["rows"]} == {23}
    assert {"relative_wis", "coverage50", "coverage95", "weeks"} == set(data["past"])
    assert {"name", "weight", "wis_with", "wis_without"} == set(data["members"][0])
    assert data["observed"][-1]["place"] == "US"
    assert (data["notes"], data["not_checked"], data["synthetic"]) == ([], [], False)


def test_hub_rows_pass_the_hubs_rules(run, folder):
    out = run(*GIVEN, "--out", "out/2024-01-13-nof1-pool.csv")
    assert "Written: out/2024-01-13-nof1-pool.csv" in out
    path = folder / "out" / "2024-01-13-nof1-pool.csv"
    report = validate(path, flusight().for_places(PLACES))
    assert report.ok, report.faults
    table = pl.read_csv(path, infer_schema=False)
    assert tuple(table.columns) == rows.COLUMNS
    assert table.height == 4 * 4 * 23
    assert table["location"].unique().sort().to_list() == sorted(PLACES)
    assert table["output_type_id"].unique().cast(float).sort().to_list() == LEVELS.tolist()
    run(*GIVEN, "--out", "out/same.parquet")
    (one,), (other,) = rows.read(path), rows.read(folder / "out" / "same.parquet")
    assert np.array_equal(one.quantiles, other.quantiles)


def test_later_weeks_of_the_file_change_nothing_but_a_note(run):
    first = json.loads(run(*GIVEN, "--json"))
    later = ("--target", "later.csv", "--reference-date", REFERENCE)
    other = json.loads(run(*GIVEN, *later, "--json"))
    assert other["notes"] == [
        "7 weeks of the file end on or after the reference date and were not used."
    ]
    for key in ("rows", "members", "past", "observed", "as_of", "taught"):
        if key != "as_of":
            assert other[key] == first[key], key


def test_an_old_file_is_named(run, monkeypatch):
    monkeypatch.setattr(training_nets, "learn", lambda lessons: taught().nets)
    arguments = ("--reference-date", REFERENCE + timedelta(days=14), "--horizons", "0,1")
    monkeypatch.setattr(learned, "FEWEST", 10**6)
    out = run("forecast", "--target", "target.csv", *arguments)
    words = f"The newest week, {NEWEST}, lies 3 weeks before the reference date."
    assert words in " ".join(out.split())
    assert "the learned members are silent" in " ".join(out.split())
    assert "? Not checked: trees and deep member" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_late_silent_and_flat_places_are_named(run, folder):
    panel = waves()
    values = panel.values.copy()
    values[-1, 0] = values[-3:, 1] = np.nan
    values[:-3, 2] = np.nan
    content = text(type(panel)(panel.signal, panel.dates, PLACES, values, panel.known_on))
    (folder / "gaps.csv").write_text(content)
    data = json.loads(_untaught(run, "forecast", "--target", "gaps.csv", "--json"))
    notes = " ".join(data["notes"])
    assert "06: the newest week was not reported" in notes
    assert "No member could answer for 10" in notes
    assert "the flat baseline stands there" in notes
    assert "US is not the sum of the other places here" in notes
    assert data["not_checked"][0]["what"] == "forecast of 48"
    assert {row["place"] for row in data["rows"]} == {"06", "10", "US"}
    out = _untaught(run, "forecast", "--target", "gaps.csv")
    assert max(len(line) for line in out.splitlines()) <= 80


def _untaught(run, *arguments):
    """A run whose past is too short to teach, so that nothing has to be learned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learned, "FEWEST", 10**6)
        return run(*arguments)


# Refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give a SIGNAL of the workspace or --target FILE"),
        (("flu", "--target", "target.csv"), "one of them"),
        (("--target", "none.csv"), "no such file"),
        (("--target", "target.csv", "--horizons", "3-0"), "no horizons"),
        (("--target", "target.csv", "--horizons", "0-9"), "weeks after the newest"),
        (("--target", "target.csv", "--horizons", "-1"), "no horizons"),
        (("--target", "target.csv", "--reference-date", "2024-01-15"), "no whole number of weeks"),
        (("--target", "target.csv", "--reference-date", "2019-07-06"), "no value before"),
        (("--target", "target.csv", "--reference-date", "2024-06-01"), "weeks after the newest"),
        (("--target", "target.csv", "--as-of", "2024-01-01"), "known on one day only"),
        (("--target", "target.csv", "--history", "asof"), "needs the names and people"),
        (("--target", "target.csv", "--locations", "none.csv"), "No such file"),
        (
            ("--target", "target.csv", "--locations", "locations.csv", "--history", "models"),
            "no history that can be used",
        ),
        (
            ("--target", "target.csv", "--locations", "locations.csv", "--history", "none"),
            "no such folder",
        ),
    ],
)
def test_what_cannot_be_forecast_is_refused_with_a_way_out(run, arguments, words):
    assert words in refused(run, "forecast", *arguments)["error"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",06,", ",6,", "Not in the list of places: 6."),
        ("date,location,value", "day,state,admissions", "lacks the columns"),
        ("2024-01-06,", "06/01/2024,", "cannot be read"),
        ("2024-01-06,", "2024-01-05,", "not whole weeks apart"),
        ("2024-01-06,", "2023-12-30,", "come more than once"),
        ("2024-01-06,", "2099-01-03,", "lies in the future"),
        ("2024-01-06,10,", "2024-01-06,10,-inf", "cannot be read"),
    ],
)
def test_broken_files_are_refused_with_a_way_out(run, folder, old, new, words):
    (folder / "broken.csv").write_text(text(waves()).replace(old, new))
    arguments = ("forecast", "--target", "broken.csv", "--locations", "locations.csv")
    assert words in refused(run, *arguments)["error"]


@pytest.mark.parametrize("content", ["", "date,location,value\n", "\x00\x01\x02"])
def test_empty_files_are_refused(run, folder, content):
    (folder / "broken.csv").write_text(content)
    refused(run, "forecast", "--target", "broken.csv")


def test_a_lost_zero_without_a_list_is_noted(run, folder):
    (folder / "six.csv").write_text(text(waves()).replace(",06,", ",6,"))
    data = json.loads(_untaught(run, "forecast", "--target", "six.csv", "--json"))
    assert any("a lost zero, as in 06?" in note for note in data["notes"])


def test_hub_rows_of_another_weekday_are_refused_before_the_teaching(run, folder):
    panel = waves()
    sundays = text(type(panel)(
        panel.signal, panel.dates + np.timedelta64(1, "D"), PLACES, panel.values,
        NEWEST + timedelta(days=1),
    ))  # fmt: skip
    (folder / "sundays.csv").write_text(sundays)
    error = refused(run, "forecast", "--target", "sundays.csv", "--out", "x.csv")
    assert "2024-01-14 is none" in error["error"]
    assert not (folder / "x.csv").exists()
    assert "reference date 2024-01-14" in _untaught(run, "forecast", "--target", "sundays.csv")


def test_a_place_where_nothing_can_be_written_is_refused(run):
    error = refused(run, *GIVEN, "--out", "target.csv/x.csv")
    assert "cannot be written" in error["error"]


def test_changed_members_are_refused(run, folder):
    kept = folder / "models" / taught().digest[:SHOWN] / "trees-0.txt"
    content = kept.read_text()
    kept.write_text(content + " ")
    try:
        error = refused(run, *GIVEN)
    finally:
        kept.write_text(content)
    assert "changed after training (trees-0.txt)" in error["error"]
    assert "Remove it" in error["next_step"]


@pytest.mark.parametrize(
    ("words", "weeks"),
    [("0-3", [0, 1, 2, 3]), ("1", [1]), (" 0 , 2,1 ", [0, 1, 2]), ("2-2", [2]), ("1,1", [1])],
)
def test_horizons_in_words(words, weeks):
    assert weeks_of(words) == weeks


@pytest.mark.parametrize("words", ["", "3-0", "a", "0-", "-1", "10", "0,", "0-3-5", "1.5"])
def test_no_horizons(words):
    with pytest.raises(UsageError, match="no horizons"):
        weeks_of(words)


# Backtest -------------------------------------------------------------------------------------


def test_a_season_is_scored(run, folder):
    data = json.loads(run(*BACK, "--truth", "later.csv", "--out", "season", "--json"))
    assert data["schema"] == "nof1/surveillance-backtest/1"
    assert data["weeks"] == [day.isoformat() for day in WEEKS]
    assert data["pool"]["n"] == 4 * 4 * 4
    assert data["pool"]["ratio"] < 1
    assert len(data["written"]) == 8
    for name in data["written"]:
        report = validate(folder / "season" / name, flusight().for_places(PLACES))
        assert report.ok, report.faults


def test_the_seasons_text_fits_the_screen(run):
    out = run(*BACK)
    assert "flat baseline" in out
    assert "nothing of the season" in out
    assert "Made after the fact" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_the_truth_changes_scores_and_no_forecast(run, folder):
    (folder / "wild.csv").write_text(text(waves(CAME)).replace("2024-01-06,06,", "2024-01-06,06,9"))
    for name in ("later", "wild"):
        run(*BACK, "--truth", f"{name}.csv", "--out", f"season-{name}")
    for path in sorted((folder / "season-later").rglob("*.csv")):
        twin = folder / "season-wild" / path.relative_to(folder / "season-later")
        assert path.read_bytes() == twin.read_bytes()


def test_a_season_of_zeros_and_one_without_truth(run, folder):
    (folder / "zeros").mkdir(exist_ok=True)
    for day in WEEKS[:2]:
        panel = waves(day - timedelta(days=7))
        zero = type(panel)(
            panel.signal, panel.dates, PLACES, np.zeros_like(panel.values), panel.known_on
        )
        (folder / "zeros" / f"{day}.csv").write_text(text(zero))
    came = "date,location,value\n" + "".join(
        f"{WEEKS[0] + timedelta(days=7 * k)},{place},0\n" for k in range(6) for place in PLACES
    )
    (folder / "came.csv").write_text(came)
    out = _untaught(run, "backtest", "--asof", "zeros", "--truth", "came.csv")
    assert "ratio none" in out
    assert "Only zeros were reported" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    error = json.loads(
        _untaught(
            lambda *a: run(*a, code=2), "backtest", "--asof", "zeros", "--truth", "target2.csv",
            "--json",
        )
    )  # fmt: skip
    assert "cannot be read" in error["error"]


@pytest.mark.parametrize("name", ["none", "models", "target.csv"])
def test_a_folder_without_as_of_files_is_refused(run, name):
    refused(run, "backtest", "--asof", name)


# A workspace ----------------------------------------------------------------------------------


@pytest.fixture
def workspace(run, folder, tmp_path):
    """Two signals: weekly counts with two versions, and daily reports that come in late."""
    create(tmp_path / "ws", synthetic=True)
    listed = ("--locations", "locations.csv", "-w", tmp_path / "ws")
    run("import", "target.csv", "--signal", "adm", "--known-on", "2024-01-10", *listed)
    run("import", "later.csv", "--signal", "adm", "--known-on", "2024-02-28", *listed)
    reports = [epidemic(200, seed=s, place=p, growth=0.01)[0] for s, p in enumerate(("06", "10"))]
    known = pl.concat(reports).filter(pl.col("reported") <= last_day(200))
    known.drop("stratum").write_csv(tmp_path / "reports.csv")
    run("import", tmp_path / "reports.csv", "--signal", "cases", "-w", tmp_path / "ws")
    return tmp_path / "ws"


def test_a_signal_is_forecast_as_known_on_a_day_and_kept(run, workspace):
    data = json.loads(
        _untaught(run, "forecast", "adm", "--as-of", "2024-01-12", "-w", workspace, "--json")
    )
    assert (data["as_of"], data["reference_date"]) == ("2024-01-12", "2024-01-13")
    assert max(row["date"] for row in data["observed"]) == "2024-01-06"
    assert [one["id"] for one in data["places"]] == list(PLACES)  # US is the total
    assert answers.read(workspace / "surveillance", "adm")["forecast"] == data
    newest = json.loads(_untaught(run, "forecast", "adm", "-w", workspace, "--json"))
    assert newest["reference_date"] == "2024-03-02"
    error = refused(run, "forecast", "adm", "--as-of", "2020-01-01", "-w", workspace)
    assert "was known on 2020-01-01" in error["error"]
    assert "no signal 'none'" in refused(run, "forecast", "none", "-w", workspace)["error"]


def test_late_reports_are_allowed_for(run, workspace):
    data = json.loads(_untaught(run, "forecast", "cases", "-w", workspace, "--json"))
    assert any("nowcast's mean" in note for note in data["notes"])
    finals = [epidemic(200, seed=s, growth=0.01)[1] for s in (0, 1)]
    observed = [row for row in data["observed"] if row["place"] == "06"]
    ends = date.fromisoformat(observed[-1]["date"])
    assert ends.weekday() == 5
    last = 199 - (last_day(200) - ends).days
    assert observed[-1]["value"] == pytest.approx(finals[0][last - 6 : last + 1].sum(), rel=0.15)
    assert {row["place"] for row in data["rows"]} == {"06", "10", "TOTAL"}
    assert data["target"] == "cases"


# The real data --------------------------------------------------------------------------------


def test_one_real_week_makes_a_file_that_the_hub_would_take(run, tmp_path, monkeypatch):
    target = needs("surveillance/flusight-asof/2024-01-06.csv.gz")
    places = needs("surveillance/locations.csv")
    small = {"FEWEST_STEPS": 60, "MOST_STEPS": 60, "EPOCHS": 1}
    monkeypatch.setattr(forecasting, "KEPT_WEEKS", 1)
    monkeypatch.setattr(trees, "ROUNDS", 15)
    for name, value in small.items():
        monkeypatch.setattr(training_nets, name, value)
    teach = _LEARN
    monkeypatch.setattr(training_nets, "learn", lambda some: teach(some, ensemble=((0, 16),)))
    out = tmp_path / "2024-01-06-nof1-pool.csv"
    text = run(
        "forecast", "--target", target, "--locations", places, "--reference-date", "2024-01-06",
        "--out", out,
    )  # fmt: skip
    assert "41 more places" in text
    report = validate(out)
    assert report.ok, report.faults
    assert report.rows == 53 * 4 * 23
    (made,) = rows.read(out)
    assert len(made.places) == 53
    assert (np.diff(made.quantiles, axis=-1) >= 0).all()


_LEARN = training_nets.learn
