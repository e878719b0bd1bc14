"""The verdict on a split and on each drug: may the model speak, or is the average as good?

The model speaks about a split when its RMSE is below that of the best naive predictor with a 95 %
bootstrap interval that excludes 0, and its intervals cover what they say. It speaks about a drug
when the same holds for this drug, and stays so when many drugs are asked (false discovery rate
5 %; Benjamini & Hochberg, J. R. Stat. Soc. B 57 (1995) 289).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from nof1.learn.sums import FloatArray
from nof1.medicines.response.crossing import AVERAGE, Held, best_naive
from nof1.medicines.response.figures import FEWEST_PAIRS, Draws, Figure, figures
from nof1.medicines.response.screen import Screen
from nof1.medicines.response.splits import WORDS, clusters

FALSE_DISCOVERIES = 0.05
COVERAGE = (0.88, 0.92)
SILENT = "no better than the average of the tissue"


@dataclass(frozen=True)
class DrugVerdict:
    """Whether the model may speak about one drug.

    Attributes
    ----------
    title : its name for people.
    gain : RMSE of the best naive predictor less the model's; > 0 is better.
    """

    drug: str
    title: str
    pairs: int
    rmse: float
    naive_rmse: float
    gain: Figure
    speaks: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        shown = {"pairs": self.pairs, "rmse": self.rmse, "naive_rmse": self.naive_rmse}
        plain = {name: x if np.isfinite(x) else None for name, x in shown.items()}
        return {
            "drug": self.drug,
            "title": self.title,
            **plain,
            "gain": self.gain.to_dict(),
            "speaks": self.speaks,
        }


@dataclass(frozen=True)
class Verdict:
    """Figures of one split and what follows from them.

    Attributes
    ----------
    coverage : share of held-out pairs inside their interval.
    weights : mean weight of each model in the average.
    """

    kind: str
    pairs: int
    naive: str
    figures: Mapping[str, Mapping[str, Figure]]
    coverage: Figure
    width: float
    weights: Mapping[str, float]
    drugs: tuple[DrugVerdict, ...]
    speaks: bool
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "split": self.kind,
            "meaning": WORDS[self.kind],
            "pairs": self.pairs,
            "best_naive": self.naive,
            "figures": {
                name: {key: figure.to_dict() for key, figure in own.items()}
                for name, own in self.figures.items()
            },
            "coverage": self.coverage.to_dict(),
            "mean_width": self.width,
            "weights": dict(self.weights),
            "speaks": self.speaks,
            "reason": self.reason,
            "drugs_that_speak": sum(one.speaks for one in self.drugs),
            "drugs": [one.to_dict() for one in self.drugs],
        }


def judge(screen: Screen, held: Held, seed: int) -> Verdict:
    """The verdict on the average of the models in one split."""
    response = np.where(np.isfinite(held.guesses[AVERAGE]), screen.response, np.nan)
    draws = Draws.of(clusters(screen, held.kind), np.isfinite(response), seed)
    naive = best_naive(held.guesses, response)
    made = figures(response, held.guesses, naive, draws)
    count = draws.total(np.isfinite(response).astype(float))
    inside = (response >= held.low) & (response <= held.high)
    share = draws.total(inside.astype(float)) / count
    coverage = Figure.of(float(share[0]), share[1:])
    speaks, reason = _reasoned(made[AVERAGE]["difference"], coverage, naive)
    guess, base = held.guesses[AVERAGE], held.guesses[naive]
    drugs = drug_verdicts(screen, response, guess, base, seed) if speaks else ()
    return Verdict(
        kind=held.kind,
        pairs=int(np.isfinite(response).sum()),
        naive=naive,
        figures=made,
        coverage=coverage,
        width=float(np.nanmean((held.high - held.low)[np.isfinite(response)])),
        weights=_mean_weights(held),
        drugs=drugs,
        speaks=speaks,
        reason=reason,
    )


def _reasoned(difference: Figure, coverage: Figure, naive: str) -> tuple[bool, str]:
    if not difference.high < 0:
        return False, f"no better than the naive predictor '{naive}': {_told(difference)}"
    if coverage.high < COVERAGE[0]:
        return False, f"its 90 % intervals cover only {coverage.value:.1%}"
    return True, f"better than the naive predictor '{naive}': {_told(difference)}"


def _told(figure: Figure) -> str:
    return (
        f"RMSE differs by {figure.value:+.4f} "
        f"(95 % interval {figure.low:+.4f} to {figure.high:+.4f})"
    )


def _mean_weights(held: Held) -> dict[str, float]:
    names = sorted({name for blend in held.blends for name in blend.weights})
    return {
        name: float(np.mean([blend.weights.get(name, 0.0) for blend in held.blends]))
        for name in names
    }


def drug_verdicts(
    screen: Screen, response: FloatArray, guess: FloatArray, naive: FloatArray, seed: int
) -> tuple[DrugVerdict, ...]:
    """One verdict for each drug; lines are drawn again."""
    own, base = (guess - response) ** 2, (naive - response) ** 2
    lines = np.broadcast_to(np.arange(len(screen.lines))[:, None], response.shape)
    draws = Draws.of(lines, np.isfinite(response), seed)
    count = np.maximum(draws.by_drug(np.isfinite(response).astype(float)), 1)
    rmse, naive_rmse = (np.sqrt(draws.by_drug(x) / count) for x in (own, base))
    gain = naive_rmse - rmse
    pairs = np.isfinite(response).sum(axis=0)
    enough = pairs >= FEWEST_PAIRS
    spread = np.maximum(gain[1:].std(axis=0), 1e-12)
    chance = np.where(enough, norm.sf(gain[0] / spread), 1.0)
    passed = discoveries(chance, FALSE_DISCOVERIES)
    made = []
    for j, names in enumerate(zip(screen.drugs, screen.titles, strict=True)):
        figure = Figure.of(float(gain[0, j]), gain[1:, j])
        speaks = bool(passed[j] and enough[j] and figure.low > 0)
        values = float(rmse[0, j]), float(naive_rmse[0, j])
        made.append(DrugVerdict(*names, int(pairs[j]), *values, figure, speaks))
    return tuple(made)


def discoveries(chance: FloatArray, rate: float) -> Any:
    """Which of the p-values pass at a false discovery rate; a mask.

    >>> discoveries(np.array([0.001, 0.04, 0.5]), 0.05).tolist()
    [True, False, False]
    """
    order = np.argsort(chance)
    limits = rate * np.arange(1, len(chance) + 1) / len(chance)
    below = np.flatnonzero(chance[order] <= limits)
    passed = np.zeros(len(chance), dtype=bool)
    passed[order[: below[-1] + 1 if len(below) else 0]] = True
    return passed
