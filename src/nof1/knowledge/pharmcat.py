"""Reading the definition and phenotype files of a PharmCAT release.

The files are those below ``definition/alleles`` and ``phenotype`` of PharmCAT's resources (their
content is of ClinPGx, PharmVar and CPIC). They are turned into the compact tables of
``nof1.knowledge.alleles`` and ``nof1.knowledge.phenotypes``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError
from nof1.knowledge.alleles import Cell, GeneDefinition, NamedAllele, Position
from nof1.knowledge.phenotypes import GenePhenotypes

IUPAC = {
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
SUFFIX = "_translation.json"
# IFNL3 has no diplotype rows; the CPIC guideline (PMID 24096968) tells two groups apart.
IFNL3 = {
    ("Favorable response allele", "Favorable response allele"): "Favorable response genotype",
    ("Favorable response allele", "Unfavorable response allele"): "Unfavorable response genotype",
    ("Unfavorable response allele", "Unfavorable response allele"): "Unfavorable response genotype",
}
# One table writes "Telti/Kobe", the other "Telti, Kobe": the same variant of G6PD.
ALIASES = {"G6PD": {"Telti/Kobe": "Telti, Kobe"}}


def load(path: Path) -> dict[str, Any]:
    """One JSON file of a release.

    Raises
    ------
    InputError : it is no JSON object.
    """
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        what = f"Not readable as JSON: {type(error).__name__}."
        raise InputError(what, where=path.name) from None
    if not isinstance(data, dict):
        raise InputError("This file holds no JSON object.", where=path.name)
    return data


def definition(
    data: Mapping[str, Any], exemptions: Mapping[str, Any], source: str
) -> GeneDefinition:
    """The definition of one gene, from a ``*_translation.json`` and ``exemptions.json``.

    Raises
    ------
    InputError : it is for another genome build, or a field is missing.
    """
    gene = str(data.get("gene"))
    if not str(data.get("genomeBuild", "")).startswith("GRCh38"):
        raise InputError("The definition is not for GRCh38.", where=gene, allowed="GRCh38")
    try:
        rules = exemptions.get(gene, {})
        columns = [_position(variant) for variant in data["variants"]]
        order = sorted(range(len(columns)), key=lambda i: (columns[i].position, columns[i].hgvs))
        extra = [_position(variant) for variant in rules.get("extraPositions", ())]
        return GeneDefinition(
            gene=gene,
            chromosome=str(data["chromosome"]),
            source=source,
            version=f"{data['version']}, changed {str(data['modificationDate'])[:10]}",
            positions=tuple(columns[i] for i in order),
            extra=tuple(extra),
            alleles=_alleles(data, columns, order, set(rules.get("ignoredAlleles", ()))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"The definition is not in the form of PharmCAT's files ({type(error).__name__}).",
            where=gene,
        ) from None


def _position(variant: Mapping[str, Any]) -> Position:
    alleles = (variant["ref"], *variant["alts"])
    return Position(
        variant["chromosome"],
        int(variant["position"]),
        variant["rsid"],
        alleles,
        variant["chromosomeHgvsName"],
    )


def _alleles(
    data: Mapping[str, Any], columns: list[Position], order: list[int], ignored: set[str]
) -> tuple[NamedAllele, ...]:
    """The rows; sub-alleles are reported by the name of their core allele."""
    core = data.get("suballelesMap", {})
    made = []
    for row in data["namedAlleles"]:
        if row["name"] not in ignored and not row["structuralVariant"]:
            cells = tuple(_cell(row["alleles"][i], columns[i]) for i in order)
            made.append(NamedAllele(core.get(row["name"], row["name"]), cells))
    return tuple(made)


def _cell(written: str | None, position: Position) -> Cell:
    if written is None:
        return None
    if written in position.alleles:
        return frozenset([position.alleles.index(written)])
    return frozenset(position.alleles.index(b) for b in IUPAC[written] if b in position.alleles)


def phenotypes(data: Mapping[str, Any], source: str) -> GenePhenotypes:
    """The phenotype table of one gene, from a file of the release's ``phenotype`` folder.

    Raises
    ------
    InputError : rows contradict each other, or a field is missing.
    """
    gene = str(data.get("gene"))
    try:
        same: Mapping[str, str] = ALIASES.get(gene, {})
        words: dict[str, str] = {
            a["name"]: a["functionValue"] for a in data.get("namedAlleles", ())
        }
        scored = bool(data.get("activityValues"))
        values: dict[str, str] = dict(data["activityValues" if scored else "haplotypes"])
        functions = {name: str(words.get(name, data["haplotypes"][name])) for name in values}
        results = _results(gene, data["diplotypes"], values)
        version = str(data["version"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"The phenotypes are not in the form of PharmCAT's files ({type(error).__name__}).",
            where=gene,
        ) from None
    return GenePhenotypes(
        gene,
        source,
        version,
        "activity" if scored else "function",
        {same.get(name, name): text for name, text in functions.items()},
        {same.get(name, name): value for name, value in values.items()},
        results,
    )


def _results(
    gene: str, rows: list[dict[str, Any]], values: Mapping[str, str]
) -> dict[tuple[str, ...], tuple[str, str]]:
    """Deciding values -> phenotype and lookup key: the same for all rows with these values."""
    if gene == "IFNL3" and not rows:
        return {pair: (result, result) for pair, result in IFNL3.items()}
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for row in rows:
        names = [name for name, copies in row["diplotypekey"].items() for _ in range(copies)]
        pair = tuple(sorted(values[name] for name in names))
        result = (row["generesult"], row["lookupkey"])
        if found.setdefault(pair, result) != result:
            raise InputError(
                "Two rows with alleles of the same function have different results.", where=gene
            )
    return found
