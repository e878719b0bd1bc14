"""What is said about one gene of one person: every diplotype that fits, and what follows."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from nof1.knowledge.alleles import Position
from nof1.knowledge.phenotypes import INDETERMINATE

MOST_LISTED = 50


class Outcome(StrEnum):
    """How far the answer reaches.

    ``called``: the alleles that fit are listed, and so are their phenotypes.
    ``not_excluded``: from this kind of data nothing can be ruled out (CYP2D6 from a VCF).
    ``not_called``: no answer; the reason says why.
    """

    CALLED = "called"
    NOT_EXCLUDED = "not_excluded"
    NOT_CALLED = "not_called"


class Diplotype(NamedTuple):
    """One pair of alleles that fits (one allele where there is one copy).

    Attributes
    ----------
    name : ``*1/*2``; the parts in the usual order.
    prior : its share among all that fit, from population frequencies; they sum to 1.
    phenotype, lookup : see ``nof1.knowledge.phenotypes.Result``.
    score : activity score, where the gene has one.
    """

    name: str
    prior: float
    phenotype: str
    lookup: str
    score: float | None


class Phenotype(NamedTuple):
    """One phenotype that is possible, with the summed prior of its diplotypes.

    ``prior`` is None where nothing can be said about it (CYP2D6 from a VCF).
    """

    phenotype: str
    lookup: str
    score: float | None
    prior: float | None


class Settling(NamedTuple):
    """The unseen position that would say most.

    Attributes
    ----------
    before, after : prior of all other phenotypes than the likeliest: now, and when the position
        turns out to be as in the reference. ``after == 0``: it would settle the question.
    """

    position: Position
    before: float
    after: float


class GeneResult(NamedTuple):
    """The answer for one gene of one person.

    Attributes
    ----------
    diplotypes : likeliest first, at most ``MOST_LISTED``; ``unlisted`` says how many more fit and
        what prior they have together.
    phenotypes : every possible one, likeliest first.
    missing : positions that were not seen.
    variants : for genes of single variants: all that were found.
    warnings : what a reader must know, in plain words.
    reason : why there is no answer, or no more of one.
    source : ``vcf``, or the program whose call it is.
    """

    gene: str
    outcome: Outcome
    diplotypes: tuple[Diplotype, ...] = ()
    unlisted: tuple[int, float] = (0, 0.0)
    phenotypes: tuple[Phenotype, ...] = ()
    missing: tuple[Position, ...] = ()
    settling: Settling | None = None
    variants: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    source: str = "vcf"

    @property
    def likeliest(self) -> Diplotype | None:
        """The diplotype with the highest prior; None without a call."""
        return self.diplotypes[0] if self.diplotypes else None

    @property
    def certain(self) -> bool:
        """Whether one phenotype only is possible."""
        return len({one.phenotype for one in self.phenotypes}) == 1


MIXED_UP = (
    "Two results in the record contradict each other. Find out whose samples they are, and import "
    "the wrong one's file again without it."
)
_POSITIVE, _NEGATIVE = " positive", " negative"


def mixed_up(gene: str) -> GeneResult:
    """No answer, because two contradict."""
    return GeneResult(gene, Outcome.NOT_CALLED, reason=MIXED_UP)


def contradict(one: GeneResult, other: GeneResult) -> bool:
    """Whether nothing that one result holds possible is possible by the other.

    Two called results with a phenotype in common do not; statuses of HLA hold side by side, and
    each allele is compared by itself. A result that was mixed up before stays so.
    """
    if one.reason == MIXED_UP:
        return True
    mine, theirs = ({each.phenotype for each in made.phenotypes} for made in (one, other))
    called = one.outcome is other.outcome is Outcome.CALLED
    if not called or INDETERMINATE in mine | theirs:
        return False
    if not any(text.endswith((_POSITIVE, _NEGATIVE)) for text in mine):
        return not mine & theirs
    said = {text.rpartition(" ")[0] for text in mine} & {t.rpartition(" ")[0] for t in theirs}
    return any(not {t for t in mine & theirs if t.startswith(f"{name} ")} for name in said)
