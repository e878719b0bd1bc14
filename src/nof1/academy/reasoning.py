"""The reasons of a card under the light: what they rest on, and whether they mean anything here."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.academy.chart import MEDICINES
from nof1.academy.situation import Situation
from nof1.academy.ward import Ward, features_of
from nof1.core.finding import EventRef, Evidence, Finding
from nof1.predict.reasons import words
from nof1.predict.spec import AGE

YEAR = timedelta(days=365)
STRONG = 0.5  # log odds from which a reason must show in the outcomes
LEAST_DIFFERENCE = 0.2  # log odds ratio
LEAST_PEOPLE = 30
MOST_EVENTS = 3
MOST_STEPS = 8  # values of a count that is told as "with it" and "without"
RARE = 0.05  # share of people without it, below which it is "one" against "more than one"


def reasons(ward: Ward, behind: Situation, card: Finding) -> tuple[list[str], bool]:
    """Each reason of the card with what the outcomes of this hospital say about it alone.

    Returns
    -------
    rows, and whether the strongest one is strong and does not show in the outcomes.
    """
    x = features_of(behind.scorer, behind.events, behind.person.at)[0]
    rows, odd = [], False
    for place, one in enumerate(card.evidence):
        added = one.contribution or 0.0
        head = f"{one.text}: {'raises' if added > 0 else 'lowers'} the odds {factor(added)}"
        if (one.feature or "").startswith("rule/"):
            rows.append(f"{head}; a house rule, see how old it is")
            continue
        told = _compared(ward, one, x)
        if told is None:
            rows.append(f"{head}; too few people to compare")
            continue
        here, there, text = told
        rows.append(f"{head}; {text}")
        ratio = _log_odds(here) - _log_odds(there)
        if place == 0 and abs(added) >= STRONG:
            odd |= ratio * math.copysign(1, added) < LEAST_DIFFERENCE
    return rows, odd


def factor(added: float) -> str:
    """A number of log odds as a factor.

    >>> factor(0.7), factor(-0.7)
    ('2.0 times', '2.0 times')
    """
    return f"{math.exp(abs(added)):.1f} times"


def _compared(ward: Ward, one: Evidence, x: NDArray[np.float64]) -> tuple[float, float, str] | None:
    """Share with the outcome among people on this one's side of a feature, and among others."""
    columns = ward.scorer.model.columns
    first = (one.feature or "").split(" & ")[0]
    if first not in columns:
        return None
    place = columns.index(first)
    values, mine = ward.X[:, place], float(x[place])
    if math.isnan(mine):
        like, said = np.isnan(values), ("not recorded", "recorded")
    else:
        like, said = _side(values, mine, entries=first.endswith("/count"))
    if min(like.sum(), (~like).sum()) < LEAST_PEOPLE:
        return None
    here, there = float(ward.again[like].mean()), float(ward.again[~like].mean())
    text = (
        f"outcome in {here * 100:.0f} of 100 of the {like.sum():,} people {said[0]}, in "
        f"{there * 100:.0f} of 100 of the {(~like).sum():,} {said[1]}"
    )
    return here, there, text


def _side(
    values: NDArray[np.float64], mine: float, *, entries: bool
) -> tuple[NDArray[np.bool_], tuple[str, str]]:
    """People on this person's side of the middle, and how the two sides are called."""
    known = values[~np.isnan(values)]
    usual = float(np.quantile(known, 0.5, method="lower"))
    if len(np.unique(known)) <= MOST_STEPS and usual in (0.0, 1.0):
        cut = 1.0 if usual == 0 or (known == 0).mean() > RARE else 2.0
        like = values >= cut if mine >= cut else values < cut
        names = ("with it", "without") if cut == 1 else ("with more than one", "with at most one")
        return like, names if mine >= cut else names[::-1]
    middle = float(np.median(known))
    names = (f"at {middle:.3g} or more", f"below {middle:.3g}")
    if entries:
        names = (f"with {middle:.0f} entries or more", "with fewer entries")
    return (values >= middle, names) if mine >= middle else (values < middle, names[::-1])


def source_events(ward: Ward, behind: Situation, card: Finding) -> list[str]:
    """Each reason with the entries of this patient that it rests on."""
    rows = []
    for one in card.evidence:
        found = [_entry(ward, event) for event in one.events[:MOST_EVENTS]]
        nothing = "from the date of birth" if one.feature == AGE else "no such entry"
        rows.append(f"{one.text}: {'; '.join(found) if found else nothing}")
    return rows


def _entry(ward: Ward, event: EventRef) -> str:
    name = MEDICINES.get(event.code) or words(event.code, ward.names)
    value = "" if event.value is None else f" {event.value:.4g} {event.unit or ''}".rstrip()
    when = "" if event.time is None else f", {event.time:%Y-%m-%d}"
    return f"{name}{value}{when} ({event.source_file}, line {event.source_row})"


def peeked(ward: Ward, behind: Situation) -> list[str]:
    """For the codes of the card's reasons: entries in training from before and after the start."""
    if not behind.peeked:
        return ["In training, entries from after the start of the time span: none of any reason"]
    rows = []
    for code in sorted(behind.peeked):
        before, after = ward.kept(("peeked", code), partial(_counted, ward, code))
        share = after / max(before + after, 1) * 100
        rows.append(
            f"In training, {words(code, ward.names)}: {before + after:,} entries were counted, "
            f"{after:,} of them ({share:.0f} of 100) from after the start of the time span"
        )
    return rows


def _counted(ward: Ward, code: str) -> tuple[int, int]:
    """Entries of a code before the start of the time span, and in the year after it."""
    starts = {one.subject: one.at for one in ward.people}
    rows = ward.record.scan().filter(pl.col("code") == code).select("subject_id", "time").collect()
    before = after = 0
    for subject, time in rows.iter_rows():
        start = starts.get(subject)
        if start is None or not isinstance(time, datetime):
            continue
        before += time <= start
        after += start < time <= start + YEAR
    return before, after


def _log_odds(share: float) -> float:
    inside = min(max(share, 1e-3), 1 - 1e-3)
    return math.log(inside / (1 - inside))
