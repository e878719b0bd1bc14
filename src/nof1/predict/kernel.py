"""The compiled kernel of windowed features: one walk backwards in time for each row.

The windows of a row are nested, as all end at its prediction time. So one walk from the prediction
time into the past is enough: events go into one accumulator per code, and whenever the walk steps
out of a window the accumulators of the codes met so far are copied out. Work and memory follow the
events before each prediction time, not the size of the vocabulary.

Entries are stored by row and window: those of row ``r``, window ``k`` lie at
``starts[r * n_windows + k]`` up to the next start, one entry for each code with an event there.

Sums are float64, added from the latest event to the earliest, so results are reproducible.

The functions see flat arrays by their addresses only and use no run-time library, so their machine
code stands alone: ``native`` keeps it on disk and calls it. Arrays of one shard, sorted by subject
and then by time, static facts first:

- ``offsets`` int64 (n_subjects + 1,): where the events of each subject start
- ``time``, ``recorded`` int64 (n_events,): microseconds since 1970 UTC. ``NEVER`` in ``time`` marks
  a static fact, in ``recorded`` "at ``time``"; if that holds for all events, ``late`` is 0 and
  ``recorded`` is not looked at
- ``code`` int32 (n_events,): position in the spec's codes; a larger number is no windowed feature
- ``value`` float32 (n_events,): NaN when there is no number
- ``row_subject`` int64 (n_rows,): position of the row's subject
- ``row_time`` int64 (n_rows,): the prediction time
- ``widths`` int64 (n_windows,): microseconds, ascending; ``FULL_WIDTH`` (negative) last
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

# The accumulators of a code: eight float64, one cache line, in the order of spec.AGGREGATES.
COUNT, VALUE_COUNT, SUM, SUM_SQ, MIN, MAX, LAST, SINCE = range(8)
WIDTH = 8

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile to machine code that needs nothing of numba when it runs."""
    kept: _Function = numba.njit(
        _nrt=False, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(function)
    return kept


@compiled
def _last_known(time: Array, first: int, end: int, at: int) -> int:
    """Position of the last event in ``first:end`` with ``time <= at``; ``first - 1`` if none."""
    low, high = first, end
    while low < high:
        middle = (low + high) >> 1
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
    late: int,
    code: Array,
    row_subject: Array,
    row_time: Array,
    n_rows: int,
    widths: Array,
    n_windows: int,
    n_codes: int,
    met_in: Array,
    starts: Array,
) -> int:
    """First walk: write where the entries of each row and window start; return their number.

    ``met_in`` int64 (n_codes,) comes filled with -1, ``starts`` int64 (n_rows * n_windows + 1,)
    with 0.
    """
    for row in range(n_rows):
        first, at = offsets[row_subject[row]], row_time[row]
        event = _last_known(time, first, offsets[row_subject[row] + 1], at)
        window = met = 0
        while window < n_windows:
            if event < first or time[event] <= _edge(at, widths[window]) or time[event] == NEVER:
                slot = row * n_windows + window
                starts[slot + 1] = starts[slot] + met
                window += 1
                continue
            known = late == 0 or recorded[event] <= at
            if known and code[event] < n_codes and met_in[code[event]] != row:
                met_in[code[event]] = row
                met += 1
            event -= 1
    return int(starts[n_rows * n_windows])


@compiled
def _clear(totals: Array, code: int) -> None:
    for i in range(MIN):
        totals[code * WIDTH + i] = 0.0
    for i in range(MIN, WIDTH):
        totals[code * WIDTH + i] = np.nan


@compiled
def _add(totals: Array, code: int, value: float, days: float) -> None:
    """Add one event to the accumulators of its code."""
    of = code * WIDTH
    if totals[of + COUNT] == 0:
        totals[of + SINCE] = days
    totals[of + COUNT] += 1
    if not np.isfinite(value):
        return
    number = np.float64(value)
    if totals[of + VALUE_COUNT] == 0:
        totals[of + MIN] = number
        totals[of + MAX] = number
        totals[of + LAST] = number
    totals[of + VALUE_COUNT] += 1
    totals[of + SUM] += number
    totals[of + SUM_SQ] += number * number
    totals[of + MIN] = min(totals[of + MIN], number)
    totals[of + MAX] = max(totals[of + MAX], number)


