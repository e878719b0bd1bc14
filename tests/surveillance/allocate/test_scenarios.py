"""Joint scenarios: the margins are the forecasts, the copula ties them."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from hub_samples import normal, weekly
from nof1.core.errors import InputError
from nof1.surveillance.allocate.scenarios import DEFAULT, correlation, invert, scenarios
from nof1.surveillance.scores import LEVELS

MARGINS = normal([500.0, 80.0, 2000.0], [50.0, 10.0, 300.0])


def test_the_margins_are_the_forecasts():
    made = scenarios(MARGINS, draws=1000)
    assert made.shape == (1000, 3)
    got = np.quantile(made, LEVELS, axis=0).T
    assert got == pytest.approx(MARGINS, rel=0.01)
    assert made.mean(axis=0) == pytest.approx([500, 80, 2000], rel=1e-3)


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.9])
def test_places_go_together_as_asked(rho):
    made = scenarios(MARGINS, correlation=rho, draws=4000, seed=3)
    # the rank correlation of a Gaussian copula: Kruskal, JASA 53 (1958) 814
    wanted = 6 / np.pi * np.arcsin(rho / 2)
    ranks = spearmanr(made).statistic[np.triu_indices(3, 1)]
    assert ranks == pytest.approx(wanted, abs=0.04)


def test_the_seed_repeats_and_matters():
    assert np.array_equal(scenarios(MARGINS, seed=1), scenarios(MARGINS, seed=1))
    assert not np.array_equal(scenarios(MARGINS, seed=1), scenarios(MARGINS, seed=2))


def test_tails_continue_and_stay_positive():
    from scipy.stats import norm

    share = np.array([0.0005, 0.5, 0.9995])
    assert invert(MARGINS[0], share) == pytest.approx(500 + 50 * norm.ppf(share), rel=1e-6)
    assert invert(normal(1.0, 5.0), share)[0] == 0
    assert np.all(invert(np.zeros(23), share) == 0)


def test_correlation_of_growth_is_shrunk_to_the_common_one():
    rng = np.random.default_rng(4)
    common = rng.normal(size=(105, 1))
    growth = 0.2 * (common * [1, 1, 0] + rng.normal(size=(105, 3)) * [0.2, 0.2, 1])
    made = correlation(weekly(np.expm1(6 + growth.cumsum(axis=0))))
    assert made[0, 1] > 0.75
    assert abs(made[0, 2]) < 0.35
    assert np.allclose(np.diag(made), 1)
    assert np.linalg.eigvalsh(made).min() > 0


def test_without_history_the_default_is_taken():
    made = correlation(weekly(np.zeros((30, 3))))
    assert made[0, 1] == pytest.approx(DEFAULT)
    gaps = np.full((30, 2), np.nan)
    assert correlation(weekly(gaps))[0, 1] == pytest.approx(DEFAULT)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="missing or crossing"):
        scenarios(np.where(MARGINS > 2100, np.nan, MARGINS))
    with pytest.raises(InputError, match="missing or crossing"):
        scenarios(MARGINS[:, ::-1])
    for bad in (1.5, np.eye(2), np.arange(9.0).reshape(3, 3)):
        with pytest.raises(InputError, match="is no correlation"):
            scenarios(MARGINS, correlation=bad)
