"""Censoring curves and horizon weights against lifelines 0.30.3 and complete data."""

import numpy as np
import pytest
from lifelines import AalenJohansenFitter, KaplanMeierFitter

from nof1.core.errors import InputError
from nof1.learn.censoring import censoring_curve, horizon_labels, incidence_curve
from nof1.learn.sums import federate


def sample(rows, seed):
    rng = np.random.default_rng(seed)
    event, lost = rng.exponential(100, rows), rng.exponential(150, rows)
    cause = np.where(event <= lost, rng.integers(1, 3, rows), 0)
    return np.minimum(event, lost), cause, event


def test_censoring_curve_is_the_reverse_kaplan_meier():
    days, cause, _ = sample(500, 0)
    # lifelines 0.30.3: KaplanMeierFitter().fit(days, cause == 0); no ties here
    fitted = KaplanMeierFitter().fit(days, cause == 0)
    at = np.linspace(0, 400, 50)
    assert censoring_curve(days, cause).at(at) == pytest.approx(
        fitted.survival_function_at_times(at).to_numpy()
    )


def test_at_equal_times_events_come_before_censoring():
    curve = censoring_curve([1, 1, 2, 2], [1, 0, 1, 0])
    assert curve.before(1) == 1.0
    assert curve.at(1) == pytest.approx(2 / 3)  # three were left after the event; one was lost
    assert curve.at(2) == pytest.approx(0.0)


def test_incidence_is_aalen_johansen():
    days, cause, _ = sample(400, 1)
    # lifelines 0.30.3: AalenJohansenFitter(calculate_variance=False).fit(days, cause, 1)
    fitted = AalenJohansenFitter(calculate_variance=False).fit(days, cause, event_of_interest=1)
    table = fitted.cumulative_density_
    ours = incidence_curve(days, cause).at(table.index.to_numpy())
    assert ours == pytest.approx(table.iloc[:, 0].to_numpy(), abs=1e-12)


def test_weighted_prevalence_is_the_incidence_at_the_horizon():
    days, cause, _ = sample(600, 2)
    y, weight = horizon_labels(days, cause, 80)
    assert (weight * y).sum() / 600 == pytest.approx(float(incidence_curve(days, cause).at(80)))
    assert weight.sum() == pytest.approx(600)


def test_who_is_known_at_the_horizon():
    y, weight = horizon_labels([5, 5, 5, 10, 10, 20], [0, 1, 2, 1, 0, 1], 10)
    assert y.tolist() == [0, 1, 0, 1, 0, 0]
    assert weight[0] == 0
    assert (weight[[1, 2]] == 1).all()
    assert weight[3] == weight[4] == weight[5] == pytest.approx(4 / 3)


def test_strata_have_their_own_curves():
    days, cause, _ = sample(400, 3)
    site = np.repeat(["a", "b"], 200)
    _, weight = horizon_labels(days, cause, 60, strata=site)
    own = [horizon_labels(days[site == s], cause[site == s], 60)[1] for s in "ab"]
    assert weight == pytest.approx(np.concatenate(own))


def test_sites_together_give_the_pooled_curve():
    days, cause, _ = sample(300, 4)
    grid = np.arange(1, 1200.0)
    pooled = censoring_curve(days, cause, grid_days=grid)
    parts = [slice(0, 100), slice(100, 300)]
    found = federate(
        [
            lambda total, part=part: censoring_curve(
                days[part], cause[part], grid_days=grid, secure_sum=total
            )
            for part in parts
        ]
    )
    assert all(one.values == pytest.approx(pooled.values) for one in found)
    assert pooled.at(100) == pytest.approx(float(censoring_curve(np.ceil(days), cause).at(100)))


@pytest.mark.parametrize(
    ("days", "cause"),
    [([1, -1], [0, 1]), ([1, np.nan], [0, 1]), ([1], [0, 1]), ([1, 2], [0, -1])],
)
def test_bad_follow_up_is_refused(days, cause):
    with pytest.raises(InputError):
        horizon_labels(days, cause, 1)


def test_a_horizon_beyond_follow_up_is_refused():
    with pytest.raises(InputError, match="Nobody is followed"):
        horizon_labels([1, 2, 3], [1, 0, 0], 10)
