"""Tables for others: totals, hidden cells, noise, and the ledger of what was spent."""

from datetime import date

import polars as pl
import pytest

from intake_samples import FIVE_CASES, store_in, take, weekly, write
from nof1.core.errors import UsageError
from nof1.surveillance import publishing
from nof1.surveillance.series import TOTAL


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


def table(done):
    return {
        (r["place"], r["stratum"], str(r["date"])): (r["count"], r["status"])
        for r in done.rows.to_dicts()
    }


def test_small_cells_are_hidden_with_another_one(store, tmp_path):
    values = {"2024-01-06": {"A": 3, "B": 10, "C": 20}, "2024-01-13": {"A": 8, "B": 0, "C": 6}}
    take(store, write(tmp_path, weekly(values)))
    rows = table(publishing.publish(store, "s"))
    assert rows["A", "", "2024-01-06"] == (None, "hidden")
    assert rows["B", "", "2024-01-06"] == (None, "hidden")
    assert rows["C", "", "2024-01-06"] == (20, "shown")
    assert rows[TOTAL, "", "2024-01-06"] == (33, "shown")
    assert rows["B", "", "2024-01-13"] == (0, "shown")
    assert rows[TOTAL, "", "2024-01-13"] == (14, "shown")


def test_a_place_that_is_the_sum_of_the_others_is_the_total(store, tmp_path):
    values = {
        f"2024-01-{day:02d}": {"01": 3, "02": 10 + day, "06": 20, "US": 33 + day}
        for day in (6, 13, 20)
    }
    take(store, write(tmp_path, weekly(values)))
    done = publishing.publish(store, "s")
    assert done.total_place == "US"
    rows = table(done)
    assert rows["US", "", "2024-01-06"] == (39, "shown")
    # without the second hidden cell 39 - 16 - 20 would give the 3
    assert sum(rows[p, "", "2024-01-06"][1] == "hidden" for p in ("01", "02", "06")) == 2
    assert not any(place == TOTAL for place, _, _ in rows)


def test_a_nation_with_other_numbers_is_not_added_to_its_states(store, tmp_path):
    values = {d: {"01": 30, "02": 20, "US": 500} for d in ("2024-01-06", "2024-01-13")}
    take(store, write(tmp_path, weekly(values)))
    rows = table(publishing.publish(store, "s"))
    assert rows["US", "", "2024-01-06"] == (50, "shown")  # the sum of what the file shows


def test_a_total_of_the_source_that_differs_is_told(store, tmp_path):
    head = "date,location,age_group,count,report_date\n"
    rows = "".join(
        f"2024-01-0{d},A,{s},{n},2024-01-08\n"
        for d in (6, 7)
        for s, n in (("all", 25), ("0-9", 10), ("10+", 14))
    )
    take(store, write(tmp_path, head + rows))
    done = publishing.publish(store, "s")
    assert table(done)["A", "", "2024-01-06"] == (24, "shown")
    assert any("differ by +2 in all" in note for note in done.notes)


def test_a_missing_report_hides_no_less(store, tmp_path):
    values = {"2024-01-06": {"A": 3, "B": 10, "C": "NA"}, "2024-01-13": {"A": 9, "B": 9, "C": 9}}
    take(store, write(tmp_path, weekly(values)))
    rows = table(publishing.publish(store, "s"))
    assert rows["A", "", "2024-01-06"] == (None, "hidden")
    assert rows["C", "", "2024-01-06"] == (None, "not reported")
    assert rows[TOTAL, "", "2024-01-06"] == (None, "not reported")


def test_strata_and_their_sums_are_protected_together(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    done = publishing.publish(store, "s")
    assert set(done.rows["status"].unique()) == {"shown", "hidden"}
    assert done.rows["count"].drop_nulls().to_list().count(0) > 0
    assert done.rows.filter(pl.col("count").is_between(1, 4)).height == 0
    assert set(done.rows["stratum"].unique()) == {"", "0-4", "5-17", "18-49", "65+"}
    assert done.rows.filter(pl.col("count") > 0).height == 0  # all of the five cases are hidden


def test_noisy_totals_are_sums_of_noisy_cells(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    done = publishing.publish(store, "s", epsilon=1.0)
    rows = done.rows
    assert done.noise is not None
    assert set(rows["status"].unique()) == {"noisy"}
    cells = rows.filter((pl.col("place") != TOTAL) & (pl.col("stratum") != ""))
    whole = rows.filter((pl.col("place") == TOTAL) & (pl.col("stratum") == ""))
    assert cells["count"].sum() == whole["count"].sum()
    # every cell of the grid, zeros too: which cells exist must not tell who fell ill
    assert cells.height == 2 * 4 * rows["date"].n_unique()


def test_what_was_spent_adds_up(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    for epsilon in (0.5, 0.25):
        done = publishing.publish(store, "s", epsilon=epsilon)
        publishing.note_release(store, "s", done, date(2024, 4, 1))
    publishing.note_release(store, "s", publishing.publish(store, "s"), date(2024, 4, 1))
    assert publishing.spent(store, "s") == pytest.approx(0.75, rel=1e-3)
    assert publishing.spent(store, "other") == 0


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [("1.5", "1", "not whole"), ("-2", "1", "below 0"), ("3", "%", "no counts")],
)
def test_only_counts_are_published(store, tmp_path, value, unit, words):
    values = {"2024-01-06": {"A": value}, "2024-01-13": {"A": 9}}
    take(store, write(tmp_path, weekly(values)), unit=unit)
    with pytest.raises(UsageError, match=words):
        publishing.publish(store, "s")


def test_as_of_publishes_what_was_known(store, tmp_path):
    take(store, write(tmp_path, weekly({"2024-01-06": {"A": 9}, "2024-01-13": {"A": 9}})))
    later = write(tmp_path, weekly({"2024-01-06": {"A": 90}, "2024-01-13": {"A": 9}}), "b.csv")
    take(store, later, known_on=date(2024, 2, 1))
    early = table(publishing.publish(store, "s", date(2024, 1, 20)))
    assert early["A", "", "2024-01-06"] == (9, "shown")
    assert table(publishing.publish(store, "s"))["A", "", "2024-01-06"] == (90, "shown")
