import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.federation import gain
from nof1.federation.gain import Gain, compare, losing
from nof1.federation.judged import Judged
from nof1.federation.training import Agreement
from nof1.learn.figures import Figure
from nof1.learn.sums import federate


class Line:
    """A model that gives the log odds it was made with."""

    def __init__(self, slope):
        self.slope = slope

    def decision(self, X, days):
        return self.slope * X[:, 0]


class Data:
    def __init__(self, X):
        self.X = X


class Site:
    def __init__(self, X):
        self.data, self.rows = Data(X), np.arange(len(X))


class Task:
    class split:
        seed = 0


AGREEMENT = Agreement(Task, None, ())


def rows(n=600, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(1 - x))).astype(float)
    folds = np.arange(n) % 3
    risk = 1 / (1 + np.exp(1 - x))
    return Site(x[:, None]), Judged(365.0, x, np.stack([x, x], 1), risk, y, np.ones(n), folds,
                                    np.arange(n))  # fmt: skip


def test_a_site_whose_own_model_knows_nothing_gains(monkeypatch):
    monkeypatch.setattr(gain, "train", lambda *rest: Line(0.0))
    found = compare(*inserted(rows()))
    assert found.own["auroc"].value == pytest.approx(0.5, abs=0.06)  # ranks come from folds alone
    assert found.federated["auroc"].value > 0.65
    assert found.gained["auroc"].low > 0
    assert found.gained["brier"].low > 0
    assert found.gained["log_loss"].low > 0
    assert found.events == int(rows()[1].y.sum())


def test_equal_models_gain_nothing_to_speak_of(monkeypatch):
    monkeypatch.setattr(gain, "train", lambda *rest: Line(1.0))
    found = compare(*inserted(rows()))
    assert abs(found.gained["auroc"].value) < 0.01
    assert found.gained["auroc"].contains(0)


def test_a_site_that_cannot_train_alone_says_so(monkeypatch):
    def never(*rest):
        raise ModelError("The outcome never happens in 12 rows.")

    monkeypatch.setattr(gain, "train", never)
    found = compare(*inserted(rows()))
    assert found.note
    assert not found.gained
    assert "12 rows" not in found.words()


def inserted(parts):
    site, found = parts
    return site, AGREEMENT, found


def made(auroc, brier):
    figures = {"auroc": Figure(auroc, 0, 0), "brier": Figure(brier, 0, 0)}
    return Gain(365.0, 100, 20, {}, {}, figures)


def told(*gains):
    answers = federate([lambda total, one=one: losing(one, total) for one in gains])
    assert all(one == answers[0] for one in answers)
    return answers[0]


def test_only_how_many_sites_lose_is_told():
    found = told(made(0.1, 0.0), made(-0.01, -0.01), made(-0.004, -0.006))
    assert found == {"sites_compared": 3, "margin": 0.005, "lose_auroc": 1, "lose_brier": 2}


def test_with_fewer_than_three_sites_that_compared_nothing_is_told():
    found = told(made(-0.1, 0.0), made(-0.1, 0.0), Gain(365.0, 100, 2, note="too few"))
    assert "sites_compared" not in found
    assert "Fewer than 3" in found["note"]
