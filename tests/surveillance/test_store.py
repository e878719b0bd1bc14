"""The as-of store: nothing known after day d changes what is said as of d."""

import json
import math
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from intake_samples import FIVE_CASES, put_rows, seen, store_in, take, weekly, write
from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.surveillance.store import REPORTS, VERSIONS, Signal, about
from shared_data import needs

THREE = {
    "2024-01-06": {"A": 5, "B": 1},
    "2024-01-13": {"A": 7, "B": 2},
    "2024-01-20": {"A": 9, "B": 3},
}


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


def random_rows(kind, seed):
    """Many rows over 40 days in three places, some far later than others."""
    chance = np.random.default_rng(seed)
    n = 400
    start = np.datetime64("2024-01-06")
    day = start + chance.integers(0, 40, n).astype("timedelta64[D]")
    later = day + chance.integers(0, 30, n).astype("timedelta64[D]")
    table = {
        "place": chance.choice(["A", "B", "C"], n),
        "stratum": chance.choice(["x", "y"], n),
        "date": day,
    }
    if kind == "reports":
        count = chance.integers(-1, 4, n)
        rows = pl.DataFrame({**table, "reported": later, "count": count, "outbreak": count * 0})
        keys = ["place", "stratum", "date", "reported"]
        return rows.group_by(keys).agg(pl.col("count", "outbreak").sum()).cast(REPORTS)
    rows = pl.DataFrame({**table, "value": chance.normal(10, 3, n), "known_on": later})
    return (
        rows.unique(["place", "stratum", "date", "known_on"]).select(list(VERSIONS)).cast(VERSIONS)
    )


def made(store, kind, rows):
    """A signal with these rows, without any import."""
    signal = Signal("s", kind=kind, strata=("x", "y"))
    store.path("s").mkdir(parents=True)
    (store.path("s") / "signal.json").write_text(json.dumps(about(signal)))
    put_rows(store, rows)
    return store


def naive(rows, kind, as_of, stratum):
    """Oracle: the as-of values of one stratum by plain loops."""
    out = {}
    known_column = "reported" if kind == "reports" else "known_on"
    for row in rows.sort(known_column).to_dicts():
        known = row[known_column]
        if row["stratum"] != stratum or known > as_of:
            continue
        key = (row["date"], row["place"])
        if kind == "reports":
            out[key] = out.get(key, 0) + row["count"]
        else:
            out[key] = row["value"]
    return out


@pytest.mark.parametrize("kind", ["reports", "versions"])
@pytest.mark.parametrize("seed", range(4))
def test_a_panel_equals_a_plain_loop(store, kind, seed):
    rows = random_rows(kind, seed)
    made(store, kind, rows)
    as_of = date(2024, 2, 1)
    panel = store.panel("s", as_of, "x")
    expected = naive(rows, kind, as_of, "x")
    for i, day in enumerate(panel.dates.tolist()):
        for j, place in enumerate(panel.places):
            want = expected.get((day, place), 0.0 if kind == "reports" else math.nan)
            np.testing.assert_equal(panel.values[i, j], want)
    assert expected.keys() <= {(day, p) for day in panel.dates.tolist() for p in panel.places}


@pytest.mark.parametrize("change", ["deleted", "altered", "added"])
@pytest.mark.parametrize("kind", ["reports", "versions"])
@pytest.mark.parametrize("seed", range(3))
def test_the_future_changes_nothing(store, kind, seed, change):
    rows = random_rows(kind, seed)
    known = "reported" if kind == "reports" else "known_on"
    value = "count" if kind == "reports" else "value"
    made(store, kind, rows)
    days = [date(2024, 1, 16), date(2024, 1, 30), date(2024, 2, 10)]
    for as_of in days:
        made_before = (
            [store.panel("s", as_of, stratum) for stratum in ("", "x", "y")],
            store.rows("s", as_of).collect(),
            store.reports("s", as_of) if kind == "reports" else store.versions("s", as_of),
        )
        future = pl.col(known) > as_of
        assert rows.filter(future).height, "the test must have a future to change"
        if change == "deleted":
            other = rows.filter(~future)
        elif change == "altered":
            other = rows.with_columns(
                pl.when(future).then(pl.col(value) * 7 + 3).otherwise(value).alias(value)
            ).cast(rows.schema)
        else:
            new = rows.filter(future).with_columns(place=pl.lit("NEW"), stratum=pl.lit("y"))
            other = pl.concat([rows, new])
        put_rows(store, other)
        for before, stratum in zip(made_before[0], ("", "x", "y"), strict=True):
            after = store.panel("s", as_of, stratum)
            assert after.places == before.places
            np.testing.assert_array_equal(after.dates, before.dates)
            np.testing.assert_array_equal(after.values, before.values)
        assert store.rows("s", as_of).collect().equals(made_before[1])
        again = store.reports("s", as_of) if kind == "reports" else store.versions("s", as_of)
        assert again.equals(made_before[2])
        put_rows(store, rows)


