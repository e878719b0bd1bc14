"""Is a test picture, or its patient, already in the training pictures?

Three questions, from sure to likely: the same pixels; nearly the same picture; the same patient id.

*Nearly the same* is searched in two steps. A 64-bit fingerprint of each picture (is each of its
lowest cosine frequencies above the collection's median) finds candidates; brightness, contrast,
size, noise and recompression hardly change it. All chest films look alike, so a candidate counts
only when the *remainders* agree too, after what the films have in common (the first principal
parts of the collection) is taken away. Both steps are also done with a trimmed copy of each
picture, which finds copies whose border was cut off.

References
----------
Zauner, *Implementation and benchmarking of perceptual image hash functions* (2010): fingerprints
from the discrete cosine transform. The limits here were set on distinct films (docs).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import dctn

from nof1.core.errors import InputError
from nof1.imaging.gates.verdict import GateReport
from nof1.imaging.nets.prepare import prepare

SIDE = 32  # of the reduced picture
LOWEST = 9  # frequencies of each axis that the fingerprint looks at
BITS = 64
CANDIDATE_BITS = 12  # fingerprints that differ in at most so many bits are compared
COMMON_PARTS = 24  # principal parts that are taken away before two pictures are compared
ENOUGH = 10 * COMMON_PARTS  # pictures from which common parts can be learned
LEARNED_FROM = 2000
AGREEMENT, AGREEMENT_FEW = 0.80, 0.97  # least correlation with and without common parts
TRIM = 0.03  # share of each side that the trimmed copy lacks
FEW_NEAR = 0.01  # share of the smallest part below which near copies may be chance
NAMED = 20  # pairs that are named in a report

Pairs = NDArray[np.int64]
Film = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Copies:
    """Pairs of pictures, as row numbers (k, 2) with the smaller first.

    ``near`` never repeats a pair of ``exact``; ``agreement`` (of ``near``) is a correlation.
    """

    exact: Pairs
    near: Pairs
    agreement: NDArray[np.float64]


def find_copies(
    images: Sequence[Film], *, near: bool = True, hashes: Sequence[str] | None = None
) -> Copies:
    """All exact and near copies within a collection of grey pictures (rows, columns).

    ``hashes``: of the pictures before they were shrunk; default those of ``images``. The time
    grows with the square of the number of pictures: about a minute for 50,000.
    """
    exact = exact_pairs([pixel_hash(image) for image in images] if hashes is None else hashes)
    empty = np.zeros((0, 2), dtype=np.int64)
    if not near or len(images) < 2:
        return Copies(exact, empty, np.zeros(0))
    found, agreement = near_pairs(images)
    known = {(int(a), int(b)) for a, b in exact}
    fresh = np.array([(int(a), int(b)) not in known for a, b in found], dtype=bool)
    return Copies(exact, found[fresh], agreement[fresh])


def pixel_hash(image: Film) -> str:
    """SHA-256 of the pixels with their shape and type."""
    head = f"{image.shape}{image.dtype.str}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(image).tobytes()).hexdigest()


def exact_pairs(hashes: Sequence[str]) -> Pairs:
    """Pictures with the same hash; each later copy is paired with the first one."""
    first: dict[str, int] = {}
    pairs = []
    for number, one in enumerate(hashes):
        earlier = first.setdefault(one, number)
        if earlier != number:
            pairs.append((earlier, number))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def near_pairs(images: Sequence[Film]) -> tuple[Pairs, NDArray[np.float64]]:
    """Pairs that nearly agree, and how well (exact copies are among them)."""
    whole = np.stack([prepare(image, SIDE) for image in images])
    trimmed = np.stack([prepare(_trimmed(np.asarray(image)), SIDE) for image in images])
    waves = _waves(whole)
    middle = np.median(waves, axis=0)
    prints = [_fingerprint(waves, middle), _fingerprint(_waves(trimmed), middle)]
    rest, limit = _remainders(whole, trimmed)
    best: dict[tuple[int, int], float] = {}
    for one, other in ((0, 0), (0, 1), (1, 0)):
        pairs = _candidates(prints[one], prints[other])
        agree = np.einsum("ij,ij->i", rest[one][pairs[:, 0]], rest[other][pairs[:, 1]])
        for (a, b), value in zip(pairs[agree >= limit], agree[agree >= limit], strict=True):
            best[int(a), int(b)] = max(float(value), best.get((int(a), int(b)), 0.0))
    ordered = sorted(best)
    pairs = np.array(ordered, dtype=np.int64).reshape(-1, 2)
    return pairs, np.array([best[pair] for pair in ordered], dtype=np.float64)


def _trimmed(image: Film) -> Film:
    rows, columns = (max(1, round(TRIM * side)) for side in image.shape)
    return image[rows:-rows, columns:-columns] if min(image.shape) > 16 else image


def _waves(squares: NDArray[np.float32]) -> NDArray[np.float32]:
    """The lowest cosine frequencies but the mean, (n, BITS)."""
    waves = dctn(squares, axes=(1, 2), norm="ortho")[:, :LOWEST, :LOWEST]
    lowest: NDArray[np.float32] = waves.reshape(len(squares), -1)[:, 1 : BITS + 1]
    return lowest


def _fingerprint(waves: NDArray[np.float32], middle: NDArray[np.float32]) -> NDArray[np.uint64]:
    return np.packbits(waves > middle, axis=1).view(np.uint64)[:, 0]


def _remainders(
    whole: NDArray[np.float32], trimmed: NDArray[np.float32]
) -> tuple[list[NDArray[np.float32]], float]:
    """Unit vectors of what sets each picture apart (whole, trimmed), and the limit of agreement."""
    flat = whole.reshape(len(whole), -1)
    chosen = np.random.default_rng(0).permutation(len(flat))[:LEARNED_FROM]
    enough = len(flat) >= ENOUGH
    mean = flat[chosen].mean(axis=0) if enough else flat.mean(axis=1, keepdims=True)
    parts = np.zeros((0, flat.shape[1]), dtype=np.float32)
    if enough:
        parts = np.linalg.svd(flat[chosen] - mean, full_matrices=False)[2][:COMMON_PARTS]
    found = []
    for squares in (whole, trimmed):
        vectors = squares.reshape(len(squares), -1)
        vectors = vectors - (mean if enough else vectors.mean(axis=1, keepdims=True))
        vectors = vectors - (vectors @ parts.T) @ parts
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        found.append((vectors / np.maximum(length, 1e-6)).astype(np.float32))
    return found, AGREEMENT if enough else AGREEMENT_FEW


def _candidates(first: NDArray[np.uint64], second: NDArray[np.uint64], block: int = 512) -> Pairs:
    """Row pairs a < b whose fingerprints (of a in ``first``, of b in ``second``) are close."""
    found = []
    for start in range(0, len(first), block):
        part = first[start : start + block, None]
        away = np.bitwise_count(part ^ second[None, start:])
        rows, columns = np.nonzero(away <= CANDIDATE_BITS)
        later = columns > rows
        found.append(np.column_stack([rows[later], columns[later]]) + start)
    return np.concatenate(found).astype(np.int64)


def leakage_report(
    images: Sequence[Film],
    *,
    splits: ArrayLike | None = None,
    patients: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    hashes: Sequence[str] | None = None,
) -> GateReport:
    """Copies and patients on both sides of the split, as counts.

    Parameters
    ----------
    splits : (n,) name of the part of each picture (train, validation, test); None: one part.
    patients : (n,) id of each picture's patient; None where nobody knows them.
    labels : (n,) to count copies that carry different labels.
    hashes : see :func:`find_copies`.

    Raises
    ------
    InputError : another number of splits, patients or labels than pictures.
    """
    count = len(images)
    part = _column(splits, count, "splits")
    person = _column(patients, count, "patients")
    label = _column(labels, count, "labels")
    copies = find_copies(images, hashes=hashes)
    figures: dict[str, Any] = {"pictures": count, "parts": _counts(part)}
    for name, pairs in (("exact", copies.exact), ("near", copies.near)):
        figures |= _pair_figures(name, pairs, part, person, label)
    figures |= _patient_figures(person, part)
    return _judged(figures, part is not None, person is not None)


def _column(values: ArrayLike | None, count: int, name: str) -> NDArray[np.str_] | None:
    if values is None:
        return None
    column = np.array([str(value) for value in np.asarray(values).reshape(-1)])
    if len(column) != count:
        raise InputError(f"There are {len(column)} {name} for {count} pictures.", where=name)
    return column


def _counts(part: NDArray[np.str_] | None) -> dict[str, int]:
    names, counts = np.unique(part if part is not None else [], return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _pair_figures(
    name: str,
    pairs: Pairs,
    part: NDArray[np.str_] | None,
    person: NDArray[np.str_] | None,
    label: NDArray[np.str_] | None,
) -> dict[str, Any]:
    def differ(column: NDArray[np.str_] | None) -> int | None:
        return None if column is None else int((column[pairs[:, 0]] != column[pairs[:, 1]]).sum())

    across = differ(part)
    shown = pairs
    if part is not None:
        shown = pairs[part[pairs[:, 0]] != part[pairs[:, 1]]]
    return {
        f"{name}_copies": len(pairs),
        f"{name}_copies_across_parts": across,
        f"{name}_copies_with_another_patient": differ(person),
        f"{name}_copies_with_another_label": differ(label),
        f"{name}_rows": shown[:NAMED].tolist(),
    }


def _patient_figures(
    person: NDArray[np.str_] | None, part: NDArray[np.str_] | None
) -> dict[str, Any]:
    if person is None:
        return {"patients": None, "patients_across_parts": None}
    both = None
    if part is not None:
        seen: dict[str, set[str]] = {}
        for one, where in zip(person.tolist(), part.tolist(), strict=True):
            seen.setdefault(one, set()).add(where)
        both = sum(len(parts) > 1 for parts in seen.values())
    return {"patients": len(np.unique(person)), "patients_across_parts": both}


def _judged(figures: dict[str, Any], split: bool, known: bool) -> GateReport:
    """Any exact copy or patient fails; near copies from 1 in 100 pictures of the smallest part.

    A near copy is only likely one: among millions of pairs of like films a few agree by chance, and
    so few cannot lift a figure.
    """
    near, smallest = figures["near_copies_across_parts"], min(figures["parts"].values(), default=0)
    few_near = bool(near) and near < FEW_NEAR * smallest
    found = [
        f"{figures[name]} {words} cross the split"
        for name, words in (
            ("exact_copies_across_parts", "exact copies"),
            ("near_copies_across_parts", "near copies"),
            ("patients_across_parts", "patients"),
        )
        if figures[name] and not (few_near and name.startswith("near"))
    ]
    if found:
        because = "; ".join(found) + ": scores on this split are too good"
        return GateReport(gate="leakage", judgement="failed", because=because, figures=figures)
    if not split:
        because = "there is no column of the split"
    elif not known:
        because = "no copy crosses the split, but there is no column of patients"
    else:
        because = f"{near} likely near copies cross the split, too few to matter" * few_near
        return GateReport(gate="leakage", judgement="passed", because=because, figures=figures)
    return GateReport(gate="leakage", judgement="not checkable", because=because, figures=figures)
