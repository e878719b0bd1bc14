"""A shared model that fits a site's own patients: two numbers for the site that needs them.

Each site asks on its own rows, with decisions of models that never saw them: does an intercept and
a slope of its own, fitted on the other folds, give a better log loss than the shared risk, by more
than chance, and no worse a Brier score? Only then, and only with enough outcomes, a version of the
model with these two numbers is stored in that site's workspace. It never leaves; the coordinator
learns how many sites did so, not which.

Reference: Van Calster et al., *Calibration of risk prediction models*, BMC Medicine 17 (2019) 230.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nof1.core import artefacts, audit
from nof1.core.artefacts import Artefact
from nof1.federation import judged, stored
from nof1.federation import own as homes
from nof1.federation import people as persons
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.gain import FEWEST, log_loss
from nof1.federation.judged import Judged
from nof1.federation.stored import ModelTask
from nof1.learn.calibration import to_logit
from nof1.learn.card_text import card_markdown
from nof1.learn.comparison import difference
from nof1.learn.conformal import Conformal
from nof1.learn.discrimination import brier, mean_estimate
from nof1.learn.figures import Figure
from nof1.learn.recalibrate import LogisticRecalibration
from nof1.predict.crossfit import Voice
from nof1.predict.model import Model

ALONE = "This version is for this site alone and must not leave it."
WHERE = "recalibrated on this site's own patients, out of fold"
ENOUGH = 50  # rows with, and without, the outcome; below them two numbers are mostly noise


@dataclass(frozen=True)
class Trial:
    """One horizon at one site.

    Attributes
    ----------
    better : what the site's own map gains in log loss and Brier score, held out; above 0 is better.
    adopted : whether it is taken. why : the reason, in words for the site.
    """

    days: float
    intercept: float
    slope: float
    better: dict[str, Figure]
    adopted: bool
    why: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form, for the site alone."""
        return {
            "horizon_days": self.days, "intercept": self.intercept, "slope": self.slope,
            "better": {name: one.to_dict() for name, one in self.better.items()},
            "adopted": self.adopted, "why": self.why,
        }  # fmt: skip


def run(asked: Asked) -> Result:
    """Try it at each site; store it where it is better.

    Raises
    ------
    ModelError : not all sites have the model, or this one has no out-of-fold decisions of it.
    """
    wanted = ModelTask.parse(asked.text)
    artefact = stored.shared_version(asked, wanted)
    model = Model.read(artefact)
    rows = judged.load(asked.workspace, artefact.content_hash)
    agreed = persons.agree(asked, f"recalibrate {artefact.content_hash}")
    trials = [tried(one, max(asked.policy.least_events, ENOUGH)) for one in rows]
    total = asked.link.open(agreed.digest)
    adopted = any(one.adopted for one in trials)
    able = any(one.better for one in trials)
    sums = [round(one) for one in total(np.array([able, adopted], dtype=np.float64))]
    if adopted:
        made = _stored(asked, artefact, _fitted(model, rows, trials), trials)
        _note(asked, artefact, made)
    homes.keep(asked.workspace, asked.link.job, "recalibrate", {
        "model": artefact.name, "content_hash": artefact.content_hash,
        "horizons": [one.to_dict() for one in trials],
    })  # fmt: skip
    figures = {
        "model": artefact.name,
        "model_hash": artefact.content_hash,
        "synthetic": agreed.synthetic,
        "sites": len(asked.link.roster.names),
        "sites_with_enough": sums[0],
        "sites_recalibrated": sums[1] if sums[0] >= FEWEST else None,
    }
    return Result(artefact.name, str(artefact.version), "", figures)


