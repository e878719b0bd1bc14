"""Whether the model beats popularity: uses are hidden, and both must find them again.

Splits of the known uses into folds:

- ``leave-pairs``: single uses are hidden. This judges candidates for a disease with medicines.
- ``leave-class``: uses of medicines with names of one stem, for one disease, are hidden together,
  so that finding the third ``-pril`` by the first two counts nothing.
- ``leave-disease``: all uses of a disease are hidden. This judges candidates for a disease without.

For each disease with hidden uses, all medicines that it is not known to have (and that have a known
use left: a medicine of our table always has one) are put in order. Measure: average precision of
the hidden uses, the mean over folds for each disease. The naive order is by popularity, the number
of other diseases. The interval of the mean difference is a percentile bootstrap over diseases.
A use that nobody wrote down counts as an error, so the figures are pessimistic for both alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.repurposing.likeness import Floats, Likeness
from nof1.medicines.repurposing.linking import fit
from nof1.medicines.repurposing.pairs import Bools, Pairs

SPLITS = ("leave-pairs", "leave-class", "leave-disease")
FOLDS = 5
RESAMPLES = 2_000
LEVEL = 0.95
FIRST = 20
MODEL, NAIVE = "model", "popularity"


@dataclass(frozen=True)
class Found:
    """How well one disease's hidden uses were found again, over all folds.

    ``precision`` : order -> mean average precision; ``first`` : order -> hidden uses among the
    first 20; ``hidden`` : all of them.
    """

    precision: Mapping[str, float]
    first: Mapping[str, float]
    hidden: int


@dataclass(frozen=True)
class Judged:
    """The verdict of one split.

    Attributes
    ----------
    diseases : disease -> what was found of its hidden uses.
    unreachable : hidden uses of medicines without another use, which no order can rank.
    difference, low, high : mean over diseases of model minus popularity, with its interval.
    """

    split: str
    diseases: Mapping[str, Found]
    unreachable: int
    difference: float
    low: float
    high: float

    @property
    def better(self) -> bool:
        """Whether the model beats popularity with an interval that excludes zero."""
        return self.low > 0

    def mean(self, order: str) -> float:
        """Mean average precision over diseases."""
        return float(np.mean([one.precision[order] for one in self.diseases.values()]))

    def first(self, order: str) -> float:
        """Hidden uses among the first 20, all diseases and folds together."""
        return sum(one.first[order] for one in self.diseases.values())

    @property
    def hidden(self) -> int:
        """Hidden uses that could be found."""
        return sum(one.hidden for one in self.diseases.values())

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "split": self.split,
            "diseases": len(self.diseases),
            "hidden": self.hidden,
            "unreachable": self.unreachable,
            "average_precision": {name: self.mean(name) for name in (MODEL, NAIVE)},
            f"among_first_{FIRST}": {name: round(self.first(name), 1) for name in (MODEL, NAIVE)},
            "difference": {
                "value": self.difference,
                "interval": [self.low, self.high],
                "level": LEVEL,
            },
            "better": self.better,
        }


def judge(pairs: Pairs, likeness: Likeness, split: str, seed: int = 0) -> Judged:
    """Hide uses in folds, fit on the rest, and compare the model with popularity.

    ``split`` : one of ``SPLITS``.
    """
    orders: dict[str, list[tuple[dict[str, float], dict[str, float], int]]] = {}
    unreachable = 0
    for hidden in folds(pairs, likeness, split, seed):
        used = pairs.used & ~hidden
        pool = ~used & used.any(axis=1, keepdims=True)
        unreachable += int((hidden & ~pool).sum())
        for disease, scores in _scores(used, likeness, cold=split == "leave-disease"):
            inside = pool[:, disease]
            answer = hidden[inside, disease]
            if answer.any():
                row = _row(answer, {name: score[inside] for name, score in scores.items()})
                orders.setdefault(pairs.diseases[disease], []).append(row)
    found = {name: _mean(rows) for name, rows in sorted(orders.items())}
    gains = np.array([one.precision[MODEL] - one.precision[NAIVE] for one in found.values()])
    return Judged(split, found, unreachable, *_interval(gains, seed))


def folds(pairs: Pairs, likeness: Likeness, split: str, seed: int = 0) -> Iterator[Bools]:
    """Tables (m, d) of hidden uses; each use is hidden once.

    With ``leave-disease`` a fifth of the diseases is hidden together.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.nonzero(pairs.used)
    groups = {
        "leave-pairs": np.arange(len(rows)),
        "leave-class": _classes(likeness.stems)[rows] * pairs.used.shape[1] + columns,
        "leave-disease": columns,
    }[split]
    _, group = np.unique(groups, return_inverse=True)
    fold = rng.permutation(np.arange(group.max() + 1) % FOLDS)[group]
    for number in range(FOLDS):
        hidden = np.zeros_like(pairs.used)
        hidden[rows[fold == number], columns[fold == number]] = True
        yield hidden


