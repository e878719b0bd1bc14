"""Genes in the words of a report: one line each, and what was not checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nof1.genome import words
from nof1.genome.prescribing import unknown_for
from nof1.genome.results import GeneResult, Outcome
from nof1.knowledge import alleles
from nof1.knowledge.base import SHIPPED, Base

OUTSIDE = "Not called from small variants. Needed: a laboratory's or another program's result."
NOT_ASKED = "It was not among the genes asked for, or small variants do not settle it."
BRING = "Bring its result with --outside FILE."
Data = dict[str, Any]


def gene_line(result: GeneResult, base: Base = SHIPPED) -> Data:
    """One row of the gene table, in words."""
    of = 0
    if result.source == "vcf" and result.gene in alleles.genes(base):
        of = len(alleles.definition(result.gene, base).positions)
    likely = result.likeliest
    called = result.outcome is Outcome.CALLED
    totals = words.by_phenotype(result) if called else []
    weighed = all(one.prior is not None for one in result.phenotypes)
    said = words.statuses(result) if called else None
    totals = [(said, 1.0)] if said else totals
    return {
        "gene": result.gene,
        "outcome": str(result.outcome),
        "diplotype": likely.name if likely else None,
        "diplotypes": len(result.diplotypes) + result.unlisted[0],
        "phenotype": totals[0][0] if totals else UNSAID[result.outcome],
        "score": result.phenotypes[0].score if totals else None,
        "sure": _sure(totals, weighed=weighed),
        "others": [
            f"{name} ({words.chance(prior)})" if weighed else name for name, prior in totals[1:]
        ],
        "seen": of - len(result.missing),
        "of": of,
        "settled_by": result.settling.position.label if result.settling else None,
        "settles": bool(result.settling and result.settling.after == 0),
        "variants": list(result.variants),
        "warnings": list(result.warnings),
        "called_by": result.source,
    }


def _sure(totals: Sequence[tuple[str, float]], *, weighed: bool) -> str | None:
    """How much of all that fits has the likeliest phenotype; None when nobody said."""
    if not totals or not (weighed or len(totals) == 1):
        return None
    return words.chance(totals[0][1]) if len(totals) > 1 else "only one fits"


UNSAID = {
    Outcome.CALLED: "not known",
    Outcome.NOT_EXCLUDED: "nothing excluded",
    Outcome.NOT_CALLED: "not called",
}


def waiting(
    results: Mapping[str, GeneResult], rows: Sequence[Data], drugs: Sequence[str], base: Base
) -> dict[str, list[str]]:
    """Gene -> medicines whose advice waits for it."""
    found: dict[str, list[str]] = {}
    advised = {row["drug"] for row in rows}
    silent = [drug for drug in drugs if drug not in advised]
    for drug, genes in unknown_for(results, silent, base).items():
        for gene in genes:
            found.setdefault(gene, []).append(drug)
    for row in rows:
        for gene in row["unknown_genes"]:
            found.setdefault(gene, []).append(row["drug"])
    return {gene: sorted(set(names)) for gene, names in sorted(found.items())}


def not_checked(
    results: Mapping[str, GeneResult],
    waits: Mapping[str, list[str]],
    current: Sequence[str] | None,
    asked: Sequence[str] | None,
) -> list[Data]:
    """Genes without an answer: why, what would give one, and which medicines wait for it."""
    made: list[Data] = [
        {"gene": gene, "why": result.reason or "There is no answer.", "resolve": _way_out(result)}
        for gene, result in sorted(results.items())
        if result.outcome is not Outcome.CALLED
    ]
    absent = [gene for gene in waits if gene not in results and not gene.startswith("rs")]
    made += [
        {"gene": gene, "why": OUTSIDE if asked is None else NOT_ASKED, "resolve": BRING}
        for gene in absent
        if asked is None or current is not None
    ]
    grouped: dict[tuple[str, str], dict[str, list[str]]] = {}
    for row in made:
        same = grouped.setdefault((row["why"], row["resolve"]), {})
        same[row["gene"]] = waits.get(row["gene"], [])
    return [
        {"genes": list(found), "why": why, "resolve": resolve, "medicines": found}
        for (why, resolve), found in grouped.items()
    ]


def _way_out(result: GeneResult) -> str:
    if result.outcome is Outcome.NOT_EXCLUDED:
        return f"Needed: a test of {result.gene} that counts copies. {BRING}"
    return f"Needed: a file that covers the gene, or another laboratory's result. {BRING}"
