"""The ways to make one model of several sites, or of one; and how far two models lie apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.federation_groups import FloatArray, IntArray, Table
from nof1.core.errors import Nof1Error
from nof1.federation import local
from nof1.federation.link import Link
from nof1.learn.calibration import to_logit
from nof1.learn.cox import CoxModel, _fit_cause
from nof1.learn.design import agree_design
from nof1.learn.followup import check_survival
from nof1.learn.learners import learner
from nof1.learn.linear import LinearModel, fit_logistic
from nof1.learn.objectives import sigmoid
from nof1.learn.rows import check_keys, patient_shares
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import CountedSum, SecureSum, federate, local_sum

PATIENCE = 3600.0  # seconds; a busy machine must not end a job


@dataclass(frozen=True)
class Algorithm:
    """One learner of the house for one kind of outcome."""

    name: str
    entry: str
    kind: str

    @property
    def linear(self) -> bool:
        return self.entry == "linear"


ALGORITHMS = {
    one.name: one
    for one in (
        Algorithm("glass box", "glassbox", "binary"),
        Algorithm("hazards", "glassbox", "survival"),
        Algorithm("logistic", "linear", "binary"),
        Algorithm("Cox", "linear", "survival"),
    )
}

Risk = Callable[[FloatArray], FloatArray]
"""Features (n, p) -> log odds of the outcome by the horizon (n,)."""


def fit(
    algorithm: Algorithm, table: Table, rows: IntArray, secure_sum: SecureSum = local_sum
) -> Any:
    """The trained learner of some rows, or of all sites when the sum adds over them."""
    made = getattr(learner(algorithm.entry), algorithm.kind)()
    return made.fit(
        table.X[rows],
        outcome(algorithm, table, rows),
        table.names,
        keys=table.keys[rows],
        secure_sum=secure_sum,
    )


def outcome(algorithm: Algorithm, table: Table, rows: IntArray) -> Any:
    """What the learner is trained on."""
    if algorithm.kind == "binary":
        return table.y[rows]
    return table.days[rows], table.cause[rows]


def decision(trained: Any, algorithm: Algorithm, table: Table) -> Risk:
    """A trained learner as log odds by the table's horizon."""
    if algorithm.kind == "binary":
        return lambda X: to_logit(trained.predict(X))
    return lambda X: to_logit(trained.risk(X, table.horizon_days))


@dataclass(frozen=True)
class Together:
    """A model trained by all sites under masks, and what that took for one site."""

    trained: Any
    rounds: int
    megabytes: float


def federated(algorithm: Algorithm, table: Table) -> Together:
    """Each site a thread with its own patients; sums are masked and in fixed point."""

    def site(number: int) -> Callable[[Link], Together]:
        rows = table.learn_rows(number)

        def run(link: Link) -> Together:
            total = CountedSum(link.open())
            trained = fit(algorithm, table, rows, total)
            return Together(trained, total.rounds, total.bytes_sent / 1e6)

        return run

    sites = {f"site-{number}": site(number) for number in range(len(table.sites))}
    return local.run(sites, patience=PATIENCE)["site-0"]


def alone(algorithm: Algorithm, table: Table, rows: IntArray) -> Any | None:
    """A site's own model; None where it has too few events to train one."""
    try:
        return fit(algorithm, table, rows)
    except Nof1Error:
        return None


def merged(parts: Sequence[tuple[Risk, int]]) -> Risk:
    """The sites' own models, log odds averaged by patients: what a merge of additive models is."""
    whole = sum(size for _, size in parts)
    return lambda X: np.sum([risk(X) * (size / whole) for risk, size in parts], axis=0)


def averaged(algorithm: Algorithm, table: Table) -> Risk:
    """Coefficients that each site finds alone, averaged once by patients.

    The scaling of the columns (and the intervals of time) is agreed on by sums first, which is
    kinder to averaging than what sites usually do.
    """
    parts = [table.learn_rows(number) for number in range(len(table.sites))]
    sizes = np.array([len(rows) for rows in parts], dtype=np.float64)
    share = sizes / sizes.sum()
    if algorithm.kind == "binary":
        return _averaged_logistic(table, parts, share)
    return _averaged_cox(table, parts, share)


