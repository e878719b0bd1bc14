"""Three ways to hold compounds back: at random, by scaffold, and by scaffold in balance.

A random split asks how good the model is on compounds like those it knows; a scaffold split (no
ring system of the test compounds was in training; Bemis & Murcko, J. Med. Chem. 39 (1996) 2887)
asks about new chemistry. Which one is meant changes an AUC by up to 0.2, so all three are always
shown.

*Deterministic scaffold*: scaffold groups from large to small fill training, then validation, then
test, as published (Wu et al., Chem. Sci. 9 (2018) 513), so the test set holds rare scaffolds.
*Balanced scaffold*: groups larger than half of the test set go to training, the others are dealt
out in random order; it can be repeated with other seeds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.medicines.chemistry.toolkit import Chem, Molecule, MurckoScaffold, quiet

Rows = NDArray[np.int64]
SHARES = (0.8, 0.1, 0.1)


@dataclass(frozen=True)
class Split:
    """Row numbers of training, validation and test, each ascending; together every row once."""

    name: str
    train: Rows
    validation: Rows
    test: Rows


def scaffolds(molecules: Iterable[Molecule]) -> list[str]:
    """The Bemis-Murcko scaffold of each molecule as SMILES without stereo; "" without a ring."""
    with quiet():
        return [_scaffold(molecule) for molecule in molecules]


def random(rows: int, shares: Sequence[float] = SHARES, seed: int = 0) -> Split:
    """Every row for itself, in random order."""
    sizes = _sizes(rows, shares)
    order = np.random.default_rng(seed).permutation(rows)
    first, second = sizes[0], sizes[0] + sizes[1]
    return _split("random", order[:first], order[first:second], order[second:])


def scaffold(of: Sequence[Hashable], shares: Sequence[float] = SHARES) -> Split:
    """Deterministic: large groups to training first; equal sizes with the later first row first.

    Parameters
    ----------
    of : (n,) scaffold of each row; rows of one scaffold stay together.
    """
    groups = _groups(of)
    groups.sort(key=lambda group: (len(group), group[0]), reverse=True)
    return _dealt("scaffold", groups, _sizes(len(of), shares))


def balanced_scaffold(
    of: Sequence[Hashable], shares: Sequence[float] = SHARES, seed: int = 0
) -> Split:
    """Scaffold groups dealt out in random order, except large ones, which go to training."""
    sizes = _sizes(len(of), shares)
    groups = _groups(of)
    order = [groups[place] for place in np.random.default_rng(seed).permutation(len(groups))]
    limit = max(1, min(size for size in sizes[1:] if size) / 2 if any(sizes[1:]) else 1)
    large = [group for group in order if len(group) > limit]
    small = [group for group in order if len(group) <= limit]
    return _dealt("balanced scaffold", large + small, sizes)


def folds(rows: int, number: int, seed: int = 0) -> NDArray[np.int64]:
    """(rows,) random fold of each row, 0 to ``number`` - 1, of equal size but for one row."""
    return np.random.default_rng(seed).permutation(rows) % number


def _scaffold(molecule: Molecule) -> str:
    found = MurckoScaffold.GetScaffoldForMol(molecule)
    text: str = Chem.MolToSmiles(found, isomericSmiles=False)
    return text


def _groups(of: Sequence[Hashable]) -> list[list[int]]:
    """Rows of each scaffold, in the order in which scaffolds come."""
    found: dict[Hashable, list[int]] = {}
    for row, key in enumerate(of):
        found.setdefault(key, []).append(row)
    return list(found.values())


def _dealt(name: str, groups: list[list[int]], sizes: tuple[int, int, int]) -> Split:
    """Groups in this order into the first part that still has room for all of the group."""
    train: list[int] = []
    validation: list[int] = []
    test: list[int] = []
    for group in groups:
        if len(train) + len(group) <= sizes[0]:
            train += group
        elif len(train) + len(validation) + len(group) <= sizes[0] + sizes[1]:
            validation += group
        else:
            test += group
    return _split(name, train, validation, test)


def _split(name: str, *parts: Sequence[int] | Rows) -> Split:
    train, validation, test = (np.sort(np.asarray(part, dtype=np.int64)) for part in parts)
    return Split(name, train, validation, test)


def _sizes(rows: int, shares: Sequence[float]) -> tuple[int, int, int]:
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9 or shares[0] <= 0:
        raise UsageError(
            "The shares do not add up to one.", allowed="three shares, such as 0.8 0.1 0.1"
        )
    train = int(round(shares[0] * rows, 6))
    upto = int(round((shares[0] + shares[1]) * rows, 6))
    return train, upto - train, rows - upto
