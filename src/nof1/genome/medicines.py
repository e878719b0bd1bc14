"""Medicines that are taken now: which ingredient a code means, and what they do to the genes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nof1.core.finding import EventRef, utc
from nof1.genome.phenoconversion import UNCHANGED, Conversion, convert
from nof1.genome.results import GeneResult, Outcome, Phenotype
from nof1.knowledge import drugs, phenotypes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.phenotypes import NO_SCORE, GenePhenotypes, number
from nof1.record.current import CurrentMedicine

_WORD = re.compile(r"[a-z0-9][a-z0-9'-]*")
SHORTEST = 4  # letters of a name; "iron" is one, "mg" is none
TOGETHER = " / "  # between the ingredients of a medicine that guidelines treat as one


class Taken(NamedTuple):
    """One ingredient that is taken now, and the event that says so."""

    name: str
    code: str
    event: EventRef


def taken(current: Sequence[CurrentMedicine], names: Mapping[str, str]) -> list[Taken]:
    """The ingredients of current medicines, each once; codes that we do not know are left out.

    A code is known by itself (an ingredient), or by the words of its source, in which the name of
    an ingredient stands (``clopidogrel 75 MG Oral Tablet``).
    """
    found: dict[str, Taken] = {}
    for medicine in current:
        for name in ingredients(medicine.code, names):
            event = EventRef(
                code=medicine.code,
                display=names.get(medicine.code) or name,
                time=utc(medicine.start),
                source_file=medicine.source_file,
                source_row=medicine.source_row,
                site=medicine.site,
            )
            found.setdefault(name, Taken(name, medicine.code, event))
    return list(found.values())


def ingredients(code: str, names: Mapping[str, str]) -> list[str]:
    """Names of what a code stands for; empty when neither it nor its words are known here."""
    known = drugs.find(code)
    if known is not None:
        return [known.name]
    return named_in(names.get(code, ""))


def named_in(text: str) -> list[str]:
    """The medicines whose names stand in a text: ``clopidogrel 75 MG Oral Tablet``."""
    return list(_named_in(text))


@functools.lru_cache(maxsize=16_384)  # the words of medicines come again with every patient
def _named_in(text: str) -> tuple[str, ...]:
    found = list(dict.fromkeys(_named(_WORD.findall(text.lower()))))
    joint = [name for name in _joint() if set(name.split(TOGETHER)) <= set(found)]
    return (*found, *joint)


@functools.cache
def _joint() -> tuple[str, ...]:
    """Combinations that have a name of their own."""
    return tuple(name for name in drugs.drugs() if TOGETHER in name)


@functools.cache
def _longest() -> int:
    """Words of the longest name."""
    known_names = (name for one in drugs.drugs().values() for name in (one.name, *one.synonyms))
    return max(len(name.split()) for name in known_names)


def _named(words: Sequence[str]) -> Iterator[str]:
    """Names in a text, the longest first: ``methylene blue``, ``peginterferon alfa-2b``."""
    longest = _longest()
    at = 0
    while at < len(words):
        for size in range(longest, 0, -1):
            text = " ".join(words[at : at + size])
            known = drugs.find(text) if len(text) >= SHORTEST else None
            if known is not None:
                yield known.name
                break
        at += size if known is not None else 1


def converted(
    results: Mapping[str, GeneResult],
    medicine: Taken,
    others: Sequence[Taken],
    base: Base = SHIPPED,
) -> tuple[dict[str, GeneResult], tuple[str, ...]]:
    """Gene results as the other medicines make them, and a note for each change.

    Every possible phenotype is converted by itself; what no inhibitor moves stays as it is. A gene
    of which nothing was excluded is known after all when the other medicines make the same of every
    phenotype (a strong inhibitor stops CYP2D6 whatever its alleles are).
    """
    rest = [one.name for one in others if one.name != medicine.name]
    made: dict[str, GeneResult] = dict(results)
    notes: list[str] = []
    for gene, result in results.items():
        changes = [
            convert(gene, one.phenotype, one.score, rest, base=base) for one in result.phenotypes
        ]
        if not any(one.status == "converted" for one in changes):
            notes += _notes(gene, changes)
        elif result.outcome is Outcome.CALLED:
            made[gene] = _changed(result, changes, base)
            notes += _notes(gene, changes)
        elif len({one.effective for one in changes}) == 1:
            made[gene] = _settled(_changed(result, changes, base))
            who = _medicines(changes[0])
            notes.append(f"{who} makes {gene} act as {changes[0].effective}, whatever its alleles.")
    return made, tuple(dict.fromkeys(notes))


def _settled(result: GeneResult) -> GeneResult:
    """The one phenotype that is left."""
    one = result.phenotypes[0]._replace(prior=1.0)
    return result._replace(outcome=Outcome.CALLED, phenotypes=(one,), reason=None)


def _changed(result: GeneResult, changes: Sequence[Conversion], base: Base) -> GeneResult:
    table = phenotypes.phenotypes(result.gene, base)
    scored = table.by == "activity"
    possible = tuple(
        Phenotype(
            change.effective,
            _lookup(change, table) if scored else change.effective,
            change.effective_score,
            one.prior,
        )
        for one, change in zip(result.phenotypes, changes, strict=True)
    )
    return result._replace(phenotypes=possible, diplotypes=())


def _lookup(change: Conversion, table: GenePhenotypes) -> str:
    """The listed score that guidelines ask for: the nearest one of the same phenotype."""
    score = change.effective_score
    same = [lookup for phenotype, lookup in table.results.values() if phenotype == change.effective]
    scores = [(number(lookup), lookup) for lookup in same]
    if score is None:
        return NO_SCORE
    near = [(abs(value - score), lookup) for value, lookup in scores if value is not None]
    return min(near)[1] if near else NO_SCORE


def _notes(gene: str, changes: Sequence[Conversion]) -> list[str]:
    """One sentence a change: by which medicine, from what to what."""
    found = []
    for change in changes:
        if change.status == UNCHANGED:
            continue
        who = _medicines(change)
        if change.status == "converted":
            text = f"{who} makes {gene} act as {change.effective}, from {change.phenotype}"
            found.append(f"{text} by the genes.")
        else:
            found += [f"{who} and {gene}: {sentence}" for sentence in change.not_known]
    return found


def _medicines(change: Conversion) -> str:
    return " and ".join(dict.fromkeys(one.drug for one in change.because))
