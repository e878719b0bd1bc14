"""What speaks for a pair of medicine and disease, counted from all pairs but this one.

Each number is computed as if the pair itself were not known, so that what a model learns from a
known pair is the same as what it sees of an unknown one. With ``used`` the (m, d) table:

- ``popularity``: ln(1 + other diseases that the medicine is used for). It is the naive answer.
- ``known``: ln(1 + other medicines that the disease has).
- ``neighbours``: over the other diseases of the medicine, how much each has in common with this
  disease: shared medicines, each weighted by 1 / its number of diseases, as a cosine.
- ``chapter``: ln(1 + other diseases of the medicine in the same ICD-10-CM chapter).
- ``structure``, ``target``: the most alike medicine of the disease, see ``likeness``.

Equal endings of names are no signal. They find the rest of a class whose members are known (mean
average precision with single uses hidden 0.36 instead of 0.31), and mislead where a whole class is
new to the disease, which is what repurposing is about (0.16 instead of 0.25; docs/repurposing.md).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nof1.medicines.repurposing.likeness import Floats, Likeness
from nof1.medicines.repurposing.pairs import Bools

# A disease without a medicine has only these.
COLD = ("popularity", "chapter")
WARM = ("popularity", "known", "neighbours", "chapter")
SUPPLIED = {"structure": "structures", "target": "targets"}  # signal -> field of Likeness


def names(likeness: Likeness, *, cold: bool = False) -> tuple[str, ...]:
    """The signals that there are."""
    more = [name for name, field in SUPPLIED.items() if getattr(likeness, field) is not None]
    return COLD if cold else (*WARM, *more)


def signals(used: Bools, likeness: Likeness, *, cold: bool = False) -> Floats:
    """The signals (m, d, s) of every pair, in the order of ``names``."""
    table = used.astype(np.float64)
    made: dict[str, Callable[[], Floats]] = {
        "popularity": lambda: np.log1p(table.sum(axis=1, keepdims=True) - table),
        "known": lambda: np.log1p(table.sum(axis=0, keepdims=True) - table),
        "neighbours": lambda: neighbours(table),
        "chapter": lambda: np.log1p(table @ likeness.chapters),
        "structure": lambda: _nearest(table, likeness.structures),
        "target": lambda: _nearest(table, likeness.targets),
    }
    return np.stack([made[name]() for name in names(likeness, cold=cold)], axis=-1)


def shared(table: Floats) -> Floats:
    """Shared medicines of two diseases (d, d), each counted 1 / its number of diseases."""
    weight = 1 / np.maximum(table.sum(axis=1), 1)
    found: Floats = table.T @ (table * weight[:, None])
    np.fill_diagonal(found, 0)
    return found


def neighbours(table: Floats) -> Floats:
    """Likeness of each disease (m, d) with the other diseases of each medicine, added up.

    For a known pair the medicine itself is among the shared ones; its weight is taken out of each.
    """
    weight = 1 / np.maximum(table.sum(axis=1), 1)
    size = table.sum(axis=0)
    scale = 1 / np.sqrt(np.maximum(size, 1))
    all_of_it = table @ (shared(table) * scale[None, :]).T
    itself = table * weight[:, None] * ((table @ scale)[:, None] - table * scale[None, :])
    others = np.sqrt(np.maximum(size[None, :] - table, 1))
    found: Floats = np.maximum(all_of_it - itself, 0) / others
    return found


def _nearest(table: Floats, likeness: Floats | None) -> Floats:
    """The likeness of the most alike other medicine of the disease, for every pair."""
    assert likeness is not None  # names() gives only the signals whose table is there
    found = np.zeros_like(table)
    for disease in np.flatnonzero(table.any(axis=0)):
        found[:, disease] = likeness[:, table[:, disease] > 0].max(axis=1)
    return found
