"""The compiled kernel of windowed features: one walk backwards in time for each row.

The windows of a row are nested, as all end at its prediction time. So one walk from the prediction
time into the past is enough: events go into one accumulator per code, and whenever the walk steps
out of a window the accumulators of the codes met so far are copied out. Work and memory follow the
events before each prediction time, not the size of the vocabulary.

Entries are stored by row and window: those of row ``r``, window ``k`` lie at
``starts[r * n_windows + k]`` up to the next start, one entry for each code with an event there.

Arrays of one shard, sorted by subject and then by time, static facts first:

- ``offsets`` int64 (n_subjects + 1,): where the events of each subject start
- ``time``, ``recorded`` int64 (n_events,): microseconds since 1970 UTC. ``NEVER`` in ``time`` marks
  a static fact, in ``recorded`` "at ``time``"; ``recorded`` is empty if that holds for all events
- ``code`` int32 (n_events,): position in the spec's codes; a larger number is no windowed feature
- ``value`` float32 (n_events,): NaN when there is no number
- ``row_subject`` int64 (n_rows,): position of the row's subject; -1 for a subject without events
- ``row_time`` int64 (n_rows,): the prediction time
- ``widths`` int64 (n_windows,): microseconds, ascending; ``FULL_WIDTH`` (negative) last

Sums are float64, added from the latest event to the earliest, so results are reproducible.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
NEVER = np.iinfo(np.int64).min
DAY_US = 86_400_000_000.0
YEAR_DAYS = 365.25

# Columns of the accumulators: one cache line for each code, in the order of spec.AGGREGATES.
COUNT, VALUE_COUNT, SUM, SUM_SQ, MIN, MAX, LAST, SINCE = range(8)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile with numba, kept on disk; without a writable cache folder, in memory only."""
    try:
        kept: _Function = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # neither the package folder nor the user's cache can be written
        kept = numba.njit(nogil=True)(function)
    return kept


@compiled
def _last_known(time: Array, first: int, end: int, at: int) -> int:
    """Position of the last event in ``first:end`` with ``time <= at``; ``first - 1`` if none."""
    low, high = first, end
    while low < high:
        middle = (low + high) // 2
        if time[middle] <= at:
            low = middle + 1
        else:
            high = middle
    return low - 1


@compiled
def _edge(at: int, width: int) -> int:
    """Latest time that is too old for a window."""
    return NEVER if width < 0 else at - width


@compiled
def count_entries(
    offsets: Array,
    time: Array,
    recorded: Array,
    code: Array,
    row_subject: Array,
    row_time: Array,
    widths: Array,
    n_codes: int,
) -> Array:
    """First walk: where the entries of each row and window start.

    Returns
    -------
    int64 (n_rows * n_windows + 1,): the starts; the last one is the number of entries.
    """
    n_windows = len(widths)
    starts = np.zeros(len(row_subject) * n_windows + 1, np.int64)
    met_in = np.full(n_codes, -1, np.int64)
    for row in range(len(row_subject)):
        subject, at = row_subject[row], row_time[row]
        first = offsets[subject] if subject >= 0 else 0
        event = _last_known(time, first, offsets[subject + 1], at) if subject >= 0 else -1
        window = met = 0
        while window < n_windows:
            if event < first or time[event] <= _edge(at, widths[window]) or time[event] == NEVER:
                slot = row * n_windows + window
                starts[slot + 1] = starts[slot] + met
                window += 1
                continue
            known = len(recorded) == 0 or recorded[event] <= at
            if known and code[event] < n_codes and met_in[code[event]] != row:
                met_in[code[event]] = row
                met += 1
            event -= 1
    return starts


@compiled
def _add(totals: Array, code: int, value: float, days: float) -> None:
    """Add one event to the accumulators of its code."""
    if totals[code, COUNT] == 0:
        totals[code, SINCE] = days
    totals[code, COUNT] += 1
    if not np.isfinite(value):
        return
    number = np.float64(value)
    if totals[code, VALUE_COUNT] == 0:
        totals[code, MIN] = totals[code, MAX] = totals[code, LAST] = number
    totals[code, VALUE_COUNT] += 1
    totals[code, SUM] += number
    totals[code, SUM_SQ] += number * number
    totals[code, MIN] = min(totals[code, MIN], number)
    totals[code, MAX] = max(totals[code, MAX], number)