def test_the_total_of_strata_stands_beside_them(store):
    made(store, "reports", random_rows("reports", 1))
    reports = store.reports("s")
    whole = reports.filter(pl.col("stratum") == "")["count"].sum()
    assert whole == reports.filter(pl.col("stratum") != "")["count"].sum() != 0
    parts = store.panel("s", None, "x").values.sum() + store.panel("s", None, "y").values.sum()
    assert store.panel("s").values.sum() == parts == whole


def test_a_total_with_a_missing_part_is_missing(store):
    day, known = date(2024, 1, 6), date(2024, 1, 10)
    rows = [("A", "x", day, 3.0, known), ("A", "y", day, 4.0, known)]
    rows += [("A", "x", day + timedelta(7), 5.0, known + timedelta(7))]
    made(store, "versions", pl.DataFrame(rows, schema=VERSIONS, orient="row"))
    values = store.panel("s").values[:, 0]
    assert values[0] == 7.0
    assert math.isnan(values[7])


def test_reports_panel_ends_on_the_newest_report_day_with_zeros(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES))
    panel = store.panel("s")
    assert str(panel.dates[-1]) == "2024-03-06"
    assert panel.values.sum() == 5
    assert not np.isnan(panel.values).any()
    assert store.panel("s", date(2024, 3, 3)).values.sum() == 2


def test_a_week_is_shown_when_it_is_over(store, tmp_path):
    head = "date,location,count,report_date\n"
    rows = "2024-01-06,A,5,2024-01-08\n2024-01-13,A,7,2024-01-15\n2024-01-20,A,9,2024-01-22\n"
    take(store, write(tmp_path, head + rows))
    assert store.signal("s").step_days == 7
    assert store.panel("s").values[:, 0].tolist() == [5, 7, 9]
    assert store.panel("s", date(2024, 1, 21)).values[:, 0].tolist() == [5, 7]


def test_panel_carries_population_names_and_words(store, tmp_path):
    from nof1.surveillance import places

    listed = write(tmp_path, "location,location_name,population\nA,Alpha,100\n", "l.csv")
    places.keep(store, places.read(listed))
    take(store, write(tmp_path, weekly(THREE)), title="flu admissions")
    panel = store.panel("s")
    assert panel.signal == "flu admissions"
    assert panel.names == ("Alpha", "B")
    assert panel.population is not None
    assert panel.population[0] == 100
    assert math.isnan(panel.population[1])
    assert store.describe("s")[1] == {"id": "B", "name": None, "population": None}


def test_known_days_and_signals(store, tmp_path):
    take(store, write(tmp_path, weekly(THREE)), known_on=date(2024, 1, 24))
    assert store.known_days("s") == [date(2024, 1, 24)]
    assert [one.name for one in store.signals()] == ["s"]
    assert store.signal("s").step_days == 7
    with pytest.raises(InputError, match="Nothing of this signal was known on 2024-01-23"):
        store.panel("s", date(2024, 1, 23))
    with pytest.raises(InputError, match="Nobody can know yet"):
        store.panel("s", date(2999, 1, 1))


def test_unknown_and_bad_names_are_refused(store):
    with pytest.raises(UsageError, match="no signal 'flu'"):
        store.signal("flu")
    for name in ("../x", "", ".hidden", "a" * 65, "a/b"):
        with pytest.raises(UsageError, match="characters"):
            store.path(name)


def test_asking_for_the_other_kind_is_refused(store, tmp_path):
    take(store, write(tmp_path, weekly(THREE)))
    with pytest.raises(UsageError, match="no days of report"):
        store.reports("s")
    with pytest.raises(InputError, match="no such stratum"):
        store.panel("s", None, "old")


def test_damage_is_named(store, tmp_path):
    take(store, write(tmp_path, weekly(THREE)))
    (store.path("s") / "rows-1.parquet").unlink()
    with pytest.raises(WorkspaceError, match="rows of a signal are missing"):
        store.panel("s")
    (store.path("s") / "signal.json").write_text("{")
    with pytest.raises(WorkspaceError, match="damaged"):
        store.signal("s")


def test_every_flusight_week_is_as_its_own_file_says(store):
    folder = needs("surveillance/flusight-asof")
    take(store, folder)
    for path in sorted(folder.glob("*.gz"))[::7]:
        reference = date.fromisoformat(path.name[:10])
        table = pl.read_csv(path, schema_overrides={"location": pl.String})
        expected = {(day, place): float(value) for day, place, value in table.iter_rows()}
        assert seen(store, "s", reference - timedelta(days=3)) == expected
