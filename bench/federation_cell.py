"""One cell of the federation race: a data set, a learner and a seed, measured in one process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench import federation_models as models
from bench import federation_small as small
from bench.federation_groups import FloatArray, IntArray, Table, draw
from bench.federation_models import ALGORITHMS, Algorithm, Risk
from nof1.core.errors import Nof1Error
from nof1.learn.censoring import horizon_labels
from nof1.learn.concordance import harrell_c
from nof1.learn.discrimination import auroc, brier
from nof1.learn.objectives import sigmoid

FOLDS = 5
EVERYBODY = "all"
Scores = dict[str, dict[str, list[float]]]
"""Model -> place (a site, or ``all``) -> [AUROC or C-index, Brier score]."""


def measure(name: str, learner: str, seed: int, folder: Path) -> dict[str, Any]:
    """The figures of one cell, as JSON."""
    table = draw(name, seed, folder)
    found: dict[str, Any] = {
        "data": name,
        "learner": learner,
        "seed": seed,
        "independent": table.independent,
        "sites": _sizes(table),
        "failed": "",
    }
    if learner == "EBM":
        from bench.federation_peer import peer

        return found | {"scores": _everybody(ALGORITHMS["glass box"], table, peer(table))}
    return found | _measured(ALGORITHMS[learner], table)


def _sizes(table: Table) -> dict[str, list[int]]:
    """Of each site: patients to learn from, those with the outcome, patients judged."""
    found = {}
    for number, site in enumerate(table.sites):
        rows = table.learn_rows(number)
        events = int(table.y[rows].sum())
        found[site] = [len(rows), events, len(table.test_rows(number))]
    return found


def _measured(algorithm: Algorithm, table: Table) -> dict[str, Any]:
    pooled = models.fit(algorithm, table, table.learn_rows())
    own = {
        number: models.alone(algorithm, table, table.learn_rows(number))
        for number in range(len(table.sites))
    }
    risks: dict[str, Risk] = {"pooled": models.decision(pooled, algorithm, table)}
    decisions = {
        number: models.decision(one, algorithm, table)
        for number, one in own.items()
        if one is not None
    }
    last = len(table.sites) - 1
    for words, number in (("largest site alone", 0), ("smallest site alone", last)):
        if number in decisions:
            risks[words] = decisions[number]
    risks["site models merged"] = models.merged(
        [(risk, len(table.learn_rows(number))) for number, risk in decisions.items()]
    )
    if algorithm.linear:
        risks["coefficients averaged"] = models.averaged(algorithm, table)
    made = _federated(algorithm, table, pooled)
    joint = made.pop("risk", risks["pooled"])
    if "failed" not in made:
        risks["federated"] = joint
    scores = _everybody(algorithm, table, risks)
    return made | {"scores": scores, "small": _small(algorithm, table, joint, decisions)}


def _federated(algorithm: Algorithm, table: Table, pooled: Any) -> dict[str, Any]:
    """The masked job and how far its model lies from the pooled one; or why it stopped."""
    try:
        together = models.federated(algorithm, table)
    except Nof1Error as error:
        return {"failed": error.message}
    risk = models.decision(together.trained, algorithm, table)
    there = models.decision(pooled, algorithm, table)
    X = table.X[table.test_rows()]
    equal = models.apart(algorithm, pooled, together.trained)
    equal["risk"] = float(np.abs(sigmoid(risk(X)) - sigmoid(there(X))).max())
    return {
        "risk": risk,
        "equal": equal,
        "rounds": together.rounds,
        "megabytes": together.megabytes,
    }


def _everybody(algorithm: Algorithm, table: Table, risks: Mapping[str, Risk]) -> Scores:
    """Each model on the held-out patients of all sites."""
    rows = table.test_rows()
    return {
        name: {EVERYBODY: scored(algorithm, table, rows, risk(table.X[rows]))}
        for name, risk in risks.items()
    }


def scored(algorithm: Algorithm, table: Table, rows: IntArray, decision: FloatArray) -> list[float]:
    """AUROC or Harrell's C, and the Brier score at the horizon (censoring weights)."""
    risk = sigmoid(decision)
    if algorithm.kind == "binary":
        y = table.y[rows]
        return [auroc(y, decision).value, brier(y, risk).value]
    days, cause = table.days[rows], table.cause[rows]
    y, weight = horizon_labels(days, cause, table.horizon_days)
    return [harrell_c(days, cause, decision).value, brier(y, risk, weight).value]


def _small(
    algorithm: Algorithm, table: Table, joint: Risk, own: Mapping[int, Risk]
) -> dict[str, dict[str, list[float]]]:
    """Site -> way -> scores on that site's own held-out patients."""
    folds = _folds(table)
    held_joint = _held_out_joint(algorithm, table, folds)
    found = {}
    for number, risk in own.items():
        rows = table.test_rows(number)
        X = table.X[rows]
        ways = {"alone": risk(X), "joint": joint(X)}
        seen = _seen(algorithm, table, number, folds, held_joint)
        if seen is not None:
            ways |= _adapted(seen, ways["alone"], ways["joint"])
        found[table.sites[number]] = {
            way: scored(algorithm, table, rows, decision) for way, decision in ways.items()
        }
    return found


def _adapted(seen: small.OutOfFold, alone: FloatArray, joint: FloatArray) -> dict[str, FloatArray]:
    calibrated = small.recalibrated(seen).logit(joint)
    mixed, blended = (
        level + of_joint * joint + of_own * alone
        for level, of_joint, of_own in (small.mixed(seen), small.blended(seen))
    )
    return {
        "intercept": joint + small.shifted(seen),
        "recalibrated": calibrated,
        "chosen": alone if small.prefers_own(seen) else calibrated,
        "mixed": mixed,
        "blended": blended,
    }


def _folds(table: Table) -> IntArray:
    """Fold of each learning row within its site; -1 for those judged."""
    fold = np.full(len(table.site), -1)
    for number in range(len(table.sites)):
        rows = table.learn_rows(number)
        fold[rows] = np.random.default_rng([5, number]).permutation(len(rows)) % FOLDS
    return fold


def _held_out_joint(algorithm: Algorithm, table: Table, folds: IntArray) -> FloatArray:
    """The joint model's log odds of each learning row, out of fold.

    Trained on pooled rows: under masks it is the same model (the equality table says how far).
    """
    found = np.full(len(folds), np.nan)
    for fold in range(FOLDS):
        model = models.fit(algorithm, table, np.flatnonzero((folds >= 0) & (folds != fold)))
        here = np.flatnonzero(folds == fold)
        found[here] = models.decision(model, algorithm, table)(table.X[here])
    return found


def _seen(
    algorithm: Algorithm, table: Table, number: int, folds: IntArray, joint: FloatArray
) -> small.OutOfFold | None:
    """A site's learning rows out of fold; None where a fold of it has too few events to train."""
    rows = table.learn_rows(number)
    own = np.full(len(folds), np.nan)
    for fold in range(FOLDS):
        others = rows[folds[rows] != fold]
        model = models.alone(algorithm, table, others)
        if model is None:
            return None
        here = rows[folds[rows] == fold]
        own[here] = models.decision(model, algorithm, table)(table.X[here])
    if algorithm.kind == "binary":
        y, weight = table.y[rows], np.ones(len(rows))
    else:
        y, weight = horizon_labels(table.days[rows], table.cause[rows], table.horizon_days)
    return small.OutOfFold(joint[rows], own[rows], y, weight, folds[rows])
