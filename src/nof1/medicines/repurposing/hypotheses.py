"""Medicines that might be worth a study in a disease for which they are not used: hypotheses.

Candidates are ordered by the link predictor. It speaks only when it finds hidden uses better than
popularity does, with an interval that excludes zero (``judging``); otherwise the answer is
withheld. Nothing here is a reason to treat anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from nof1.core.finding import NOTICE
from nof1.knowledge import conditions
from nof1.knowledge.base import SHIPPED, Base, sources
from nof1.knowledge.indications import DISEASES, PHARMACOTHERAPYDB, TABLE, Disease, find
from nof1.medicines.repurposing.judging import FIRST, MODEL, NAIVE, Judged, judge
from nof1.medicines.repurposing.likeness import Floats, Likeness, chapters, stems
from nof1.medicines.repurposing.likeness import structures as alike_structures
from nof1.medicines.repurposing.likeness import targets as alike_targets
from nof1.medicines.repurposing.linking import Linker, fit
from nof1.medicines.repurposing.pairs import Bools, Pairs
from nof1.medicines.repurposing.paths import Guide, Step
from nof1.medicines.repurposing.supplied import read_structures, read_targets

MARK = "hypothesis"
AGAINST = ("contraindicated", "avoid")  # actions of knowledge.conditions
SCHEMA = "nof1/medicines-repurpose/1"
READ = (
    "A hypothesis is a place to look for evidence, not a reason to treat anybody. The score orders "
    "medicines; it is no probability. What was found to be no treatment is left out, and so is "
    "what the facts about diagnoses speak against; what they do not know they cannot leave out."
)


@dataclass(frozen=True)
class Hypothesis:
    """One candidate.

    Attributes
    ----------
    score : log odds of the model; higher speaks for a use. It only orders.
    naive_score, naive_rank : diseases that the medicine is used for, and its place by that alone.
    path : the steps that lead from the disease to it.
    """

    rank: int
    medicine: str
    score: float
    naive_score: int
    naive_rank: int
    path: tuple[Step, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; each says what it is."""
        return {
            "rank": self.rank,
            "medicine": self.medicine,
            "status": MARK,
            "score": round(self.score, 4),
            "naive_score": self.naive_score,
            "naive_rank": self.naive_rank,
            "path": [step.to_dict() for step in self.path],
        }