@compiled
def _copy(
    totals: Array, met: Array, n_met: int, aggregate: int, wanted: int, out: Array, start: int
) -> None:
    """Copy one aggregate of the codes met so far to the entries from ``start`` on."""
    if wanted >> aggregate & 1:
        for i in range(n_met):
            out[start + i] = totals[met[i] * WIDTH + aggregate]


@compiled
def fill_entries(
    offsets: Array,
    time: Array,
    recorded: Array,
    late: int,
    code: Array,
    value: Array,
    row_subject: Array,
    row_time: Array,
    n_rows: int,
    widths: Array,
    n_windows: int,
    n_codes: int,
    totals: Array,
    met: Array,
    starts: Array,
    wanted: int,
    entry_code: Array,
    count: Array,
    value_count: Array,
    value_sum: Array,
    value_sum_sq: Array,
    value_min: Array,
    value_max: Array,
    value_last: Array,
    time_since_last: Array,
) -> int:
    """Second walk: write the entries; return how many.

    ``totals`` float64 (n_codes * 8,), cleared, and ``met`` int32 (n_codes,) are work space. Bit i
    of ``wanted`` asks for ``spec.AGGREGATES[i]``; the arrays of the others are not touched.
    """
    for row in range(n_rows):
        first, at = offsets[row_subject[row]], row_time[row]
        event = _last_known(time, first, offsets[row_subject[row] + 1], at)
        window = n_met = 0
        while window < n_windows:
            if event < first or time[event] <= _edge(at, widths[window]) or time[event] == NEVER:
                start = starts[row * n_windows + window]
                for i in range(n_met):
                    entry_code[start + i] = met[i]
                _copy(totals, met, n_met, COUNT, wanted, count, start)
                _copy(totals, met, n_met, VALUE_COUNT, wanted, value_count, start)
                _copy(totals, met, n_met, SUM, wanted, value_sum, start)
                _copy(totals, met, n_met, SUM_SQ, wanted, value_sum_sq, start)
                _copy(totals, met, n_met, MIN, wanted, value_min, start)
                _copy(totals, met, n_met, MAX, wanted, value_max, start)
                _copy(totals, met, n_met, LAST, wanted, value_last, start)
                _copy(totals, met, n_met, SINCE, wanted, time_since_last, start)
                window += 1
                continue
            if (late == 0 or recorded[event] <= at) and code[event] < n_codes:
                if totals[code[event] * WIDTH + COUNT] == 0:
                    met[n_met] = code[event]
                    n_met += 1
                _add(totals, code[event], value[event], (at - time[event]) / DAY_US)
            event -= 1
        for i in range(n_met):
            _clear(totals, met[i])
    return int(starts[n_rows * n_windows])


@compiled
def fill_static(
    offsets: Array,
    time: Array,
    recorded: Array,
    late: int,
    code: Array,
    value: Array,
    row_subject: Array,
    row_time: Array,
    n_rows: int,
    columns: Array,
    birth: int,
    n_static: int,
    out: Array,
) -> int:
    """Write the age and the static facts of each row; return the number of rows.

    ``columns`` int32 (n_ids * 2,): the output columns of a code's presence and of its value, -1 for
    none. ``birth`` is the position of the birth code, or -1; the age goes to column 0. ``out``
    float64 (n_rows * n_static,) comes filled with the values of "absent".
    """
    for row in range(n_rows):
        subject, at = row_subject[row], row_time[row]
        for event in range(offsets[subject], offsets[subject + 1]):
            if time[event] > at:
                break
            if late and recorded[event] > at:
                continue
            if time[event] != NEVER:
                if code[event] == birth:
                    out[row * n_static] = (at - time[event]) / (DAY_US * YEAR_DAYS)
                if birth < 0 or code[event] == birth:
                    break
                continue
            presence, number = columns[code[event] * 2], columns[code[event] * 2 + 1]
            if presence >= 0:
                out[row * n_static + presence] = 1.0
            if number >= 0 and np.isfinite(value[event]):
                out[row * n_static + number] = value[event]
    return n_rows
