"""Is a patient's row in the file? A search for runs of numbers that are a patient's features.

Every representation that a programmer would use is looked for: the row as it is, without missing
values, without zeros, standardised or scaled to 0..1 by this record, as logarithms, as the model's
own bins, and multiplied by any one number. A run counts when chance cannot explain it: the matched
values' information (``-log2`` of the share of patients with that value in that column) must exceed
``log2`` of all places where it could have matched, by ``SURE`` bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from nof1.federation.egress.contents import Numbers
from nof1.federation.egress.verdict import Found
from nof1.learn.bins import encode
from nof1.learn.rows import mix
from nof1.learn.sums import FloatArray

Ints = NDArray[np.int64]
SURE = 20.0  # bits beyond chance: one false find in a million files
GRAM = 3  # numbers of a seed
SEED_BITS = 8.0  # information of a seed
TOLERANCE = 0.006  # relative; numbers rounded to three digits are still found
MOST_PLACES = 64  # places of one seed that are looked at
BLOCK_ROWS = 4_000
NONE, ZERO = -(2**62), 0
DIGITS, FULL_DIGITS = 3, 5
FEWEST = 6  # values of one patient, in any order, from which on they count


@dataclass(frozen=True)
class Flat:
    """Rows one after the other: value, its code, its row, and its information in bits."""

    values: FloatArray
    codes: Ints
    rows: Ints
    bits: FloatArray


def coded(values: FloatArray, digits: int = DIGITS) -> Ints:
    """A whole number for each value rounded to significant digits; missing and zero have theirs."""
    size = np.abs(values)
    usable = np.isfinite(values) & (size > 1e-30)
    safe = np.where(usable, values, 1.0)
    power = np.floor(np.log10(np.abs(safe)))
    digit = np.rint(safe / 10.0 ** (power - (digits - 1)))
    over = np.abs(digit) >= 10**digits
    digit, power = np.where(over, digit / 10, digit), np.where(over, power + 1, power)
    made = np.rint(digit).astype(np.int64) * 1024 + power.astype(np.int64) + 512
    return np.where(usable, made, np.where(np.isfinite(values), ZERO, NONE))


def search(
    X: FloatArray,
    patients: Ints,
    files: Sequence[Numbers],
    *,
    cuts: Sequence[FloatArray] = (),
    tables: Sequence[tuple[str, FloatArray]] = (),
    few: int = 10,
) -> list[Found]:
    """Runs of numbers that are the features of fewer than ``few`` patients.

    Parameters
    ----------
    X : (n, p) features of this site's patients, NaN missing; patients : (n,) whose row it is.
    files : the numbers of the model's files.
    cuts : for each feature the model's cuts, to look for binned rows; empty when it has none.
    tables : (words, (n, q)) further forms of the same rows, such as a linear model's columns.
    """
    hits: dict[tuple[int, int, str], set[int]] = {}
    more = [(words, table, "all", ("all",)) for words, table in tables]
    for how, table, keep, views in [*_representations(X, cuts), *more]:
        flat = _flat(table, keep, views[0])
        for number, sequence, places in _views(files, views):
            for at, row in _matches(flat, sequence):
                hits.setdefault((number, int(places[at]), how), set()).add(int(patients[row]))
    return _told(files, {key: who for key, who in hits.items() if len(who) < few})


SCALED, SHIFTED = "scaled", "shifted"  # views: what is left of numbers under unknown constants
Views = tuple[str, ...]
Table = tuple[str, FloatArray, str, Views]


def _representations(X: FloatArray, cuts: Sequence[FloatArray]) -> Iterator[Table]:
    """(words, table, which entries of a row: all, present or telling, views of the file)."""
    with np.errstate(all="ignore"):
        known = ~np.isnan(X)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, X, 0).sum(axis=0) / count
        sd = np.sqrt(np.where(known, (X - mean) ** 2, 0).sum(axis=0) / count)
        low = np.where(known, X, np.inf).min(axis=0, initial=np.inf)
        span = np.where(known, X, -np.inf).max(axis=0, initial=-np.inf) - low
        z = (X - mean) / np.where(sd > 0, sd, np.nan)
        unit = (X - low) / np.where(span > 0, span, np.nan)
        logs = np.log1p(np.maximum(X, 0))
    yield "as they are", X, "all", ("all",)
    yield "without missing values", X, "present", ("present", "even", "odd")
    yield "without zeros", X, "telling", ("telling", "even telling", "odd telling")
    yield "standardised", z, "present", ("present",)
    yield "standardised, missing as 0", np.where(np.isnan(z), 0.0, z), "all", ("all",)
    yield "scaled to 0..1", unit, "present", ("present",)
    yield "as logarithms", logs, "telling", ("telling",)
    yield "multiplied by one number", X, "telling", (SCALED,)
    yield "multiplied and shifted by one number each", X, "present", (SHIFTED,)
    if len(cuts):
        used = [j for j, own in enumerate(cuts) if len(own)]
        made = encode(X[:, used], [cuts[j] for j in used]).T.astype(np.float64)
        yield "as the model's bins", made, "all", ("all",)


def _flat(table: FloatArray, keep: str, view: str) -> Flat:
    codes = coded(table)
    bits: FloatArray = np.zeros(table.shape)
    for j, column in enumerate(codes.T):
        _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
        bits[:, j] = -np.log2(counts[inverse] / len(column))
    bits[(codes == NONE) | (codes == ZERO)] = 0.0
    rows = np.repeat(np.arange(len(table)), table.shape[1])
    values: FloatArray = np.asarray(table.ravel(), dtype=np.float64)
    codes, bits = codes.ravel(), bits.ravel()
    if keep != "all":
        kept = np.isfinite(values) & ((values != 0) | (keep == "present"))
        values, codes, bits, rows = values[kept], codes[kept], bits[kept], rows[kept]
    if view in (SCALED, SHIFTED):
        reach = 1 if view == SCALED else 2
        values = _without_constants(values, view)
        same = rows[reach:] == rows[: len(rows) - reach]
        values, rows = np.where(same, values, np.nan), rows[reach:]
        codes, bits = coded(values), np.where(same, bits[reach:], 0.0)
        bits[np.isin(codes, [NONE, ZERO, *coded(np.array([1.0, -1.0]))])] = 0.0
    return Flat(values, codes, rows, bits)


def _without_constants(values: FloatArray, view: str) -> FloatArray:
    """Ratios of neighbours, or of neighbouring steps: the same for a * x, or for a * x + b."""
    with np.errstate(all="ignore"):
        steps = values if view == SCALED else np.diff(values)
        made: FloatArray = np.where(steps[:-1] != 0, steps[1:] / steps[:-1], np.nan)
    return made


def _views(files: Sequence[Numbers], wanted: Views) -> Iterator[tuple[int, FloatArray, Ints]]:
    """(number of the file, its numbers in one view, the place of each in the file)."""
    for number, file in enumerate(files):
        places = np.arange(len(file.values))
        present = places[np.isfinite(file.values)]
        telling = present[file.values[present] != 0]
        views = {
            "all": places, "present": present, "telling": telling,
            "even": present[::2], "odd": present[1::2],
            "even telling": telling[::2], "odd telling": telling[1::2],
        }  # fmt: skip
        for name in wanted:
            if name == SCALED:
                yield number, _without_constants(file.values[telling], name), telling[1:]
            elif name == SHIFTED:
                yield number, _without_constants(file.values[present], name), present[2:]
            else:
                yield number, file.values[views[name]], views[name]


def _grams(codes: Ints) -> NDArray[np.uint64]:
    keys = np.zeros(len(codes) - GRAM + 1, dtype=np.uint64)
    for k in range(GRAM):
        keys = mix(keys ^ codes[k : len(codes) - GRAM + 1 + k].view(np.uint64))
    return keys


def _matches(flat: Flat, sequence: FloatArray) -> Iterator[tuple[int, int]]:
    """(place in the sequence, row) of each run beyond chance."""
    if len(sequence) < GRAM or len(flat.codes) < GRAM:
        return
    own = _grams(coded(sequence))
    order = np.argsort(own, kind="stable")
    needed = np.log2(max(float(len(sequence)) * float(flat.rows[-1] + 1), 2.0)) + SURE
    bounds = np.searchsorted(flat.rows, np.arange(flat.rows[-1] + 2))
    for start in range(0, int(flat.rows[-1]) + 1, BLOCK_ROWS):
        first, last = bounds[start], bounds[min(start + BLOCK_ROWS, len(bounds) - 1)]
        for at, place in _seeds(flat, first, last, own[order]):
            yield from _aligned(flat, bounds, sequence, at, order[place], needed)


def _seeds(
    flat: Flat, first: int, last: int, own: NDArray[np.uint64]
) -> Iterator[tuple[int, Ints]]:
    """Places of telling seeds in the rows, and in the sorted grams of the file."""
    codes, bits, rows = flat.codes[first:last], flat.bits[first:last], flat.rows[first:last]
    if len(codes) < GRAM:
        return
    parts = [slice(k, len(codes) - GRAM + 1 + k) for k in range(GRAM)]
    a, b, c = (codes[part] for part in parts)
    told = bits[parts[0]] + bits[parts[1]] * (b != a) + bits[parts[2]] * ((c != a) & (c != b))
    usable = np.flatnonzero((told >= SEED_BITS) & (rows[parts[0]] == rows[parts[2]]))
    grams = _grams(codes)[usable]
    left, right = np.searchsorted(own, grams), np.searchsorted(own, grams, side="right")
    for k in np.flatnonzero(right > left):
        yield int(usable[k]) + first, np.arange(left[k], min(right[k], left[k] + MOST_PLACES))


def _aligned(
    flat: Flat, bounds: Ints, sequence: FloatArray, at: int, places: Ints, needed: float
) -> Iterator[tuple[int, int]]:
    """Lay the whole row over the file at each place, and weigh what agrees."""
    row = int(flat.rows[at])
    first, last = int(bounds[row]), int(bounds[row + 1])
    for place in places.tolist():
        low = max(first, at - place)
        high = min(last, at + len(sequence) - place)
        mine, theirs = flat.values[low:high], sequence[place - (at - low) : place + (high - at)]
        with np.errstate(invalid="ignore"):
            near = np.abs(mine - theirs) <= TOLERANCE * np.maximum(np.abs(mine), np.abs(theirs))
        agree = near & (np.r_[False, near[:-1]] | np.r_[near[1:], False])
        _, index = np.unique(flat.codes[low:high][agree], return_index=True)
        if float(flat.bits[low:high][agree][index].sum()) >= needed:
            yield place - (at - low), row


def _told(files: Sequence[Numbers], hits: dict[tuple[int, int, str], set[int]]) -> list[Found]:
    """One finding a list of the file and representation; no value and no patient is named."""
    groups: dict[tuple[str, str], set[int]] = {}
    for (number, place, how), who in hits.items():
        groups.setdefault((files[number].where(place), how), set()).update(who)
    return [
        Found(where, f"numbers that are the features of single patients, {how}", len(people))
        for (where, how), people in sorted(groups.items())
    ]


def bag(
    values: FloatArray, patients: Ints, files: Sequence[Numbers], *, width: int, few: int = 10
) -> list[Found]:
    """Many rare values of one patient close together, in whatever order.

    Parameters
    ----------
    values, patients : (m,) everything measured at this site, and whose it is.
    width : numbers of the file that are looked at together.
    """
    pairs = np.unique(np.column_stack([coded(values, FULL_DIGITS), patients]), axis=0)
    found, start, count = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    rare = (count < few) & _telling(found)
    everybody = len(np.unique(patients))
    out = []
    for file in files:
        at, own = _rare_numbers(file, found[rare])
        for shift in (0, width // 2):
            block = (at + shift) // width
            triples = _owners(block, own, start[rare], count[rare], pairs[:, 1])
            for where in _crowded(triples, own, block, count[rare], everybody):
                out.append(file.where(max(0, where * width - shift)))
    return [
        Found(where, "rare values of one patient, close together", out.count(where))
        for where in sorted(set(out))
    ]


def _telling(codes: Ints) -> NDArray[np.bool_]:
    """Values of three digits or more that are no small whole number, such as a count."""
    digits, power = np.abs(codes // 1024), codes % 1024 - 512
    step = 10 ** np.clip(FULL_DIGITS - 1 - power, 0, FULL_DIGITS)
    whole = (power < FULL_DIGITS - 1) & (power >= 0) & (digits % step == 0)
    told: NDArray[np.bool_] = (digits % 1000 != 0) & ~whole & (codes != NONE) & (codes != ZERO)
    return told


def _rare_numbers(file: Numbers, rare: Ints) -> tuple[Ints, Ints]:
    """Places of numbers that are rare values, and which of them."""
    codes = coded(file.values, FULL_DIGITS)
    place = np.minimum(np.searchsorted(rare, codes), max(len(rare) - 1, 0))
    hit = rare[place] == codes if len(rare) else np.zeros(len(codes), bool)
    return np.flatnonzero(hit), place[hit]


def _owners(block: Ints, own: Ints, start: Ints, count: Ints, owners: Ints) -> Ints:
    """Distinct (block, patient, value)."""
    times = count[own]
    offset = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    people = owners[np.repeat(start[own], times) + offset]
    made = np.column_stack([np.repeat(block, times), people, np.repeat(own, times)])
    return np.unique(made, axis=0) if len(made) else made.reshape(0, 3)


def _crowded(triples: Ints, own: Ints, block: Ints, count: Ints, everybody: int) -> Iterator[int]:
    """Blocks in which one patient has more of the rare values than chance explains."""
    if not len(triples):
        return
    pairs, times = np.unique(triples[:, :2], axis=0, return_counts=True)
    tests = float(len(np.unique(block)) * everybody)
    for (where, _), many in zip(pairs[times >= FEWEST], times[times >= FEWEST], strict=True):
        mean = count[np.unique(own[block == where])].sum() / everybody
        if poisson.sf(many - 1, mean) * tests < 2.0**-SURE:
            yield int(where)