def _averaged_logistic(table: Table, parts: list[IntArray], share: FloatArray) -> Risk:
    def site(rows: IntArray) -> Callable[[SecureSum], Any]:
        def run(add: SecureSum) -> Any:
            X, y = table.X[rows], table.y[rows]
            shares = patient_shares(check_keys(table.keys[rows], X, y))
            design = agree_design(X, table.names, shares, CountedSum(add))
            columns = design.columns(X)
            return design, fit_logistic(columns, y, np.ones(len(y)), 1.0, CountedSum(local_sum))

        return run

    found = federate([site(rows) for rows in parts])
    mean = share @ np.stack([point for _, point in found])
    model = LinearModel(found[0][0], float(mean[0]), mean[1:])
    return lambda X: to_logit(sigmoid(model.decision(X)))


def _averaged_cox(table: Table, parts: list[IntArray], share: FloatArray) -> Risk:
    def site(rows: IntArray) -> Callable[[SecureSum], Any]:
        def run(add: SecureSum) -> Any:
            total, target = CountedSum(add), (table.days[rows], table.cause[rows])
            own = check_survival(
                table.X[rows], target, table.names, None, table.keys[rows], total, 100
            )
            design = agree_design(own.X, own.names, patient_shares(own.keys), total)
            columns, here = design.columns(own.X), CountedSum(local_sum)
            fits = [
                _fit_cause(columns, own.weights, own.follow_up, number, 1.0, here)
                for number in range(1, own.n_causes + 1)
            ]
            return design, own.follow_up.timeline, fits

        return run

    found = federate([site(rows) for rows in parts])
    design, timeline, _ = found[0]
    points = np.stack([[point for point, _ in fits] for _, _, fits in found])
    rates = np.stack([[rate for _, rate in fits] for _, _, fits in found])
    model = CoxModel(
        design, timeline, np.tensordot(share, points, 1), np.tensordot(share, rates, 1)
    )
    days = table.horizon_days
    return lambda X: to_logit(model.cumulative_incidence(X, days)[0, :, 0])


def apart(algorithm: Algorithm, first: Any, second: Any) -> dict[str, float]:
    """How far two trained learners lie apart, in log odds or log hazards.

    Returns
    -------
    ``curves``, ``planes`` : largest difference of a value of a term with one, with two features; a
        term that only one model has counts with its own largest value. ``terms``, ``terms_apart``
        : how many, and how many only one of them has. ``rest`` : intercepts or logarithms of
        baseline rates. Linear models: ``curves`` holds their coefficients.
    """
    if algorithm.linear:
        return _linear_apart(first.model, second.model)
    if algorithm.kind == "binary":
        found = _shapes_apart(first.shapes, second.shapes)
        return found | {"rest": abs(first.shapes.intercept - second.shapes.intercept)}
    pairs = list(zip(first.model.causes, second.model.causes, strict=True))
    parts = [_shapes_apart(one.shapes, other.shapes) for one, other in pairs]
    found = {
        key: (sum if key.startswith("terms") else max)(part[key] for part in parts)
        for key in parts[0]
    }
    rest = max(_logs_apart(one.rates, other.rates) for one, other in pairs)
    return found | {"rest": rest}


def _linear_apart(first: Any, second: Any) -> dict[str, float]:
    gap = float(np.abs(first.coefficients - second.coefficients).max())
    if isinstance(first, LinearModel):
        rest = abs(first.intercept - second.intercept)
    else:
        rest = _logs_apart(first.rates, second.rates)
    return {"curves": gap, "planes": 0.0, "terms": 0, "terms_apart": 0, "rest": rest}


def _logs_apart(first: FloatArray, second: FloatArray) -> float:
    return float(np.abs(np.log(first) - np.log(second)).max())


def _shapes_apart(first: ShapeModel, second: ShapeModel) -> dict[str, float]:
    ours, theirs = _terms(first), _terms(second)
    gaps: dict[int, float] = {1: 0.0, 2: 0.0}
    missing = 0
    for features in {*ours, *theirs}:
        one, other = ours.get(features), theirs.get(features)
        if one is None or other is None or one.shape != other.shape:
            gap = max(float(np.abs(each).max()) for each in (one, other) if each is not None)
            missing += 1
        else:
            gap = float(np.abs(one - other).max())
        gaps[len(features)] = max(gaps[len(features)], gap)
    terms = {"terms": len({*ours, *theirs}), "terms_apart": missing}
    return {"curves": gaps[1], "planes": gaps[2], **terms}


def _terms(shapes: ShapeModel) -> Mapping[tuple[int, ...], FloatArray]:
    return {term.features: term.scores for term in shapes.terms}
