"""The same model, asked about a person who differs from the patient in chosen things.

The patient's events at the prediction time are rewritten as little as the change needs (the latest
measurement gets another number, the latest smoking entry another status, a medicine begins or
ends); the features come from the same kernel and the risk from the same model. It is the model's
answer for a person who looks like this: an association. It does not say that making the change
would change the risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from msgspec.structs import replace

from nof1.core.finding import Finding, Frequency, Interval, Status, Subject, Value
from nof1.learn.frequency import natural_frequency
from nof1.learn.levels import FAR_ABOVE, FAR_BELOW
from nof1.learn.sums import FloatArray
from nof1.predict import features, reasons
from nof1.predict.eligible import find_place, members
from nof1.predict.levers import ADDED, END, STOPPED, Lever, chosen, levers, measured
from nof1.predict.score import Scorer
from nof1.record.events import known_time

ASSOCIATION = (
    "Association: the model's answer for a person who looks like this; it does not say that "
    "changing it changes the risk."
)
NO_DOMAIN = (
    "This model cannot tell whether it has seen such people, so a changed patient is not scored."
)
NEARER = "Choose values nearer to those of people whom the model has seen."


@dataclass(frozen=True)
class Change:
    """One thing that was changed, in words and units."""

    lever: Lever
    value: str
    was: str
    becomes: str


@dataclass(frozen=True)
class Moved:
    """A column of the model that moved: its words, and the numbers before and after."""

    feature: str
    was: float
    becomes: float


@dataclass(frozen=True)
class WhatIf:
    """The model's answers now and for the changed person, one for each time span.

    Attributes
    ----------
    moment : the prediction time; None when the model does not speak about this patient.
    levers : what could be changed.
    now : the findings of the unchanged patient, as ``Scorer.findings`` gives them.
    then : the same for the changed person; empty when nothing is changed or ``now`` is no answer.
    """

    moment: datetime | None
    levers: tuple[Lever, ...]
    changes: tuple[Change, ...]
    moved: tuple[Moved, ...]
    now: tuple[Finding, ...]
    then: tuple[Finding, ...]


def what_if(
    scorer: Scorer,
    subject: Subject,
    events: pl.DataFrame,
    at: datetime,
    wanted: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> WhatIf:
    """Score the patient now, and a person who differs in what ``wanted`` names.

    Parameters
    ----------
    events : the patient's events (``nof1.record.events.SCHEMA``), sorted by time.
    at : the moment of asking, UTC without zone; nothing known later is used.
    wanted : name of a lever -> its value; what equals the record changes nothing.

    Raises
    ------
    UsageError : an unknown lever, or an impossible value.
    """
    said = {**(names or {}), **scorer.model.codes}
    now = tuple(scorer.findings(subject, events, at, names))
    moment = _moment(now)
    if moment is None:
        return WhatIf(None, (), (), (), now, ())
    visible = events.filter(known_time().fill_null(moment) <= moment)
    found = levers(scorer, visible, moment, said)
    changes = tuple(_change(lever, value) for lever, value in chosen(found, wanted))
    if not changes:
        return WhatIf(moment, found, (), (), now, ())
    other = changed(visible, changes, moment)
    before, after = _row(scorer, visible, moment), _row(scorer, other, moment)
    moved = _moved(scorer, before, after, said)
    why = _not_asked(scorer, other, moment) or _stranger(scorer, after, before, said)
    then = tuple(_scored(scorer, one, after, why) for one in now)
    return WhatIf(moment, found, changes, moved, now, then)


def changed(events: pl.DataFrame, changes: tuple[Change, ...], moment: datetime) -> pl.DataFrame:
    """The events with the changes made; all else, and their order, stay as they are."""
    for change in changes:
        lever, value = change.lever, change.value
        if lever.kind == "number":
            events = _renumbered(events, lever.codes[0], float(value))
        elif lever.kind == "status":
            code = next(one for one in lever.codes if one.endswith(f"//{value}"))
            events = _recoded(events, lever.codes, code)
        elif value in (ADDED, STOPPED):
            code = lever.codes[0] if value == ADDED else END + lever.codes[0]
            events = _appended(events, code, moment)
        else:
            events = _without_last(events, lever.codes[0])
    return events


def _change(lever: Lever, value: str) -> Change:
    if lever.kind == "number":
        now = f"{float(lever.now):.4g} {lever.unit}"
        return Change(lever, value, now, f"{float(value):.4g} {lever.unit}")
    words = dict(lever.choices)
    return Change(lever, value, lever.now, words[value])


def _renumbered(events: pl.DataFrame, code: str, value: float) -> pl.DataFrame:
    """The latest number of a code replaced."""
    rows = events.with_row_index("place")
    last = measured(rows, (code,))["place"][-1]
    number = pl.when(pl.col("place") == last).then(pl.lit(value, pl.Float32))
    numbers = number.otherwise(pl.col("numeric_value")).alias("numeric_value")
    return rows.with_columns(numbers).drop("place")


def _recoded(events: pl.DataFrame, codes: tuple[str, ...], code: str) -> pl.DataFrame:
    """The latest status replaced by another one."""
    rows = events.with_row_index("place")
    mine = rows.filter(pl.col("code").is_in(codes), pl.col("time").is_not_null())
    last = mine["place"][-1]
    other = pl.when(pl.col("place") == last).then(pl.lit(code)).otherwise(pl.col("code"))
    return rows.with_columns(other.alias("code")).drop("place")


def _appended(events: pl.DataFrame, code: str, moment: datetime) -> pl.DataFrame:
    """A medicine begins or ends at the prediction time."""
    row = {"subject_id": events["subject_id"][-1], "time": moment, "code": code}
    new = pl.DataFrame([row], schema={name: events.schema[name] for name in row})
    return pl.concat([events, new], how="diagonal")


def _without_last(events: pl.DataFrame, code: str) -> pl.DataFrame:
    """Without the latest beginning of a medicine."""
    mine = (pl.col("code") == code) & pl.col("time").is_not_null()
    last = events.filter(mine)["time"].max()
    return events.filter(~(mine & (pl.col("time") == last)))


def _moment(now: tuple[Finding, ...]) -> datetime | None:
    """The prediction time of findings that are answers."""
    found = next((one.counted_from for one in now if one.status is Status.FOUND), None)
    return None if found is None else found.astimezone(UTC).replace(tzinfo=None)


def _row(scorer: Scorer, events: pl.DataFrame, moment: datetime) -> FloatArray:
    spec = scorer.model.spec
    whole = features.row(features.encode(events, spec), moment, spec)
    row: FloatArray = whole[scorer.places][None, :]
    return row


def _moved(
    scorer: Scorer, before: FloatArray, after: FloatArray, names: Mapping[str, str]
) -> tuple[Moved, ...]:
    spec = scorer.model.spec
    return tuple(
        Moved(reasons.column_words(spec.field(column), names), float(was), float(becomes))
        for column, was, becomes in zip(scorer.model.columns, before[0], after[0], strict=True)
        if not (was == becomes or (np.isnan(was) and np.isnan(becomes)))
    )


def _scored(scorer: Scorer, now: Finding, after: FloatArray, why: str) -> Finding:
    """The finding about the changed person: an answer, or withheld because of ``why``."""
    if why:
        return replace(
            now, value=None, frequency=None, evidence=(), notes=(), status=Status.WITHHELD,
            reason=why, resolve=NEARER,
        )  # fmt: skip
    days = now.horizon_days
    assert days is not None
    model = scorer.model
    voice = model.voices[days]
    found = model.pair.decisions(after, days)
    risk = float(voice.interval.risk(found.model)[0])
    low, high = voice.interval.interval(found.model, found.bags, model.level)
    interval = Interval(low=float(low[0]), high=float(high[0]), level=model.level)
    words = natural_frequency(risk, interval.low, interval.high)
    said = Frequency(events=words.count, of=words.denominator, low=words.low, high=words.high,
                     text=words.text)  # fmt: skip
    value = Value(amount=risk, unit="1", interval=interval)
    return replace(now, value=value, frequency=said, evidence=(), notes=(ASSOCIATION,))


def _not_asked(scorer: Scorer, events: pl.DataFrame, moment: datetime) -> str:
    """Whether the changed person would still be one of those the model speaks about."""
    codes = members(scorer.task.code_sets(), scorer.model.code_sets, events)
    place = find_place(scorer.task, events, moment, codes)
    if place.prediction_time == moment:
        return ""
    return f"The changed person is not one of those the model speaks about. {place.reason}".strip()


def _stranger(
    scorer: Scorer, after: FloatArray, before: FloatArray, names: Mapping[str, str]
) -> str:
    """Why the changed person must not be scored; "" when it may be."""
    domain, spec = scorer.model.domain, scorer.model.spec
    if domain is None:
        return NO_DOMAIN
    codes = domain.levels.codes(after)[0]
    for place, column in enumerate(scorer.model.columns):
        moved = after[0, place] != before[0, place]
        if moved and codes[place] in (FAR_BELOW, FAR_ABOVE):
            way = "below" if codes[place] == FAR_BELOW else "above"
            said = reasons.column_words(spec.field(column), names)
            return f"Outside what the model has seen: {said} is far {way} what was seen."
    found = domain.check(after)
    if found.inside:
        return ""
    what = "; ".join(f"{_words(scorer, one.feature, names)}: {one.reason}" for one in found.unusual)
    return f"Outside what the model has seen (p = {found.p_value:.3g}): {what}"


def _words(scorer: Scorer, column: str, names: Mapping[str, str]) -> str:
    spec = scorer.model.spec
    if column not in spec.column_numbers:
        return column
    return reasons.column_words(spec.field(column), names)
