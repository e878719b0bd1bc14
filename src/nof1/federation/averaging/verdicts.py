"""How good a federated imaging model is: calibration and figures from tables that sites add up.

Each judged picture falls into a cell of its risk; the table of all sites is then judged as if its
cells were pictures. Intervals resample pictures, not patients: whose picture is in a cell is not
known outside its site.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax

from nof1.core.errors import ModelError
from nof1.federation.averaging.joint import Joint, counted
from nof1.federation.judging import EDGES, STEP, Groups, pooled
from nof1.imaging.training.calibrating import WIDE, Calibration
from nof1.imaging.training.evaluating import FindingFigures, answers
from nof1.imaging.training.labels import MISSING
from nof1.imaging.training.selective import area_under_risk, selective_curve
from nof1.learn.conformal import Conformal
from nof1.learn.discrimination import auroc
from nof1.learn.intervals import RiskInterval
from nof1.learn.recalibrate import LogisticRecalibration
from nof1.learn.sums import FloatArray, weighed

HEATS = np.linspace(-2.0, 3.0, 501)  # log temperatures that are tried
MIDDLES = np.concatenate([[EDGES[0] - STEP / 2], EDGES + STEP / 2])
Logits = NDArray[np.float32]


def calibration(logits: Logits, values: NDArray[np.int8], kinds: bool, joint: Joint) -> Calibration:
    """The way from logits to probabilities, fitted on the inner rows of all sites.

    Parameters
    ----------
    logits : (members, n, K). values : (n, K) of 0, 1, -1.

    Raises
    ------
    ModelError : a finding with one answer only at all sites together.
    """
    members = np.clip(np.asarray(logits, dtype=np.float64), -WIDE, WIDE)
    known = values != MISSING
    (count,) = joint.sums(np.array([float(known.any(axis=1).sum())]))
    rows = round(float(count[0]))
    if kinds:
        heat = _temperature(members.mean(axis=0), values, known[:, 0], joint)
        return Calibration("kinds", temperature=heat, rows=rows)
    pairs = [_one(members[:, :, k], values[:, k], joint) for k in range(values.shape[1])]
    maps, sets = zip(*pairs, strict=True)
    return Calibration("findings", maps, sets, rows=rows)


def _one(
    members: FloatArray, truth: NDArray[np.int8], joint: Joint
) -> tuple[RiskInterval | LogisticRecalibration, Conformal | None]:
    decision = members.mean(axis=0)
    y, weight = (truth == 1).astype(np.float64), (truth != MISSING).astype(np.float64)
    fitted: RiskInterval | LogisticRecalibration
    if len(members) > 1:
        fitted = RiskInterval.fit(decision, members.T, y, weight, secure_sum=joint.total)
    else:
        fitted = LogisticRecalibration.fit(decision, y, weight, secure_sum=joint.total)
    try:
        return fitted, Conformal.fit(decision, y, weight, heaviest=1.0, secure_sum=joint.total)
    except ModelError:  # fewer than nine rows of one answer at all sites: no set can be promised
        return fitted, None


def _temperature(
    decision: FloatArray, values: NDArray[np.int8], known: NDArray[np.bool_], joint: Joint
) -> float:
    right, part = values[known].argmax(axis=1), decision[known]
    rows = np.arange(len(part))
    losses = [-log_softmax(part / np.exp(heat), axis=1)[rows, right].sum() for heat in HEATS]
    (total,) = joint.sums(np.array(losses))
    return float(np.exp(HEATS[int(np.argmin(total))]))


@dataclass(frozen=True, eq=False)
class Judged:
    """A site's answers to its test pictures.

    Attributes
    ----------
    logits : (members, n, K); risk : (n, K); values : (n, K) truth.
    groups : subgroup -> (n,) texts.
    """

    logits: Logits
    risk: FloatArray
    values: NDArray[np.int8]
    groups: dict[str, NDArray[np.str_]]


def judged(
    logits: Logits,
    values: NDArray[np.int8],
    made: Calibration,
    classes: tuple[str, ...],
    groups: dict[str, NDArray[np.str_]],
) -> Judged:
    """The site's own answers, for ``figures``."""
    return Judged(logits, answers(logits, made, values, classes).risk, values, groups)


def figures(
    own: Judged,
    made: Calibration,
    classes: tuple[str, ...],
    agreed: tuple[Groups, ...],
    joint: Joint,
) -> tuple[FindingFigures, ...]:
    """Figures of each class that has both answers among the test pictures of all sites."""
    counts = np.stack([(own.values == answer).sum(axis=0) for answer in (0, 1)]).astype(np.float64)
    (total,) = joint.sums(counts)
    return tuple(
        _finding(own, made, k, name, agreed, joint)
        for k, name in enumerate(classes)
        if float(total[:, k].min()) >= 1
    )


def _finding(
    own: Judged,
    made: Calibration,
    k: int,
    name: str,
    agreed: tuple[Groups, ...],
    joint: Joint,
) -> FindingFigures:
    y = (own.values[:, k] == 1).astype(np.float64)
    weight = (own.values[:, k] != MISSING).astype(np.float64)
    table = made.conformal[k] if made.conformal else None
    sets = made.sets(own.logits, k)
    evaluation = pooled(
        own.risk[:, k],
        np.zeros((len(y), 2), dtype=bool) if sets is None else sets,
        y,
        weight,
        own.groups,
        agreed if table is not None else (),  # without sets a group's coverage cannot be told
        table,  # type: ignore[arg-type]  # None: no coverage is told
        joint.total,
        0,
    )
    scores = [own.risk[:, k], *_alone(own.logits, k, made.question)]
    (first, *members) = cells(scores, y, weight, joint)
    return FindingFigures(
        name=name,
        auroc=evaluation.figures["auroc"],
        members=tuple(auroc(truth, score).value for truth, score in members),
        evaluation=evaluation,
        selective=selective_curve(*first),
        area_under_risk=area_under_risk(*first),
    )


def _alone(logits: Logits, k: int, question: str) -> list[FloatArray]:
    """What each member alone says, as a number from 0 to 1."""
    members = np.clip(np.asarray(logits, dtype=np.float64), -WIDE, WIDE)
    if question == "kinds":
        return [np.exp(one[:, k]) for one in log_softmax(members, axis=2)]
    return [expit(one[:, k]) for one in members]


def cells(
    risks: Sequence[FloatArray], y: FloatArray, weight: FloatArray, joint: Joint
) -> list[tuple[FloatArray, FloatArray]]:
    """Outcome and risk of the pictures of all sites, each at the middle of its cell."""
    width = len(MIDDLES)
    own = [weighed(place_of(risk) * 2 + (y == 1), weight, 2 * width) for risk in risks]
    return [_rows(one.reshape(width, 2)) for one in joint.sums(*own)]


def place_of(risk: FloatArray) -> NDArray[np.int64]:
    """(n,) cell of each risk on the grid of log odds."""
    odds = np.log(np.clip(risk, 1e-12, 1)) - np.log1p(-np.clip(risk, 0, 1 - 1e-12))
    return np.asarray(np.searchsorted(EDGES, odds), dtype=np.int64)


def _rows(table: FloatArray) -> tuple[FloatArray, FloatArray]:
    counts = counted(table)
    cell, outcome = np.nonzero(counts)
    times = counts[cell, outcome]
    return np.repeat(outcome.astype(np.float64), times), np.repeat(expit(MIDDLES[cell]), times)
