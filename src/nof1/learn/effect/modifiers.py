"""Who gains more, as one number for each feature: shrunken effect modifiers with honest doubt.

The outcome is what the glass boxes expect of a person, plus the option's effect, which on the scale
of log odds (or of the number itself) is an average and a straight line in each feature:

``score = m(x) + (A - e(x)) (average + sum of modifier_j z_j)``

Taking out what the chance ``e(x)`` of the option explains keeps errors of ``m`` away from the
effect (Robinson, Econometrica 56 (1988) 931). Modifiers have a prior that expects most of them to
be about 0 and some to be large (see ``posterior``). A modifier that was not found still has its
doubt: intervals of this learner stay wide where those of a learner that selects are too narrow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk

from nof1.learn.calibration import to_logit
from nof1.learn.design import Design, agree_design
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.nuisance import (
    Nuisance,
    Response,
    fit_arm,
    fit_propensity,
    load_response,
    save_response,
)
from nof1.learn.effect.posterior import draw
from nof1.learn.effect.recipe import Recipe
from nof1.learn.files import Files, read_json
from nof1.learn.objectives import sigmoid
from nof1.learn.rows import patient_shares
from nof1.learn.sums import CountedSum, FloatArray, SecureSum

Places = NDArray[np.int64]
FIXED = 3
"""Columns without a prior: level and slope of the expectation, and the average effect."""
MOST = 320
"""Modifiers that are looked at together; beyond them the draws would take minutes."""
STEPS = 3
"""Times the likelihood is bent anew at the posterior mean."""
BLOCK = 4096


@dataclass(frozen=True)
class Line:
    """The fitted line and its posterior.

    Attributes
    ----------
    design : how features become columns; used : which of its columns (k,) carry anything.
    point : (3 + k,) level and slope of the expectation, average effect, modifiers.
    draws : (3 + k, draws) deviations from ``point``, drawn from the posterior.
    chance : whether the scale is log odds.
    """

    design: Design
    used: Places
    point: FloatArray
    draws: FloatArray
    chance: bool

    def effect(self, X: FloatArray, propensity: FloatArray, mean: FloatArray) -> FloatArray:
        """(n,) in the unit of the outcome, from the propensity (n,) and the mean (n, 2) in either
        arm."""
        return self._effects(X, propensity, mean[:, :, None], self.point[:, None])[:, 0]

    def bags(self, X: FloatArray, propensity: FloatArray, bags: FloatArray) -> FloatArray:
        """(n, draws) from the posterior of each row's effect; each draw of the line goes with a
        bag of the means (n, 2, bags)."""
        points = self.point[:, None] + self.draws
        return self._effects(X, propensity, bags, points)

    def modifiers(self, level: float = 0.95) -> list[tuple[str, float, float, float]]:
        """(feature, modifier, lower, upper limit) for one standard deviation of the feature, the
        largest first; a feature and its being missing are two rows."""
        names = [*self.design.names, *(f"{name} is missing" for name in self.design.names)]
        found = [
            (names[place], float(self.point[FIXED + k]),
             *(float(self.point[FIXED + k] + np.quantile(self.draws[FIXED + k], q))
               for q in (0.5 - level / 2, 0.5 + level / 2)))
            for k, place in enumerate(self.used)
        ]  # fmt: skip
        return sorted(found, key=lambda row: -abs(row[1]))

    def steepness(self, propensity: FloatArray, mean: FloatArray) -> FloatArray:
        """(n,) how much the effect moves with a unit of the line, near the average effect."""
        if not self.chance:
            return np.ones(len(propensity))
        centre = self.point[0] + self.point[1] * _expected(propensity, mean, True)
        risk = sigmoid(centre + (0.5 - propensity) * self.point[2])
        return np.asarray(risk * (1 - risk))

    def _effects(
        self, X: FloatArray, propensity: FloatArray, mean: FloatArray, points: FloatArray
    ) -> FloatArray:
        if len(X) > BLOCK:
            some = [self._effects(X[k], propensity[k], mean[k], points) for k in _parts(len(X))]
            return np.concatenate(some)
        gain = points[2] + self.design.columns(X)[:, self.used] @ points[FIXED:]
        if not self.chance:
            return np.asarray(gain)
        chance, mean = propensity[:, None], mean[:, :, np.arange(points.shape[1]) % mean.shape[2]]
        centre = points[0] + points[1] * _expected(chance, mean, True)
        return sigmoid(centre + (1 - chance) * gain) - sigmoid(centre - chance * gain)


@dataclass(frozen=True)
class Modified:
    """The line with the glass boxes it needs for a new person."""

    line: Line
    propensity: Response
    arms: tuple[Response, Response]

    def effect(self, X: FloatArray) -> FloatArray:
        mean = np.column_stack([one.mean(X) for one in self.arms])
        return self.line.effect(X, self.propensity.mean(X), mean)

    def bags(self, X: FloatArray) -> FloatArray:
        bags = np.stack([one.bags(X) for one in self.arms], axis=1)
        return self.line.bags(X, self.propensity.mean(X), bags)

    def contributions(self, X: FloatArray) -> list[tuple[tuple[str, ...], float]]:
        """What each feature of one row (1, p) moves its effect away from the average."""
        line, names = self.line, self.line.design.names
        mean = np.column_stack([one.mean(X) for one in self.arms])
        slope = line.steepness(self.propensity.mean(X), mean)[0]
        parts = np.zeros(2 * len(names))
        parts[line.used] = line.design.columns(X)[0, line.used] * line.point[FIXED:] * slope
        both = parts[: len(names)] + parts[len(names) :]
        return [((name,), float(part)) for name, part in zip(names, both, strict=True)]

    def base(self) -> Response | None:
        return self.arms[0]

    def save(self) -> Files:
        line = self.line
        stored = {
            "design": line.design.to_dict(), "used": line.used.tolist(),
            "point": line.point.tolist(), "draws": line.draws.tolist(),
            "chance": line.chance,
        }  # fmt: skip
        return {
            "line.json": json.dumps(stored).encode(),
            "line_propensity.json": save_response(self.propensity),
            "line_comparator.json": save_response(self.arms[0]),
            "line_treated.json": save_response(self.arms[1]),
        }

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Modified:
        """Read what ``save`` gave."""
        stored = read_json(files, "line.json")
        arrays = {key: np.array(stored[key], dtype=np.float64) for key in ("point", "draws")}
        line = Line(
            design=Design.from_dict(stored["design"]),
            used=np.array(stored["used"], dtype=np.int64),
            chance=stored["chance"], **arrays,
        )  # fmt: skip
        arms = (load_response(files, "line_comparator"), load_response(files, "line_treated"))
        return cls(line, load_response(files, "line_propensity"), arms)


def fit_modified(
    arms: Arms, nuisance: Nuisance, used: FloatArray, recipe: Recipe, total: SecureSum
) -> Modified:
    """The line and the boxes, from rows with ``used`` 1."""
    return Modified(
        fit_line(arms, nuisance, used, recipe, total),
        fit_propensity(arms, used, recipe, total),
        (fit_arm(arms, 0, used, recipe, total), fit_arm(arms, 1, used, recipe, total)),
    )


def fit_line(
    arms: Arms, nuisance: Nuisance, used: FloatArray, recipe: Recipe, secure_sum: SecureSum
) -> Line:
    """Modifiers and their posterior; each Newton step is one sum of p + p² entries."""
    total = CountedSum(secure_sum)
    weight = used * arms.weight
    shares = patient_shares(arms.keys) * used
    design = agree_design(arms.X, arms.names, shares, total)
    expected = _expected(nuisance.propensity, nuisance.mean, arms.binary)
    lean = (arms.treated - nuisance.propensity)[:, None]
    # The prior is for log odds, or for standard deviations of a number: never for days.
    spread = 1.0 if arms.binary else _spread(arms.y - expected, weight, total)
    y = arms.y / spread
    fixed = np.column_stack([np.ones(len(weight)), expected / spread, lean])
    told = _candidates(design, arms, used, total)
    columns = np.empty((len(weight), FIXED + len(told)))
    columns[:, :FIXED] = fixed
    for part in _parts(len(weight)):
        columns[part, FIXED:] = lean[part] * design.columns(arms.X[part])[:, told]
    point = np.r_[0.0, 1.0, np.zeros(columns.shape[1] - 2)]
    drawn = point[:, None]
    last = STEPS - 1 if arms.binary else 0
    for step in range(last + 1):
        g, h = _derivatives(columns, y, weight, point, arms.binary, total)
        drawn = draw(h @ point - g, h, FIXED, recipe.seed + step, short=step < last)
        mean = drawn.mean(axis=1)
        point = _limited(point, mean) if arms.binary else mean
    unit = np.full(len(point), spread)
    unit[1] = 1.0  # the slope has none
    apart = drawn - drawn.mean(axis=1, keepdims=True)
    return Line(design, told, unit * point, unit[:, None] * apart, arms.binary)


def _candidates(design: Design, arms: Arms, used: FloatArray, total: CountedSum) -> Places:
    """Places of the columns that may modify: all, or those in which most people differ.

    No outcome is looked at: modifiers that were chosen by what they seem to modify would be
    believed too much.
    """
    told = np.flatnonzero(np.concatenate([design.sd > 0, design.missing_share > 0]))
    if len(told) <= MOST:
        return told
    second, fourth = np.zeros(len(told)), np.zeros(len(told))
    for part in _parts(len(used)):
        squares = design.columns(arms.X[part])[:, told] ** 2
        second += used[part] @ squares
        fourth += used[part] @ squares**2
    second, fourth = total.together(second, fourth)
    peaked = fourth / np.maximum(second, 1e-12) ** 2
    return np.sort(told[np.argsort(peaked, kind="stable")[:MOST]])


def _expected(propensity: FloatArray, mean: FloatArray, chance: bool) -> FloatArray:
    """What is expected of a person whatever option is taken, on the scale of the score."""
    value = (1 - propensity) * mean[:, 0] + propensity * mean[:, 1]
    return to_logit(value) if chance else value


def _spread(rest: FloatArray, weight: FloatArray, total: CountedSum) -> float:
    """Standard deviation of what the expectation leaves."""
    second, mass = total(np.array([weight @ rest**2, weight.sum()]))
    return float(np.sqrt(max(second / max(mass, 1e-12), 1e-12)))


def _derivatives(
    columns: FloatArray, y: FloatArray, weight: FloatArray, point: FloatArray, chance: bool,
    total: CountedSum,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Gradient and curvature of the negative log likelihood, summed over all sites."""
    score = columns @ point
    mean = sigmoid(score) if chance else score
    bend = weight * mean * (1 - mean) if chance else weight
    h = np.zeros((columns.shape[1], columns.shape[1]), order="F")
    for part in _parts(len(weight)):
        scaled = columns[part] * np.sqrt(bend[part])[:, None]
        h = dsyrk(1.0, scaled.T, beta=1.0, c=h, overwrite_c=1)  # the upper half alone
    g, h = total.together(columns.T @ (weight * (mean - y)), h + np.triu(h, 1).T)
    return g, h


def _parts(rows: int) -> list[slice]:
    """Rows that are worked on together: a large table is never copied whole."""
    return [slice(start, start + BLOCK) for start in range(0, rows, BLOCK)]


def _limited(old: FloatArray, new: FloatArray, most: float = 3.0) -> FloatArray:
    return old + np.clip(new - old, -most, most)
