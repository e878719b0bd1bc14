"""Drift is found where planted, not elsewhere; the cumulative sum keeps its false-alarm rate."""

import json

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import ks_2samp

from nof1.core.errors import InputError
from nof1.learn.drift import CalibrationCusum, Drift
from nof1.learn.sums import federate

NAMES = ["a", "b", "c"]
CUTS = [np.linspace(-1.5, 1.5, 7)] * 3


def people(rng, rows, shift=0.0, missing=0.1):
    table = rng.normal(size=(rows, 3))
    table[:, 1] += shift
    table[rng.random(rows) < missing, 2] = np.nan
    return table, expit(rng.normal(-1.3, 1.2, rows))


@pytest.fixture(scope="module")
def drift():
    return Drift.fit(*people(np.random.default_rng(0), 5000), CUTS, NAMES)


def test_no_drift_is_rarely_called_drift(drift):
    rng = np.random.default_rng(1)
    runs = [drift.compare(*people(rng, rows)) for rows in (60, 300, 2000) for _ in range(40)]
    assert sum(row.drifted for run in runs for row in run) <= 4
    small = [row for run in runs[:40] for row in run]
    assert np.mean([row.psi for row in small]) == pytest.approx(
        np.mean([row.psi_by_chance for row in small]), rel=0.3
    )


def test_a_moved_feature_is_found_and_comes_first(drift):
    rows = drift.compare(*people(np.random.default_rng(2), 1000, shift=1.0))
    assert [row.name for row in rows if row.drifted] == ["b"]
    assert rows[0].name == "b"
    assert rows[0].ks_p_value < 1e-6


def test_more_missing_values_are_drift_too(drift):
    rows = {row.name: row for row in drift.compare(*people(np.random.default_rng(3), 1000, 0, 0.6))}
    assert rows["c"].drifted
    assert rows["c"].missing_before == pytest.approx(0.1, abs=0.02)
    assert rows["c"].missing_now == pytest.approx(0.6, abs=0.05)


def test_a_moved_risk_is_found(drift):
    table, risk = people(np.random.default_rng(4), 1000)
    rows = drift.compare(table, expit(logit(risk) + 1.5))
    assert [row.name for row in rows if row.drifted] == ["risk"]


def test_kolmogorov_smirnov_is_that_of_scipy_on_the_levels(drift):
    before, _ = people(np.random.default_rng(0), 5000)
    now, risk = people(np.random.default_rng(5), 800, shift=0.2)
    row = next(one for one in drift.compare(now, risk) if one.name == "b")
    cuts = np.concatenate([[-4.5], np.linspace(-1.5, 1.5, 7), [4.5 + 1e-9]])
    # scipy 1.17.1: ks_2samp over the level of each value
    expected = ks_2samp(np.searchsorted(cuts, before[:, 1]), np.searchsorted(cuts, now[:, 1]))
    assert row.ks == pytest.approx(expected.statistic, abs=0.002)


def test_sites_together_and_round_trip(drift):
    table, risk = people(np.random.default_rng(0), 5000)
    parts = (slice(0, 2000), slice(2000, 5000))
    found = federate(
        [
            lambda total, part=part: Drift.fit(
                table[part], risk[part], CUTS, NAMES, secure_sum=total
            )
            for part in parts
        ]
    )
    assert (found[0].counts == drift.counts).all()
    again = Drift.from_dict(json.loads(json.dumps(drift.to_dict())))
    assert (again.counts == drift.counts).all()
    with pytest.raises(InputError):
        drift.compare(table[:3], risk[:2])


def outcomes(rng, rows, odds=1.0):
    risk = expit(rng.normal(-1.3, 1.2, rows))
    return risk, (rng.random(rows) < expit(logit(risk) + np.log(odds))).astype(float)


def test_cusum_sums_are_the_recursion():
    risk, y = outcomes(np.random.default_rng(6), 200)
    watch = CalibrationCusum(1.5, 1e9, 1e9)
    sums, alarm = watch.run(risk, y)
    assert alarm is None
    for column, ratio in enumerate((1.5, 1 / 1.5)):
        now = 0.0
        for row, (p, label) in enumerate(zip(risk, y, strict=True)):
            likelihood = (ratio if label else 1.0) / (1 - p + ratio * p)
            now = max(0.0, now + np.log(likelihood))
            assert sums[row, column] == pytest.approx(now, abs=1e-9)


def test_false_alarms_come_as_rarely_as_designed():
    rng = np.random.default_rng(7)
    watch = CalibrationCusum.design(outcomes(rng, 20_000)[0], false_alarm_every=2000)
    first = [watch.run(*outcomes(rng, 20_000))[1] or 20_000 for _ in range(150)]
    assert np.mean(first) == pytest.approx(2000, rel=0.25)


@pytest.mark.parametrize(("odds", "column"), [(1.5, 0), (1 / 1.5, 1)])
def test_a_shift_of_the_odds_is_found_soon(odds, column):
    rng = np.random.default_rng(8)
    watch = CalibrationCusum.design(outcomes(rng, 20_000)[0], false_alarm_every=10_000)
    delays = []
    for _ in range(40):
        sums, alarm = watch.run(*outcomes(rng, 5000, odds))
        limits = (watch.limit_more, watch.limit_fewer)
        assert alarm is not None
        assert sums[alarm, column] >= limits[column]
        delays.append(alarm)
    assert np.mean(delays) < 500


def test_odds_ratio_must_be_above_one():
    with pytest.raises(InputError):
        CalibrationCusum.design([0.1], odds_ratio=1.0)
