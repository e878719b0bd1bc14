"""One model of several hospitals: the same loop at every site, joined by masked sums alone.

Every site runs ``train`` on its own patients and ends with the same model. Folds are dealt from a
hash of the patient, so nobody needs to know who is elsewhere. What is summed are counts, gradients
and curvatures in agreed bins; no row, no site's figure and no site's count is seen by another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nof1.core.engine import Engine
from nof1.core.errors import ModelError
from nof1.federation.judged import Judged
from nof1.federation.judging import MOST_ROWS, Groups, pooled
from nof1.learn.censoring import censoring_curve, horizon_labels
from nof1.learn.domain import Domain
from nof1.learn.drift import Drift
from nof1.learn.gate import gate
from nof1.learn.sums import CountedSum, FloatArray, SecureSum
from nof1.predict import leakage
from nof1.predict.card import Verdict
from nof1.predict.cohort import Cohort, Source
from nof1.predict.crossfit import Decisions, Voice
from nof1.predict.dataset import Dataset, Rows, on_columns
from nof1.predict.fitting import GLASSBOX, Pair, Trained, train
from nof1.predict.guards import fit_domain, fit_drift
from nof1.predict.spec import FeatureSpec
from nof1.predict.splits import Splits, folds_by_patient
from nof1.predict.task import Task

TIMES = 512  # cells of the censoring curve up to the last horizon


@dataclass(frozen=True)
class Agreement:
    """What all sites have agreed on before training: the task, the features, the groups shown.

    ``learner`` is a name of ``learn.learners``; one without bags borrows those of the glass box,
    which is then trained beside it.
    """

    task: Task
    spec: FeatureSpec
    columns: tuple[str, ...]
    groups: tuple[Groups, ...] = ()
    learner: str = GLASSBOX

    @property
    def horizons(self) -> tuple[float, ...]:
        """In days, rising."""
        return self.task.horizons_days or (self.task.time_at_risk.end_days,)


@dataclass(frozen=True)
class SiteData:
    """A site's own learning table and folds; it never leaves the site."""

    data: Dataset
    folds: Rows

    @property
    def rows(self) -> Rows:
        """Rows that train and are judged out of fold."""
        return np.flatnonzero(self.folds >= 0)


@dataclass(frozen=True)
class Federated:
    """A model of all sites, the same at each of them.

    Attributes
    ----------
    glassbox : of the same rows; ``trained`` itself unless another learner was asked for.
    judged : this site's own rows, out of fold, by horizon: the only part that differs, and that
        must not leave.
    patients, rows, events : of all sites together.
    rounds, bytes_sent : sums that it took, and what this site sent in them.
    """

    trained: Trained
    verdicts: tuple[Verdict, ...]
    domain: Domain | None
    drift: Drift
    patients: int
    rows: int
    events: int
    rounds: int
    bytes_sent: int
    glassbox: Trained
    judged: tuple[Judged, ...] = field(default=(), repr=False)


def prepare(
    record: Source, cohort: Cohort, agreement: Agreement, engine: Engine | None = None
) -> SiteData:
    """A site's own learning table: features of the agreed columns, folds, and the leakage audit.

    Folds are by patient, whatever the task says about sites or time.

    Raises
    ------
    ModelError : the audit of this site's features failed.
    """
    task, frame = agreement.task, cohort.frame
    folds = folds_by_patient(frame, np.ones(frame.height, bool), task.split)
    data = on_columns(task, record, cohort, agreement.spec, agreement.columns, engine)
    none = np.zeros(0, np.int64)
    splits = Splits(folds, none, none, f"{task.split.folds} folds by patient")
    leakage.audit(task, cohort, data, splits, record.shards()).require()
    return SiteData(data, folds)


def fit(site: SiteData, agreement: Agreement, secure_sum: SecureSum) -> Federated:
    """Train, recalibrate and judge; called at every site at the same time.

    Parameters
    ----------
    secure_sum : adds a vector over all sites.

    Raises
    ------
    ModelError : the outcome (almost) never or always happens at all sites together.
    """
    total = CountedSum(secure_sum)
    patients, rows, events = _sizes(site, total)
    final = _fitted(site, agreement, site.rows, total)
    found = _out_of_fold(site, agreement, total)
    spoken = [_speak(site, agreement, days, found[days], total) for days in found]
    verdicts = tuple(verdict for verdict, _ in spoken)
    last = agreement.horizons[-1]
    decisions = final.decisions(site.data.X[site.rows], last)
    risk = verdicts[-1].voice.interval.risk(decisions.model)
    return Federated(
        trained=final.trained,
        verdicts=verdicts,
        domain=fit_domain(site.data, site.folds, total),
        drift=fit_drift(site.data, site.rows, risk, total),
        patients=patients,
        rows=rows,
        events=events,
        rounds=total.rounds,
        bytes_sent=total.bytes_sent,
        glassbox=final.glassbox,
        judged=tuple(judged for _, judged in spoken),
    )


