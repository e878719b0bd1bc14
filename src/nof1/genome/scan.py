"""Finding the few lines of a VCF that touch a wanted place, without reading the others.

Of each line only the chromosome, the position, the length of REF, and END (or SVLEN) are looked at,
many lines at a time with numpy. Blocks of few, very long lines go line by line. The lines may stand
in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nof1.genome.places import Numbers, Places, chromosome_name

TAB, NEWLINE, RETURN = b"\t\n\r"
LONG = 4096  # bytes a line; above this, counting tabs costs more than a loop over lines
MANY_NAMES = 50  # names of chromosomes in one block that are compared by numpy
LAST_POSITION = 2**31 - 1
_INFO_END = re.compile(rb"(?:^|;)END=(\d{1,10})(?=[;,]|$)")
_INFO_LENGTH = re.compile(rb"(?:^|;)SVLEN=-?(\d{1,10})")

Bytes = npt.NDArray[np.uint8]


class BadLine(Exception):
    """A line that cannot be placed: its number in the block (from 0) and why."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number, self.reason = number, reason


TOO_FEW = "The line has fewer columns than a VCF needs."
NO_POSITION = "The position (POS) is no number."
SECOND_HEADER = "A second header stands in the middle of the file."


class Head(NamedTuple):
    """A line that touches a wanted place.

    Attributes
    ----------
    number : of the line in its block, from 0.
    start, stop : the bytes of the line in the block, without the line break.
    chromosome : normalised.
    end : last base that the record covers.
    """

    number: int
    start: int
    stop: int
    chromosome: str
    end: int


@dataclass(frozen=True)
class _Rows:
    """Lines of a block: number, first byte, one past the last byte, and the tab after CHROM."""

    number: Numbers
    start: Numbers
    stop: Numbers
    first: Numbers  # index into tabs
    tabs: Numbers
    data: Bytes

    def tab(self, column: int) -> Numbers:
        """Byte of the tab that ends this column (from 0)."""
        return np.asarray(self.tabs[self.first + column])


def heads(block: bytes, places: Places, seen: set[str]) -> Iterator[Head]:
    """Lines of a block that touch a wanted place, in their order.

    Parameters
    ----------
    seen : normalised names of the chromosomes met so far; is added to.

    Raises
    ------
    BadLine : a line has no position, too few columns, or is a header.
    """
    lines = block.count(b"\n") + 1
    if len(block) > LONG * lines:
        yield from _one_by_one(block, places, seen)
    elif block:
        yield from _together(block, places, seen)


def _one_by_one(block: bytes, places: Places, seen: set[str]) -> Iterator[Head]:
    at = number = 0
    while at < len(block):
        stop = block.find(b"\n", at)
        stop = len(block) if stop < 0 else stop
        head = block[at:stop].split(b"\t", 8)
        if len(head) > 1 or head[0].strip():
            if head[0].startswith(b"#"):
                raise BadLine(number, SECOND_HEADER)
            if len(head) < 8:
                raise BadLine(number, TOO_FEW)
            if not (head[1].isdigit() and len(head[1]) <= 10 and int(head[1]) <= LAST_POSITION):
                raise BadLine(number, NO_POSITION)
            name = chromosome_name(head[0].decode("utf-8", "replace"))
            seen.add(name)
            end = _end(int(head[1]), head[3], head[4], head[7].rstrip(b"\r"))
            if places.touches(name, int(head[1]), end):
                yield Head(number, at, stop, name, end)
        at, number = stop + 1, number + 1


def _end(position: int, ref: bytes, alt: bytes, info: bytes) -> int:
    end = position + len(ref) - 1
    if found := _INFO_END.search(info):
        end = max(end, int(found[1]))
    if alt.startswith(b"<") and alt[3:4] != b"S" and (found := _INFO_LENGTH.search(info)):
        end = max(end, position + int(found[1]))
    return end


def _together(block: bytes, places: Places, seen: set[str]) -> Iterator[Head]:
    rows = _rows(block)
    if not len(rows.start):
        return
    position = _numbers(rows, rows.tab(0) + 1, rows.tab(1))
    if len(bad := np.flatnonzero((position < 0) | (position > LAST_POSITION))):
        raise BadLine(int(rows.number[bad[0]]), NO_POSITION)
    end = position + (rows.tab(3) - rows.tab(2)) - 2
    if b"END=" in block:
        _reach(rows, end, b"END=", np.zeros(len(end), np.int64), symbolic=False)
    if b"SVLEN=" in block:
        _reach(rows, end, b"SVLEN=", position, symbolic=True)
    names, which = _chromosomes(block, rows)
    seen.update(names)
    wanted = np.zeros(len(end), np.bool_)
    for index, name in enumerate(names):
        if len(places.positions(name)):
            own = which == index
            wanted[own] = places.touched(name, position[own], end[own])
    for row in np.flatnonzero(wanted).tolist():
        yield Head(
            int(rows.number[row]),
            int(rows.start[row]),
            int(rows.stop[row]),
            names[which[row]],
            int(end[row]),
        )


