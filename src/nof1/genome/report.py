"""Gene results and advice as plain data: ``nof1/genome-call/1``, the same for every reader.

Programs read it as JSON; ``nof1.genome.overview`` makes the one-page report of one sample from it.
"""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from nof1.core.finding import NOTICE
from nof1.genome.results import GeneResult, Phenotype
from nof1.genome.words import by_phenotype
from nof1.knowledge import alleles, phenotypes
from nof1.knowledge.base import SHIPPED, Base, Source, sources

SCHEMA = "nof1/genome-call/1"
HEADER_BYTES = 65_536
Data = dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """Where the genotypes came from, and what was strange about them.

    Attributes
    ----------
    file : name of the file (of several: joined by ", "), never its folder.
    notes : what the reader said, with counts.
    synthetic : whether the data are invented.
    """

    file: str
    build: str | None
    notes: Mapping[str, int]
    synthetic: bool = False


def document(
    origin: Origin,
    samples: Mapping[str, Mapping[str, GeneResult]],
    medicines: Mapping[str, Sequence[Data]],
    *,
    conversions: Mapping[str, Sequence[Data]] | None = None,
    base: Base = SHIPPED,
    today: date | None = None,
) -> Data:
    """The whole answer of ``nof1 genome call --json``.

    Parameters
    ----------
    medicines : sample -> rows of ``nof1.genome.medicinerows``.
    conversions : sample -> its ``conversion_row``s; only where current medicines were given.
    today : the day on which sources are judged to be old (default: now, UTC).
    """
    made: Data = {
        **head(origin, samples.values(), medicines.values(), base=base, today=today),
        "samples": {
            sample: {gene: gene_row(result, base) for gene, result in results.items()}
            for sample, results in samples.items()
        },
        "medicines": {sample: list(rows) for sample, rows in medicines.items() if rows},
    }
    if conversions is not None:
        made["phenoconversion"] = {sample: list(rows) for sample, rows in conversions.items()}
    return made


def pieces(
    origin: Origin,
    found: Iterable[tuple[str, Mapping[str, GeneResult], Sequence[Data], Sequence[Data]]],
    *,
    conversions: bool = False,
    base: Base = SHIPPED,
    today: date | None = None,
) -> Iterator[str]:
    """``document`` as JSON text, a sample at a time, so that a biobank needs little memory.

    Parameters
    ----------
    found : for each sample its name, gene results, medicine rows and conversions.
    """
    texts: dict[int, tuple[GeneResult, str]] = {}  # results are shared between samples
    genes, used = set[str](), set[str]()
    advice: list[str] = []
    changes: list[str] = []
    start = head(origin, [], [], base=base, today=today)
    start.pop("knowledge")
    yield f'{_json(start)[:-1]}, "samples": {{'
    for number, (sample, results, rows, changed) in enumerate(found):
        for result in results.values():
            if id(result) not in texts:
                texts[id(result)] = (result, _json(gene_row(result, base)))
        parts = [f"{_json(gene)}: {texts[id(result)][1]}" for gene, result in results.items()]
        yield f"{', ' * (number > 0)}{_json(sample)}: {{{', '.join(parts)}}}"
        genes |= set(results)
        used |= {row["source"] for row in rows}
        advice += [f"{_json(sample)}: {_json(list(rows))}"] if rows else []
        changes += [f"{_json(sample)}: {_json(list(changed))}"]
    used |= {source for gene in genes for source in _sources_of(gene, base)}
    yield f'}}, "medicines": {{{", ".join(advice)}}}'
    if conversions:
        yield f', "phenoconversion": {{{", ".join(changes)}}}'
    day = today or datetime.now(UTC).date()
    yield f', "knowledge": {_json(_knowledge(used, base, day))}}}\n'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def head(
    origin: Origin,
    samples: Iterable[Mapping[str, GeneResult]],
    medicines: Iterable[Sequence[Data]],
    *,
    base: Base = SHIPPED,
    today: date | None = None,
) -> Data:
    """All of a document that is not about one sample."""
    genes = {gene for results in samples for gene in results}
    used = {row["source"] for rows in medicines for row in rows}
    used |= {source for gene in genes for source in _sources_of(gene, base)}
    day = today or datetime.now(UTC).date()
    return {
        "schema": SCHEMA,
        "as_of": str(day),
        "build": origin.build,
        "file": origin.file,
        "notes": dict(origin.notes),
        "synthetic": origin.synthetic,
        "notice": NOTICE,
        "knowledge": _knowledge(used, base, day),
    }


