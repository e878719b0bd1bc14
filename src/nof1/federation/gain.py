"""What a site gains by taking part: the shared model against one of its own rows alone.

Both are judged on the site's own patients, out of fold, on the same folds and the same features.
The figures stay at the site. What is shared is how many sites lose, never which: a masked sum of
zeros and ones, told only when three sites or more could compare.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nof1.core.errors import Nof1Error
from nof1.federation.judged import Judged
from nof1.federation.training import Agreement, SiteData
from nof1.learn.comparison import difference
from nof1.learn.discrimination import auroc, brier, mean_estimate
from nof1.learn.figures import Estimate, Figure
from nof1.learn.recalibrate import LogisticRecalibration
from nof1.learn.sums import FloatArray, SecureSum
from nof1.predict.fitting import train

MARGIN = 0.005  # of AUROC or Brier score: a smaller loss is none
FEWEST = 3  # sites behind a shared count
HIGHER_IS_BETTER = {"auroc": True, "brier": False, "log_loss": False}


@dataclass(frozen=True)
class Gain:
    """One site's comparison at the longest horizon.

    Attributes
    ----------
    federated, own : AUROC, Brier score and log loss of the shared model, and of the site's own.
    gained : shared minus own for AUROC, own minus shared for the two errors: above 0 is a gain.
    note : why there is no comparison; empty when there is one.
    """

    horizon_days: float
    rows: int
    events: int
    federated: dict[str, Figure] = field(default_factory=dict)
    own: dict[str, Figure] = field(default_factory=dict)
    gained: dict[str, Figure] = field(default_factory=dict)
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, for the site's own workspace only."""
        parts = {"federated": self.federated, "own": self.own, "gained": self.gained}
        return {
            "schema": "nof1/federation-gain/1",
            "stays_here": "figures of this site alone: not to be sent",
            "horizon_days": self.horizon_days,
            "rows": self.rows,
            "events": self.events,
            **{
                name: {key: figure.to_dict() for key, figure in part.items()}
                for name, part in parts.items()
            },
            "note": self.note,
        }

    def words(self) -> str:
        """One sentence for the card."""
        if self.note:
            return f"Not compared with a model of this site alone: {self.note}"
        said = ", ".join(f"{name} {self.gained[name]}" for name in ("auroc", "brier"))
        return (
            "On this site's own patients, out of fold, against a model of its own rows alone "
            f"(same folds and features); above 0 is a gain: {said}. These figures stay here."
        )


def compare(site: SiteData, agreement: Agreement, found: Judged) -> Gain:
    """Train the same learner on the site's own rows and compare, fold by fold."""
    known = found.weight > 0
    rows, events = int(known.sum()), int(found.y[known].sum())
    try:
        own = _own_risk(site, agreement, found)
    except Nof1Error:
        why = "its own rows are too few to train one."
        return Gain(found.days, rows, events, note=why)
    shared = _estimates(found, found.risk)
    alone = _estimates(found, own)
    gained = {}
    for name, upward in HIGHER_IS_BETTER.items():
        better, worse = (shared, alone) if upward else (alone, shared)
        gained[name] = difference(better[name], worse[name], patients=found.patients)
    if any(figure.value is None for figure in gained.values()):
        return Gain(found.days, rows, events, note="too few of its rows have the outcome.")
    return Gain(found.days, rows, events, _figures(shared, found), _figures(alone, found), gained)


def losing(gain: Gain, total: SecureSum) -> dict[str, Any]:
    """How many sites lose more than ``MARGIN``: the same answer at all sites, without names."""
    able = not gain.note
    flags = [able, *(able and _loses(gain, name) for name in ("auroc", "brier"))]
    compared, by_auroc, by_brier = (round(one) for one in total(np.array(flags, dtype=np.float64)))
    if compared < FEWEST:
        return {"note": f"Fewer than {FEWEST} sites could compare: nothing is told of them."}
    return {"sites_compared": compared, "margin": MARGIN, "lose_auroc": by_auroc,
            "lose_brier": by_brier}  # fmt: skip


def _loses(gain: Gain, name: str) -> bool:
    value = gain.gained[name].value
    return value is not None and value < -MARGIN


def _own_risk(site: SiteData, agreement: Agreement, found: Judged) -> FloatArray:
    """Risks (n,) of a model of this site's rows, of the other folds, recalibrated on those."""
    decision = np.empty(len(found.y))
    seed, rows = agreement.task.split.seed, site.rows
    for fold in np.unique(found.folds):
        here, there = found.folds == fold, found.folds != fold
        model = train(agreement.learner, site.data, rows[there], seed)
        decision[here] = model.decision(site.data.X[rows[here]], found.days)
    risk = np.empty(len(found.y))
    for fold in np.unique(found.folds):
        here, there = found.folds == fold, found.folds != fold
        judge = LogisticRecalibration.fit(decision[there], found.y[there], found.weight[there])
        risk[here] = judge.risk(decision[here])
    return risk


def _estimates(found: Judged, risk: FloatArray) -> dict[str, Estimate]:
    y, weight = found.y, found.weight
    return {
        "auroc": auroc(y, risk, weight),
        "brier": brier(y, risk, weight),
        "log_loss": mean_estimate(log_loss(y, risk), weight),
    }


def log_loss(y: FloatArray, risk: FloatArray) -> FloatArray:
    """Minus the log likelihood (n,) of outcomes 0/1 under risks; a risk of 0 or 1 is held off."""
    kept = np.clip(risk, 1e-9, 1 - 1e-9)
    return -(y * np.log(kept) + (1 - y) * np.log1p(-kept))


def _figures(estimates: dict[str, Estimate], found: Judged) -> dict[str, Figure]:
    return {
        name: one.figure(patients=found.patients, unit_interval=name == "auroc")
        for name, one in estimates.items()
    }
