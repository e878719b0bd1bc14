"""Visits x positivity by hand, other files as signals of their own, and what is refused."""

import gzip
from datetime import date

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.surveillance import places
from nof1.surveillance.forecast import related
from nof1.surveillance.weeks import week_end
from shared_data import needs
from wave_samples import REFERENCE, locations, text, waves

VISITS = "region_type,region,year,week,weighted_ili,unweighted_ili\n"
OLD = "REGION TYPE,REGION,YEAR,WEEK,TOTAL SPECIMENS,A (H1),A (H3),B,H3N2v\n"
NEW = "REGION TYPE,REGION,YEAR,WEEK,TOTAL SPECIMENS,TOTAL A,TOTAL B\n"
LIST = """abbreviation,location,location_name,population
US,US,US,9000000
AL,01,Alabama,5000000
FL,12,Florida,3000000
ME,23,Maine,1000000
"""


def pack(folder, name, content):
    (folder / name).write_bytes(gzip.compress(content.encode()))


@pytest.fixture
def listed(tmp_path):
    (tmp_path / "places.csv").write_text(LIST)
    return places.read(tmp_path / "places.csv")


@pytest.fixture
def folder(tmp_path):
    """Two weeks before the change of the laboratory files in 2015, and one after it."""
    at = tmp_path / "history"
    at.mkdir()
    pack(at, "ilinet.csv.gz", VISITS + "National,National,2015,39,2.0,9\n")
    pack(
        at,
        "ilinet_hhs.csv.gz",
        VISITS + "HHS Regions,Region 4,2015,39,NA,3.0\nHHS Regions,Region 1,2015,40,4.0,9\n",
    )
    states = "States,Alabama,2015,39,NA,5.0\nStates,Maine,2015,39,NA,6.0\n"
    states += "States,Alabama,2015,38,X,X\nStates,Alabama,2015,40,NA,7.0\n"
    pack(at, "ilinet_state.csv.gz", VISITS + states)
    title = '"one line of title"\n'
    old = "States,Alabama,2015,39,30,1,2,3,0\nStates,Florida,2015,39,170,10,10,0,4\n"
    old += "States,Nowhere,2015,39,999,999,0,0,0\nStates,Maine,2015,39,X,X,X,X,X\n"
    pack(at, "WHO_NREVSS_Combined_prior_to_2015_16.csv.gz", title + OLD + old)
    new = "States,Maine,2015,40,50,4,1\n"
    pack(at, "WHO_NREVSS_Clinical_Labs.csv.gz", title + NEW + new)
    return at


WEEK_39, WEEK_40 = week_end(2015, 39), week_end(2015, 40)
NATION = 30 / 200  # 6 + 24 positive of 30 + 170 specimens


def test_visits_times_positivity_by_hand(folder, listed):
    nation, regions, states = related.read(folder, listed)
    assert [one.signal for one in (nation, regions, states)] == [
        "ilinet", "ilinet_hhs", "ilinet_state",
    ]  # fmt: skip
    assert nation.values.tolist() == [[pytest.approx(2.0 * NATION)]]
    # Region 4 is Alabama and Florida here; Region 1 in week 40 is Maine.
    assert (regions.places, regions.dates.tolist()) == (("R1", "R4"), [WEEK_39, WEEK_40])
    assert regions.values[0, 1] == pytest.approx(3.0 * NATION)
    assert regions.values[1, 0] == pytest.approx(4.0 * 5 / 50)
    # Alabama's own 30 specimens are trusted by half, its region's share has the other half.
    assert states.places == ("AL",)  # Maine had no test of its region in week 39
    assert states.values[:, 0].tolist() == [pytest.approx(5.0 * (0.5 * 0.2 + 0.5 * NATION))]
    assert {one.unit for one in (nation, regions, states)} == {"%"}


def test_populations_of_regions_are_sums(folder, listed):
    nation, regions, states = related.read(folder, listed)
    assert nation.population.tolist() == [9e6]
    assert regions.population.tolist() == [1e6, 8e6]
    assert states.population.tolist() == [5e6]


