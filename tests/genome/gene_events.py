"""Gene results made by hand, and patients whose records hold them and take medicines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from nof1.core.finding import Subject
from nof1.genome import stored
from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype
from nof1.knowledge import phenotypes as tables
from nof1.knowledge.drugs import find
from nof1.record.events import SCHEMA

AT = datetime(2024, 6, 1)
SUBJECT = Subject(id="p1", site="s")
ROW: dict[str, Any] = dict.fromkeys(SCHEMA.names()) | {"subject_id": 1, "site": "s"}


def result(gene: str, *diplotypes: str | tuple[str, float], **changes: Any) -> GeneResult:
    """A called gene; each diplotype alone or with its prior (else they share it equally)."""
    table = tables.phenotypes(gene)
    share = 1 / max(len(diplotypes), 1)
    named = [one if isinstance(one, tuple) else (one, share) for one in diplotypes]
    made = []
    total: dict[tuple[str, str, float | None], float] = {}
    for name, prior in named:
        found = table.result(*(table.value(allele) for allele in name.split("/")))
        made.append(Diplotype(name, prior, found.phenotype, found.lookup, found.score))
        key = (found.phenotype, found.lookup, found.score)
        total[key] = total.get(key, 0.0) + prior
    possible = [Phenotype(*key, prior) for key, prior in total.items()]
    plain = GeneResult(gene, Outcome.CALLED, tuple(made), phenotypes=tuple(possible))
    return plain._replace(**changes)


def results(**diplotypes: str) -> dict[str, GeneResult]:
    """``results(CYP2C19="*2/*2")``: one sure diplotype for each gene."""
    return {gene: result(gene, name) for gene, name in diplotypes.items()}


def gene_rows(made: GeneResult, **columns: Any) -> list[dict[str, Any]]:
    """The events of one gene result."""
    place = {"source_file": "c.vcf", "source_row": 1, **columns}
    return [
        ROW | place | {"code": fact.code, "numeric_value": fact.value, "text_value": fact.text}
        for fact in stored.facts(made)
    ]


def medicine_row(name: str, start: datetime = datetime(2024, 5, 1)) -> dict[str, Any]:
    """An order of a medicine by its RxNorm ingredient, or by ATC."""
    drug = find(name)
    assert drug is not None
    place = {"source_file": "orders.csv", "source_row": 7}
    code = f"RxNorm//{drug.rxnorm}" if drug.rxnorm else f"ATC//{drug.atc[0]}"
    return ROW | place | {"code": code, "time": start}


def patient(genes: Mapping[str, GeneResult], medicines: Iterable[str] = ()) -> pl.DataFrame:
    """The events of one patient who takes these medicines."""
    rows = [row for made in genes.values() for row in gene_rows(made)]
    return frame([*rows, *map(medicine_row, medicines)])


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as an event table."""
    return pl.DataFrame(rows, schema=SCHEMA)
