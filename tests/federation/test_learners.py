"""The linear and the time-to-event learners of several sites are those of all rows in one place."""

import numpy as np
import pytest

from nof1.core import artefacts
from nof1.core.errors import InputError
from nof1.federation import local
from nof1.federation.algorithms import algorithm
from nof1.learn.additive import Recipe
from nof1.learn.cox import train_cox
from nof1.learn.hazards import GlassBoxHazards
from nof1.learn.linear import train_logistic
from nof1.predict.score import Scorer

SIZES = {"north": slice(0, 60), "south": slice(60, 420), "west": slice(420, 600)}


def rows():
    rng = np.random.default_rng(11)
    X = rng.normal(size=(600, 3))
    X[rng.random(600) < 0.1, 1] = np.nan
    score = X[:, 0] - 0.5 * np.nan_to_num(X[:, 1])
    y = (rng.random(600) < 1 / (1 + np.exp(1 - score))).astype(float)
    time = rng.exponential(200 * np.exp(-0.7 * score))
    censored = rng.exponential(300, 600)
    cause = np.where(time < censored, rng.choice([1, 1, 2], 600), 0)
    return X, y, np.minimum(time, censored) + 0.5, cause, np.arange(600, dtype=np.uint64)


def together(fit):
    """``fit(rows, total)`` on all rows, and at three sites of unequal size under masks."""
    parts = {name: lambda link, cut=cut: fit(cut, link.open()) for name, cut in SIZES.items()}
    return fit(slice(None), lambda vector: vector), local.run(parts, patience=120)


def test_logistic():
    X, y, _, _, keys = rows()
    pooled, sites = together(
        lambda cut, total: train_logistic(X[cut], y[cut], keys=keys[cut], secure_sum=total)
    )
    for one in sites.values():
        np.testing.assert_allclose(one.decision(X), pooled.decision(X), atol=1e-6)


def test_cox():
    X, _, days, cause, keys = rows()
    pooled, sites = together(
        lambda cut, total: train_cox(
            X[cut], (days[cut], cause[cut]), keys=keys[cut], secure_sum=total
        )
    )
    times = [50.0, 100.0, 200.0]
    for one in sites.values():
        found = one.cumulative_incidence(X, times)
        np.testing.assert_allclose(found, pooled.cumulative_incidence(X, times), atol=1e-6)


def test_hazards():
    X, _, days, cause, keys = rows()
    recipe = Recipe(n_bags=2, max_pairs=3)
    pooled, sites = together(
        lambda cut, total: GlassBoxHazards(recipe, n_intervals=8).fit(
            X[cut], (days[cut], cause[cut]), keys=keys[cut], secure_sum=total
        )
    )
    times = [50.0, 100.0, 200.0]
    for one in sites.values():
        found = one.cumulative_incidence(X, times)
        np.testing.assert_allclose(found, pooled.cumulative_incidence(X, times), atol=1e-6)


def survival(text):
    return text.replace("kind: binary", "kind: survival")


@pytest.mark.parametrize(("name", "learner"), [("logistic", "linear"), ("cox", "linear")])
def test_a_linear_model_of_all_sites_speaks_like_any_other(asked, fresh, hospitals, name, learner):
    text = hospitals.task if name == "logistic" else survival(hospitals.task)
    for one in fresh.values():
        one.models.unlink()
    done = asked(name, fresh, text)
    assert len({one.content_hash for one in done.values()}) == 1
    for site, one in done.items():
        stored = artefacts.load(fresh[site].models, one.name)
        scorer = Scorer.load(stored)
        assert scorer.model.pair.trained.name == learner
        assert scorer.model.pair.glassbox.name == "glassbox"
        assert one.figures["learner"] == learner
        assert one.figures["figures"]["auroc"]["value"] > 0.5


@pytest.mark.parametrize("name", ["logistic", "cox", "hazards"])
def test_a_task_of_the_other_kind_is_refused(name, hospitals):
    fits = hospitals.task if name == "logistic" else survival(hospitals.task)
    other = survival(hospitals.task) if name == "logistic" else hospitals.task
    algorithm(name).read(fits)
    with pytest.raises(InputError, match="of the kind") as found:
        algorithm(name).read(other)
    assert "glassbox" in found.value.next_step
