"""A PharmCAT release made by hand from the facts that nof1 ships, for tests of its reading."""

import json
from pathlib import Path
from typing import Any

from nof1.knowledge import alleles, phenotypes
from nof1.knowledge.alleles import GeneDefinition, Position
from nof1.knowledge.pharmcat import IUPAC
from nof1.knowledge.phenotypes import GenePhenotypes
from nof1.knowledge.prescribing import Rule

VERSION = "2026-05-05-00-25"
CHECKOUT = "src/main/resources/org/pharmgkb/pharmcat"
AVOID, USUAL = "Do not use samplol.", "Samplol as usual &amp; no more."
ENCODED = (  # the sentences of this release, as a person would have encoded them
    "key\taction\tdegree\tdose_low_pct\tdose_high_pct\tdose_limit\talternatives\tmonitor\tif_used\ttext\n"
    "{avoid}\tavoid\tmust\t\t\t\taspirin|warfarin\t\t\tAvoid it.\n"
    "{usual}\tstandard\t\t\t\t\t\t\t\tThe usual dose.\n"
)

RULE = Rule(
    source="cpic-2023-08",
    drug="samplol",
    when=(("CYP2C19", ("*1/*2", "Poor Metabolizer")), ("HLA-B", ("*57:01 positive",))),
    population="general",
    action="reduce",
    degree="should",
    strength="strong",
    dose_low_pct=-25.0,
    dose_high_pct=-50.0,
    dose_limit="at most 20 mg/day",
    alternatives=("aspirin", "warfarin"),
    monitor="",
    if_used="",
    text="Give half the dose.",
    pmids=("1", "22"),
    url="https://cpicpgx.org/guidelines/",
)


def write(folder: Path, *, checkout: bool = False) -> Path:
    """Definitions and phenotypes of all genes, as a release of May 2026; returns the folder."""
    root = folder / CHECKOUT if checkout else folder
    places = root / "definition" / "alleles" if checkout else root / "alleles"
    exempt = {}
    for gene in alleles.genes():
        made = alleles.definition(gene)
        dump(places / f"{gene}_translation.json", definition(made))
        exempt[gene] = {"extraPositions": [_variant(p) for p in made.extra], "ignoredAlleles": []}
    dump(places / "exemptions.json", exempt)
    for gene in phenotypes.genes():
        name = gene.replace("-", "_")
        dump(root / "phenotype" / f"{name}.json", table(phenotypes.phenotypes(gene)))
    return folder


def dump(path: Path, data: Any) -> None:
    """JSON, with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def definition(made: GeneDefinition) -> dict[str, Any]:
    """One ``*_translation.json``."""
    rows = [
        {
            "name": allele.name,
            "reference": number == 0,
            "structuralVariant": False,
            "alleles": [_letter(c, p) for c, p in zip(allele.cells, made.positions, strict=True)],
        }
        for number, allele in enumerate(made.alleles)
    ]
    return {
        "version": VERSION,
        "modificationDate": "2026-04-01T00:00:00.000Z",
        "gene": made.gene,
        "chromosome": made.chromosome,
        "genomeBuild": "GRCh38.p14",
        "variants": [_variant(position) for position in made.positions],
        "namedAlleles": rows,
        "suballelesMap": {},
    }


def table(made: GenePhenotypes) -> dict[str, Any]:
    """One file of the folder ``phenotype``; pairs are shown by one pair of alleles each."""
    scored = made.by == "activity"
    shown = {value: name for name, value in reversed(made.values.items())}
    rows = []
    for pair, (phenotype, lookup) in made.results.items():
        if set(pair) <= set(shown):
            names = [shown[value] for value in pair]
            counts = {name: names.count(name) for name in names}
            rows.append({"generesult": phenotype, "lookupkey": lookup, "diplotypekey": counts})
    return {
        "gene": made.gene,
        "version": VERSION,
        "haplotypes": made.values,
        "activityValues": made.values if scored else {},
        "namedAlleles": [{"name": n, "functionValue": f} for n, f in made.functions.items()],
        "diplotypes": rows,
    }


def cpic_guideline(*rows: tuple[str, dict[str, str]], drug: str = "samplol") -> dict[str, Any]:
    """One file of ``guidelines/cpic``: (sentence, gene results) of each row."""
    return {
        "drugname": drug,
        "url": "https://cpicpgx.org/guidelines/samplol/",
        "citations": [{"pmid": "1"}, {"pmid": "2"}],
        "recommendations": [
            {
                "drugrecommendation": text,
                "classification": "Strong",
                "lookupkey": results,
                "population": "general",
            }
            for text, results in rows
        ],
    }


def guidance(
    *rows: tuple[str, dict[str, Any]], drug: str = "samplol", source: str = "CPIC"
) -> dict[str, Any]:
    """One entry of ``prescribing_guidance.json``: (HTML, gene results) of each row."""
    return {
        "guideline": {"source": source, "relatedChemicals": [{"name": drug}]},
        "recommendations": [
            {
                "population": "general" if source == "CPIC" else None,
                "classification": {"term": "Strong"},
                "relatedChemicals": [{"name": drug}],
                "text": {"html": text},
                "lookupKey": [results],
            }
            for text, results in rows
        ],
        "citations": [{"pmid": "2"}, {"pmid": "1"}, {"pmid": None}],
        "url": "https://cpicpgx.org/guidelines/samplol/",
    }


def _variant(position: Position) -> dict[str, Any]:
    reference, *others = position.alleles
    return {
        "chromosome": position.chromosome,
        "position": position.position,
        "rsid": position.rsid,
        "chromosomeHgvsName": position.hgvs,
        "ref": reference,
        "alts": others,
    }


def _letter(cell: frozenset[int] | None, position: Position) -> str | None:
    if cell is None:
        return None
    bases = {position.alleles[index] for index in cell}
    if len(bases) == 1:
        return bases.pop()
    fits = (c for c, of in IUPAC.items() if {b for b in of if b in position.alleles} == bases)
    return next(fits)
