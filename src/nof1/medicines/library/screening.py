"""Screen a library for a target: held-back check first, then ranking, liabilities, diverse choice.

1. The ranking must find held-back actives better than naive scores do; else it is withheld.
2. The library is ranked by similarity to the nearest known active; with a model, by the mean of
   both ranks among the most similar. Known actives and inactives are left out.
3. Compounds with liabilities are set aside, by name and count; what is allowed stays, marked.
4. Of each cluster of similar compounds the best one is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.medicines.library import diversity
from nof1.medicines.library.actives import Compounds, Known, compounds, counts_of, flat
from nof1.medicines.library.holdback import HeldBack, hold_back
from nof1.medicines.library.index import Entry, Library
from nof1.medicines.library.liabilities import KINDS, WORDS, Liabilities, checked_kinds, look
from nof1.medicines.library.ranking import Model, Values, fused, nearest

SAMPLE = 20_000  # molecules of the library that held-back actives are ranked among
MODEL_SAMPLE = 4_000  # ... where a model must say something about each
POOL = 2_000  # most similar molecules that are looked at closely, or ...
POOL_TIMES = 40  # ... so many times what is asked for
MOST_ASKED = 500
BLOCK = 1 << 17
KNOWN_ACTIVE = "known active, stereo not looked at: left out"
KNOWN_INACTIVE = "known inactive, stereo not looked at: left out"


@dataclass(frozen=True)
class Pick:
    """One chosen compound.

    Parameters
    ----------
    similarity : to the nearest known active, 0 to 1; ``near`` is that active's SMILES.
    predicted : what the model says, None without one. cluster : how many it stands for.
    """

    entry: Entry
    similarity: float
    near: str
    predicted: float | None
    cluster: int
    liabilities: Liabilities

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            **self.entry.to_dict(),
            "similarity": round(self.similarity, 4),
            "nearest_active": self.near,
            "predicted": None if self.predicted is None else round(self.predicted, 4),
            "stands_for": self.cluster,
            **self.liabilities.to_dict(),
        }


@dataclass(frozen=True)
class Screened:
    """What a screen gave.

    ``status`` is ``found``, or ``withheld`` with ``reason`` and ``resolve``.
    """

    status: str
    reason: str
    resolve: str
    known: Known
    check: HeldBack
    pool: int
    set_aside: dict[str, int]
    not_checked: tuple[str, ...]
    picks: tuple[Pick, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "status": self.status,
            "reason": self.reason,
            "resolve": self.resolve,
            "known": counts_of(self.known),
            "held_back": self.check.to_dict(),
            "looked_at": self.pool,
            "set_aside": self.set_aside,
            "not_checked": list(self.not_checked),
            "picks": [one.to_dict() for one in self.picks],
        }


def screen(
    library: Library,
    known: Known,
    *,
    count: int = 20,
    allowed: Sequence[str] = (),
    model: Model | None = None,
    seed: int = 0,
) -> Screened:
    """The best ``count`` compounds of a library for a target, or an open refusal.

    Parameters
    ----------
    allowed : liabilities that do not set a compound aside, of ``KINDS``.

    Raises
    ------
    UsageError : a count or a liability that is none. InputError : the index was changed meanwhile.
    """
    _check(count, allowed)
    check = _checked(library, known, model, seed)
    missing = tuple(WORDS[kind] for kind in KINDS if kind not in checked_kinds())
    if not check.passed:
        return Screened(
            "withheld",
            "The ranking is withheld: " + "; ".join(check.reasons) + ".",
            "More known actives of different series, measured inactives (--label-column), or a "
            "model for this target (--model) may help.",
            known,
            check,
            pool=0,
            set_aside={},
            not_checked=missing,
            picks=(),
        )
    pool = _pool(library, known, max(POOL, POOL_TIMES * count), model)
    picks, aside = _chosen(library, known, pool, count, allowed)
    library.unchanged()
    return Screened(
        "found",
        "",
        "",
        known,
        check,
        pool=len(pool.rows),
        set_aside=dict((pool.aside + aside).most_common()),
        not_checked=missing,
        picks=picks,
    )


@dataclass(frozen=True)
class _Pool:
    """The most promising rows of the library, the best first."""

    rows: NDArray[np.int64]
    similarity: Values
    near: NDArray[np.int64]
    predicted: Values | None
    aside: Counter[str]


def _check(count: int, allowed: Sequence[str]) -> None:
    if not 1 <= count <= MOST_ASKED:
        raise UsageError(
            f"{count} compounds cannot be chosen.", where="--top", allowed=f"1 to {MOST_ASKED}"
        )
    for kind in allowed:
        if kind not in KINDS:
            raise UsageError(f"{kind!r} is no liability.", where="--allow", allowed=KINDS)


def _checked(library: Library, known: Known, model: Model | None, seed: int) -> HeldBack:
    if len(known.inactives):
        others, what = known.inactives, "known inactives"
    else:
        size = SAMPLE if model is None else MODEL_SAMPLE
        others = _sample(library, set(flat(known.actives.smiles)), size, seed)
        what = "molecules of the library, taken as inactive"
    return hold_back(known.actives, others, what, model, seed)


def _sample(library: Library, actives: set[str], size: int, seed: int) -> Compounds:
    """Molecules of the library that are no known active, at random."""
    generator = np.random.default_rng(seed)
    if len(library) <= 10 * size:
        drawn = generator.permutation(len(library))[:size]
    else:  # a permutation of a large library would fill the memory
        drawn = np.unique(generator.integers(0, len(library), size))
    texts = [one.smiles for one in library.entries(np.sort(drawn).tolist())]
    plain = flat(texts)
    return compounds([one for one, key in zip(texts, plain, strict=True) if key not in actives])


def _pool(library: Library, known: Known, size: int, model: Model | None) -> _Pool:
    """The ``size`` rows nearest to a known active; with a model ordered by both ranks."""
    left_out = dict.fromkeys(flat(known.inactives.smiles), KNOWN_INACTIVE)
    left_out |= dict.fromkeys(flat(known.actives.smiles), KNOWN_ACTIVE)
    rows, similarity, near = _nearest_rows(library, known.actives, size + 2 * len(left_out))
    texts = [one.smiles for one in library.entries(library.order[rows])]
    plain = flat(texts)
    keep = [at for at, text in enumerate(plain) if text not in left_out]
    aside = Counter(left_out[text] for text in plain if text in left_out)
    kept = np.array(keep[:size], np.int64)
    rows, similarity, near = rows[kept], similarity[kept], near[kept]
    if model is None:
        return _Pool(rows, similarity, near, None, aside)
    predicted = model.predict([texts[int(at)] for at in kept])
    order = np.argsort(-fused(similarity, predicted), kind="stable")
    return _Pool(rows[order], similarity[order], near[order], predicted[order], aside)


def _nearest_rows(
    library: Library, actives: Compounds, size: int
) -> tuple[NDArray[np.int64], Values, NDArray[np.int64]]:
    """Sorted rows, similarity and nearest active of the ``size`` best, block by block."""
    best = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
    least = -1.0
    for start in range(0, len(library), BLOCK):
        here = slice(start, start + BLOCK)
        value, which = nearest(
            library.fingerprints[here],
            actives.fingerprints,
            least,
            folds=library.folds[here],
            counts=library.counts[here],
        )
        found = np.flatnonzero(which >= 0)
        joined = (
            np.concatenate([best[0], found + start]),
            np.concatenate([best[1], value[found]]),
            np.concatenate([best[2], which[found]]),
        )
        order = np.lexsort((library.order[joined[0]], -joined[1]))[:size]
        best = (joined[0][order], joined[1][order], joined[2][order])
        # a row as similar as the last one may still come before it: look from just below
        least = float(np.nextafter(best[1][-1], -1.0)) if len(best[1]) == size else -1.0
    return best


def _chosen(
    library: Library, known: Known, pool: _Pool, count: int, allowed: Sequence[str]
) -> tuple[tuple[Pick, ...], Counter[str]]:
    """The best of each cluster among those without liabilities, and what was set aside."""
    entries = library.entries(library.order[pool.rows])
    found = look(one.smiles for one in entries)
    aside: Counter[str] = Counter()
    for one in found:
        aside.update(WORDS[kind] for kind in one.found if kind not in allowed)
    clean = np.array(
        [at for at, one in enumerate(found) if not set(one.found) - set(allowed)], np.int64
    )
    if not len(clean):
        return (), aside
    label = diversity.clusters(np.asarray(library.fingerprints[pool.rows[clean]]))
    sizes = np.bincount(label)
    picks = []
    for at in diversity.best_of_each(label, count):
        row = int(clean[at])
        said = None if pool.predicted is None else float(pool.predicted[row])
        picks.append(
            Pick(
                entries[row],
                float(pool.similarity[row]),
                known.actives.smiles[int(pool.near[row])],
                None if said is None or np.isnan(said) else said,
                int(sizes[label[at]]),
                found[row],
            )
        )
    return tuple(picks), aside
