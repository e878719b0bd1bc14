"""Sudden changes: planted ones are found, chance is not called a change."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from nof1.record.quality.changes import changes

START = 2018 * 12


def months(counts: np.ndarray, site: str = "a") -> pl.DataFrame:
    """Rows of code, site, month, events from counts of shape (codes, months)."""
    rows = [
        (f"lab//{c}", site, START + m, int(n))
        for c, series in enumerate(counts)
        for m, n in enumerate(series)
        if n > 0
    ]
    return pl.DataFrame(rows, ["code", "site", "month", "events"], orient="row")


def test_a_lost_quarter_is_one_drop_with_its_months() -> None:
    counts = np.random.default_rng(1).poisson(80, (20, 72))
    counts[3, 30:33] = 0
    found = changes(months(counts))
    assert [(c.kind, c.code, c.first, c.last, c.events) for c in found] == [
        ("drop", "lab//3", START + 30, START + 32, 0)
    ]
    assert 200 < found[0].expected < 280


def test_a_doubled_import_is_a_spike() -> None:
    counts = np.random.default_rng(2).poisson(80, (20, 72))
    counts[5, 40] *= 3
    assert [(c.kind, c.code, c.first) for c in changes(months(counts))] == [
        ("spike", "lab//5", START + 40)
    ]


def test_a_code_that_stops_is_found_although_no_row_is_there() -> None:
    counts = np.random.default_rng(3).poisson(60, (30, 60))
    counts[7, 56:] = 0
    found = [c for c in changes(months(counts)) if c.code == "lab//7"]
    assert [c.kind for c in found] == ["drop"]
    assert found[0].first == START + 56


@pytest.mark.parametrize("kind", ["poisson", "overdispersed", "trend"])
def test_chance_makes_almost_no_alarm(kind: str) -> None:
    """400 series x 60 months without any change: at most 2 alarms (24,000 tests)."""
    generator = np.random.default_rng(4)
    size = (400, 60)
    rate = np.full(size, 40.0)
    if kind == "overdispersed":
        rate = rate * generator.gamma(20, 1 / 20, size)
    if kind == "trend":
        rate = np.linspace(15, 90, 60) * np.ones(size)
    assert len(changes(months(generator.poisson(rate)))) <= 2


def test_short_rare_and_empty_series_are_left_alone() -> None:
    counts = np.random.default_rng(5).poisson(80, (5, 10))
    counts[0, 5] = 0
    assert changes(months(counts)) == []
    assert changes(months(np.random.default_rng(6).poisson(0.4, (50, 60)))) == []
    assert changes(months(np.zeros((1, 1)))) == []


def test_one_wrong_date_does_not_stretch_the_period() -> None:
    """An event in year 1 and one in year 9999 would make all other months look like a spike."""
    counts = np.random.default_rng(7).poisson(80, (20, 36))
    odd = pl.DataFrame(
        [("lab//0", "a", 12, 1), ("lab//0", "a", 9999 * 12, 1)],
        ["code", "site", "month", "events"],
        orient="row",
    )
    assert changes(pl.concat([months(counts), odd])) == []
