"""How good is it, asked three ways: random, scaffold and balanced-scaffold splits side by side.

In each split a model is made from training and validation compounds together (its limits come from
inner folds, so nothing else needs the validation part) and judged on test compounds once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.chemistry import splits
from nof1.medicines.chemistry.splits import Split
from nof1.medicines.properties.compounds import Compounds, Training
from nof1.medicines.properties.domain import Verdict
from nof1.medicines.properties.figures import Held, summarise
from nof1.medicines.properties.fitting import Fitted, fit_label
from nof1.medicines.properties.table import CLASSIFICATION, Label

REPEATS = 3
NAMES = ("random", "scaffold", "balanced scaffold")
Tell = Callable[[str], None]
Lap = Callable[[Split, int, Sequence[tuple[Label, Held]], float], None]


def evaluate(
    compounds: Compounds,
    labels: Sequence[Label],
    values: NDArray[np.float64],
    *,
    repeats: int = REPEATS,
    seed: int = 0,
    tell: Tell = lambda text: None,
    lap: Lap | None = None,
) -> dict[str, Any]:
    """Figures of every label: label -> split -> figures (see :func:`figures.summarise`).

    Parameters
    ----------
    lap : told after each split: the split, its seed, our held-out predictions, and the CPU seconds
        that they took (a challenger races on the same indices, see ``race``).
    """
    held: dict[tuple[str, str], list[Held]] = {}
    for number, split in planned(compounds.shape.scaffolds, repeats, seed):
        tell(f"{split.name} split {number + 1}")
        start = time.process_time()
        found = list(judged(compounds, labels, values, split, seed + number))
        if lap is not None:
            lap(split, seed + number, found, time.process_time() - start)
        for label, one in found:
            held.setdefault((label.name, split.name), []).append(one)
    return {
        label.name: {
            name: summarise(
                held.get((label.name, name), []),
                len(compounds),
                classify=label.kind == CLASSIFICATION,
            )
            for name in NAMES
        }
        for label in labels
    }


def planned(scaffolds: Sequence[str], repeats: int, seed: int) -> Iterator[tuple[int, Split]]:
    """The splits to make, each with its number; the deterministic one comes once."""
    for number in range(repeats):
        yield number, splits.random(len(scaffolds), seed=seed + number)
    yield 0, splits.scaffold(scaffolds)
    for number in range(repeats):
        yield number, splits.balanced_scaffold(scaffolds, seed=seed + number)


def judged(
    compounds: Compounds,
    labels: Sequence[Label],
    values: NDArray[np.float64],
    split: Split,
    seed: int,
) -> Iterator[tuple[Label, Held]]:
    """Fit and test every label on one split; a label too rare in training is left out."""
    rows = np.sort(np.concatenate([split.train, split.validation]))
    training = Training(compounds.rows(rows), seed)
    test = compounds.rows(split.test)
    table = training.columns.table(test.raw)
    verdicts = training.domain.judge(test.shape)
    for label, column in zip(labels, values.T, strict=True):
        classify = label.kind == CLASSIFICATION
        y, truth = column[rows], column[split.test]
        known = ~np.isnan(truth)
        seen = y[~np.isnan(y)]
        if not known.any() or (classify and min(seen.sum(), len(seen) - seen.sum()) < 10):
            continue
        fitted = fit_label(training, y, classify=classify)
        yield label, _held(fitted, table, verdicts, y, truth, known, split.test, classify)


def _held(
    fitted: Fitted,
    table: NDArray[np.float32],
    verdicts: Sequence[Verdict],
    y: NDArray[np.float64],
    truth: NDArray[np.float64],
    known: NDArray[np.bool_],
    rows: NDArray[np.int64],
    classify: bool,
) -> Held:
    prediction = fitted.predict(table[known])
    judged = [one for one, wanted in zip(verdicts, known, strict=True) if wanted]
    zones = [one.zone for one in judged]
    covered, single = _covered(fitted, prediction, truth[known], zones, classify)
    mean = float(np.nanmean(y))
    near = np.array([y[one.neighbour] for one in judged])
    return Held(
        rows[known],
        truth[known],
        prediction,
        np.full(len(prediction), mean),
        np.where(np.isnan(near), mean, near),
        np.array(zones),
        covered,
        single,
        fitted.cpu,
    )


def _covered(
    fitted: Fitted,
    prediction: NDArray[np.float64],
    truth: NDArray[np.float64],
    zones: Sequence[str],
    classify: bool,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if classify:
        members = fitted.bounds.members(prediction, zones)
        return members[np.arange(len(truth)), truth.astype(int)], members.sum(axis=1) == 1
    low, high = fitted.bounds.interval(prediction, zones)
    return (low <= truth) & (truth <= high), np.ones(len(truth), dtype=bool)
