import numpy as np
import pytest

from nof1.medicines.response.crossing import AVERAGE, Plan, cross, fit_blend
from nof1.medicines.response.splits import SPLITS, folds
from response_samples import planted


def silent(_text):
    return None


@pytest.mark.parametrize("kind", SPLITS)
def test_no_test_pair_reaches_its_own_prediction(kind):
    """Scramble the held-out responses of one fold: what is said about them must not change."""
    screen = planted(marker=1.0, lines=48, drugs=8)
    plan = Plan(folds=3)
    test = folds(screen, kind, 3, 0)[0]
    random = np.random.default_rng(5)
    lied = np.where(test, random.normal(50, 20, test.shape), screen.response)
    other = type(screen)(**{**vars(screen), "response": lied})
    one, two = cross(screen, kind, plan, silent), cross(other, kind, plan, silent)
    for name, values in one.guesses.items():
        np.testing.assert_array_equal(values[test], two.guesses[name][test])
    np.testing.assert_array_equal(one.low[test], two.low[test])


def test_every_measured_pair_gets_a_prediction_inside_its_interval_limits():
    screen = planted(lines=48, drugs=8)
    held = cross(screen, "cell-line", Plan(folds=3, trees=False), silent)
    seen = screen.measured
    assert np.isfinite(held.guesses[AVERAGE][seen]).all()
    assert (held.low[seen] < held.guesses[AVERAGE][seen]).all()


def test_a_useless_model_gets_no_weight_and_a_good_one_does():
    random = np.random.default_rng(0)
    truth = random.normal(size=(100, 5))
    zero = np.zeros_like(truth)
    guesses = {
        "overall": zero,
        "factors": 0.5 * truth + random.normal(0, 0.1, truth.shape),
        "ridge": random.normal(size=truth.shape),
    }
    blend = fit_blend(guesses, truth)
    assert blend.base == "overall"
    assert 1.5 < blend.weights["factors"] < 2.2
    assert blend.weights["ridge"] < 0.1
    np.testing.assert_allclose(blend.of(guesses), truth, atol=0.8)
