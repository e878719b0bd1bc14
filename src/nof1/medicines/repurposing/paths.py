"""The way that leads from a disease to a candidate, in words, one step for each signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nof1.knowledge.base import SHIPPED, Base
from nof1.medicines.repurposing.likeness import Likeness, chapters_of, stem
from nof1.medicines.repurposing.pairs import Pairs
from nof1.medicines.repurposing.signals import shared

SHOWN = 3
STRUCTURE_FROM = 0.3  # Tanimoto; below, likeness is not worth a word
CLASS = "class"  # no signal of the model: a remark that a reader needs


@dataclass(frozen=True)
class Step:
    """One reason: which signal, in words, and what it adds to the log odds of the average pair."""

    signal: str
    text: str
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"signal": self.signal, "text": self.text, "weight": round(self.weight, 4)}


@dataclass
class Guide:
    """Knows the table of uses and tells the ways in it to one disease (a column number)."""

    pairs: Pairs
    likeness: Likeness
    disease: int
    targets: Mapping[str, frozenset[str]]
    base: Base = SHIPPED
    _shared: Any = field(init=False)

    def __post_init__(self) -> None:
        """Compute once what every candidate asks for."""
        table = self.pairs.used.astype(np.float64)
        self._shared = shared(table)[self.disease]

    def steps(self, medicine: int, parts: Mapping[str, float]) -> tuple[Step, ...]:
        """The steps to a medicine (a row number) that speak for it, the weightiest first.

        A shared ending of names follows as a remark of weight 0.

        ``parts`` : signal -> what it adds to the log odds.
        """
        ways: dict[str, Callable[[int], str]] = {
            "neighbours": self._neighbours,
            "structure": self._structure,
            "target": self._target,
            "chapter": self._chapter,
        }
        told = [
            Step(name, ways[name](medicine), parts[name])
            for name in ways
            if parts.get(name, 0.0) > 0
        ]
        steps = sorted((one for one in told if one.text), key=lambda one: -one.weight)
        remark = self._class(medicine)
        return (*steps, Step(CLASS, remark, 0.0)) if steps and remark else tuple(steps)

    @property
    def _known(self) -> Any:
        return np.flatnonzero(self.pairs.used[:, self.disease])

    def _neighbours(self, medicine: int) -> str:
        used = self.pairs.used
        near = [k for k in np.flatnonzero(used[medicine]) if self._shared[k] > 0]
        near.sort(key=lambda k: -self._shared[k] / np.sqrt(used[:, k].sum()))
        told = [
            f"{self.pairs.diseases[k]} ({self._some(used[:, k] & used[:, self.disease])})"
            for k in near[:SHOWN]
        ]
        return f"used for diseases that share medicines with this one: {'; '.join(told)}"

    def _class(self, medicine: int) -> str:
        other, value = self._nearest(self.likeness.stems, medicine)
        name = self.pairs.medicines[other]
        ending = stem(self.pairs.medicines[medicine], name) if value else ""
        told = f"perhaps of one class with {name}, its medicine (-{ending}): nothing new then"
        return told if ending else ""

    def _structure(self, medicine: int) -> str:
        other, value = self._nearest(self.likeness.structures, medicine)
        name = self.pairs.medicines[other]
        told = f"structure like {name}, its medicine (Tanimoto {value:.2f})"
        return told if value >= STRUCTURE_FROM else ""

    def _target(self, medicine: int) -> str:
        other, value = self._nearest(self.likeness.targets, medicine)
        names = [self.pairs.medicines[number] for number in (medicine, other)]
        both = sorted(self.targets.get(names[0], set()) & self.targets.get(names[1], set()))
        return f"same target as {names[1]}, its medicine ({_and(both[:SHOWN])})" if value else ""

    def _chapter(self, medicine: int) -> str:
        same = np.flatnonzero(
            self.pairs.used[medicine] & (self.likeness.chapters[self.disease] > 0)
        )
        about = _and(sorted(chapters_of(self.pairs.diseases[self.disease], self.base)))
        names = [self.pairs.diseases[k] for k in same[:SHOWN]]
        more = f" and {len(same) - SHOWN} more" if len(same) > SHOWN else ""
        return f"used for others of the chapter {about}: {', '.join(names)}{more}" if names else ""

    def _nearest(self, likeness: Any, medicine: int) -> tuple[int, float]:
        if likeness is None or not len(self._known):
            return 0, 0.0
        row = likeness[medicine, self._known]
        return int(self._known[row.argmax()]), float(row.max())

    def _some(self, chosen: Any) -> str:
        names = [self.pairs.medicines[k] for k in np.flatnonzero(chosen)]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return f"{', '.join(names[:SHOWN])}{more}"


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
