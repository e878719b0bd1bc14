"""Is a ranking better than nothing? Known actives are held back, whole series at a time.

The actives are dealt into five parts by scaffold, so that no held-back active has a sibling among
those the ranking may know. Each part is ranked among the others with the remaining four. The gate:
BEDROC must be better than by chance and than every naive score, each difference with a bootstrap
interval above 0. Otherwise the ranking is withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nof1.learn.figures import Figure
from nof1.medicines.library import enrichment
from nof1.medicines.library.actives import Compounds, series_of
from nof1.medicines.library.enrichment import MEASURES
from nof1.medicines.library.ranking import (
    NAIVE,
    SIMILARITY,
    Model,
    Values,
    fused,
    naive,
    nearest,
)

FOLDS = 5
FEWEST = 10  # actives, and from FEWEST_SERIES series: with fewer no interval says anything
FEWEST_SERIES = 5
CHANCE = "by chance"


@dataclass(frozen=True)
class HeldBack:
    """What holding back actives showed.

    Parameters
    ----------
    actives, series, others : how many actives of how many series among how many others.
    figures : score -> measure -> figure. differences : naive score -> BEDROC minus its BEDROC.
    chance : what a random order gives. passed : the gate; ``reasons`` say why not.
    """

    ranking: str
    actives: int
    series: int
    others: int
    others_are: str
    figures: dict[str, dict[str, Figure]]
    differences: dict[str, Figure]
    chance: dict[str, float]
    passed: bool
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "ranking": self.ranking,
            "actives": self.actives,
            "series": self.series,
            "others": self.others,
            "others_are": self.others_are,
            "figures": {
                name: {measure: one.to_dict() for measure, one in row.items()}
                for name, row in self.figures.items()
            },
            "differences": {name: one.to_dict() for name, one in self.differences.items()},
            "chance": self.chance,
            "passed": self.passed,
            "reasons": list(self.reasons),
        }


def hold_back(
    actives: Compounds,
    others: Compounds,
    others_are: str,
    model: Model | None = None,
    seed: int = 0,
) -> HeldBack:
    """Rank held-back actives among the others, with every score.

    With a model, only compounds of series that it was not trained on take part on either side.
    """
    ranking = SIMILARITY if model is None else f"{SIMILARITY}, and {model.name}"
    series = np.array(actives.series())
    seen = set() if model is None else set(series_of(sorted(model.trained_on)))
    testable = np.array([one not in seen for one in series])
    if seen:
        new = [at for at, one in enumerate(others.series()) if one not in seen]
        others = others.part(np.array(new, np.int64))
    known = sorted(set(series[testable]))
    numbers = (ranking, int(testable.sum()), len(known), len(others), others_are)
    if numbers[1] < FEWEST or numbers[2] < FEWEST_SERIES or len(others) < FEWEST:
        return HeldBack(*numbers, {}, {}, {}, False, (_too_few(numbers, model),))
    fold_of = _dealt(series)
    worth: dict[str, list[dict[str, Values]]] = {}
    chance, held = [], []
    outside = None if model is None else model.predict(others.smiles)
    for fold in range(FOLDS):
        test = np.flatnonzero((fold_of == fold) & testable)
        train = np.flatnonzero(fold_of != fold)
        if not len(test) or not len(train):
            continue
        scores = _scores(actives.part(test), actives.part(train), others, model, outside)
        for name, (good, rest) in scores.items():
            worth.setdefault(name, []).append(enrichment.worth(good, rest))
        by_chance = enrichment.by_chance(len(test), len(others))
        chance.append({name: np.full(len(test), value) for name, value in by_chance.items()})
        held.append(test)
    return _judged(numbers, worth, chance, series[np.concatenate(held)], seed)


def _judged(
    numbers: tuple[str, int, int, int, str],
    worth: dict[str, list[dict[str, Values]]],
    chance: list[dict[str, Values]],
    series: Any,
    seed: int,
) -> HeldBack:
    every = {name: _joined(rows) for name, rows in worth.items()}
    base = _joined(chance)
    of = list(series)
    figures = {
        name: {
            "ef1": enrichment.figure(rows["ef1"], of, seed),
            "bedroc": enrichment.share(rows["bedroc"], of, seed),
            "auroc": enrichment.share(rows["auroc"], of, seed),
        }
        for name, rows in every.items()
    }
    own = every[numbers[0]]["bedroc"]
    rivals = {CHANCE: base["bedroc"], **{name: every[name]["bedroc"] for name in NAIVE}}
    gaps = {name: enrichment.figure(own - rival, of, seed) for name, rival in rivals.items()}
    lost = [name for name, gap in gaps.items() if not gap.lies_above(0.0)]
    reasons = tuple(f"not better than {_ranking(name)}: BEDROC {gaps[name]}" for name in lost)
    means = {name: float(values.mean()) for name, values in base.items()}
    return HeldBack(*numbers, figures, gaps, means, not lost, reasons)


def _ranking(name: str) -> str:
    return "a random order" if name == CHANCE else f"ranking by molecular weight ({name})"


def _scores(
    test: Compounds,
    train: Compounds,
    others: Compounds,
    model: Model | None,
    outside: Values | None,
) -> dict[str, tuple[Values, Values]]:
    """Score -> (of the held-back actives, of the others)."""
    near = nearest(test.fingerprints, train.fingerprints)[0]
    far = nearest(others.fingerprints, train.fingerprints)[0]
    found = {SIMILARITY: (near, far)}
    for name in NAIVE:
        found[name] = (naive(name, test, train), naive(name, others, train))
    if model is not None and outside is not None:
        said = model.predict(test.smiles)
        both = fused(np.concatenate([near, far]), np.concatenate([said, outside]))
        found[model.name] = (np.nan_to_num(said, nan=-1e300), np.nan_to_num(outside, nan=-1e300))
        found[f"{SIMILARITY}, and {model.name}"] = (both[: len(near)], both[len(near) :])
    return found


def _dealt(series: Any) -> Any:
    """A part for each active: series from large to small, each to the smallest part so far."""
    names, first, counts = np.unique(series, return_index=True, return_counts=True)
    sizes = np.zeros(FOLDS)
    part_of = {}
    for at in np.lexsort((first, -counts)):
        part = int(sizes.argmin())
        part_of[names[at]] = part
        sizes[part] += counts[at]
    return np.array([part_of[one] for one in series])


def _joined(rows: Sequence[dict[str, Values]]) -> dict[str, Values]:
    return {name: np.concatenate([row[name] for row in rows]) for name in MEASURES}


def _too_few(numbers: tuple[str, int, int, int, str], model: Model | None) -> str:
    _, actives, series, others, _ = numbers
    unseen = "" if model is None else f" (without those that {model.name} was trained on)"
    return (
        f"there are too few to check the ranking: {actives} known actives of {series} chemical "
        f"series{unseen}, and {others:,} others; {FEWEST} actives of {FEWEST_SERIES} series and "
        f"{FEWEST} others are needed"
    )
