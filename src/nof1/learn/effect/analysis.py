"""The whole analysis of a comparison: balance, overlap, average, who differs, and may it be said.

An effect per person is *validated* when people who are predicted to gain more do gain more: the
targeting curve (AUTOC) and the slope of calibration both lie above 0 with their whole intervals,
on people whom the models have not seen. Otherwise the average effect is all that may be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.learn.effect import learners
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.balance import Balance, balance
from nof1.learn.effect.calibrated import Calibrated
from nof1.learn.effect.learners import EffectModel, Known, Learner
from nof1.learn.effect.matched import c_for_benefit
from nof1.learn.effect.nuisance import (
    Nuisance,
    Response,
    crossfit,
    fit_arm,
    fit_propensity,
)
from nof1.learn.effect.one_armed import one_armed
from nof1.learn.effect.ordered import Ordered, ordered, slope
from nof1.learn.effect.overlap import Overlap, overlap
from nof1.learn.effect.recipe import Recipe
from nof1.learn.effect.regions import Region
from nof1.learn.effect.scores import Scores, average, ratio, scores
from nof1.learn.figures import Figure
from nof1.learn.sums import FloatArray, SecureSum, local_sum

MOST_REFUSED = 0.5
MANY = 5e6
DEFAULT = "m"
"""The learner that is kept unless another is better by more than chance."""


@dataclass(frozen=True)
class Crossed:
    """A learner's out-of-fold effects (n,) and bags (n, bags), and its squared distance (n,) from
    the scores once its mean is the average effect."""

    raw: FloatArray
    bags: FloatArray
    losses: FloatArray


@dataclass(frozen=True)
class Analysis:
    """Everything that was found; nothing in it is a row, but for ``nuisance``, ``scored`` and
    ``crossed``, which stay at the site.

    Attributes
    ----------
    harm : whether a larger outcome is worse.
    means : mean outcome under comparator and option, over people with counterparts.
    effect : option minus comparator; ``ratio`` their ratio (yes/no outcomes).
    worse : learner -> how much further than the line of modifiers it is from the scores, on average
        over people; ``average`` is the claim that nobody differs.
    chosen : the line of modifiers, unless another learner is nearer by more than the interval;
        never a challenger.
    ordered, slope, matched : how far predicted differences are real (benefit: more is better);
        ``matched`` is the concordance of matched pairs.
    validated : whether differences between people may be shown.
    """

    recipe: Recipe
    harm: bool
    nuisance: Nuisance
    scored: Scores
    crossed: Mapping[str, Crossed]
    overlap: Overlap
    balance: tuple[Balance, ...]
    means: tuple[Figure, Figure]
    effect: Figure
    ratio: Figure | None
    worse: Mapping[str, Figure]
    chosen: str
    ordered: Ordered
    slope: Figure
    matched: Figure
    validated: bool
    calibrated: Calibrated

    @property
    def rows(self) -> FloatArray:
        """(n,) 1 for people with counterparts in both arms."""
        return counterparts(self.overlap, self.nuisance).astype(np.float64)


@dataclass(frozen=True)
class Fitted:
    """The models for new people, trained on everybody with counterparts."""

    propensity: Response
    regions: tuple[Region, ...]
    comparator: Response
    effect: EffectModel


def counterparts(found: Overlap, nuisance: Nuisance) -> NDArray[np.bool_]:
    """(n,) people who have a chance of both options, and lie in no region without choice."""
    return found.supported(nuisance.propensity) & ~nuisance.alone


def analyse(
    arms: Arms, recipe: Recipe, *, harm: bool = True, total: SecureSum = local_sum
) -> Analysis:
    """Analyse a comparison; with several sites, called at each of them at the same time.

    Raises
    ------
    ModelError : an arm without variation, or hardly anybody with counterparts.
    """
    tried = _tried(arms, recipe, total)
    nuisance = crossfit(arms, recipe, total)
    scored = scores(arms, nuisance)
    found = overlap(arms, nuisance.propensity, recipe.least_propensity, total, alone=nuisance.alone)
    inside = counterparts(found, nuisance)
    rows = inside.astype(np.float64)
    balanced = balance(arms, nuisance.propensity, rows, total)
    _refuse_apart(found, arms, nuisance, total)
    effect = average(scored.effect, arms, inside, total, recipe.level)
    means = (
        average(scored.mean[:, 0], arms, inside, total, recipe.level),
        average(scored.mean[:, 1], arms, inside, total, recipe.level),
    )
    known = Known(arms, nuisance, scored.effect)
    crossed = {name: _crossed(entry, known, rows, recipe, effect, total) for name, entry in tried}
    rivals = {name: one.losses for name, one in crossed.items() if name != DEFAULT}
    rivals["average"] = _losses(np.zeros(len(rows)), scored.effect, effect)
    worse = {
        name: average(losses - crossed[DEFAULT].losses, arms, inside, total, recipe.level)
        for name, losses in rivals.items()
    }
    chosen = _choice(worse)
    sign = -1.0 if harm else 1.0
    by_benefit = ordered(
        sign * crossed[chosen].raw, sign * scored.effect, arms, rows,
        resamples=recipe.resamples, seed=recipe.seed, level=recipe.level, total=total,
    )  # fmt: skip
    matched = c_for_benefit(
        sign * crossed[chosen].raw, arms, nuisance.propensity, rows, harm=harm,
        resamples=recipe.resamples, seed=recipe.seed, level=recipe.level, total=total,
    )  # fmt: skip
    steep, centre, error = slope(
        crossed[chosen].raw, scored.effect, arms, rows, recipe.level, total
    )
    calibrated = Calibrated.fit(
        crossed[chosen].raw, crossed[chosen].bags, scored.effect, arms, rows, effect, steep, centre,
        error, learners.learner(chosen).shrunken, total,
    )  # fmt: skip
    return Analysis(
        recipe=recipe, harm=harm, nuisance=nuisance, scored=scored, crossed=crossed,
        overlap=found, balance=balanced, means=means,
        effect=effect, ratio=ratio(scored, arms, inside, total, recipe.level) if arms.binary
        else None, worse=worse, chosen=chosen, ordered=by_benefit, slope=steep,
        matched=matched,
        validated=by_benefit.autoc().lies_above(0.0) and steep.lies_above(0.0),
        calibrated=calibrated,
    )  # fmt: skip


def _refuse_apart(found: Overlap, arms: Arms, nuisance: Nuisance, total: SecureSum) -> None:
    """Separation: who gets which option is decided by what is known of the person."""
    if found.refused <= MOST_REFUSED:
        return
    everybody = balance(arms, nuisance.propensity, np.ones(len(arms.y)), total)
    raise ModelError(
        f"The two groups hardly overlap: {found.refused:.0%} of the people have no counterpart in "
        f"the other group. They differ most in {everybody[0].name}.",
        where="treatment",
        allowed=f"at most {MOST_REFUSED:.0%} without a counterpart",
        next_step="Narrow the eligibility to people who could get either option, or leave out a "
        "feature that is the choice itself.",
    )


def fit(arms: Arms, analysis: Analysis, total: SecureSum = local_sum) -> Fitted:
    """The models for new people, by the learner that was chosen."""
    recipe, rows = analysis.recipe, analysis.rows
    every = np.ones(len(rows))
    known = Known(arms, analysis.nuisance, analysis.scored.effect)
    propensity = fit_propensity(arms, every, recipe, total)
    regions = one_armed(arms, every, propensity.shapes, recipe, total)
    effect = learners.learner(analysis.chosen).fit(known, rows, recipe, total)
    comparator = effect.base() or fit_arm(arms, 0, rows, recipe, total)
    return Fitted(propensity, regions, comparator, effect)


def _tried(arms: Arms, recipe: Recipe, total: SecureSum) -> list[tuple[str, Learner]]:
    """The default first; the others when they are asked for, or quick enough; challengers last."""
    (rows,) = total(np.array([float(len(arms.y))]))
    names = recipe.learners
    if names is None:
        own = tuple(one.name for one in learners.REGISTRY.values() if not one.challenger)
        names = own if rows * len(arms.names) < MANY else ()
    found = [learners.learner(name) for name in dict.fromkeys((DEFAULT, *names))]
    found += [learners.challenger(name) for name in dict.fromkeys(recipe.challengers)]
    return [(one.name, one) for one in found]


def _crossed(
    entry: Learner, known: Known, rows: FloatArray, recipe: Recipe, effect: Figure, total: SecureSum
) -> Crossed:
    raw, bags = entry.cross(known, rows, recipe, total)
    return Crossed(raw, bags, _losses(_centred(raw, rows, total), known.score, effect))


def _centred(raw: FloatArray, rows: FloatArray, total: SecureSum) -> FloatArray:
    mass, first = total(np.array([rows.sum(), rows @ raw]))
    return np.asarray(raw - first / max(mass, 1.0))


def _losses(centred: FloatArray, score: FloatArray, effect: Figure) -> FloatArray:
    """Squared distance (n,) of the scores from average plus predicted difference."""
    return np.asarray((score - (effect.value or 0.0) - centred) ** 2)


def _choice(worse: Mapping[str, Figure]) -> str:
    """The default, unless another learner is better with its whole interval."""
    speak = {one.name for one in learners.REGISTRY.values() if not one.challenger}
    better = {
        name: figure.value
        for name, figure in worse.items()
        if name in speak and figure.value is not None and (figure.high or 0.0) < 0
    }
    return min(better, key=lambda name: better[name]) if better else DEFAULT
