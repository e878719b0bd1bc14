import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from nof1.core.errors import ModelError, UsageError
from nof1.learn.sums import CountedSum
from nof1.learn.timeline import (
    Exposure,
    Timeline,
    agree_timeline,
    cumulative_incidence,
    last_seen,
)

LINE = Timeline(np.array([0.0, 10.0, 30.0, 100.0]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9999), st.lists(st.floats(0, 105), min_size=1, max_size=6))
def test_incidences_rise_and_add_up_to_one_with_survival(seed, times):
    hazards = np.random.default_rng(seed).exponential(0.03, size=(3, 4, 3))
    times = sorted(times)
    risks = cumulative_incidence(hazards, LINE, times)
    edges = np.r_[0, LINE.edges_days[1:-1], LINE.end]
    for k, time in enumerate(times):
        spent = np.clip(time - edges[:-1], 0, np.diff(edges))
        alive = np.exp(-(hazards.sum(axis=0) * spent).sum(axis=1))
        np.testing.assert_allclose(risks[:, :, k].sum(axis=0) + alive, 1, atol=1e-12)
    assert np.all(np.diff(risks, axis=2) >= -1e-15)


def test_incidence_equals_the_integral_of_its_definition():
    hazards = np.array([[[0.01, 0.002, 0.004]], [[0.03, 0.001, 0.02]]])
    rate = hazards[:, 0]

    def piece(t):
        return min(int(np.searchsorted(LINE.edges_days, t, "right")) - 1, 2)

    def alive(t):
        spent = np.clip(t - LINE.edges_days[:-1], 0, LINE.widths)
        return np.exp(-(rate.sum(axis=0) * spent).sum())

    wanted = quad(lambda t: rate[0, piece(t)] * alive(t), 0, 62, points=[10, 30])[0]
    assert cumulative_incidence(hazards, LINE, [62.0])[0, 0, 0] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("times", [[-1.0], [106.0], [np.nan]])
def test_times_outside_are_refused(times):
    with pytest.raises(UsageError, match="follow-up"):
        cumulative_incidence(np.ones((1, 1, 3)), LINE, times)


def test_place_puts_an_end_on_an_edge_into_the_interval_before():
    interval, partial = LINE.place(np.array([5.0, 10.0, 10.5, 100.0, 400.0]))
    assert interval.tolist() == [0, 0, 1, 2, 2]
    assert partial.tolist() == [5, 10, 0.5, 70, 70]


def slow_exposure(entry, leave, partial, mass):
    total = np.zeros(3)
    for i in range(len(mass)):
        for k in range(entry[i], leave[i] + 1):
            total[k] += mass[i] * (partial[i] if k == leave[i] else LINE.widths[k])
    return total


def test_exposure_and_gradients_equal_the_person_period_table():
    rng = np.random.default_rng(0)
    leave = rng.integers(0, 3, 40)
    entry = np.minimum(rng.integers(0, 3, 40), leave)
    partial = rng.uniform(0.1, 10, 40)
    event = rng.integers(0, 2, 40).astype(float)
    scores = rng.normal(size=(40, 1))
    rows = Exposure(LINE, entry, leave, partial, event, np.ones((40, 1)))
    rows.settle(scores, CountedSum())
    slow = slow_exposure(entry, leave, partial, np.exp(scores[:, 0]))
    np.testing.assert_allclose(rows.exposure(scores)[:, 0], slow)
    rate = rows.rates[:, 0]
    for i in range(40):
        spent = np.array([LINE.widths[k] if k < leave[i] else partial[i] for k in range(3)])
        at_risk = (np.arange(3) >= entry[i]) & (np.arange(3) <= leave[i])
        hazard = (rate * spent * at_risk).sum()
        g, h = rows.gradients(scores)
        assert g[i, 0] == pytest.approx(np.exp(scores[i, 0]) * hazard - event[i])
        assert h[i, 0] == pytest.approx(np.exp(scores[i, 0]) * hazard)


def test_agreed_edges_lie_at_event_quantiles():
    rng = np.random.default_rng(0)
    duration, cause = rng.exponential(100, 3000), rng.integers(0, 2, 3000)
    line = agree_timeline(duration, cause, np.ones(3000), CountedSum(), 20)
    counts = np.histogram(duration[cause > 0], line.edges_days)[0]
    assert line.edges_days[0] == 0
    assert 15 <= line.n_intervals <= 21
    assert counts[:-1].min() > 40
    assert np.sum(duration > line.edges_days[-1]) >= 10


def test_too_few_patients_are_refused():
    duration = np.linspace(1, 9, 9)
    with pytest.raises(ModelError, match="Too few"):
        agree_timeline(duration, np.ones(9, dtype=np.int64), np.ones(9), CountedSum())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 60))
def test_last_seen_is_the_tenth_latest_time(seed, n):
    random = np.random.default_rng(seed)
    duration = np.float32(random.exponential(200, n)).astype(np.float64)
    found = last_seen(duration, np.ones(n), CountedSum())
    assert found == (np.sort(duration)[-10] if n >= 10 else 0.0)


def test_people_followed_to_one_end_are_asked_about_up_to_that_end():
    random = np.random.default_rng(0)
    duration = np.minimum(random.exponential(900, 400), 365.0)
    cause = (duration < 365).astype(np.int64)
    line = agree_timeline(duration, cause, np.ones(400), CountedSum())
    assert line.edges_days[-1] == 365.0
