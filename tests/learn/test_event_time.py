"""The earliest-time bound holds for known event times although many are censored."""

import json

import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError
from nof1.learn.event_time import EarliestTime, earliest_time_coverage

TIMES = np.linspace(0, 20, 4001)


def people(rng, rows):
    x = rng.normal(size=rows) * 0.7
    days = rng.exponential(np.exp(1 - x))
    lost = rng.exponential(6, size=rows)
    return x, days, np.minimum(days, lost), (days <= lost).astype(int)


def incidence(x, days):
    """A model that is wrong: the true rate is exp(x - 1), it believes exp(0.6 x - 0.5)."""
    return 1 - np.exp(-days * np.exp(0.6 * x - 0.5))


def test_the_bound_holds_for_the_true_times_of_a_wrong_model():
    shares, seen_shares = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, _, seen, cause = people(rng, 800)
        bound = EarliestTime.fit(seen, cause, incidence(x, seen))
        x, days, seen, cause = people(rng, 2000)
        earliest = bound.days(TIMES, incidence(x[:, None], TIMES))
        shares.append(np.mean(days >= earliest))
        seen_shares.append(earliest_time_coverage(seen, cause, earliest).value)
    assert np.mean(shares) == pytest.approx(0.9, abs=0.012)
    assert np.mean(seen_shares) == pytest.approx(np.mean(shares), abs=0.006)


def test_a_competing_event_is_never_too_early():
    rng = np.random.default_rng(0)
    x, _, seen, cause = people(rng, 500)
    competing = np.where(cause == 1, 2, 0)
    competing[:60] = np.where(competing[:60] == 2, 1, 0)
    bound = EarliestTime.fit(seen, competing, incidence(x, seen))
    assert bound.threshold > EarliestTime.fit(seen, cause, incidence(x, seen)).threshold
    assert earliest_time_coverage(seen, np.full(500, 2), np.full(500, 1e9)).value == 1.0


def test_a_risk_that_never_rises_has_no_bound():
    bound = EarliestTime(0.2, 0.9)
    assert np.isinf(bound.days([1.0, 2.0], [[0.0, 0.1]])[0])
    assert bound.days([1.0, 2.0], [[0.1, 0.2]])[0] == 2.0


def test_round_trip_and_bad_input():
    bound = EarliestTime(0.25, 0.9)
    assert EarliestTime.from_dict(json.loads(json.dumps(bound.to_dict()))) == bound
    with pytest.raises(InputError):
        EarliestTime.fit([1, 2], [1, 1], [0.5, 1.5])
    with pytest.raises(ModelError, match="too few"):
        EarliestTime.fit([1, 2], [1, 1], [0.5, 0.6])