def _knowledge(used: set[str], base: Base, today: date) -> list[Data]:
    known = sources(base)
    return [_source(known[name], today) for name in sorted(used) if name in known]


def _source(source: Source, today: date) -> Data:
    return {
        "id": source.id,
        "title": source.title,
        "version": source.version,
        "published": str(source.published),
        "valid_until": str(source.valid_until),
        "expired": source.expired(today),
    }


# genes --------------------------------------------------------------------------------------------


def gene_row(result: GeneResult, base: Base = SHIPPED) -> Data:
    """One gene of one sample. ``activity_score`` is that of the likeliest phenotype."""
    top = result.phenotypes[0] if result.phenotypes else None
    return {
        "diplotypes": [{"name": one.name, "prior": one.prior} for one in result.diplotypes],
        "unlisted": {"count": result.unlisted[0], "prior": result.unlisted[1]},
        "phenotypes": [name for name, _ in by_phenotype(result)],
        "phenotype_priors": _priors(result.phenotypes),
        "activity_score": None if top is None or top.prior is None else top.score,
        "missing_positions": [
            {"position": one.position, "rsid": one.rsid, "chromosome": one.chromosome}
            for one in result.missing
        ],
        "positions": _positions(result.gene, base),
        "settled_by": _settling(result),
        "variants": list(result.variants),
        "warnings": list(result.warnings),
        "outcome": str(result.outcome),
        "reason": result.reason,
        "called_by": result.source,
        "basis": _basis(result.gene, base),
    }


def _priors(possible: Sequence[Phenotype]) -> dict[str, float | None]:
    """Phenotype -> summed prior; None where nothing is known about it."""
    made: dict[str, float | None] = {}
    for one in possible:
        before = made.get(one.phenotype, 0.0)
        made[one.phenotype] = None if one.prior is None or before is None else before + one.prior
    return made


def _settling(result: GeneResult) -> Data | None:
    found = result.settling
    if found is None:
        return None
    return {
        "position": found.position.label,
        "rsid": found.position.rsid,
        "before": found.before,
        "after": found.after,
    }


def _positions(gene: str, base: Base) -> int:
    return len(alleles.definition(gene, base).positions) if gene in alleles.genes(base) else 0


def _sources_of(gene: str, base: Base) -> tuple[str, ...]:
    """Sources of the definition and of the phenotype table, as far as there are."""
    named = [alleles.definition(gene, base).source] if gene in alleles.genes(base) else []
    tables = [phenotypes.phenotypes(gene, base).source] if gene in phenotypes.genes(base) else []
    return tuple(dict.fromkeys([*named, *tables]))


@functools.cache
def _basis(gene: str, base: Base) -> Data:
    """Exactly which facts the answer rests on."""
    files = [f"alleles/{gene}.json"] if gene in alleles.genes(base) else []
    files += [f"phenotypes/{gene}.json"] if gene in phenotypes.genes(base) else []
    used, known = _sources_of(gene, base), sources(base)
    days = [known[name].published for name in used if name in known]
    return {
        "source": ", ".join(used) or None,
        "version": alleles.definition(gene, base).version if gene in alleles.genes(base) else None,
        "content_hash": base.hash(*files) if files else None,
        "knowledge_date": str(min(days)) if days else None,
    }


def marked_synthetic(path: Path) -> bool:
    """Whether the header of a VCF says that its genotypes are invented.

    Looked for in the lines ``##source`` and ``##note`` of the first 64 KiB.
    """
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            start = file.read(HEADER_BYTES)
    except (OSError, EOFError):
        return False
    lines = [line.lower() for line in start.splitlines() if line.startswith((b"##s", b"##n"))]
    return any(b"synthetic" in line for line in lines)
