"""Drawn people with planted answers: nobody gains more than others; some have no counterpart."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.stats import beta

from nof1.learn.additive import Recipe as Box
from nof1.learn.boosting import Settings
from nof1.learn.effect.analysis import analyse
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.nuisance import fit_propensity
from nof1.learn.effect.one_armed import one_armed
from nof1.learn.effect.overlap import supported
from nof1.learn.effect.recipe import Recipe
from nof1.learn.effect.regions import lonely as alone_by
from nof1.learn.sums import local_sum

COLUMNS = 10
FIRM = (0.15, 0.85)
NEW = 20_000
"""New people that the rule of refusal is asked about; it was made without them."""
LIGHT = Recipe(
    folds=3,
    nuisance=Box(n_bags=2, max_pairs=0, boost=Settings(learning_rate=0.25)),
    effect=Box(n_bags=4, max_pairs=0, boost=Settings(learning_rate=0.25)),
)
"""Fewer folds, bags and no planes: for many seeds. The rules of validation are the shipped ones."""


def columns(rng: np.random.Generator, people: int) -> np.ndarray:
    """Ten columns: 3 is yes/no, a fifth of 4 is missing, the others are normal."""
    X = rng.normal(size=(people, COLUMNS))
    X[:, 3] = rng.random(people) < 0.3
    X[:, 4] = np.where(rng.random(people) < 0.2, np.nan, X[:, 4])
    return X


def interval(hits: int, of: int) -> str:
    """Share with its exact binomial 95 % interval (Clopper-Pearson)."""
    low = beta.ppf(0.025, hits, of - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, of - hits) if hits < of else 1.0
    return f"{hits} of {of} = {hits / of:.3f} ({low:.3f} to {high:.3f})"


def _logistic(score: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-score)))


def _alike(seed: int, people: int, gain: float) -> Arms:
    """Everybody's risk falls by ``gain``; risk and choice depend on the same columns."""
    rng = np.random.default_rng(seed)
    X = columns(rng, people)
    base = 0.1 + 0.5 * _logistic(1.2 * X[:, 0] + 0.8 * X[:, 1] + X[:, 3] - 0.8)
    arm = (rng.random(people) < _logistic(0.5 * X[:, 0] + 0.4 * X[:, 5])).astype(float)
    y = (rng.random(people) < base - gain * arm).astype(float)
    return Arms.of(X, arm, y)


NULLS = {"risk lower by .08 for everybody": 0.08, "no effect at all": 0.0}


def nobody(seeds: list[int], people: int, *, full: bool) -> None:
    """In how many seeds is no personal difference claimed? (aim: 95 of 100)"""
    for name, gain in NULLS.items():
        start, claims, learners = time.process_time(), [], []
        for seed in seeds:
            recipe = replace(Recipe() if full else LIGHT, seed=seed)
            made = analyse(_alike(seed, people, gain), recipe)
            learners.append(made.chosen)
            if made.validated:
                claims.append(seed)
        silent = len(seeds) - len(claims)
        cpu = (time.process_time() - start) / len(seeds)
        other = sum(one != "m" for one in learners)
        print(
            f"{name}; {len(seeds)} seeds of {people:,}, {'shipped' if full else 'light'} recipe: "
            f"no personal claim in {interval(silent, len(seeds))}; claimed in seeds {claims}; "
            f"another learner than the line in {other}; {cpu:.1f} CPU s a seed",
            flush=True,
        )


def _everyday(X: np.ndarray) -> np.ndarray:
    return _logistic(0.5 * X[:, 0] + 0.4 * X[:, 5])


def _beyond(X: np.ndarray) -> np.ndarray:
    """Above a limit of one number (12 % of people) everybody gets the option."""
    return np.where(X[:, 6] > 1.2, 1.0, _everyday(X))


def _kind(X: np.ndarray) -> np.ndarray:
    """People with a yes/no trait (30 %) never get it."""
    return np.where(X[:, 3] == 1, 0.0, _everyday(X))


def _corner(X: np.ndarray) -> np.ndarray:
    """Only where two numbers are high together (10 %) everybody gets it: no single limit tells."""
    return np.where((X[:, 6] > 0.5) & (X[:, 7] > 0.5), 1.0, _everyday(X))


ZONES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "one number": _beyond,
    "yes/no": _kind,
    "corner of two": _corner,
}


def lonely(seeds: list[int], people: int) -> None:
    """Are new people without a counterpart refused, and the others not?"""
    for name, chances in {**ZONES, "everybody has a choice": _everyday}.items():
        found = np.array([_refusals(chances, seed, people) for seed in seeds])
        out, alone, wrong, firm = found[:, :4].sum(axis=0)
        print(
            f"{name}; {len(seeds)} seeds of {people:,}: refused {_share(out, alone)} of "
            f"{alone:,.0f} lonely people (worst seed {_share(*_worst(found))}), "
            f"{wrong / firm:.4f} of {firm:,.0f} with a true propensity of {FIRM[0]} to {FIRM[1]} "
            f"(worst seed {(found[:, 2] / found[:, 3]).max():.4f}); "
            f"{found[:, 4].mean():.1f} CPU s a seed",
            flush=True,
        )


def _share(part: float, of: float) -> str:
    return f"{part / of:.3f}" if of else "-"


def _worst(found: np.ndarray) -> tuple[float, float]:
    """Refused and all lonely people of the seed in which the fewest are refused."""
    shares = found[:, 0] / np.maximum(found[:, 1], 1)
    refused, alone = found[int(np.argmin(shares)), :2]
    return float(refused), float(alone)


def _refusals(
    chances: Callable[[np.ndarray], np.ndarray], seed: int, people: int
) -> tuple[float, ...]:
    """Refused and all lonely people, refused and all with a firm choice, CPU seconds."""
    rng = np.random.default_rng(seed)
    X = columns(rng, people)
    arm = (rng.random(people) < chances(X)).astype(float)
    arms = Arms.of(X, arm, (rng.random(people) < 0.3).astype(float))
    recipe = Recipe(seed=seed)
    start = time.process_time()
    model = fit_propensity(arms, np.ones(people), recipe)
    regions = one_armed(arms, np.ones(people), model.shapes, recipe, local_sum)
    cpu = time.process_time() - start
    X = columns(rng, NEW)
    true = chances(X)
    out = ~supported(model.mean(X), recipe.least_propensity) | alone_by(regions, X)
    alone = (true <= 0) | (true >= 1)
    firm = (true >= FIRM[0]) & (true <= FIRM[1])
    return (
        float(out[alone].sum()),
        float(alone.sum()),
        float(out[firm].sum()),
        float(firm.sum()),
        cpu,
    )