def tried(found: Judged, enough: int) -> Trial:
    """Whether a site's own intercept and slope are better on rows that they were not fitted on."""
    known = found.weight > 0
    events = int(found.y[known].sum())
    if min(events, int(known.sum()) - events) < enough:
        return Trial(found.days, 0.0, 1.0, {}, False, f"fewer than {enough} rows of an outcome")
    shared = to_logit(found.risk)
    held_out = np.empty(len(found.y))
    for fold in np.unique(found.folds):
        here, there = found.folds == fold, found.folds != fold
        fitted = LogisticRecalibration.fit(shared[there], found.y[there], found.weight[there])
        held_out[here] = fitted.risk(shared[here])
    y, weight, patients = found.y, found.weight, found.patients
    loss = [mean_estimate(log_loss(y, one), weight) for one in (found.risk, held_out)]
    square = [brier(y, one, weight) for one in (found.risk, held_out)]
    better = {
        "log_loss": difference(*loss, patients=patients),
        "brier": difference(*square, patients=patients),
    }
    low, gained = better["log_loss"].low, better["brier"].value
    adopted = low is not None and low > 0 and gained is not None and gained >= 0
    whole = LogisticRecalibration.fit(shared, y, weight)
    why = "better on held-out rows" if adopted else "not better by more than chance"
    return Trial(found.days, whole.intercept, whole.slope, better, adopted, why)


def after(shared: LogisticRecalibration, own: LogisticRecalibration) -> LogisticRecalibration:
    """One map for two: first the shared one, then the site's own on its log odds."""
    v0, v01, v1 = own.covariance
    a, b = shared.intercept, shared.slope
    return LogisticRecalibration(
        own.intercept + own.slope * a,
        own.slope * b,
        (v0 + 2 * a * v01 + a**2 * v1, b * (v01 + a * v1), b**2 * v1),
        own.rows,
    )


def _fitted(model: Model, rows: list[Judged], trials: list[Trial]) -> Model:
    """The model with the site's own maps and prediction sets at the horizons that gain."""
    voices = dict(model.voices)
    for found, trial in zip(rows, trials, strict=True):
        if trial.adopted:
            own = LogisticRecalibration.fit(to_logit(found.risk), found.y, found.weight)
            interval = voices[found.days].interval
            voices[found.days] = Voice(
                replace(interval, recalibration=after(interval.recalibration, own)),
                Conformal.fit(found.decision, found.y, found.weight),
            )
    return replace(model, voices=voices, validated_in=f"{model.validated_in}; {WHERE}")


def _stored(asked: Asked, before: Artefact, model: Model, trials: list[Trial]) -> Artefact:
    """The next version of the model in this workspace, with its card."""
    root, files = asked.workspace.models, model.files()
    card = before.json("card.json")
    version = max(artefacts.versions(root, before.name)) + 1
    said = "; ".join(
        f"{one.days:g} days: log loss better by {one.better['log_loss']}, Brier score by "
        f"{one.better['brier']}"
        for one in trials
        if one.adopted
    )
    changed = card | {
        "version": str(version),
        "content_hash": artefacts.content_hash(files),
        "recalibration": f"{card.get('recalibration', '')} Then recalibrated on this site's own "
        f"patients ({said}, on held-out folds). The figures below are of the shared model, "
        f"version {before.version}.",
        "population": f"Validated in {model.validated_in}.",
        "limits": [*card["limits"], ALONE],
    }
    notes = {
        "card.json": json.dumps(changed).encode(),
        "card.md": card_markdown(changed).encode(),
    }
    return artefacts.save(root, before.name, files, notes)


def _note(asked: Asked, before: Artefact, made: Artefact) -> None:
    audit.append(
        asked.workspace.audit, "federation recalibration", job=asked.link.job,
        of=f"{before.name}/{before.version}", model=f"{made.name}/{made.version}",
    )  # fmt: skip


def words(figures: Mapping[str, Any]) -> list[str]:
    """What happened, for people."""
    count = figures["sites_recalibrated"]
    told = (
        f"{count} of them took an intercept and slope of their own."
        if count is not None
        else f"How many took them is not told: fewer than {FEWEST} could."
    )
    return [
        f"{figures['model']}: {figures['sites_with_enough']} of {figures['sites']} sites have "
        "enough outcomes to recalibrate.",
        told,
        "",
        "Each site's own figures are in its workspace, below federation/own; a site that",
        "gained has a newer version of the model, which stays there.",
    ]


RECALIBRATE = Algorithm("recalibrate", ("recalibration",), stored.read, run, words=words)
