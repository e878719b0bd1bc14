"""Past nowcasts are scored with what was known then, against counts that are complete."""

import numpy as np
from tests.surveillance.reports_samples import epidemic, last_day

from nof1.surveillance import scores
from nof1.surveillance.nowcast.estimate import nowcast, prepare
from nof1.surveillance.nowcast.performance import document, held, performance


def test_the_score_is_that_of_nowcasts_made_again():
    """Slowly: cut the reports at each day, nowcast, and compare with the final counts."""
    days = 230
    reports, finals = epidemic(days, level=200)
    made = prepare(reports, last_day(days), max_delay=7)
    found = performance(made)
    slow = []
    for back in range(found.nowcasts):
        day = days - 1 - 7 - 7 * back
        then = nowcast(reports, last_day(day + 1), max_delay=7, draws=500)
        levels = np.quantile(then.draws[:, 0], scores.LEVELS, axis=0).T
        slow.append(scores.wis(finals[day - 7 : day + 1], levels).total)
    assert found.n == found.nowcasts * 8
    assert np.isclose(found.wis, np.mean(slow), rtol=0.05)  # two sets of draws
    assert found.wis < found.wis_reported
    assert 0.85 < found.coverage95 <= 1


def test_small_counts_from_the_right_distribution_are_held_as_often_as_the_name_says():
    rng = np.random.default_rng(1)
    mean = np.full(20_000, 0.4)
    draws, truth = rng.poisson(mean, (200, 20_000)), rng.poisson(mean).astype(float)
    low, high = np.quantile(draws, [0.25, 0.75], axis=0)
    assert ((truth >= low) & (truth <= high)).mean() > 0.9  # with its ends the interval holds most
    assert np.isclose(held(draws, truth, 0.5).mean(), 0.5, atol=0.01)
    assert np.isclose(held(draws, truth, 0.95).mean(), 0.95, atol=0.01)
    assert held(draws, truth + 50, 0.95).max() == 0
    between = np.array([[0.0], [10.0]])  # no draw has it, but it lies in the middle
    assert held(between, np.array([5.0]), 0.5) == 1


def test_a_short_history_has_no_score():
    assert performance(prepare(epidemic(40)[0], last_day(40))) is None
    assert performance(prepare(epidemic(10)[0], last_day(10))) is None
    assert document(None) is None