def average_precision(answer: Bools, score: Floats) -> float:
    """Mean precision at the hidden uses in the order of falling score, expected over ties.

    Ties stand in random order, and the mean over all such orders is given (McSherry & Najork, ECIR
    2008). Popularity has many ties: to count a tie as one place would put it at a disadvantage, and
    call a model better that orders the ties by chance.
    """
    values, group = np.unique(-score, return_inverse=True)
    size = np.bincount(group, minlength=len(values)).astype(np.float64)
    right = np.bincount(group, weights=answer, minlength=len(values))
    ahead, right_ahead = np.cumsum(size) - size, np.cumsum(right) - right
    of = np.repeat(np.arange(len(values)), size.astype(np.int64))
    within = np.arange(len(score)) - ahead[of]  # 0 is the first of its tie
    others = within * (right[of] - 1) / np.maximum(size[of] - 1, 1)
    precision = (right_ahead[of] + others + 1) / (ahead[of] + within + 1)
    return float((right[of] / size[of] * precision).sum() / answer.sum())


def _scores(
    used: Bools, likeness: Likeness, *, cold: bool
) -> Iterator[tuple[int, dict[str, Floats]]]:
    """For each disease the scores (m,) of all medicines, by the model and by popularity."""
    linker, values = fit(used, likeness, cold=cold)
    scores = linker.score(values)
    popularity = used.sum(axis=1).astype(np.float64)
    for disease in range(used.shape[1]):
        if cold or used[:, disease].any():
            yield disease, {MODEL: scores[:, disease], NAIVE: popularity}


def _row(
    answer: Bools, scores: Mapping[str, Floats]
) -> tuple[dict[str, float], dict[str, float], int]:
    precision = {name: average_precision(answer, score) for name, score in scores.items()}
    first = {name: _among_first(answer, score) for name, score in scores.items()}
    return precision, first, int(answer.sum())


def _among_first(answer: Bools, score: Floats) -> float:
    """Hidden uses among the first 20, expected over the order of ties."""
    values, group = np.unique(-score, return_inverse=True)
    size = np.bincount(group, minlength=len(values))
    taken = np.clip(FIRST - (np.cumsum(size) - size), 0, size)
    right = np.bincount(group, weights=answer, minlength=len(values))
    return float((right * taken / size).sum())


def _mean(rows: list[tuple[dict[str, float], dict[str, float], int]]) -> Found:
    names = rows[0][0]
    return Found(
        {name: float(np.mean([row[0][name] for row in rows])) for name in names},
        {name: sum(row[1][name] for row in rows) for name in names},
        sum(row[2] for row in rows),
    )


def _interval(gains: Floats, seed: int) -> tuple[float, float, float]:
    """Mean gain with its percentile bootstrap interval over diseases; never better when empty."""
    if not len(gains):
        return 0.0, 0.0, 0.0
    drawn = np.random.default_rng(seed).integers(0, len(gains), (RESAMPLES, len(gains)))
    low, high = np.quantile(gains[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(gains.mean()), float(low), float(high)


def _classes(stems: Floats) -> NDArray[np.int64]:
    """A number for each medicine, the same for all that are joined by shared name endings."""
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(stems > 0, directed=False)
    return np.asarray(label, dtype=np.int64)