@dataclass(frozen=True)
class Repurposed:
    """The answer for one disease.

    Attributes
    ----------
    known, refused : medicines of the disease, and those found to be no treatment: never candidates.
    against : medicines left out because the disease speaks against them (knowledge.conditions).
    pool : medicines that were put in order.
    judged : verdicts of the splits that this answer depends on.
    hypotheses : empty when withheld; ``reason`` then says why.
    notes : what was set aside -> how many.
    """

    disease: Disease
    known: tuple[str, ...]
    refused: tuple[str, ...]
    against: tuple[str, ...]
    pool: int
    judged: tuple[Judged, ...]
    weights: Mapping[str, float]
    hypotheses: tuple[Hypothesis, ...]
    reason: str
    notes: Mapping[str, int]
    content_hash: str
    knowledge_date: str

    @property
    def withheld(self) -> bool:
        """Whether the model may not speak."""
        return bool(self.reason)

    @property
    def caution(self) -> str:
        """Said when there is little to go by, or when popularity does as well in this disease."""
        own = self.judged[0].diseases.get(self.disease.name)
        if not self.known:
            return (
                "It has no medicine in the table: only popularity and its chapter speak, so the "
                "list is coarse, and the same for all diseases of the chapter."
            )
        if own is None or own.first[MODEL] > own.first[NAIVE]:
            return ""
        return (
            f"In this disease the model did no better than popularity: of {own.hidden} hidden uses "
            f"it placed {own.first[MODEL]:.1f} among the first {FIRST}, popularity "
            f"{own.first[NAIVE]:.1f}."
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema": SCHEMA,
            "disease": self.disease._asdict(),
            "status": "withheld" if self.withheld else MARK,
            "reason": self.reason,
            "caution": self.caution,
            "known": list(self.known),
            "not_indicated": list(self.refused),
            "contraindicated": list(self.against),
            "pool": self.pool,
            "judged": [one.to_dict() for one in self.judged],
            "weights": {name: round(value, 4) for name, value in self.weights.items()},
            "hypotheses": [one.to_dict() for one in self.hypotheses],
            "set_aside": dict(self.notes),
            "basis": {
                "facts": [TABLE, DISEASES],
                "content_hash": self.content_hash,
                "knowledge_date": self.knowledge_date,
            },
            "how_to_read": READ,
            "notice": NOTICE,
        }


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the hypotheses are made from: the table of uses, and how alike medicines are."""

    pairs: Pairs
    likeness: Likeness
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=Counter)


def evidence(
    pairs: Pairs,
    *,
    structures: Path | None = None,
    targets: Path | None = None,
    base: Base = SHIPPED,
) -> Evidence:
    """The evidence of a table of uses, with structures and targets where the user has tables.

    Raises
    ------
    InputError : a table cannot be used.
    MissingExtra : structures without RDKit.
    """
    notes: Counter[str] = Counter()
    likeness = Likeness(stems(pairs.medicines), chapters(pairs.diseases, base))
    of: Mapping[str, frozenset[str]] = {}
    if structures is not None:
        found = read_structures(structures, pairs.medicines, base)
        notes += found.set_aside
        likeness = replace(likeness, structures=alike_structures(pairs.medicines, found.smiles))
    if targets is not None:
        found = read_targets(targets, pairs.medicines, base)
        notes += found.set_aside
        of = found.targets
        likeness = replace(likeness, targets=alike_targets(pairs.medicines, of))
    return Evidence(pairs, likeness, of, notes)


def repurpose(
    disease: str, given: Evidence, *, most: int = 15, base: Base = SHIPPED, seed: int = 0
) -> Repurposed:
    """Hypotheses for a disease, or why there are none.

    Parameters
    ----------
    disease : name or code, as ``knowledge.indications.find`` takes it.
    most : length of the list.

    Raises
    ------
    UsageError : the disease is not in the table.
    """
    found, pairs = find(disease, base), given.pairs
    column = pairs.diseases.index(found.name)
    used, refused = pairs.used[:, column], pairs.refused[:, column]
    cold = not used.any()
    splits = ("leave-disease",) if cold else ("leave-pairs", "leave-class")
    judged = tuple(judge(pairs, given.likeness, split, seed) for split in splits)
    linker, values = fit(pairs.used, given.likeness, cold=cold)
    against = _against(found, pairs, base) & ~used & ~refused
    pool = np.flatnonzero(~used & ~refused & ~against & pairs.used.any(axis=1))
    listed = _listed(given, column, linker, values[:, column], pool, base)
    reason = _reason(judged, listed)
    return Repurposed(
        disease=found,
        known=tuple(pairs.medicines[k] for k in np.flatnonzero(used)),
        refused=tuple(pairs.medicines[k] for k in np.flatnonzero(refused)),
        against=tuple(pairs.medicines[k] for k in np.flatnonzero(against)),
        pool=len(pool),
        judged=judged,
        weights=dict(zip(linker.names, linker.weights.tolist(), strict=True)),
        hypotheses=() if reason else tuple(listed[:most]),
        reason=reason,
        notes=dict(given.notes),
        content_hash=base.hash(TABLE, DISEASES),
        knowledge_date=sources(base)[PHARMACOTHERAPYDB].published.isoformat(),
    )


def _against(disease: Disease, pairs: Pairs, base: Base) -> Bools:
    """1 for medicines that the disease speaks against."""
    codes = [f"SNOMED//{code}" for code in disease.snomed]
    codes += [f"ICD10CM//{code}" for code in disease.icd10cm]
    rows = (conditions.against(name, codes, base) for name in pairs.medicines)
    return np.array([any(one.action in AGAINST for one in found) for found in rows])


def _listed(
    given: Evidence, column: int, linker: Linker, values: Floats, pool: Any, base: Base
) -> list[Hypothesis]:
    """All candidates to which a path leads, the best first."""
    guide = Guide(given.pairs, given.likeness, column, given.targets, base)
    scores, parts = linker.score(values), linker.parts(values)
    popularity = given.pairs.used.sum(axis=1)
    made: list[Hypothesis] = []
    for number in pool[np.argsort(-scores[pool], kind="stable")]:
        steps = guide.steps(int(number), dict(zip(linker.names, parts[number], strict=True)))
        if steps:
            before = int((popularity[pool] > popularity[number]).sum())
            made.append(
                Hypothesis(
                    rank=len(made) + 1,
                    medicine=given.pairs.medicines[number],
                    score=float(scores[number]),
                    naive_score=int(popularity[number]),
                    naive_rank=before + 1,
                    path=steps,
                )
            )
    return made


def _reason(judged: tuple[Judged, ...], listed: list[Hypothesis]) -> str:
    failed = [one for one in judged if not one.better]
    if failed:
        one = failed[0]
        return (
            f"The model finds hidden uses no better than popularity ({one.split}: difference of "
            f"average precision {one.difference:.3f}, 95 % interval {one.low:.3f} to "
            f"{one.high:.3f})."
        )
    if not listed:
        return (
            "Nothing leads to this disease: it has no medicine in the table, and no medicine is "
            "used for another disease of its ICD-10-CM chapter."
        )
    return ""
