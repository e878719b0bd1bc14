import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from nof1.core.errors import UsageError
from nof1.federation.budget import Ledger, Limit, Spend, epsilon
from nof1.federation.refusal import Refused

LIMIT = Limit(3.0, 1e-5)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "federation" / "budget.db", {"everybody": LIMIT})


def test_nothing_is_spent_at_first(ledger):
    assert (ledger.spent("everybody"), ledger.spends()) == (0.0, [])


def test_the_loss_of_gaussian_noise():
    # dp_accounting 0.6.0: RdpAccountant().compose(GaussianDpEvent(10.0), 180).get_epsilon(1e-5)
    spends = [Spend("t", "c", "j", 10.0, 180)]
    assert epsilon(spends, 1e-5) == pytest.approx(6.652068, rel=2e-2)
    assert epsilon(spends, 1e-5) > 6.174490  # its PLD accountant, which is tight


def test_spends_add_up_over_jobs_and_time(ledger):
    first = ledger.spend("everybody", "job-1", 5.0)
    second = ledger.spend("everybody", "job-2", 5.0)
    assert first < second < LIMIT.epsilon
    again = Ledger(ledger.path, ledger.limits)
    assert again.spent("everybody") == second
    assert [one.job for one in again.spends()] == ["job-1", "job-2"]


def test_too_much_is_refused_and_not_charged(ledger):
    ledger.spend("everybody", "job-1", 2.0)
    before = ledger.spent("everybody")
    with pytest.raises(Refused, match="is left"):
        ledger.spend("everybody", "job-2", 0.5)
    assert ledger.spent("everybody") == before


def test_at_zero_everything_is_refused(ledger):
    for _ in range(3):
        ledger.spend("everybody", "job", 4.0)
    with pytest.raises(Refused):
        ledger.spend("everybody", "another project", 1.0)


def test_a_cohort_without_a_limit_has_no_budget(ledger):
    with pytest.raises(Refused, match="no privacy budget"):
        ledger.spend("children", "job", 100.0)


@pytest.mark.parametrize(("noise", "releases"), [(0, 1), (-1, 1), (float("nan"), 1), (1, 0)])
def test_noise_that_is_none_is_refused(ledger, noise, releases):
    with pytest.raises(UsageError):
        ledger.spend("everybody", "job", noise, releases)


def test_lines_are_never_changed_or_given_back(ledger):
    ledger.spend("everybody", "job", 5.0)
    base = sqlite3.connect(ledger.path)
    for change in ("DELETE FROM spend", "UPDATE spend SET noise = 1000"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            base.execute(change)


def test_two_jobs_that_race_cannot_spend_the_same_rest(ledger):
    cost = ledger.spend("everybody", "first", 4.0)
    assert cost < LIMIT.epsilon

    def ask(number):
        try:
            ledger.spend("everybody", f"job-{number}", 4.0)
            return 1
        except Refused:
            return 0

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(ask, range(24)))
    assert len(ledger.spends()) == taken + 1
    assert ledger.spent("everybody") <= LIMIT.epsilon


def test_a_process_that_dies_after_the_spend_has_spent(ledger):
    code = (
        "import os, sys; from pathlib import Path\n"
        "from nof1.federation.budget import Ledger, Limit\n"
        "Ledger(Path(sys.argv[1]), {'everybody': Limit(3.0, 1e-5)}).spend('everybody', 'j', 5.0)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, ledger.path], check=False)
    assert [one.job for one in ledger.spends()] == ["j"]
