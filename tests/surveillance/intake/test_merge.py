"""Adding files: the same twice changes nothing, and what was known stays known."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from intake_samples import FIVE_CASES, seen, store_in, take, weekly, write
from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.record import generation
from nof1.surveillance.intake.batch import Merged
from shared_data import needs

D1, D2, D3 = date(2024, 1, 15), date(2024, 1, 22), date(2024, 1, 29)
ONE = {"2024-01-06": {"A": 5, "B": 1}, "2024-01-13": {"A": 7, "B": 2}}
TWO = {"2024-01-06": {"A": 6, "B": 1}, "2024-01-13": {"A": 7, "B": 2}, "2024-01-20": {"A": 9}}


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


def bytes_of(store):
    return {p.name: p.read_bytes() for p in store.path("s").iterdir() if p.is_file()}


@pytest.mark.parametrize("text", [FIVE_CASES, weekly(ONE)])
def test_the_same_file_twice_changes_nothing(store, tmp_path, text):
    path = write(tmp_path, text)
    assert not take(store, path).merged.nothing
    before = bytes_of(store)
    again = take(store, path).merged
    assert again.nothing
    assert again.unchanged > 0
    assert bytes_of(store) == before


def test_only_changes_are_stored(store, tmp_path):
    take(store, write(tmp_path, weekly(ONE)), known_on=D1)
    done = take(store, write(tmp_path, weekly(TWO)), known_on=D2).merged
    assert done == Merged(new=1, changed=1, unchanged=3, places=2)
    assert store.rows("s").collect().height == 6
    assert seen(store, "s", D1)["2024-01-06", "A"] == 5
    assert seen(store, "s", D2)["2024-01-06", "A"] == 6
    assert ("2024-01-20", "A") not in seen(store, "s", D2 - timedelta(1))


def test_a_value_that_becomes_missing_is_a_version(store, tmp_path):
    take(store, write(tmp_path, weekly(ONE)), known_on=D1)
    take(store, write(tmp_path, weekly({**ONE, "2024-01-06": {"A": "NA"}})), known_on=D2)
    assert ("2024-01-06", "A") in seen(store, "s", D1)
    assert ("2024-01-06", "A") not in seen(store, "s", D2)


def test_an_older_file_is_refused_unless_it_says_the_same(store, tmp_path):
    take(store, write(tmp_path, weekly(ONE)), known_on=D1)
    take(store, write(tmp_path, weekly(TWO)), known_on=D2)
    assert take(store, write(tmp_path, weekly(ONE)), known_on=D1).merged.nothing
    other = {"2024-01-06": {"A": 1}, "2024-01-13": {"A": 7}}
    with pytest.raises(InputError, match="change what was known in the past") as caught:
        take(store, write(tmp_path, weekly(other)), known_on=D1)
    assert "--backfill" in caught.value.next_step
    assert seen(store, "s", D1)["2024-01-06", "A"] == 5


def test_a_backfill_between_two_days_leaves_the_later_one(store, tmp_path):
    take(store, write(tmp_path, weekly(ONE)), known_on=D1)
    take(store, write(tmp_path, weekly(TWO)), known_on=D3)
    later = seen(store, "s", D3)
    between = {"2024-01-06": {"A": 50, "B": 10}, "2024-01-13": {"A": 7, "B": 2}}
    take(store, write(tmp_path, weekly(between)), known_on=D2, backfill=True)
    assert seen(store, "s", D1)["2024-01-06", "B"] == 1
    assert seen(store, "s", D2)["2024-01-06", "B"] == 10
    assert seen(store, "s", D3) == later


def test_full_files_take_back_what_they_lack(store, tmp_path):
    take(store, write(tmp_path, weekly(ONE)), known_on=D1)
    less = {"2024-01-06": {"A": 5}, "2024-01-13": {"A": 7, "B": 2}}
    take(store, write(tmp_path, weekly(less)), known_on=D2)
    assert ("2024-01-06", "B") in seen(store, "s", D2)
    done = take(store, write(tmp_path, weekly(less)), known_on=D3, full="all").merged
    assert done.withdrawn == 1
    assert ("2024-01-06", "B") not in seen(store, "s", D3)
    assert ("2024-01-06", "B") in seen(store, "s", D2)


def test_a_corrected_case_moves_on_the_day_of_the_newer_file(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    moved = FIVE_CASES.replace("c2,2024-03-01", "c2,2024-03-03")
    done = take(store, write(tmp_path, moved), known_on=date(2024, 3, 8)).merged
    assert (done.new, done.changed, done.unchanged) == (0, 1, 4)
    assert seen(store, "s", date(2024, 3, 7))["2024-03-01", "A"] == 2
    now = seen(store)
    assert (now["2024-03-01", "A"], now["2024-03-03", "A"]) == (1, 1)
    assert store.panel("s").values.sum() == 5
    assert store.reports("s")["count"].min() == -1


def test_a_newer_export_adds_its_new_cases_only(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    more = FIVE_CASES + "c6,2024-03-05,2024-03-07,B,50,no\n"
    done = take(store, write(tmp_path, more)).merged
    assert (done.new, done.late, done.unchanged) == (1, 0, 5)
    assert store.panel("s", date(2024, 3, 6)).values.sum() == 5


def test_a_report_that_arrives_late_does_not_change_the_past(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    late = FIVE_CASES + "c6,2024-03-01,2024-03-02,A,50,no\nc7,2024-03-07,2024-03-09,A,50,no\n"
    for backfill, early in ((False, 0), (True, 1)):
        other = store_in(tmp_path / str(backfill))
        take(other, write(tmp_path, FIVE_CASES))
        before = other.panel("s", date(2024, 3, 5)).values.sum()
        done = take(other, write(tmp_path, late), backfill=backfill).merged
        assert (done.new, done.late) == (2, 1 - early)
        assert other.panel("s", date(2024, 3, 5)).values.sum() == before + early
        assert other.panel("s").values.sum() == 7


def test_another_place_brings_its_own_past(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    other = "case_id,onset_date,report_date,county,age\nd1,2024-03-01,2024-03-02,C,4\n"
    done = take(store, write(tmp_path, other)).merged
    assert (done.new, done.late) == (1, 0)
    assert seen(store, "s", date(2024, 3, 2))["2024-03-01", "C"] == 1


def test_a_case_that_a_complete_file_lacks_is_taken_back(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    less = FIVE_CASES.replace("c5,2024-03-04,2024-03-06,B,9,no\n", "")
    assert take(store, write(tmp_path, less), known_on=date(2024, 3, 8)).merged.nothing
    done = take(store, write(tmp_path, less), known_on=date(2024, 3, 8), full="all").merged
    assert done.withdrawn == 1
    assert store.panel("s").values.sum() == 4
    assert store.panel("s", date(2024, 3, 7)).values.sum() == 5


def test_without_case_numbers_the_newer_list_is_the_whole_picture(store, tmp_path):
    head = "onset,report,place\n"
    first = head + "2024-03-01,2024-03-02,A\n2024-03-01,2024-03-02,A\n2024-03-03,2024-03-04,A\n"
    take(store, write(tmp_path, first))
    moved = first.replace("2024-03-01,2024-03-02,A\n", "2024-03-02,2024-03-02,A\n", 1)
    take(store, write(tmp_path, moved), known_on=date(2024, 3, 6))
    assert store.panel("s").values.sum() == 3
    assert store.panel("s").values[:, 0].tolist()[:3] == [1, 1, 1]


def test_known_outbreak_cases_can_be_asked_for(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    assert store.outbreaks("s").rows() == [("B", "65+", date(2024, 3, 2), 1)]
    assert store.outbreaks("s", date(2024, 3, 2)).height == 0


@pytest.mark.parametrize(
    ("text", "said", "words"),
    [
        (FIVE_CASES, {}, "kind is versions"),
        (weekly(ONE), {"unit": "%"}, "unit is 1"),
        (weekly(ONE), {"synthetic": True}, "synthetic is False"),
        (weekly(ONE), {"step_days": 1}, "step_days is 7"),
    ],
)
def test_a_signal_means_one_thing(store, tmp_path, text, said, words):
    take(store, write(tmp_path, weekly(ONE)))
    with pytest.raises(UsageError, match=words):
        take(store, write(tmp_path, text), **said)


def test_with_and_without_case_numbers_do_not_mix(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    other = write(tmp_path, "onset,report,place\n2024-03-01,2024-03-02,A\n")
    with pytest.raises(UsageError, match="case number"):
        take(store, other)


def test_two_imports_at_once_are_refused(store, tmp_path):
    path = write(tmp_path, FIVE_CASES)
    with generation.locked(store.folder), pytest.raises(WorkspaceError, match="Another import"):
        take(store, path)


@pytest.mark.parametrize("numbered", [True, False])
def test_imports_in_turn_never_change_what_was_known(store, tmp_path, numbered):
    """Guard: many random exports of one growing, corrected line list; each past day stays."""
    chance = np.random.default_rng(3)
    start = np.datetime64("2024-03-01")
    n = 120
    onset = start + chance.integers(0, 30, n).astype("timedelta64[D]")
    report = onset + chance.integers(0, 12, n).astype("timedelta64[D]")
    place = chance.choice(["A", "B"], n)
    remembered = {}
    for day in range(12, 45, 6):
        now = start + day
        wrong = chance.random(n) < 0.2  # onset days are corrected from one export to the next
        shown = np.where(wrong, np.minimum(onset + 1, report), onset)
        arrived = (report <= now) & (chance.random(n) < 0.9)  # some come only in the next export
        rows = pl.DataFrame(
            {"id": np.arange(n).astype(str), "onset": shown, "report": report, "place": place}
        ).filter(pl.Series(arrived))
        rows = rows if numbered else rows.drop("id")
        rows.write_csv(tmp_path / "export.csv")
        take(store, tmp_path / "export.csv", known_on=now.item())
        for as_of, before in remembered.items():
            assert seen(store, "s", as_of) == before
        remembered[now.item()] = seen(store, "s", now.item())
    assert len(remembered) == 6
    # of the last export every case is there once; numbered ones of earlier exports stay as well
    assert store.panel("s").values.sum() == n if numbered else rows.height
    assert rows.height > 90


def test_a_file_that_says_the_same_later_still_marks_its_day(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES), known_on=date(2024, 3, 7))
    assert take(store, write(tmp_path, FIVE_CASES), known_on=date(2024, 3, 20)).merged.nothing
    late = FIVE_CASES + "c6,2024-03-05,2024-03-10,A,50,no\n"
    done = take(store, write(tmp_path, late), known_on=date(2024, 3, 25)).merged
    assert done.late == 1  # on 20 March it was not known
    assert store.panel("s", date(2024, 3, 24)).values.sum() == 5


def test_a_whole_season_twice_changes_nothing(store):
    folder = needs("surveillance/flusight-asof")
    first = take(store, folder).merged
    assert (first.new, first.places) == (6_148, 53)
    assert store.rows("s").collect().height == first.new + first.changed < 10_000
    assert take(store, folder).merged.nothing
