"""The risk interval holds the true risk as often as it says, where the truth is known."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from nof1.core.errors import InputError
from nof1.learn.intervals import WIDEST, RiskInterval
from nof1.learn.sums import federate


def truth_and_bags(seed, rows=800, features=8, bags=8):
    """A fitted model with its bags; calibration rows; test rows with their true risk."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=features) * 0.5

    def draw(count):
        table = rng.normal(size=(count, features))
        risk = expit(table @ effect - 1.2)
        return table, risk, (rng.random(count) < risk).astype(float)

    table, _, y = draw(rows)
    models = []
    for _ in range(bags):
        rows_of_bag = rng.integers(0, rows, rows)
        models.append(LogisticRegression(C=10).fit(table[rows_of_bag], y[rows_of_bag]))

    def decisions(one):
        return np.column_stack([model.decision_function(one) for model in models])

    calibration, test = draw(rows), draw(1000)
    return calibration, decisions(calibration[0]), test, decisions(test[0])


def test_ninety_percent_intervals_hold_the_true_risk_nine_times_in_ten():
    shares = {0.9: [], 0.5: []}
    for seed in range(30):
        (table, _, y), bags, (_, risk, _), test_bags = truth_and_bags(seed)
        fitted = RiskInterval.fit(bags.mean(axis=1), bags, y, groups=(table > 0).astype(int))
        for level, found in shares.items():
            low, high = fitted.interval(test_bags.mean(axis=1), test_bags, level)
            found.append(np.mean((low <= risk) & (risk <= high)))
    assert np.mean(shares[0.9]) == pytest.approx(0.90, abs=0.03)
    assert np.mean(shares[0.5]) == pytest.approx(0.50, abs=0.06)


def test_overconfident_bags_are_stretched_and_honest_ones_are_not():
    scales, shrunken = [], []
    for seed in range(12):
        (table, _, y), bags, _, _ = truth_and_bags(seed, rows=3000)
        groups = np.digitize(table, [-1, 0, 1])
        centre = bags.mean(axis=1, keepdims=True)
        # the model is wrong by a shift in each half of the first feature that no bag knows of
        shift = np.where(table[:, :1] > 0, 0.5, -0.5)
        scales.append(RiskInterval.fit(centre[:, 0], bags, y, groups=groups).scale)
        wrong, close = centre + shift, centre + shift + (bags - centre) * 0.5
        shrunken.append(RiskInterval.fit(wrong[:, 0], close, y, groups=groups).scale)
    assert np.mean(scales) < 1.3
    assert np.mean(shrunken) > 2


@settings(max_examples=60, deadline=None)
@given(
    decision=st.floats(-40, 40),
    spread=st.lists(st.floats(-20, 20), min_size=2, max_size=12),
    level=st.floats(0.01, 0.999),
)
def test_interval_holds_its_point_and_stays_inside_zero_and_one(decision, spread, level):
    fitted = RiskInterval.fit([-1, 0, 1, 2] * 10, np.zeros((40, 2)), [0, 1, 0, 1] * 10)
    low, high = fitted.interval([decision], [[decision + one for one in spread]], level)
    assert 0 <= low[0] <= fitted.risk([decision])[0] <= high[0] <= 1


def test_more_doubt_means_a_wider_interval():
    fitted = RiskInterval.fit([-1, 0, 1, 2] * 10, np.zeros((40, 2)), [0, 1, 0, 1] * 10)
    narrow, wide = (fitted.interval([0.0], [[-s, 0, s]]) for s in (0.1, 1.0))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    low, high = fitted.interval([0.0], [[0.0, 0.0]])
    assert high - low > 0  # the recalibration is uncertain even when the bags agree


def test_sites_together_give_the_pooled_interval():
    (table, _, y), bags, _, _ = truth_and_bags(1)
    groups = (table > 0).astype(int)
    sizes = [2] * groups.shape[1]
    parts = (slice(0, 300), slice(300, 800))
    found = federate(
        [
            lambda total, part=part: RiskInterval.fit(
                bags[part].mean(axis=1),
                bags[part],
                y[part],
                groups=groups[part],
                group_sizes=sizes,
                secure_sum=total,
            )
            for part in parts
        ]
    )
    pooled = RiskInterval.fit(bags.mean(axis=1), bags, y, groups=groups)
    assert found[0] == found[1]
    assert found[0].recalibration.slope == pytest.approx(pooled.recalibration.slope)
    assert 1 <= found[0].scale <= WIDEST


def test_json_round_trip_and_bad_input():
    (_, _, y), bags, _, _ = truth_and_bags(2)
    fitted = RiskInterval.fit(bags.mean(axis=1), bags, y)
    assert RiskInterval.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted
    with pytest.raises(InputError, match="Bag decisions"):
        fitted.interval([0.0], [[0.0]])
    with pytest.raises(InputError, match="Bag decisions"):
        fitted.interval([0.0, 1.0], [[0.0, 1.0]])
    with pytest.raises(InputError, match="group code"):
        RiskInterval.fit(bags[:, 0], bags, y, groups=np.full(800, 5), group_sizes=[3])


def test_recalibration_alone_has_its_own_coverage():
    hits = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        decision = rng.normal(size=400)
        y = rng.random(400) < expit(0.7 * decision - 1)
        fitted = RiskInterval.fit(decision, np.column_stack([decision] * 2), y.astype(float))
        low, high = fitted.interval([1.0], [[1.0, 1.0]], 0.9)
        hits.append(low[0] <= expit(-0.3) <= high[0])
    assert 0.84 <= np.mean(hits) <= 0.96
