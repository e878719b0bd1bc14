"""Four ways to hold out: pairs, whole cell lines, whole tissues, whole drugs.

A substance tested twice under two ids is one drug: its pairs with a line, or the drug, go into one
fold, or else the answer would be known from the other id. (In the public GDSC table with structures
30 of 238 ids belong to a substance with two ids.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nof1.core.errors import InputError
from nof1.medicines.response.screen import Mask, Places, Screen

SPLITS = ("pairs", "cell-line", "tissue", "drug")
WORDS = {
    "pairs": "new pair of a known line and a known drug",
    "cell-line": "new cell line, tissue known",
    "tissue": "new tissue",
    "drug": "new drug",
}


def groups(screen: Screen, kind: str) -> Places:
    """(lines, drugs) number of the group that is held out as a whole.

    Raises
    ------
    InputError : for another kind of split.
    """
    lines, drugs = screen.response.shape
    substance = _numbers(screen.compounds)
    if kind == "pairs":
        pair: Places = np.arange(lines)[:, None] * (substance.max() + 1) + substance[None, :]
        return pair
    if kind == "drug":
        return np.broadcast_to(substance, (lines, drugs))
    if kind == "cell-line":
        return np.broadcast_to(np.arange(lines)[:, None], (lines, drugs))
    if kind == "tissue":
        return np.broadcast_to(_numbers(screen.tissues)[:, None], (lines, drugs))
    raise InputError(f"The split {kind!r} is not known.", allowed=SPLITS)


def clusters(screen: Screen, kind: str) -> Places:
    """(lines, drugs) number of the unit that the bootstrap draws: line, tissue or substance."""
    return groups(screen, "cell-line" if kind == "pairs" else kind)


def folds(screen: Screen, kind: str, count: int, seed: int) -> list[Mask]:
    """Test masks (lines, drugs) of ``count`` folds; together they hold each measured pair once.

    Groups are dealt out by size, the largest first, to the fold with the fewest pairs; ties are
    broken by the seed.

    Raises
    ------
    InputError : when there are fewer than two groups.
    """
    group = groups(screen, kind)
    names, sizes = np.unique(group[screen.measured], return_counts=True)
    if len(names) < 2:
        raise InputError(
            f"The split '{kind}' needs at least two groups; there is {len(names)}.",
            next_step="Leave this split out with --splits.",
        )
    count = min(count, len(names))
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = np.full(int(group.max()) + 1, -1, dtype=np.int64)
    if kind == "pairs":  # all groups are (almost) of one size
        fold_of[names[order]] = np.arange(len(names)) % count
    else:
        _deal(fold_of, names[order], sizes[order], count)
    return [(fold_of[group] == number) & screen.measured for number in range(count)]


def _deal(fold_of: Places, names: Places, sizes: Places, count: int) -> None:
    held = np.zeros(count)
    for place in np.argsort(-sizes, kind="stable"):
        least = int(np.argmin(held))
        fold_of[names[place]] = least
        held[least] += sizes[place]


def _numbers(labels: Sequence[str]) -> Places:
    return np.unique(np.array(labels, dtype=str), return_inverse=True)[1].astype(np.int64)