def _sizes(site: SiteData, total: CountedSum) -> tuple[int, int, int]:
    own = (
        len(np.unique(site.data.patients[site.rows])),
        len(site.rows),
        float(site.data.outcome.label[site.rows].sum()),
    )
    patients, rows, events = (round(one) for one in total(np.array(own, dtype=np.float64)))
    if not (0 <= patients <= rows <= MOST_ROWS and 0 <= events <= rows):
        raise ModelError(
            "The sites' counts cannot be: more patients than rows, or more of them than there are.",
            where="secure_sum",
            next_step="A site has sent false numbers; find out which, outside of the sums.",
        )
    return patients, rows, events


def _fitted(site: SiteData, agreement: Agreement, rows: Rows, total: CountedSum) -> Pair:
    seed = agreement.task.split.seed
    box = train(GLASSBOX, site.data, rows, seed, total)
    if agreement.learner == GLASSBOX:
        return Pair(box, box)
    return Pair(train(agreement.learner, site.data, rows, seed, total), box)


def _out_of_fold(
    site: SiteData, agreement: Agreement, total: CountedSum
) -> Mapping[float, Decisions]:
    """Decisions of models of the other folds, by horizon. Every site walks through all folds."""
    X, folds = site.data.X, site.folds
    made: dict[float, Decisions] = {}
    for fold in range(agreement.task.split.folds):
        model = _fitted(site, agreement, np.flatnonzero((folds >= 0) & (folds != fold)), total)
        here = np.flatnonzero(folds == fold)
        for days in agreement.horizons:
            found = model.decisions(X[here], days)
            if days not in made:
                made[days] = Decisions(
                    np.full(len(X), np.nan), np.full((len(X), found.bags.shape[1]), np.nan)
                )
            made[days].model[here], made[days].bags[here] = found.model, found.bags
    return made


def _speak(
    site: SiteData, agreement: Agreement, days: float, found: Decisions, total: CountedSum
) -> tuple[Verdict, Judged]:
    y, weight, heaviest = _labels(site, agreement, days, total)
    rows, folds = site.rows, site.folds

    def voice_of(chosen: Rows) -> Voice:
        return Voice.fit(
            found.at(chosen), y[chosen], weight[chosen], heaviest=heaviest, secure_sum=total
        )

    voice = voice_of(rows)
    risk, sets = np.full(len(y), np.nan), np.zeros((len(y), 2), dtype=bool)
    for fold in range(agreement.task.split.folds):
        judge = voice_of(np.flatnonzero((folds >= 0) & (folds != fold)))
        here = np.flatnonzero(folds == fold)
        risk[here] = judge.interval.risk(found.model[here])
        sets[here] = judge.conformal.sets(found.model[here])
    evaluation = pooled(
        risk[rows],
        sets[rows],
        y[rows],
        weight[rows],
        {name: labels[rows] for name, labels in site.data.groups.items()},
        agreement.groups,
        voice.conformal,
        total,
        agreement.task.split.seed,
    )
    verdict = Verdict(days, voice, evaluation, gate(evaluation, leakage_passed=True))
    patients = np.unique(site.data.patients[rows], return_inverse=True)[1].astype(np.int64)
    own = found.at(rows)
    judged = Judged(
        days, own.model, own.bags, risk[rows], y[rows], weight[rows], folds[rows], patients
    )
    return verdict, judged


def _labels(
    site: SiteData, agreement: Agreement, days: float, total: CountedSum
) -> tuple[FloatArray, FloatArray, float]:
    """Outcome by the horizon, censoring weight, and the largest weight that there can be."""
    outcome = site.data.outcome
    if outcome.kind == "binary":
        return (*outcome.labels(days), 1.0)
    grid = np.append(np.linspace(0, days, TIMES + 1)[1:], 100 * days)
    curve = censoring_curve(outcome.duration_days, outcome.cause, grid_days=grid, secure_sum=total)
    y, weight = horizon_labels(outcome.duration_days, outcome.cause, days, curve=curve)
    return y, weight, float(1 / max(curve.at(np.array([days]))[0], 1e-9))
