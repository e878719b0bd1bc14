"""The epidemic's files: all say SYNTHETIC, and the truth beside them agrees with the list."""

import json

import polars as pl
import pytest

from nof1.synthetic.epidemic import Plan
from nof1.synthetic.epidemic_files import write_epidemic

PLAN = Plan(seed=2, seasons=2, cases=4_000)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_epidemic(tmp_path_factory.mktemp("hospital"), PLAN)


def test_every_file_says_synthetic(written):
    files = [path for path in written.folder.rglob("*") if path.is_file()]
    assert len(files) == 10
    for path in files:
        lines = path.read_text(encoding="utf-8")
        assert "SYNTHETIC" in lines
        if path.suffix == ".csv":
            assert all(line.endswith(",SYNTHETIC") for line in lines.splitlines()[1:])


def test_the_same_plan_gives_the_same_bytes(written, tmp_path):
    again = write_epidemic(tmp_path, PLAN)
    for path in written.folder.rglob("*.*"):
        assert (again.folder / path.relative_to(written.folder)).read_bytes() == path.read_bytes()


def test_locations_and_map_name_the_same_places(written):
    places = pl.read_csv(written.locations)
    features = json.loads(written.map.read_text())["features"]
    assert places["place"].to_list() == [one["properties"]["id"] for one in features]
    assert places["population"].to_list() == [one["properties"]["population"] for one in features]
    lines = pl.read_csv(written.linelist)
    assert set(lines["place"]) - set(places["place"]) == {"SYN-Z9"}


def test_the_truth_adds_up(written):
    daily = pl.read_csv(written.truth / "daily.csv", try_parse_dates=True)
    weekly = pl.read_csv(written.truth / "weekly.csv", try_parse_dates=True)
    assert weekly["date"].dt.weekday().unique().to_list() == [6]  # Saturdays
    first, last = weekly["date"].min(), weekly["date"].max()
    inside = daily.filter(pl.col("date") > first, pl.col("date") <= last)
    rest = weekly.filter(pl.col("date") > first)
    assert inside["infections"].sum() == rest["infections"].sum()
    assert inside["onsets"].sum() == rest["onsets"].sum()
    about = json.loads((written.truth / "epidemic.json").read_text())
    assert about["infections"] == daily["infections"].sum()
    assert about["lines"] == pl.read_csv(written.linelist).height
    assert about["planted"] == written.notified.planted
    assert about["plan"]["last"] == "2018-06-30"
    cases = pl.read_csv(written.truth / "cases.csv")
    assert about["cases"] == cases.height
    assert cases["source"].unique().sort().to_list() == ["outbreak", "sporadic", "wave"]
