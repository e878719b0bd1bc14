"""Small cells hidden so that no sum of a published table gives them away.

A count from 1 to k - 1 is not shown (k = 5 by default; 0 is shown, as health departments do). Where
totals stand beside the cells, one hidden cell is the total minus the others; so more cells are
hidden (complementary suppression, Hundepool et al., Statistical Disclosure Control, 2012, ch. 4):

* in each row and column with its sum, two numbers or more are hidden, or none, and hidden cells
  beside a shown sum add up to k or more;
* no chain of subtractions over several rows and columns gives a hidden number: seen as a graph
  (rows and columns are its points, hidden numbers its lines) a hidden number can be computed just
  when its line is a bridge (D. Gusfield, SIAM Journal on Computing 17, 1988).

What this does not stop: two releases of the same table at different times can be subtracted, and
knowledge from elsewhere can be used. Noise (``privacy.randomised``) has no such gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, UsageError

SMALLEST = 5
SHOWN, HIDDEN, COMPLEMENT = 0, 1, 2
Counts = NDArray[np.int64]
Marks = NDArray[np.int8]


@dataclass(frozen=True)
class Suppressed:
    """A table with its sums, and which of all are shown.

    Attributes
    ----------
    cells : (rows, columns) marks: 0 shown, 1 hidden because small, 2 hidden to protect another.
    row_sums, column_sums : (rows,), (columns,) marks of the sums; the grand total likewise.
    """

    cells: Marks
    row_sums: Marks
    column_sums: Marks
    total: int

    @property
    def hidden(self) -> int:
        """How many numbers are not shown, sums included."""
        marks = (self.cells, self.row_sums, self.column_sums)
        return sum(int((mark != SHOWN).sum()) for mark in marks) + int(self.total != SHOWN)


def suppress(counts: Counts, k: int = SMALLEST) -> Suppressed:
    """Which cells and sums of a table can be shown.

    Parameters
    ----------
    counts : (rows, columns) counts, 0 or more; the table is published with the sums of its rows
        and columns and the grand total.
    k : the smallest count above 0 that is shown.

    Raises
    ------
    InputError : a negative count. UsageError : k below 2.
    """
    if k < 2:
        raise UsageError("k is too small to hide anything.", where="--k", allowed="2 or more")
    if bool((counts < 0).any()):
        raise InputError("A negative count cannot be published.", where="counts", allowed=">= 0")
    whole = _with_sums(counts)
    marks = np.zeros(whole.shape, dtype=np.int8)
    marks[(whole > 0) & (whole < k)] = HIDDEN
    changed = True
    while changed:  # each pass hides more or ends; a table has an end
        changed = _protect(whole, marks, k) | _protect(whole.T, marks.T, k)
        changed = changed or _break_bridges(whole, marks)
    return Suppressed(marks[:-1, :-1], marks[:-1, -1], marks[-1, :-1], int(marks[-1, -1]))


def _with_sums(counts: Counts) -> Counts:
    rows = np.concatenate([counts, counts.sum(axis=1, keepdims=True)], axis=1)
    return np.concatenate([rows, rows.sum(axis=0, keepdims=True)], axis=0).astype(np.int64)


def _protect(whole: Counts, marks: Marks, k: int) -> bool:
    """In each line (cells, then their sum) hide one more number where one could be computed.

    A line is an equation: cells - sum = 0. With one number hidden it is solved. With the sum shown
    the sum of the hidden cells is known: below k it would say that all of them are small.
    """
    changed = False
    hidden = marks != SHOWN
    for line in np.flatnonzero(hidden.any(axis=1)):
        while (at := _next(whole[line], marks[line], k)) is not None:
            marks[line, at] = COMPLEMENT
            changed = True
    return changed


def _next(values: Counts, marks: Marks, k: int) -> int | None:
    """Which number of a line to hide next: the smallest shown one that is not 0; None: enough.

    A 0 is hidden only when nothing else is left; the sum only after all cells.
    """
    hidden = np.flatnonzero(marks != SHOWN)
    cells = hidden[hidden < len(values) - 1]
    sum_shown = marks[-1] == SHOWN
    if len(hidden) == 0 or (len(hidden) >= 2 and not sum_shown):
        return None
    if len(hidden) >= 2 and int(values[cells].sum()) >= k:
        return None
    free = np.flatnonzero(marks[:-1] == SHOWN)
    if len(free) == 0:
        return len(values) - 1 if sum_shown else None
    order = np.lexsort((values[free], values[free] == 0))
    return int(free[order[0]])


def _break_bridges(whole: Counts, marks: Marks) -> bool:
    """Hide one more number beside each hidden number that a chain of subtractions would give."""
    changed = False
    for row, column in bridges(marks != SHOWN):
        for line, values in ((marks[row], whole[row]), (marks[:, column], whole[:, column])):
            free = np.flatnonzero(line == SHOWN)
            if len(free):
                order = np.lexsort((values[free], values[free] == 0))
                line[free[order[0]]] = COMPLEMENT
                changed = True
                break
    return changed


def bridges(hidden: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The hidden numbers of a table with its sums that can be computed from the shown ones.

    Parameters
    ----------
    hidden : (rows + 1, columns + 1) True where a number is not shown; the last row and column hold
        the sums.

    Returns
    -------
    (row, column) of each number whose line is a bridge of the graph (Tarjan's low points).
    """
    rows, columns = hidden.shape
    lines = [(int(r), rows + int(c)) for r, c in np.argwhere(hidden)]
    beside: list[list[tuple[int, int]]] = [[] for _ in range(rows + columns)]
    for number, (one, two) in enumerate(lines):
        beside[one].append((two, number))
        beside[two].append((one, number))
    order = [-1] * len(beside)
    low = [0] * len(beside)
    found, count = [], 0
    for root in range(len(beside)):
        if order[root] >= 0:
            continue
        order[root] = low[root] = count
        count += 1
        stack = [(root, -1, iter(beside[root]))]
        while stack:
            point, came, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                if stack:
                    before = stack[-1][0]
                    low[before] = min(low[before], low[point])
                    if low[point] > order[before]:
                        found.append(came)
                continue
            other, line = following
            if line == came:
                continue
            if order[other] >= 0:
                low[point] = min(low[point], order[other])
                continue
            order[other] = low[other] = count
            count += 1
            stack.append((other, line, iter(beside[other])))
    return [(lines[line][0], lines[line][1] - rows) for line in sorted(found)]
