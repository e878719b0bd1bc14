"""Rows: sums are sums, unknown is null, the schema's keys are there."""

from datetime import timedelta

import numpy as np
import polars as pl
from tests.surveillance.reports_samples import epidemic, last_day

from nof1.surveillance.nowcast.answer import last_week, not_checked, parts, rows
from nof1.surveillance.nowcast.estimate import nowcast

DAYS = 120
AS_OF = last_day(DAYS)
KEYS = {"place", "stratum", "date", "reported", "complete"}
LEVELS = ("low95", "low50", "estimate", "high50", "high95")


def two_places(stop=0):
    tables = [
        epidemic(DAYS, seed=seed, place=place, stratum=stratum)[0]
        for seed, (place, stratum) in enumerate((p, s) for p in "AB" for s in ("old", "young"))
    ]
    rest = pl.concat(tables)
    cut = pl.col("reported") <= AS_OF - timedelta(days=stop)
    return rest.filter((pl.col("place") == "B") | cut)


def test_every_sum_is_the_sum_of_the_draws():
    found = nowcast(two_places(), AS_OF, strata=True, draws=200)
    made = {(part.place, part.stratum): part for part in parts(found)}
    strata = made["A", "old"].draws + made["A", "young"].draws
    assert np.array_equal(made["A", ""].draws, strata)
    total = made["A", ""].draws + made["B", ""].draws
    assert np.array_equal(made["TOTAL", ""].draws, total)
    assert len(made) == 7


def test_rows_are_ordered_levels_above_the_reported():
    table = rows(nowcast(two_places(), AS_OF, strata=True, draws=200))
    assert set(table[0]) == KEYS | set(LEVELS)
    for row in table:
        levels = [row[name] for name in LEVELS]
        assert levels == sorted(levels)
        assert row["low95"] >= row["reported"]
        assert 0 <= row["complete"] <= 1
    newest = [row for row in table if row["date"] == AS_OF.isoformat()]
    assert len(newest) == 7


def test_after_a_stop_numbers_are_null_and_so_is_the_total():
    found = nowcast(two_places(stop=3), AS_OF, draws=100)
    newest = {row["place"]: row for row in rows(found) if row["date"] == AS_OF.isoformat()}
    assert newest["A"]["estimate"] is None
    assert newest["A"]["complete"] is None
    assert newest["TOTAL"]["estimate"] is None
    assert newest["B"]["estimate"] is not None
    said = not_checked(found)
    assert said[0]["what"] == "nowcast of A"
    assert "--without" in said[1]["resolve"]
    weeks = {row["place"]: row for row in last_week(found)}
    assert weeks["A"]["estimate"] is None
    assert weeks["B"]["low95"] < weeks["B"]["high95"]


def test_one_place_has_no_total_and_nothing_unchecked():
    found = nowcast(epidemic(DAYS)[0], AS_OF, draws=100)
    assert {row["place"] for row in rows(found)} == {"A"}
    assert not_checked(found) == []
