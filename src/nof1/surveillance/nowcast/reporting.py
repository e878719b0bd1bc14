"""Days on which reporting failed: a stop, a holiday, a pile of old reports sent at once.

A day is judged only by the days before it, so a past day is judged as it was on that day. What is
looked at is the number of reports that CAME IN on a day, not what they are about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from nof1.surveillance.nowcast.triangle import Triangle

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
SIZE = 5.0  # size of the negative binomial for reports a day: a spread of 45 % at large counts
UNLIKELY = 0.001
FEW = 0.25  # below this share of the expected reports, and unlikely: reporting failed
MANY = 5.0  # above this multiple of the most in three such weekdays, and MANY_MORE: a pile
MANY_MORE = 20.0
LONG_LOW = 14  # low days, less the others, after which few reports (not none) are the level
WEEKS = 3  # same weekdays that a day is compared with


@dataclass(frozen=True)
class Reporting:
    """How reporting went, by unit and day.

    Attributes
    ----------
    failed : (units, days) far fewer reports than on the weekdays before: a stop or a holiday.
    pile : (units, days) far more.
    usable : (units, days) the day may teach delays: neither, nor the first day after a failed one
        (two days' reports come at once).
    last : (units,) position of the last day with regular reporting, and not after the last day
        about which anything was reported where silence about newer ones is unlikely; a unit that
        never reported has the last day of all.
    """

    failed: Flags
    pile: Flags
    usable: Flags
    last: NDArray[np.int64]


@dataclass
class _Memory:
    """What is known of each unit before a day."""

    before: Floats  # (units, 7, WEEKS) reports on the same weekdays, newest first; NaN = none yet
    silent: Floats  # (units,) reports expected since the last report
    silent_days: Floats
    low_days: Floats


def judge(triangle: Triangle) -> Reporting:
    """Judge every report day of every unit, from its first report on."""
    came = triangle.by_report_day()
    units, days = came.shape
    ever = (came != 0).any(axis=1)
    first = np.where(ever, (came != 0).argmax(axis=1), days)
    failed, pile = np.zeros((units, days), bool), np.zeros((units, days), bool)
    memory = _Memory(np.full((units, 7, WEEKS), np.nan), *np.zeros((3, units)))
    for day, weekday in enumerate(triangle.weekdays):
        failed[:, day], pile[:, day] = _judge_day(memory, came[:, day], int(weekday), day > first)
    after_failed = np.column_stack([np.zeros(units, bool), failed[:, :-1]])
    last = days - 1 - np.maximum(_run_length(failed), _silent(failed, memory))
    last = np.minimum(last, _last_told(triangle))
    return Reporting(failed, pile, ~(failed | pile | after_failed), np.maximum(last, 0))


def _judge_day(memory: _Memory, today: Floats, weekday: int, begun: Flags) -> tuple[Flags, Flags]:
    known = memory.before[:, weekday].copy()
    whole = ~np.isnan(known[:, -1])
    filled = np.where(whole[:, None], known, 0.0)
    expected = np.maximum(np.minimum(filled[:, 0], np.median(filled, axis=1)), 0)
    most = np.where(whole, filled.max(axis=1), np.inf)
    quiet = today <= 0
    memory.silent = np.where(quiet, memory.silent + expected, 0.0)
    memory.silent_days = np.where(quiet, memory.silent_days + 1, 0)
    low = (today < FEW * expected) & (at_most(today, expected) < UNLIKELY)
    fewer = np.maximum(memory.low_days - 1, 0)
    memory.low_days = np.where(low & ~quiet, memory.low_days + 1, fewer)
    stopped = quiet & (at_most(np.zeros(len(today)), memory.silent) < UNLIKELY)
    failed = (low & (memory.low_days <= LONG_LOW)) | stopped
    regular = begun & ~failed
    moved = np.column_stack([today, known[:, :-1]])
    memory.before[regular, weekday] = moved[regular]
    return failed, (today > MANY * most) & (today > most + MANY_MORE)


def at_most(count: Floats, mean: Floats) -> Floats:
    """P(N <= count) of a negative binomial with this mean and size ``SIZE``; 0 below zero."""
    share = SIZE / (SIZE + np.maximum(mean, 1e-12))
    probability: Floats = betainc(SIZE, np.maximum(count, 0) + 1, share)
    return np.where(count < 0, 0.0, probability)


def _run_length(failed: Flags) -> NDArray[np.int64]:
    """Failed days in a row at the end."""
    regular = ~failed[:, ::-1]
    length: NDArray[np.int64] = np.where(
        regular.any(axis=1), regular.argmax(axis=1), failed.shape[1]
    )
    return length


def _last_told(triangle: Triangle) -> NDArray[np.int64]:
    """The last reference day with any report, where that many silent days since are unlikely; else
    the last day. Each is compared with the same weekdays before, as they stood at the same age."""
    days, window = len(triangle.dates), triangle.max_delay + 1
    cumulative = triangle.new.cumsum(axis=2)
    silent = np.ones(len(triangle.units), bool)
    expected = np.zeros(len(triangle.units))
    told = np.full(len(triangle.units), days - 1)
    for back in range(min(window, days - 7 * WEEKS)):
        day = days - 1 - back
        same = np.stack([cumulative[:, day - 7 * week, back] for week in range(1, WEEKS + 1)])
        silent &= triangle.reported[:, day] <= 0
        usual = np.minimum(same[0], np.median(same, axis=0))
        expected = np.where(silent, expected + np.maximum(usual, 0), expected)
        stopped = silent & (at_most(np.zeros(len(silent)), expected) < UNLIKELY)
        told = np.where(stopped, day - 1, told)
    return told


def _silent(failed: Flags, memory: _Memory) -> NDArray[np.int64]:
    """Silent days in a row at the end, where that silence is a stop; else 0."""
    return np.where(failed[:, -1], memory.silent_days, 0).astype(np.int64)
