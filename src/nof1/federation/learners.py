"""Training one model of all sites, as entries of the list of algorithms.

``glassbox`` takes both kinds of task; ``hazards`` is the same for the time to an event alone;
``logistic`` and ``cox`` are the linear baselines. A linear model has no bags of its own and borrows
the spread of a glass box of the same rows, so its job costs the sums of both.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from nof1.core.errors import InputError
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.job import Trained, train
from nof1.predict.task import Task

OUTPUTS = ("model", "vocabulary")


def read(text: str, kind: str = "") -> None:
    """Refuse a text that is no task file, or of another kind than this algorithm learns.

    Raises
    ------
    InputError : naming line and column.
    """
    found = Task.parse(text)
    if kind and found.kind != kind:
        other = "cox, hazards or glassbox" if found.kind == "survival" else "logistic or glassbox"
        raise InputError(
            f"The task is of the kind {found.kind}.",
            where="task, kind",
            allowed=kind,
            next_step=f"Ask for another algorithm: {other}.",
        )


def run(asked: Asked, learner: str) -> Result:
    """Train one learner; the model is stored at every site."""
    made = train(asked.link, asked.workspace, asked.text, asked.policy, asked.engine, learner)
    return result_of(made)


def result_of(made: Trained) -> Result:
    """What the coordinator is told of a training: figures of all sites together."""
    card = made.card.to_dict()
    figures: dict[str, Any] = {
        "learner": made.federated.trained.name,
        "patients": made.federated.patients,
        "rows": made.federated.rows,
        "events": made.federated.events,
        "rounds": made.federated.rounds,
        "bytes_sent_by_each_site": made.federated.bytes_sent,
        "withheld": list(made.model.withheld),
        "synthetic": made.model.synthetic,
        "figures": card["evaluation"]["figures"],
        "against_own_models": dict(made.losing),
    }
    one = made.artefact
    return Result(one.name, str(one.version), one.content_hash, figures)


def _entry(name: str, learner: str, kind: str = "") -> Algorithm:
    return Algorithm(name, OUTPUTS, partial(read, kind=kind), partial(run, learner=learner))


GLASSBOX = _entry("glassbox", "glassbox")
HAZARDS = _entry("hazards", "glassbox", "survival")
LOGISTIC = _entry("logistic", "linear", "binary")
COX = _entry("cox", "linear", "survival")
