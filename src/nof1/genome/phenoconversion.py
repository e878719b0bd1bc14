"""Phenoconversion: what a genotype's phenotype becomes under the medicines that a person takes now.

The rule for CYP2D6 is published: a strong inhibitor sets the activity score to 0, a moderate one
halves it (Borges 2010; Cicali 2021). For the other genes the same idea is used by analogy: halve
the score where the gene has one, else one class down for a moderate inhibitor, and ``Poor
Metabolizer`` for a strong one. Inducers raise the activity (Klomp 2020, PMID 32906709), but no size
by phenotype is established, so they name a direction and convert nothing: an intermediate
metaboliser is never declared normal because of an inducer. Weak and ungraded medicines convert
nothing; the ungraded ones name a direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.modulators import Modulator, of

POOR, INDETERMINATE = "Poor Metabolizer", "Indeterminate"
UNCHANGED, CONVERTED = "unchanged", "converted"
DIRECTION, UNPREDICTABLE = "direction", "unpredictable"
_LOW = (POOR, "Intermediate Metabolizer", "Normal Metabolizer")
_FIVE = (*_LOW, "Rapid Metabolizer", "Ultrarapid Metabolizer")
# Classes of CPIC from least to most activity. Only these genes are converted. CYP3A5 is not among
# them: the FDA grades CYP3A as a whole, and inhibitors of CYP3A4 act less on CYP3A5.
CLASSES: dict[str, tuple[str, ...]] = {
    "CYP2B6": _FIVE,
    "CYP2C19": _FIVE,
    "CYP2C9": _LOW,
    "CYP2D6": (*_LOW, "Ultrarapid Metabolizer"),
    "CYP3A4": _LOW,
    "DPYD": _LOW,
}
# Lower bound of each class from the second on, and whether the bound itself belongs to it. CYP2D6:
# Caudle 2020, PMID 31647186. CYP2C9: Theken 2020, PMID 32189324. DPYD: Amstutz 2018, PMID 29152729.
# A halved score that CPIC does not list (0.75 of CYP2C9) counts as the class below.
_BOUNDS: dict[str, tuple[tuple[float, bool], ...]] = {
    "CYP2D6": ((0.0, False), (1.25, True), (2.25, False)),
    "CYP2C9": ((1.0, True), (2.0, True)),
    "DPYD": ((1.0, True), (2.0, True)),
}
_CYP2D6 = ("Borges 2010, PMID 20081063", "Cicali 2021, doi:10.1002/cpt.2354")
_OTHERS = ("by analogy with CYP2D6: Cicali 2021, doi:10.1002/cpt.2354",)
_ORDER = ("strong", "moderate", "weak", "")


class Conversion(NamedTuple):
    """The phenotype of the genotype and the one that holds now, side by side.

    Attributes
    ----------
    phenotype, activity_score : of the genotype, as given.
    effective, effective_score : now. The score is None where the gene or the change has none.
    status : ``unchanged``; ``converted`` (class or score); ``direction`` (more or less activity,
        nobody knows how much: ``effective`` is the genotype's); ``unpredictable`` (inhibitor and
        inducer together: ``effective`` is ``Indeterminate``; advise on the genotype's as well).
    direction : -1 less activity, +1 more, 0 neither or both.
    because : the medicines that did it. named : others that act on the gene but moved nothing.
    citations : of the method, then of the medicines. not_known : each a sentence.
    """

    gene: str
    phenotype: str
    activity_score: float | None
    effective: str
    effective_score: float | None
    status: str = UNCHANGED
    direction: int = 0
    because: tuple[Modulator, ...] = ()
    named: tuple[Modulator, ...] = ()
    citations: tuple[str, ...] = ()
    not_known: tuple[str, ...] = ()


def phenotype_of_score(gene: str, score: float) -> str:
    """The class of an activity score, by the tables of CPIC; only for genes that have scores."""
    bounds = _BOUNDS[gene]
    return CLASSES[gene][sum(score > low or (of_it and score == low) for low, of_it in bounds)]


def convert(
    gene: str,
    phenotype: str,
    activity_score: float | None,
    medicines: Iterable[str],
    *,
    translate: Callable[[str, float], str] = phenotype_of_score,
    base: Base = SHIPPED,
) -> Conversion:
    """The phenotype that holds now; under inhibitors never a class above the genotype's.

    Parameters
    ----------
    phenotype : of the genotype, in the words of CPIC (``Intermediate Metabolizer``).
    activity_score : of the genotype, or None. A lower bound (``>=3``) gives a lower bound.
    medicines : names of the ingredients taken now, in any order. What is "now" is the caller's
        choice: inducers and irreversible inhibitors act on for weeks after the last dose. Leave
        the medicine out that is asked about, or it is judged by its own effect.
    translate : (gene, score) -> phenotype.
    """
    start = Conversion(gene, phenotype, activity_score, phenotype, activity_score)
    rows = {row for name in medicines for row in of(name, base) if row.gene == gene}
    acting = sorted(rows, key=lambda row: (_ORDER.index(row.strength), row))
    # An ungraded medicine has a direction, but no part in a conversion.
    weighty = [row for row in acting if row.strength != "weak"]
    graded = [row for row in weighty if row.strength]
    if len({row.kind for row in weighty}) == 2:
        return _unpredictable(start, acting, weighty)
    if graded and graded[0].kind == "inhibitor" and gene in CLASSES:
        return _inhibited(start, acting, graded, translate)
    return _direction(start, acting, weighty)


def _inhibited(
    start: Conversion,
    acting: Sequence[Modulator],
    inhibitors: Sequence[Modulator],
    translate: Callable[[str, float], str],
) -> Conversion:
    """The strongest inhibitor decides."""
    strength = inhibitors[0].strength
    effective, score = _lower(start, strength, translate)
    unknown = ["How long each medicine was taken, and at which dose, is not considered."]
    if len(inhibitors) > 1:
        unknown.append("Several inhibitors: the strongest counts; their joint effect is not known.")
    if effective not in _known(start.gene):
        unknown.append("The genotype's phenotype is not known: a moderate inhibitor moves nothing.")
    rescored = start.activity_score is not None and score != start.activity_score
    status = CONVERTED if effective != start.phenotype or rescored else UNCHANGED
    result = start._replace(effective=effective, effective_score=score, status=status, direction=-1)
    method = _CYP2D6 if start.gene == "CYP2D6" else _OTHERS
    because = [row for row in inhibitors if row.strength == strength]
    return _explained(result, acting, because, unknown, method)


def _known(gene: str) -> set[str]:
    return {prefix + name for name in CLASSES[gene] for prefix in ("", "Likely ", "Possible ")}


def _lower(
    start: Conversion, strength: str, translate: Callable[[str, float], str]
) -> tuple[str, float | None]:
    """Phenotype and score under the strongest inhibitor."""
    scored = start.gene in _BOUNDS
    if strength == "strong":
        return POOR, 0.0 if scored else None
    if start.phenotype not in _known(start.gene):
        return start.phenotype, start.activity_score
    classes = CLASSES[start.gene]
    # "Likely" stays, CPIC has it for both classes; "Possible" goes, which is the cautious side.
    likely = "Likely " if start.phenotype.startswith("Likely ") else ""
    place = classes.index(start.phenotype.removeprefix("Likely ").removeprefix("Possible "))
    if scored and start.activity_score is not None:
        score = start.activity_score / 2
        return likely + classes[min(classes.index(translate(start.gene, score)), place)], score
    return likely + classes[max(place - 1, 0)], None


def _unpredictable(
    start: Conversion, acting: Sequence[Modulator], because: Sequence[Modulator]
) -> Conversion:
    unknown = ["An inhibitor and an inducer together: the activity cannot be predicted."]
    result = start._replace(effective=INDETERMINATE, effective_score=None, status=UNPREDICTABLE)
    return _explained(result, acting, because, unknown)


def _direction(
    start: Conversion, acting: Sequence[Modulator], because: Sequence[Modulator]
) -> Conversion:
    """Nothing is converted: say which way the activity goes, where a medicine has weight."""
    if not because:
        unknown = ["Weak effects may add up; how far is not known."] if acting else []
        return _explained(start, acting, (), unknown)
    less = because[0].kind == "inhibitor"
    word = "lower" if less else "higher"
    unknown = [f"The activity is {word} than the genotype says; by how much is not known."]
    result = start._replace(status=DIRECTION, direction=-1 if less else 1)
    return _explained(result, acting, because, unknown)


def _explained(
    result: Conversion,
    acting: Sequence[Modulator],
    because: Sequence[Modulator],
    unknown: Sequence[str],
    method: tuple[str, ...] = (),
) -> Conversion:
    return result._replace(
        because=tuple(because),
        named=tuple(row for row in acting if row not in because),
        citations=(*method, *dict.fromkeys(row.citation for row in (*because, *acting))),
        not_known=tuple(unknown),
    )
