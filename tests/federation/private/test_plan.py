import dp_accounting as dp
import pytest

from nof1.core.errors import UsageError
from nof1.federation.budget import ORDERS
from nof1.federation.private.plan import Plan, Shares, multiplier


def composed(releases, delta=1e-5):
    """Epsilon of (multiplier, times) by dp-accounting, counted release by release."""
    accountant = dp.rdp.RdpAccountant(ORDERS)
    for noise, times in releases:
        accountant.compose(dp.GaussianDpEvent(noise), times)
    return accountant.get_epsilon(delta)


@pytest.mark.parametrize("epsilon", [0.3, 1.0, 3.0, 8.0])
def test_all_releases_together_cost_what_was_asked_for(epsilon):
    plan = Plan.of(epsilon, 1e-5)
    train = [(plan.bins, 1), (plan.start, 1), (plan.cycle, plan.shares.cycles)]
    judge = [(plan.tables, 1), (plan.domain, 1)]
    for group in (train, judge):
        assert 0.99 * epsilon < composed(group) <= epsilon + 1e-9


def test_a_planted_bug_in_the_shares_is_seen():
    plan = Plan.of(1.0, 1e-5)
    once_more = [(plan.bins, 2), (plan.start, 1), (plan.cycle, plan.shares.cycles)]
    assert composed(once_more) > 1.02
    assert composed([(plan.cycle / 10, plan.shares.cycles)]) > 10


def test_the_noise_of_one_release():
    # dp_accounting 0.6.0: RdpAccountant(ORDERS), GaussianDpEvent(4.0464): 1.000 at delta 1e-5
    assert multiplier(1.0, 1e-5) == pytest.approx(4.046, rel=2e-3)
    # The analytic Gaussian mechanism (Balle and Wang 2018) needs 3.730: RDP is safe, not tight.
    assert multiplier(1.0, 1e-5) > 3.730


def test_more_privacy_means_more_noise():
    found = [multiplier(epsilon, 1e-5) for epsilon in (0.5, 1, 3, 8)]
    assert found == sorted(found, reverse=True)
    assert multiplier(1.0, 1e-6) > multiplier(1.0, 1e-5)


@pytest.mark.parametrize("asked", [(0.0, 1e-5), (21.0, 1e-5), (1.0, 0.0), (1.0, 0.1), (-1.0, 1e-5)])
def test_what_cannot_be_planned_is_refused(asked):
    with pytest.raises(UsageError):
        Plan.of(*asked)


@pytest.mark.parametrize("shares", [{"bins": 0.0}, {"bins": 0.9}, {"cycles": 0}, {"domain": 1.0}])
def test_shares_that_do_not_fit_are_refused(shares):
    with pytest.raises(UsageError):
        Shares(**shares)
