"""Has a model's world moved? Its inputs and risks since training against those it was trained on,
and its risks against the outcomes that have become known.

The counts of the training rows are stored in the model (``nof1.learn.drift``); the rows since then
come from the record, by the model's own task. A verdict holds for one version of a model and for 90
days. A model that drifted is paused: its cards are withheld, rules go on.

References
----------
``nof1.learn.drift`` names those of the index and of the cumulative sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from nof1.advice.governance import decisions
from nof1.advice.governance.decisions import Decision
from nof1.advice.governance.registry import folder
from nof1.advice.governance.split import MODELS
from nof1.advice.governance.state import DRIFTED, NOT_CHECKED, STEADY
from nof1.core import artefacts
from nof1.core.artefacts import Artefact
from nof1.core.errors import Nof1Error
from nof1.core.workspace import Workspace
from nof1.learn.drift import RISK, CalibrationCusum, DriftRow
from nof1.learn.sums import FloatArray
from nof1.predict import features, timeline
from nof1.predict.codesets import CodeSet, resolve_all
from nof1.predict.dataset import Outcome
from nof1.predict.followup import follow
from nof1.predict.model import SCHEMA, Model
from nof1.predict.reasons import column_words
from nof1.predict.score import Scorer
from nof1.predict.selection import select
from nof1.predict.task import Task
from nof1.record.events import BIRTH, DEATH
from nof1.record.store import Record

LEAST_ROWS, LEAST_OUTCOMES = 100, 30
NAMED = 3  # drifted features that a card names
BY = "nof1 governance drift"


@dataclass(frozen=True)
class Look:
    """What a look at one model found.

    Attributes
    ----------
    state : steady, drifted or not_checked. reason : for a card.
    rows : predictions that could have been made between ``since`` and ``until`` (days).
    features : rows of the drift table that drifted, in words, the most drifted first.
    outcomes : predictions of which the outcome is known; alarm : whether the odds have shifted.
    """

    model: str
    version: int
    content_hash: str
    state: str
    reason: str
    rows: int = 0
    since: str = ""
    until: str = ""
    features: tuple[Mapping[str, Any], ...] = ()
    outcomes: int = 0
    alarm: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {**asdict(self), "features": [dict(one) for one in self.features]}


def look(workspace: Workspace, name: str, since: datetime | None = None) -> Look:
    """Compare one model's training rows with what the record has had since.

    Parameters
    ----------
    since : UTC without zone; only predictions after it count [default: the end of training].

    Whatever cannot be compared is ``not_checked`` with its reason.

    Raises
    ------
    ModelError : there is no such model, or its files were changed.
    """
    artefact = artefacts.load(folder(workspace, name), name)
    try:
        if "model.json" not in artefact.files or artefact.json("model.json")["schema"] != SCHEMA:
            return _open(artefact, "it keeps no counts of its training rows")
        scorer = Scorer.load(artefact)
        if scorer.model.drift is None:
            return _open(artefact, "it keeps no counts of its training rows")
        record = Record(workspace.record)
        start = since or _day_after(scorer.model.data_date)
        return _compared(artefact, scorer, record, start)
    except Nof1Error as error:
        return _open(artefact, f"the record cannot be compared: {error.message}")


def keep(workspace: Workspace, found: Look, *, at: datetime | None = None) -> Decision:
    """Store a verdict: it takes force at once."""
    return decisions.decide(
        workspace, "drift", f"{MODELS}/{found.model}", found.state,
        by=BY, why=f"a look at the drift of {found.model}", at=at, details=found.to_dict(),
    )  # fmt: skip


def _compared(artefact: Artefact, scorer: Scorer, record: Record, since: datetime) -> Look:
    rows, labelled = _rows(scorer.task, record, since)
    days = rows["prediction_time"].dt.date().cast(pl.String)
    span = {"since": f"{since:%Y-%m-%d}", "until": str(days.max() or "")}
    if rows.height < LEAST_ROWS:
        why = f"only {rows.height} predictions since {since:%Y-%m-%d}; {LEAST_ROWS} are needed"
        return _open(artefact, why, rows=rows.height, **span)
    X, risk = _scored(scorer.model, record, rows)
    assert scorer.model.drift is not None
    moved = [one for one in scorer.model.drift.compare(X, risk) if one.drifted]
    outcomes, alarm = _calibration(scorer, record, labelled)
    words = [_words(scorer.model, one) for one in moved]
    reasons = [f"{one['words']} drifted since {since:%Y-%m-%d}" for one in words[:NAMED]]
    if len(words) > NAMED:
        reasons.append(f"{len(words) - NAMED} more drifted")
    if alarm:
        reasons.append(f"its risks no longer fit the outcomes since {since:%Y-%m-%d}")
    return Look(
        model=artefact.name,
        version=artefact.version,
        content_hash=artefact.content_hash,
        state=DRIFTED if reasons else STEADY,
        reason="; ".join(reasons) or f"{rows.height} predictions compared",
        rows=rows.height,
        features=tuple(words),
        outcomes=outcomes,
        alarm=alarm,
        **span,
    )


def _rows(task: Task, record: Record, since: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Everybody about whom the model could have been asked after a moment; and with outcomes."""
    codes = _codes(task, record)
    asked, labelled = [], []
    offset = timedelta(days=task.prediction_offset_days)
    for path in record.shards():
        events = timeline.read(path, codes)
        sieve = select(task, events)
        at = (pl.col("at") + offset).alias("prediction_time")
        alive = pl.col("death").is_null() | (pl.col("death") > pl.col("prediction_time"))
        asked.append(
            sieve.frame.with_columns(at).filter(alive).select("subject_id", "prediction_time")
        )
        follow(task, events, sieve)
        labelled.append(sieve.frame)
    later = pl.col("prediction_time") > since
    known = pl.concat(labelled).filter(later).sort("prediction_time", "subject_id")
    return pl.concat(asked).filter(later).sort("subject_id", "prediction_time"), known


