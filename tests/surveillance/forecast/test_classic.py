"""Each place alone: planted trends, short and broken series, independence of the others."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.surveillance.forecast import classic
from nof1.surveillance.forecast.scaled import scaled
from wave_samples import waves


def with_roots(*columns):
    """The waves' newest weeks with these roots."""
    roots = np.column_stack(columns).astype(float)
    one = scaled(waves())
    at = list(range(roots.shape[1]))
    panel = waves().only([waves().places[i] for i in at])
    panel = replace(panel, dates=panel.dates[-len(roots) :], values=panel.values[-len(roots) :])
    return replace(one, panel=panel, roots=roots)


LINE = 1 + 0.05 * np.arange(40) + np.random.default_rng(0).normal(0, 0.01, 40)


def test_a_line_goes_on_and_its_range_grows():
    made = classic.quantiles(with_roots(LINE), 4)[0]
    assert made.shape == (4, 23)
    assert made[:, 11] == pytest.approx(LINE[-1] + 0.05 * np.arange(1, 5), abs=0.08)
    assert (np.diff(made[:, -1] - made[:, 0]) > 0).all()
    assert (np.diff(made, axis=-1) >= 0).all()


def test_a_place_is_alone():
    other = np.random.default_rng(1).normal(2, 0.5, 40)
    together = classic.quantiles(with_roots(LINE, other), 3)
    assert np.array_equal(together[0], classic.quantiles(with_roots(LINE), 3)[0])


def test_a_constant_series_stays():
    made = classic.quantiles(with_roots(np.full(30, 0.7)), 2)
    assert made == pytest.approx(np.full((1, 2, 23), 0.7))


def test_a_model_that_cannot_be_fitted_is_left_out():
    """ARIMA of statsforecast 2.1.1 fails on these twelve weeks; the others do not."""
    counts = np.array([16, 16, 20, 24, 16, 13, 11, 10, 15, 19, 31, 73.0])
    roots = (counts / 48 + 0.01) ** 0.25
    made = classic.quantiles(with_roots(roots), 4)
    assert np.isfinite(made).all()
    assert made[0, 0, 11] == pytest.approx(roots[-1], abs=0.3)


def test_no_model_is_no_answer(monkeypatch):
    class Broken:
        def forecast(self, *_, **__):
            raise ZeroDivisionError

    monkeypatch.setattr(classic, "_models", lambda: (Broken(), Broken()))
    assert np.isnan(classic.quantiles(with_roots(LINE), 2)).all()


@pytest.mark.parametrize(("known", "answers"), [(11, False), (12, True)])
def test_twelve_weeks_in_a_row_are_needed(known, answers):
    broken = LINE.copy()
    broken[-known - 1] = np.nan
    made = classic.quantiles(with_roots(broken), 2)
    assert np.isfinite(made).all() == answers
    assert np.isfinite(made).any() == answers


def test_what_lies_before_a_gap_is_not_used():
    broken = LINE.copy()
    broken[20] = np.nan
    other = broken.copy()
    other[:20] = 9.0
    assert np.array_equal(
        classic.quantiles(with_roots(broken), 2), classic.quantiles(with_roots(other), 2)
    )


def test_a_missing_newest_week_has_no_answer():
    broken = LINE.copy()
    broken[-1] = np.nan
    assert np.isnan(classic.quantiles(with_roots(broken), 2)).all()


def test_two_years_are_fitted():
    long = np.concatenate([np.full(30, 5.0), np.random.default_rng(3).normal(1, 0.1, 104)])
    other = long.copy()
    other[:30] = 0.3
    assert np.array_equal(
        classic.quantiles(with_roots(long), 1), classic.quantiles(with_roots(other), 1)
    )
