"""Counts that may be told: no small cell, and none that can be worked out from the others.

A table is an array of counts with all its margins. First the small cells are hidden (1 to k - 1
people; in a split by outcome also a group in which nobody or everybody has it). Then, as long as a
row, column or layer gives a hidden cell away by subtraction, one more cell of it is hidden. At the
end a linear program looks at every hidden small cell: when what is shown still pins it down too
closely, the whole inside of the table is hidden. Hundepool et al., *Statistical Disclosure Control*
(2012), chapter 4.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Shown = NDArray[np.bool_]


def with_margins(inner: Counts) -> Counts:
    """Each axis gets one more entry, the last: the sum over it."""
    found = inner
    for axis in range(inner.ndim):
        found = np.concatenate([found, found.sum(axis=axis, keepdims=True)], axis=axis)
    return found


def shown(table: Counts, k: int, outcome: int | None = None, also: Shown | None = None) -> Shown:
    """Which entries of a table with margins may be told.

    Parameters
    ----------
    table : as ``with_margins`` gives it; k : fewest people of a count, 0 may be told.
    outcome : the axis that splits people by outcome; a 0 in it is hidden too, as it says of
        everybody in the group what they have.
    also : entries that must be hidden for another reason.
    """
    small = (table > 0) & (table < k)
    if outcome is not None:
        inside = np.zeros_like(small)
        inside[_slab(table.ndim, outcome, slice(0, -1))] = True
        people = np.take(table, [-1], axis=outcome)
        small |= inside & (table < k) & (people > 0)
        people_small = (people > 0) & (people < k)
        small |= np.broadcast_to(people_small, table.shape)
    if also is not None:
        small = small | also
    visible = _protected(table, ~small, k)
    return visible if _safe(table, visible, small, k) else _outside(table, small, k)


def _slab(ndim: int, axis: int, place: slice) -> tuple[slice, ...]:
    return tuple(place if one == axis else slice(None) for one in range(ndim))


def _protected(table: Counts, visible: Shown, k: int) -> Shown:
    """Hide more until no line gives a cell away."""
    visible = visible.copy()
    changed = True
    while changed:
        changed = False
        for places in _lines(table.shape):
            more = _one_more(table, visible, places, k)
            if more is not None:
                visible[more] = False
                changed = True
    return visible


def _lines(shape: tuple[int, ...]) -> list[list[tuple[int, ...]]]:
    """Each line of the table: the places of its entries, the margin last."""
    found = []
    for axis, length in enumerate(shape):
        others = [range(size) for one, size in enumerate(shape) if one != axis]
        for rest in product(*others):
            found.append([(*rest[:axis], place, *rest[axis:]) for place in range(length)])
    return found


def _one_more(
    table: Counts, visible: Shown, places: list[tuple[int, ...]], k: int
) -> tuple[int, ...] | None:
    """The entry of a line to hide next; None when the line keeps its secret.

    Hidden entries of a line must be two or more, and those inside must be k people or more
    together while the margin is told.
    """
    hidden = [place for place in places if not visible[place]]
    if not hidden:
        return None
    inside = [place for place in hidden if place != places[-1]]
    together = sum(int(table[place]) for place in inside)
    if len(hidden) >= 2 and (not visible[places[-1]] or together >= k):
        return None
    rest = [place for place in places[:-1] if visible[place]]
    if not rest:
        return places[-1] if visible[places[-1]] else None
    filled = [place for place in rest if table[place] > 0] or rest
    return min(filled, key=lambda place: (int(table[place]), place))


def _safe(table: Counts, visible: Shown, small: Shown, k: int) -> bool:
    """Whether every hidden small cell could be 0 or less than 2, and could be k or more, for all
    that is told."""
    from scipy.optimize import linprog

    hidden = [tuple(int(one) for one in place) for place in np.argwhere(~visible)]
    number = {place: one for one, place in enumerate(hidden)}
    left, right = [], []
    for places in _lines(table.shape):
        row, known = np.zeros(len(hidden)), 0
        for place in places:
            sign = -1 if place == places[-1] else 1
            if place in number:
                row[number[place]] = sign
            else:
                known += sign * int(table[place])
        if row.any():
            left.append(row)
            right.append(-known)
    for place in hidden:
        if not small[place] or not 0 < table[place] < k:
            continue
        goal = np.zeros(len(hidden))
        goal[number[place]] = 1
        ends = [
            linprog(sign * goal, A_eq=np.array(left) if left else None,
                    b_eq=np.array(right) if right else None, bounds=(0, None))
            for sign in (1, -1)
        ]  # fmt: skip
        low = ends[0].fun if ends[0].success else 0.0
        high = -ends[1].fun if ends[1].success else np.inf
        if high - low < min(k, 2 * int(table[place])) or high < k:
            return False
    return True


def _outside(table: Counts, small: Shown, k: int) -> Shown:
    """Only the grand total, when it is large enough."""
    visible = np.zeros(table.shape, dtype=bool)
    last = (-1,) * table.ndim
    visible[last] = not small[last] and int(table[last]) >= k
    return visible