@compiled
def _clear(totals: Array, met: Array, n_met: int) -> None:
    for i in range(n_met):
        totals[met[i], :MIN] = 0
        totals[met[i], MIN:] = np.nan


@compiled
def _copy_out(totals: Array, met: Array, n_met: int, start: int, out: tuple[Array, ...]) -> None:
    """Copy the accumulators of the codes met so far to the entries from ``start`` on."""
    entry_code, count, value_count, total, total_sq, low, high, last, since = out
    for i in range(n_met):
        entry, code = start + i, met[i]
        entry_code[entry] = code
        if len(count):
            count[entry] = np.uint32(totals[code, COUNT])
        if len(value_count):
            value_count[entry] = np.uint32(totals[code, VALUE_COUNT])
        if len(total):
            total[entry] = totals[code, SUM]
        if len(total_sq):
            total_sq[entry] = totals[code, SUM_SQ]
        if len(low):
            low[entry] = totals[code, MIN]
        if len(high):
            high[entry] = totals[code, MAX]
        if len(last):
            last[entry] = totals[code, LAST]
        if len(since):
            since[entry] = totals[code, SINCE]


@compiled
def fill_entries(
    offsets: Array,
    time: Array,
    recorded: Array,
    code: Array,
    value: Array,
    row_subject: Array,
    row_time: Array,
    widths: Array,
    n_codes: int,
    starts: Array,
    out: tuple[Array, ...],
) -> None:
    """Second walk: write the entries.

    ``out`` is a tuple of arrays with one item per entry: the code's position (int32), then the
    aggregates in the order of ``spec.AGGREGATES`` (uint32, uint32, float64, float64, float32,
    float32, float32, float64). An empty array is an aggregate that nobody asked for.
    """
    n_windows = len(widths)
    totals = np.zeros((n_codes, 8))
    totals[:, MIN:] = np.nan
    met = np.empty(n_codes, np.int32)
    for row in range(len(row_subject)):
        subject, at = row_subject[row], row_time[row]
        if subject < 0:
            continue
        first = offsets[subject]
        event = _last_known(time, first, offsets[subject + 1], at)
        window = n_met = 0
        while window < n_windows:
            if event < first or time[event] <= _edge(at, widths[window]) or time[event] == NEVER:
                _copy_out(totals, met, n_met, starts[row * n_windows + window], out)
                window += 1
                continue
            known = len(recorded) == 0 or recorded[event] <= at
            if known and code[event] < n_codes:
                if totals[code[event], COUNT] == 0:
                    met[n_met] = code[event]
                    n_met += 1
                _add(totals, code[event], value[event], (at - time[event]) / DAY_US)
            event -= 1
        _clear(totals, met, n_met)


@compiled
def fill_static(
    offsets: Array,
    time: Array,
    recorded: Array,
    code: Array,
    value: Array,
    row_subject: Array,
    row_time: Array,
    columns: Array,
    birth: int,
    out: Array,
) -> None:
    """Age and static facts of each row.

    ``columns`` int32 (n_ids, 2): the output column for a code's presence and for its value, -1 for
    none. ``birth`` is the position of the birth code; the age goes to column 0 of ``out`` if it is
    not negative. ``out`` float64 (n_rows, n_static) comes prefilled with the values of "absent".
    """
    for row in range(len(row_subject)):
        subject, at = row_subject[row], row_time[row]
        if subject < 0:
            continue
        for event in range(offsets[subject], offsets[subject + 1]):
            if time[event] > at:
                break
            if len(recorded) and recorded[event] > at:
                continue
            if time[event] != NEVER:
                if birth < 0:
                    break
                if code[event] == birth:
                    out[row, 0] = (at - time[event]) / (DAY_US * YEAR_DAYS)
                    break
                continue
            presence, number = columns[code[event]]
            if presence >= 0:
                out[row, presence] = 1.0
            if number >= 0 and np.isfinite(value[event]):
                out[row, number] = value[event]
