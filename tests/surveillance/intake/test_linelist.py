"""Line lists: which cases count, when, where; never a case number in the store or a message."""

import polars as pl
import pytest

from intake_samples import FIVE_CASES, store_in, take, write
from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.surveillance.intake import linelist
from nof1.surveillance.intake.tables import read

KEY = b"k" * 32


def cases(tmp_path, text, said=None, **more):
    return linelist.read(read(write(tmp_path, text)), said or {}, key=KEY, **more)


def reasons(done):
    return dict(done.aside.group_by("reason").len().iter_rows())


def test_days_places_ages_and_outbreaks(tmp_path):
    rows = cases(tmp_path, FIVE_CASES).rows
    assert rows["place"].to_list() == ["A", "A", "B", "A", "B"]
    assert rows["stratum"].to_list() == ["0-4", "18-49", "65+", "18-49", "5-17"]
    assert rows["outbreak"].to_list() == [0, 0, 1, 0, 0]
    assert [str(day) for day in rows["date"].to_list()][:2] == ["2024-03-01", "2024-03-01"]
    assert rows["key"].n_unique() == 5


HEAD = "id,onset,report,place,age\n"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,2024-03-05,2024-03-01,A,3", "reported before the onset day"),
        ("1,soon,2024-03-01,A,3", "the onset day is no date"),
        ("1,,2024-03-01,A,3", "no onset day"),
        ("1,2024-03-01,,A,3", "no report day"),
        ("1,2024-03-01,2024-03-01,,3", "no place"),
        (",2024-03-01,2024-03-01,A,3", "no case number"),
        ("9,2024-03-02,2024-03-02,A,3", "the case number comes twice with different values"),
    ],
)
def test_bad_rows_are_set_aside_with_reason_and_row(tmp_path, row, reason):
    done = cases(tmp_path, HEAD + "9,2024-03-01,2024-03-02,A,3\n" + row + "\n")
    assert reasons(done) == {reason: 1}
    assert done.aside["row"].to_list() == [2]
    assert done.rows.height == 1


def test_impossible_ages_count_in_their_own_group(tmp_path):
    rows = "".join(f"{n},2024-03-01,2024-03-02,A,{age}\n" for n, age in enumerate([-1, 180, "old"]))
    done = cases(tmp_path, HEAD + rows + "7,2024-03-01,2024-03-02,A,\n")
    assert done.rows["stratum"].to_list() == ["unknown"] * 4
    assert any("3 ages are not between 0 and 120" in note for note in done.notes)


def test_the_same_case_twice_counts_once(tmp_path):
    row = "1,2024-03-01,2024-03-02,A,3\n"
    done = cases(tmp_path, HEAD + row + row)
    assert done.rows.height == 1
    assert done.aside.height == 0
    assert any("1 rows repeat a case" in note for note in done.notes)


def test_another_day_replaces_a_missing_one_only_when_asked(tmp_path):
    text = HEAD + "1,,2024-03-02,A,3\n2,2024-03-01,2024-03-02,A,3\n"
    assert cases(tmp_path, text).rows.height == 1
    both = cases(tmp_path, text, by=["onset", "report"]).rows
    assert [str(day) for day in both["date"]] == ["2024-03-02", "2024-03-01"]


def test_without_a_column_of_places_all_is_one_place(tmp_path):
    done = cases(tmp_path, "onset,report\n2024-03-01,2024-03-02\n")
    assert done.rows["place"].to_list() == ["ALL"]
    assert any("no column of places" in note for note in done.notes)


def test_a_day_that_the_file_lacks_is_refused(tmp_path):
    with pytest.raises(InputError, match="specimen"):
        cases(tmp_path, HEAD + "1,2024-03-01,2024-03-02,A,3\n", by=["specimen"])


@pytest.mark.parametrize("ages", [[], [5, 10], [0, 10, 5]])
def test_age_groups_ascend_from_zero(ages):
    with pytest.raises(UsageError, match="ascend"):
        linelist.bands(ages)


def test_hashes_depend_on_the_secret_and_are_stable():
    texts = pl.Series(["c1", "c2", "c1"])
    one = linelist.hashed(texts, KEY)
    assert one[0] == one[2] != one[1]
    assert (linelist.hashed(texts, KEY) == one).all()
    assert not (linelist.hashed(texts, b"other" * 6) == one).any()


def test_the_store_holds_no_case_number_and_the_secret_is_private(tmp_path):
    store = store_in(tmp_path)
    canary = "CANARY-7781"
    text = FIVE_CASES + f"{canary},2024-03-09,2024-03-01,A,4,no\n{canary},bad,2024-03-01,A,4,no\n"
    done = take(store, write(tmp_path, text))
    assert done.aside.height == 2
    for path in store.folder.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path.name
            assert b"2024-03-09" not in path.read_bytes() or path.suffix == ".parquet"
    assert canary not in " ".join([*done.notes, *done.aside["reason"]])
    secret = store.folder / linelist.KEY_FILE
    assert secret.stat().st_mode & 0o077 == 0
    assert len(linelist.secret(store.folder)) == 32
    secret.write_bytes(b"")  # as a full disk may leave it: hashes would be anybody's to make
    with pytest.raises(WorkspaceError, match="damaged"):
        linelist.secret(store.folder)


def test_no_usable_row_is_refused_with_the_commonest_reason(tmp_path):
    store = store_in(tmp_path)
    path = write(tmp_path, HEAD + "1,2024-03-05,2024-03-01,A,3\n2,2024-03-05,2024-03-01,A,3\n")
    with pytest.raises(InputError, match=r"reported before the onset day \(2 rows\)"):
        take(store, path)
    assert not store.has("s")
