"""Genes and what they mean for medicines as a FHIR R4 Bundle, for the records of a hospital.

It follows the HL7 Genomics Reporting guide, STU 3 (3.0.0): one Observation "genotype" for each
gene, one "therapeutic implication" for each recommendation, derived from its genotypes, and a
DiagnosticReport over all. A gene without an answer is there too, with the reason why the value is
absent. What is not excluded is told in a note: R4 has no place for a second answer.

Codes were checked in the guide's sources (github.com/HL7/genomics-reporting: CGFindings,
CGImplications, CGValueSets). The component 53040-2 was in its first edition; STU 3 puts the same
answer codes into the component ``therapeutic-implication``; both are given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from nof1.core.fhir import ABSENT, SYSTEMS, TEST_DATA

Resource = dict[str, Any]
GUIDE = "http://hl7.org/fhir/uv/genomics-reporting"
TBD = f"{GUIDE}/CodeSystem/tbd-codes-cs"
LOINC, RXNORM, ATC = SYSTEMS["LOINC"], SYSTEMS["RxNorm"], SYSTEMS["ATC"]
HGNC = "http://www.genenames.org/geneId"
GENOTYPE = ("84413-4", "Genotype display name")
GENE = ("48018-6", "Gene studied [ID]")
ASSEMBLY = ("62374-4", "Human reference sequence assembly version")
MEDICINE = ("51963-7", "Medication assessed [ID]")
METABOLISM = ("53040-2", "Genetic variation's effect on drug metabolism")
REPORT = ("51969-4", "Genetic analysis report")
IMPLICATION = "therapeutic-implication"
# Identifiers of the HUGO Gene Nomenclature Committee (genenames.org), each seen beside its symbol
# in public copies. CYP4F2 has none here: its number could not be checked; the symbol stands alone.
HGNC_IDS = {
    "ABCG2": 74,
    "CACNA1S": 1397,
    "CFTR": 1884,
    "CYP2B6": 2615,
    "CYP2C19": 2621,
    "CYP2C9": 2623,
    "CYP2D6": 2625,
    "CYP3A4": 2637,
    "CYP3A5": 2638,
    "DPYD": 3012,
    "G6PD": 4057,
    "HLA-A": 4931,
    "HLA-B": 4932,
    "IFNL3": 18365,
    "MT-RNR1": 7470,
    "NAT2": 7646,
    "NUDT15": 23063,
    "RYR1": 10483,
    "SLCO1B1": 10959,
    "TPMT": 12014,
    "UGT1A1": 12530,
    "VKORC1": 23663,
}
# Phenotype -> answer of LOINC, from the guide's value set genetic-therapeutic-implications-vs.
# Words with "Likely" or "Possible" have no code of their own, and get none.
ANSWERS = {
    "Ultrarapid Metabolizer": ("LA10315-2", "Ultrarapid metabolizer"),
    "Rapid Metabolizer": ("LA25390-8", "Rapid metabolizer"),
    "Normal Metabolizer": ("LA25391-6", "Normal metabolizer"),
    "Intermediate Metabolizer": ("LA10317-8", "Intermediate metabolizer"),
    "Poor Metabolizer": ("LA9657-3", "Poor metabolizer"),
    "Increased Function": ("LA25392-4", "Increased function"),
    "Normal Function": ("LA25393-2", "Normal function"),
    "Decreased Function": ("LA25395-7", "Decreased function"),
    "Poor Function": ("LA25394-0", "Poor function"),
}
WHY_ABSENT = {"not_called": "not-performed", "not_excluded": "unknown"}


def bundle(document: Mapping[str, Any]) -> Resource:
    """A Bundle (``collection``) of everything in a document of ``nof1 genome call``.

    Identifiers are hashes of the content: the same document gives the same Bundle.
    """
    resources: list[Resource] = []
    for sample, genes in document["samples"].items():
        resources += _of_sample(document, sample, genes)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": _url(one), "resource": one} for one in resources],
    }


def _of_sample(
    document: Mapping[str, Any], sample: str, genes: Mapping[str, Mapping[str, Any]]
) -> list[Resource]:
    genotypes = {
        gene: _genotype(document, sample, gene, row) for gene, row in sorted(genes.items())
    }
    implications = [
        _implication(document, sample, row, genotypes)
        for row in document["medicines"].get(sample, ())
        if any(one["gene"] in genotypes for one in row["because"])
    ]
    everything = [*genotypes.values(), *implications]
    return [_report(document, sample, everything), *everything]


# Observations -------------------------------------------------------------------------------------


def _genotype(
    document: Mapping[str, Any], sample: str, gene: str, row: Mapping[str, Any]
) -> Resource:
    """The likeliest diplotype; others, warnings and what is missing as notes."""
    components = [_component(GENE, _gene(gene))]
    if document["build"]:
        components.append(_component(ASSEMBLY, {"text": document["build"]}))
    return _observation(
        document,
        sample,
        "genotype",
        {"coding": [_coding(LOINC, GENOTYPE)], "text": GENOTYPE[1]},
        valueCodeableConcept=_value(gene, row),
        component=components,
        note=_notes(_said(row)),
        method={"text": f"{row['called_by']}; {row['basis']['source']} {row['basis']['version']}"},
    )


def _value(gene: str, row: Mapping[str, Any]) -> Resource:
    reason = WHY_ABSENT.get(row["outcome"])
    if reason is not None:
        text = f"{gene}: {row['outcome'].replace('_', ' ')}. {row['reason'] or ''}".strip()
        return {"extension": [{"url": ABSENT, "valueCode": reason}], "text": text}
    if row["diplotypes"]:
        return {"text": f"{gene} {row['diplotypes'][0]['name']}"}
    return {"text": f"{gene}: {row['phenotypes'][0]}"}


def _said(row: Mapping[str, Any]) -> Iterable[str]:
    """Everything beside the likeliest answer that a reader must know."""
    others = [f"{one['name']} (prior {one['prior']:.3g})" for one in row["diplotypes"][1:6]]
    more = len(row["diplotypes"]) - 6 + row["unlisted"]["count"]
    if others:
        yield f"Not excluded: {', '.join(others)}{f' and {more} more' if more > 0 else ''}."
    if row["phenotypes"]:
        priors = [(name, row["phenotype_priors"][name]) for name in row["phenotypes"]]
        words = [name if prior is None else f"{name} ({prior:.3g})" for name, prior in priors]
        yield f"Possible phenotypes with their prior: {', '.join(words)}."
    if row["missing_positions"]:
        yield f"{len(row['missing_positions'])} of {row['positions']} positions were not seen."
    if row["settled_by"]:
        yield f"The unseen position that says most: {row['settled_by']['position']}."
    yield from row["warnings"]


def _implication(
    document: Mapping[str, Any],
    sample: str,
    row: Mapping[str, Any],
    genotypes: Mapping[str, Resource],
) -> Resource:
    """What one source asks for one medicine; the most cautious advice that is not excluded."""
    because = [one for one in row["because"] if one["gene"] in genotypes]
    components = [_component(MEDICINE, _medicine(row))]
    for one in because:
        answer = ANSWERS.get(one["result"].partition(" (")[0])
        if answer is not None:
            concept = {"coding": [_coding(LOINC, answer)], "text": f"{one['gene']} {one['result']}"}
            components.append({"code": _tbd(IMPLICATION), "valueCodeableConcept": concept})
            if "metabolizer" in answer[1]:
                components.append(_component(METABOLISM, concept))
    components.append({"code": _tbd(IMPLICATION), "valueCodeableConcept": {"text": row["text"]}})
    return _observation(
        document,
        sample,
        "therapeutic-implication",
        _tbd(IMPLICATION),
        derivedFrom=[{"reference": _url(genotypes[one["gene"]])} for one in because],
        component=components,
        note=_notes(_conditions(row)),
        method={"text": f"{row['source']}, action: {row['action'].replace('_', ' ')}"},
    )


def _conditions(row: Mapping[str, Any]) -> Iterable[str]:
    """For whom, how strong, how sure; and what holds for the likeliest result."""
    yield f"Population: {row['population']}. Strength of the recommendation: {row['strength']}."
    if row["under_medicines"]:
        yield "This holds with the other medicines that are taken (phenoconversion)."
    if row["if_used"]:
        yield f"If used all the same: {row['if_used']}."
    if row["unknown_genes"]:
        yield f"Not known, and needed: {', '.join(row['unknown_genes'])}."
    likely = row["likely"]
    if likely is not None and likely["text"] != row["text"]:
        chance = "" if row["prior"] is None else f" (prior {row['prior']:.3g})"
        yield f"This is not excluded{chance}. For the likeliest result: {likely['text']}"
    yield from (f"PMID {pmid}" for pmid in row["pmids"])


def _medicine(row: Mapping[str, Any]) -> Resource:
    codings = [{"system": RXNORM, "code": row["rxnorm"]}] if row["rxnorm"] else []
    codings += [{"system": ATC, "code": code} for code in row["atc"][:1]]
    return {**({"coding": codings} if codings else {}), "text": row["drug"]}


def _gene(gene: str) -> Resource:
    number = HGNC_IDS.get(gene)
    coding = [] if number is None else [_coding(HGNC, (f"HGNC:{number}", gene))]
    return {**({"coding": coding} if coding else {}), "text": gene}


# the report ---------------------------------------------------------------------------------------


def _report(document: Mapping[str, Any], sample: str, members: list[Resource]) -> Resource:
    old = [one["id"] for one in document["knowledge"] if one["expired"]]
    conclusion = document["notice"]
    if old:
        conclusion += f" Past the date until which they were valid: {', '.join(old)}."
    made = _identified(
        document,
        "DiagnosticReport",
        {
            "status": "final",
            "category": [_category("GE")],
            "code": {"coding": [_coding(LOINC, REPORT)], "text": REPORT[1]},
            "subject": _subject(sample),
            "effectiveDateTime": document["as_of"],
            "result": [{"reference": _url(one)} for one in members],
            "conclusion": conclusion,
        },
    )
    made["meta"]["profile"] = [f"{GUIDE}/StructureDefinition/genomic-report"]
    return made


# parts --------------------------------------------------------------------------------------------


def _observation(
    document: Mapping[str, Any], sample: str, profile: str, code: Resource, **content: Any
) -> Resource:
    made = _identified(
        document,
        "Observation",
        {
            "status": "final",
            "category": [_laboratory(), _category("GE")],
            "code": code,
            "subject": _subject(sample),
            "effectiveDateTime": document["as_of"],
            **{key: value for key, value in content.items() if value},
        },
    )
    made["meta"]["profile"] = [f"{GUIDE}/StructureDefinition/{profile}"]
    return made


def _identified(document: Mapping[str, Any], kind: str, content: Resource) -> Resource:
    text = json.dumps([kind, document["file"], content], sort_keys=True)
    meta: Resource = {"security": [TEST_DATA]} if document["synthetic"] else {}
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return {"resourceType": kind, "id": digest, "meta": meta, **content}


def _url(resource: Resource) -> str:
    """The hash as a name that references inside the Bundle resolve to."""
    digest = resource["id"]
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:])
    return f"urn:uuid:{'-'.join(parts)}"


def _subject(sample: str) -> Resource:
    return {"display": sample, "identifier": {"value": sample}, "type": "Patient"}


def _laboratory() -> Resource:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {"coding": [{"system": system, "code": "laboratory"}]}


def _category(code: str) -> Resource:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": code}]}


def _tbd(code: str) -> Resource:
    return {"coding": [{"system": TBD, "code": code}]}


def _coding(system: str, pair: tuple[str, str]) -> Resource:
    return {"system": system, "code": pair[0], "display": pair[1]}


def _component(code: tuple[str, str], value: Resource) -> Resource:
    return {"code": {"coding": [_coding(LOINC, code)]}, "valueCodeableConcept": value}


def _notes(texts: Iterable[str]) -> list[Resource]:
    return [{"text": text} for text in texts]
