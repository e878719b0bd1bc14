"""Gene results as events of the record, and back.

One event ``GENE//CYP2C19`` holds the whole answer as JSON in its text, so that advice needs no
genome file. Beside it stand plain events that models read: ``GENE//CYP2C19//Poor Metabolizer``,
``GENE//CYP2C19//*2/*2``, ``GENE//CYP2C9//activity_score``. They are written only when the answer is
nearly sure (``SURE``): an event that is not there says "not known", never "normal".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype, Settling
from nof1.knowledge.alleles import GeneDefinition, definition, genes
from nof1.knowledge.base import SHIPPED, Base

PREFIX = "GENE//"
SURE = 0.9
MOST_KEPT = 12


class Fact(NamedTuple):
    """One event without its patient and time."""

    code: str
    value: float | None = None
    text: str | None = None


def facts(result: GeneResult, base: Base = SHIPPED) -> Iterator[Fact]:
    """The events of one result; none when the gene was not called."""
    if result.outcome is Outcome.NOT_CALLED:
        return
    code = f"{PREFIX}{result.gene}"
    yield Fact(code, text=encode(result, base))
    if result.outcome is not Outcome.CALLED:
        return
    by_word: dict[str, float] = {}
    for one in result.phenotypes:
        by_word[one.phenotype] = by_word.get(one.phenotype, 0.0) + (one.prior or 0.0)
    yield from (Fact(f"{code}//{word}") for word, prior in by_word.items() if prior >= SURE)
    top = result.phenotypes[0] if result.phenotypes else None
    if top is not None and top.score is not None and (top.prior or 0) >= SURE:
        yield Fact(f"{code}//activity_score", value=top.score)
    likely = result.likeliest
    if likely is not None and likely.prior >= SURE:
        yield Fact(f"{code}//{likely.name}")


def encode(result: GeneResult, base: Base = SHIPPED) -> str:
    """A result as JSON of about 200 bytes; unseen positions as a bit mask in hex."""
    known = definition(result.gene, base) if result.gene in genes(base) else None
    data: dict[str, Any] = {
        "outcome": str(result.outcome),
        "diplotypes": [_rounded(one) for one in result.diplotypes[:MOST_KEPT]],
        "unlisted": _unlisted(result),
        "phenotypes": [_rounded(one) for one in result.phenotypes],
        "missing": _mask(result, known),
        "settling": _settling(result),
        "variants": result.variants,
        "warnings": result.warnings,
        "reason": result.reason,
        "source": result.source,
        "version": known.version if known else None,
    }
    return msgspec.json.encode({k: v for k, v in data.items() if v not in (None, (), [])}).decode()


def decode(gene: str, text: str, base: Base = SHIPPED) -> GeneResult:
    """A result from its JSON.

    Raises
    ------
    msgspec.DecodeError, msgspec.ValidationError : it is no such JSON.
    """
    data = msgspec.json.decode(text, type=_Stored)
    if data.outcome is Outcome.CALLED and not data.phenotypes:
        raise msgspec.ValidationError("a called gene without a phenotype")
    known = definition(gene, base) if gene in genes(base) else None
    here = known if known is not None and known.version == data.version else None
    positions = here.positions if here else ()
    bits = _bits(data.missing)
    missing = tuple(p for i, p in enumerate(positions) if bits >> i & 1)
    settling = None
    if data.settling is not None and here is not None:
        place, before, after = data.settling
        if not 0 <= place < len(positions):
            raise msgspec.ValidationError("a position that the gene does not have")
        settling = Settling(positions[int(place)], before, after)
    return GeneResult(
        gene,
        data.outcome,
        data.diplotypes,
        data.unlisted,
        data.phenotypes,
        missing,
        settling,
        data.variants,
        data.warnings,
        data.reason,
        data.source,
    )


def _bits(mask: str | None) -> int:
    try:
        return int(mask or "0", 16)
    except ValueError:
        raise msgspec.ValidationError("no mask of positions") from None


class _Stored(msgspec.Struct):
    outcome: Outcome
    diplotypes: tuple[Diplotype, ...] = ()
    unlisted: tuple[int, float] = (0, 0.0)
    phenotypes: tuple[Phenotype, ...] = ()
    missing: str | None = None
    settling: tuple[float, float, float] | None = None
    variants: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    source: str = "vcf"
    version: str | None = None


def _rounded(one: Diplotype | Phenotype) -> Any:
    """The prior with six digits: more is noise, and makes the text long."""
    return one if one.prior is None else one._replace(prior=float(f"{one.prior:.6g}"))


def _unlisted(result: GeneResult) -> tuple[int, float] | None:
    cut = result.diplotypes[MOST_KEPT:]
    count = result.unlisted[0] + len(cut)
    prior = result.unlisted[1] + sum(one.prior for one in cut)
    return (count, float(f"{prior:.6g}")) if count else None


def _mask(result: GeneResult, known: GeneDefinition | None) -> str | None:
    if known is None or not result.missing:
        return None
    unseen = set(result.missing)
    return f"{sum(1 << i for i, p in enumerate(known.positions) if p in unseen):x}"


def _settling(result: GeneResult) -> tuple[int, float, float] | None:
    if result.settling is None:
        return None
    place, before, after = result.settling
    positions = definition(result.gene).positions
    return positions.index(place), float(f"{before:.6g}"), float(f"{after:.6g}")