def _rows(block: bytes) -> _Rows:
    data = np.frombuffer(block, np.uint8)
    stop = np.flatnonzero(data == NEWLINE)
    if not block.endswith(b"\n"):
        stop = np.append(stop, len(block))
    start = np.concatenate([[0], stop[:-1] + 1]).astype(np.int64)
    tabs = np.flatnonzero(data == TAB)
    number = np.arange(len(start))
    returns = data[np.minimum(start, len(data) - 1)] == RETURN
    written = (stop > start) & ~((stop == start + 1) & returns)
    start, stop, number = start[written], stop[written], number[written]
    if len(header := np.flatnonzero(data[start] == ord("#"))):
        raise BadLine(int(number[header[0]]), SECOND_HEADER)
    first = np.searchsorted(tabs, start)
    padded = np.append(tabs, np.full(8, len(block) + 1))
    if len(short := np.flatnonzero(padded[first + 6] >= stop)):
        raise BadLine(int(number[short[0]]), TOO_FEW)
    return _Rows(number, start, stop, first, padded, data)


def _numbers(rows: _Rows, start: Numbers, stop: Numbers) -> Numbers:
    """Decimal numbers between two bytes, one a line; -1 where it is none."""
    length = stop - start
    value = np.zeros(len(start), np.int64)
    bad = (length < 1) | (length > 10)
    for place in range(int(min(length.max(initial=0), 10))):
        inside = place < length
        digit = rows.data[np.minimum(start + place, len(rows.data) - 1)].astype(np.int64) - 48
        bad |= inside & ((digit < 0) | (digit > 9))
        value = np.where(inside, value * 10 + digit, value)
    return np.where(bad, -1, value)


def _reach(rows: _Rows, end: Numbers, key: bytes, base: Numbers, *, symbolic: bool) -> None:
    """Move ``end`` to what an INFO entry says: its number, added to ``base``."""
    data = rows.data
    equal = np.flatnonzero(data == ord("="))
    equal = equal[equal >= len(key)]
    for back, letter in enumerate(reversed(key[:-1]), start=1):
        equal = equal[data[equal - back] == letter]
    before = data[equal - len(key)]
    equal = equal[(before == ord(";")) | (before == TAB)]
    line = np.searchsorted(rows.start, equal, side="right") - 1
    info_end = np.minimum(rows.tab(7), rows.stop)
    inside = (line >= 0) & (equal > rows.tab(6)[line]) & (equal < info_end[line])
    if symbolic:  # an inserted sequence has a length, but covers nothing
        alt = rows.tab(3)[line] + 1
        inside &= (data[alt] == ord("<")) & (data[np.minimum(alt + 3, len(data) - 1)] != ord("S"))
    line, start = line[inside], equal[inside] + 1
    start += np.where(data[np.minimum(start, len(data) - 1)] == ord("-"), 1, 0)
    stop = start.copy()
    for _ in range(10):
        digit = data[np.minimum(stop, len(data) - 1)]
        stop += (stop < len(data)) & (digit >= 48) & (digit <= 57)
    value = _numbers(rows, start, stop)
    good = value >= 0
    np.maximum.at(end, line[good], (base[line] + value)[good])


def _chromosomes(block: bytes, rows: _Rows) -> tuple[list[str], Numbers]:
    """The normalised names of the block, and for each line which of them it has."""
    stop = rows.tab(0)
    length = stop - rows.start
    which = np.full(len(stop), -1, np.int64)
    written: dict[bytes, int] = {}
    while len(left := np.flatnonzero(which < 0)):
        if len(written) >= MANY_NAMES:
            for row in left.tolist():
                name = block[rows.start[row] : stop[row]]
                which[row] = written.setdefault(name, len(written))
            break
        name = block[rows.start[left[0]] : stop[left[0]]]
        same = left[length[left] == len(name)]
        for place, letter in enumerate(name):
            same = same[rows.data[rows.start[same] + place] == letter]
        which[same] = written.setdefault(name, len(written))
    return [chromosome_name(name.decode("utf-8", "replace")) for name in written], which
