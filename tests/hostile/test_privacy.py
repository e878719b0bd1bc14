"""The clock and the ledger, certificates that have run out, counts that a site has scaled."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from network_samples import federation
from nof1.core.errors import ModelError
from nof1.federation import budget
from nof1.federation.budget import Ledger, Limit
from nof1.federation.judging import CELLS, MOST_ROWS, SETS, Groups, pooled
from nof1.federation.network import certificates, private, project
from nof1.federation.network.home import Home
from nof1.federation.network.project import papers
from nof1.federation.network.tls import Unwelcome
from nof1.federation.network.wire import Gone
from nof1.federation.refusal import Refused
from nof1.learn.conformal import Conformal


class Back(datetime):
    """A clock that somebody has set back by ten years."""

    @classmethod
    def now(cls, tz=None):
        return datetime(2016, 1, 1, tzinfo=tz)


def test_a_clock_that_was_set_back_gives_no_budget_back(tmp_path, monkeypatch):
    pytest.importorskip("dp_accounting")
    ledger = Ledger(tmp_path / "budget.db", {"all": Limit(1.0, 1e-5)})
    before = ledger.spend("all", "one", 10.0)
    monkeypatch.setattr(budget, "datetime", Back)
    after = ledger.spend("all", "two", 10.0)
    assert after > before
    assert [one.job for one in ledger.spends("all")] == ["one", "two"]
    ledger = Ledger(ledger.path, {"all": Limit(after, 1e-5)})
    with pytest.raises(Refused, match="0 is left"):
        ledger.spend("all", "three", 10.0)


def test_a_site_whose_certificate_has_run_out_is_refused(tmp_path, monkeypatch):
    with federation(tmp_path) as up:
        kept = up.homes["north"]
        old(up.project, kept, monkeypatch)
        with pytest.raises((Unwelcome, Gone)):
            kept.call(5)
        up.wait(lambda: up.coordinator.refused > 0)
        up.homes["south"].call(5).close()  # the others are welcome


def old(made, kept: Home, monkeypatch):
    """Papers of the right authority, that ended an hour ago, under the right name."""
    monkeypatch.setattr(certificates, "LEAF_DAYS", -1)
    monkeypatch.setattr(certificates, "EARLY", timedelta(days=3))
    pair = certificates.client(project.read_pair(made.authority), "north")
    assert certificates.days_left(pair.certificate) < 0
    files = papers(kept.root)
    private.write(files.certificate, pair.certificate)
    private.write(files.key, pair.key)


def test_counts_that_a_site_has_scaled_do_not_fill_the_memory():
    """A site multiplies what it adds by a million: nobody can see it in a masked sum, but more
    rows than there can be are not judged."""
    rng = np.random.default_rng(0)
    n = 400
    y = (rng.random(n) < 0.3).astype(float)
    risk, sets = rng.uniform(0.1, 0.9, n), np.ones((n, 2), dtype=bool)
    told = (risk, sets, y, np.ones(n), {}, (Groups("sex", ("M",)),), conformal())
    fine = pooled(*told, lambda own: own * 3, 0)
    assert fine.figures["brier"].value > 0
    with pytest.raises(ModelError, match="more rows than there can be"):
        pooled(*told, lambda own: own * 1e6, 0)
    assert MOST_ROWS < 400 * 1e6
    assert CELLS * 2 * SETS > 1000


def conformal():
    rng = np.random.default_rng(1)
    y = (rng.random(500) < 0.3).astype(int)
    return Conformal.fit(rng.uniform(0.01, 0.99, 500), y, np.ones(500))