def _codes(task: Task, record: Record) -> Mapping[CodeSet, tuple[str, ...]]:
    known = [*record.codes()["code"].to_list(), BIRTH, DEATH]
    return resolve_all(task.code_sets(), known, record.ancestors())


def _scored(model: Model, record: Record, rows: pl.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Features as the model takes them, and its risks at the longest horizon."""
    X = features.build(record.shards(), rows, model.spec).dense(model.columns)
    days = max(model.voices)
    risk = model.voices[days].interval.risk(model.pair.decisions(X, days).model)
    return X, np.asarray(risk, dtype=np.float64)


def _calibration(scorer: Scorer, record: Record, labelled: pl.DataFrame) -> tuple[int, bool | None]:
    """How many outcomes are known by the horizon, and whether the odds have shifted since.

    A prediction counts when its whole time at risk lies in the record: to count the early outcomes
    of the others would look like a rise.
    """
    days = max(scorer.model.voices)
    last = record.scan().select(pl.col("time").max()).collect().item()
    whole = labelled.filter(pl.col("prediction_time") + timedelta(days=days) <= last)
    if whole.height == 0:
        return 0, None
    y, weight = Outcome.of(scorer.task, whole).labels(days)
    rows = whole.filter(pl.Series(weight > 0))
    if rows.height < LEAST_OUTCOMES:
        return rows.height, None
    _, risk = _scored(scorer.model, record, rows)
    watch = CalibrationCusum.design(risk)
    return rows.height, watch.run(risk, y[weight > 0])[1] is not None


def _words(model: Model, row: DriftRow) -> dict[str, Any]:
    words = (
        "the risk" if row.name == RISK else column_words(model.spec.field(row.name), model.codes)
    )
    return {"words": words, **row.to_dict()}


def _open(artefact: Artefact, reason: str, **more: Any) -> Look:
    return Look(artefact.name, artefact.version, artefact.content_hash, NOT_CHECKED, reason, **more)


def _day_after(data_date: str) -> datetime:
    """The end of the last day of training; the first moment of time for an undated model."""
    try:
        return datetime.fromisoformat(data_date) + timedelta(days=1)
    except ValueError:
        return datetime(1900, 1, 1)