def test_a_csv_of_the_target_kind_is_a_signal_of_its_own(tmp_path, listed):
    at = tmp_path / "own"
    at.mkdir()
    (at / "rsv.csv").write_text("date,location,value\n2020-01-04,01,3\n2020-01-11,01,4\n")
    (at / "notes.csv").write_text("what,else\n1,2\n")
    (at / "notes.txt").write_text("no table")
    (one,) = related.read(at, listed)
    assert (one.signal, one.values.tolist(), one.population.tolist()) == (
        "rsv.csv", [[3.0], [4.0]], [5e6],
    )  # fmt: skip


def test_the_season_of_the_history_is_not_taught(tmp_path):
    from nof1.surveillance.forecast import learned

    (tmp_path / "places.csv").write_text(locations())
    listed = places.read(tmp_path / "places.csv")
    codes = []
    for name, newest in (("short", date(2023, 7, 29)), ("long", date(2024, 5, 25))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rsv.csv").write_text(text(waves(newest, seed=3)))
        signals = related.read(tmp_path / name, listed)
        codes.append(learned.digest(learned.taught(waves(), signals, REFERENCE)[0], 4))
    assert codes[0] == codes[1]


def test_no_folder_and_an_empty_one_are_refused(tmp_path, listed):
    with pytest.raises(InputError, match="no such folder"):
        related.read(tmp_path / "none", listed)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.csv").write_text("what,else\n1,2\n")
    with pytest.raises(InputError, match="no history that can be used") as told:
        related.read(tmp_path / "empty", listed)
    assert "date, location, value" in str(told.value.allowed)


def test_some_of_the_five_files_are_refused_by_name(folder, listed):
    (folder / "ilinet_hhs.csv.gz").unlink()
    with pytest.raises(InputError, match="Only some") as told:
        related.read(folder, listed)
    assert told.value.next_step == "Add: ilinet_hhs.csv.gz."


@pytest.mark.parametrize("content", [b"", b"not packed", gzip.compress(b"", mtime=0)[:12]])
def test_damaged_files_are_refused_by_name(folder, listed, content):
    (folder / "ilinet.csv.gz").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read") as told:
        related.read(folder, listed)
    assert told.value.where == "ilinet.csv.gz"


def test_an_empty_csv_is_refused_by_name(tmp_path, listed):
    (tmp_path / "rsv.csv").write_text("")
    (tmp_path / "places.csv").unlink()
    with pytest.raises(InputError, match="cannot be read") as told:
        related.read(tmp_path, listed)
    assert told.value.where == "rsv.csv"


def test_files_without_their_columns_or_without_tests_are_refused(folder, listed):
    kept = (folder / "ilinet.csv.gz").read_bytes()
    pack(folder, "ilinet.csv.gz", "region,year\nNational,2015\n")
    with pytest.raises(InputError, match="lack a column"):
        related.read(folder, listed)
    (folder / "ilinet.csv.gz").write_bytes(kept)
    pack(folder, "ilinet.csv.gz", VISITS + "National,National,1999,39,2.0,9\n")
    with pytest.raises(InputError, match="No week of the visits"):
        related.read(folder, listed)


def test_a_list_without_abbreviations_is_refused(folder, tmp_path):
    (tmp_path / "bare.csv").write_text("location,location_name,population\n01,Alabama,5000000\n")
    with pytest.raises(InputError, match="no abbreviations"):
        related.read(folder, places.read(tmp_path / "bare.csv"))


def test_the_real_history_has_ten_regions_and_more_than_fifty_states():
    at = needs("surveillance/ili")
    nation, regions, states = related.read(at, places.read(needs("surveillance/locations.csv")))
    assert nation.places == ("National",)
    assert regions.places == ("R1", "R10", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9")
    assert len(states.places) > 50
    assert np.isfinite(nation.population).all()
    assert np.isfinite(regions.population).all()
    for one in (nation, regions, states):
        known = one.values[np.isfinite(one.values)]
        assert known.min() >= 0
        assert known.max() <= 100
