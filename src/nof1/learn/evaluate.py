"""All figures of one model on rows it has not seen, in one call.

Binary outcomes: :func:`evaluate`. Time to event: :func:`evaluate_survival`, which reduces the
outcome by a horizon to labels with inverse-probability-of-censoring weights and adds the
concordance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import InputError
from nof1.learn.calibration import (
    CalibrationBin,
    calibration_curve,
    calibration_in_the_large,
    calibration_slope,
    expected_calibration_error,
    observed_expected,
)
from nof1.learn.censoring import StepCurve, horizon_labels
from nof1.learn.concordance import harrell_c, uno_c
from nof1.learn.conformal import CONFORMAL_LEVEL, Conformal, coverage
from nof1.learn.decision_curve import THRESHOLDS, NetBenefit, decision_curve
from nof1.learn.discrimination import (
    auroc_figure,
    average_precision_figure,
    brier,
    brier_skill,
    mean_estimate,
)
from nof1.learn.figures import LEVEL, Figure, checked, z_value
from nof1.learn.subgroups import SubgroupRow, subgroup_table


@dataclass(frozen=True)
class Evaluation:
    """Figures, curves and tables of one model on one set of test rows.

    Parameters
    ----------
    kind : "binary" or "survival".
    rows, events : test rows with a known outcome, and outcomes among them.
    horizon_days : the survival horizon, or None.
    figures : by name: prevalence, auroc, average_precision, brier, brier_skill, calibration_slope,
        calibration_intercept, calibration_in_the_large, observed_expected, ece, ece_debiased; with
        a conformal table conformal_coverage, conformal_coverage_no, conformal_coverage_yes,
        atypical_share; for survival harrell_c and uno_c.
    calibration, net_benefit, subgroups : the tables behind the charts.
    """

    kind: str
    rows: int
    events: int
    horizon_days: float | None
    figures: dict[str, Figure]
    calibration: tuple[CalibrationBin, ...]
    net_benefit: tuple[NetBenefit, ...]
    subgroups: tuple[SubgroupRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kind": self.kind,
            "rows": self.rows,
            "events": self.events,
            "horizon_days": self.horizon_days,
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "calibration": [one.to_dict() for one in self.calibration],
            "net_benefit": [one.to_dict() for one in self.net_benefit],
            "subgroups": [one.to_dict() for one in self.subgroups],
        }


def evaluate(
    y: ArrayLike,
    risk: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    decision: ArrayLike | None = None,
    conformal: Conformal | None = None,
    sets: ArrayLike | None = None,
    patients: ArrayLike | None = None,
    groups: Mapping[str, ArrayLike] | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    level: float = LEVEL,
    resamples: int = 500,
    seed: int = 0,
) -> Evaluation:
    """Everything that is reported about a model with a yes/no outcome.

    Parameters
    ----------
    y : (n,) 0/1, 1 = outcome; risk : (n,) recalibrated risk, 0 to 1.
    decision : (n,) the decisions that ``conformal`` was fitted on; needed with it, unless
    sets : (n, 2) prediction sets are given, for example from cross-conformal prediction; then
        ``conformal`` only says how much calibration noise their coverage has.
    patients : (n,) patient of each row; intervals treat the rows of one patient as one.
    groups : attribute name to (n,) labels, for the subgroup table.
    resamples : bootstrap resamples, for average precision and calibration error.

    Raises
    ------
    InputError : no row with a known outcome, or a risk outside 0 to 1.
    """
    labels, risks, weights = checked(y, risk, weight)
    if patients is not None:  # names to numbers once, not for every figure
        patients = np.unique(np.asarray(patients), return_inverse=True)[1]
    known = weights > 0
    _check_risks(risks, known)
    figures = _risk_figures(labels, risks, weights, patients, level, (resamples, seed))
    covered = None
    if conformal is not None and sets is None and decision is not None:
        sets = conformal.sets(decision)
    if conformal is not None and sets is not None:
        inside = np.asarray(sets, dtype=bool)
        covered = np.where(labels == 1, inside[:, 1], inside[:, 0])
        figures |= _conformal_figures(labels, inside, weights, conformal, patients, level)
    table = subgroup_table(
        labels,
        risks,
        groups or {},
        weights,
        covered=covered,
        coverage_level=CONFORMAL_LEVEL,
        patients=patients,
        level=level,
    )
    return Evaluation(
        kind="binary",
        rows=int(known.sum()),
        events=int(labels[known].sum()),
        horizon_days=None,
        figures=figures,
        calibration=calibration_curve(labels, risks, weights, level=level),
        net_benefit=decision_curve(
            labels, risks, weights, thresholds=thresholds, patients=patients, level=level
        ),
        subgroups=table,
    )


def _check_risks(risks: Any, known: Any) -> None:
    if not known.any() or not ((risks >= 0) & (risks <= 1)).all():
        raise InputError(
            f"{int(known.sum())} test rows have a known outcome; or a risk is not a probability.",
            where="y, risk",
            allowed="one or more rows with a known outcome; risks from 0 to 1",
            next_step="Check the split and the recalibration.",
        )


def evaluate_survival(
    duration_days: ArrayLike,
    cause: ArrayLike,
    risk: ArrayLike,
    horizon_days: float,
    *,
    score: ArrayLike | None = None,
    curve: StepCurve | None = None,
    strata: ArrayLike | None = None,
    patients: ArrayLike | None = None,
    level: float = LEVEL,
    **more: Any,
) -> Evaluation:
    """Everything that is reported about a time-to-event model, at one horizon.

    Parameters
    ----------
    duration_days, cause : (n,) see :mod:`nof1.learn.censoring`.
    risk : (n,) recalibrated probability of the outcome by ``horizon_days``.
    score : (n,) what the concordance is taken of, higher = earlier; default ``risk``.
    curve, strata : how censoring is modelled, see :func:`nof1.learn.censoring.horizon_labels`.
    more : ``decision``, ``conformal``, ``sets``, ``groups``, ``thresholds``, ``resamples`` and
        ``seed`` of :func:`evaluate`.
    """
    y, weight = horizon_labels(duration_days, cause, horizon_days, curve=curve, strata=strata)
    found = evaluate(y, risk, weight=weight, patients=patients, level=level, **more)
    order = risk if score is None else score
    concordances = {
        "harrell_c": harrell_c(duration_days, cause, order),
        "uno_c": uno_c(duration_days, cause, order, limit_days=horizon_days, curve=curve),
    }
    figures = {
        name: one.figure(level=level, patients=patients, unit_interval=True)
        for name, one in concordances.items()
    }
    return replace(
        found, kind="survival", horizon_days=horizon_days, figures=figures | found.figures
    )


def _risk_figures(
    y: Any,
    risk: Any,
    weight: Any,
    patients: ArrayLike | None,
    level: float,
    draws: tuple[int, int],
) -> dict[str, Figure]:
    resamples, seed = draws
    slope, intercept = calibration_slope(y, risk, weight)
    estimates = {
        "brier": brier(y, risk, weight),
        "brier_skill": brier_skill(y, risk, weight),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "calibration_in_the_large": calibration_in_the_large(y, risk, weight),
        "observed_expected": observed_expected(y, risk, weight),
    }
    plain, debiased = expected_calibration_error(
        y, risk, weight, patients=patients, level=level, resamples=resamples, seed=seed
    )
    prevalence = mean_estimate(y, weight)
    return {
        "prevalence": prevalence.figure(level=level, patients=patients, unit_interval=True),
        "auroc": auroc_figure(y, risk, weight, patients=patients, level=level),
        "average_precision": average_precision_figure(
            y, risk, weight, patients=patients, level=level, resamples=resamples, seed=seed
        ),
        **{n: one.figure(level=level, patients=patients) for n, one in estimates.items()},
        "ece": plain,
        "ece_debiased": debiased,
    }


def _conformal_figures(
    y: Any,
    sets: Any,
    weight: Any,
    conformal: Conformal,
    patients: ArrayLike | None,
    level: float,
) -> dict[str, Figure]:
    """Coverage; its intervals hold the noise of the test rows and of the calibration table."""
    share_yes = mean_estimate(y, weight).value
    mixes = {
        "conformal_coverage": (weight, share_yes),
        "conformal_coverage_no": (weight * (1 - y), 0.0),
        "conformal_coverage_yes": (weight * y, 1.0),
    }
    figures = {}
    for name, (rows, mix) in mixes.items():
        one = coverage(y, sets, rows)
        noise = one.standard_error(patients) ** 2 + conformal.coverage_variance(mix)
        half = z_value(level) * float(np.sqrt(noise))
        figures[name] = Figure(
            one.value,
            max(0.0, one.value - half),
            min(1.0, one.value + half),
            level,
            f"aim {CONFORMAL_LEVEL:g}",
        )
    empty = mean_estimate((~sets.any(axis=1)).astype(np.float64), weight)
    figures["atypical_share"] = empty.figure(level=level, patients=patients)
    return figures
