"""Phenotypes that laboratories report as Observations: read, put to stored ones, or refused."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from genome.gene_events import ROW, frame, gene_rows, result
from nof1.genome.findings import Gene, known_genes
from nof1.genome.reported import reported_genes, together
from nof1.genome.results import MIXED_UP, Outcome
from nof1.record.bundle import read_bundle
from nof1.record.events import SCHEMA

AT_ALL = datetime(2024, 6, 1)
LOINC = "http://loinc.org"
STUDIED = {"coding": [{"system": LOINC, "code": "48018-6"}]}


def report(
    code: str, *, answer: str = "", text: str = "", gene: str = "", **changes: Any
) -> dict[str, Any]:
    """An Observation with a coded answer or one in words; ``gene``: the component."""
    said: dict[str, Any] = {"coding": [{"system": LOINC, "code": answer}]} if answer else {}
    if text:
        said["text"] = text
    made = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2024-01-01T00:00:00Z",
        "valueCodeableConcept": said,
    }
    if gene:
        made["component"] = [{"code": STUDIED, "valueCodeableConcept": {"text": gene}}]
    return made | changes


def events(*observations: dict[str, Any]) -> pl.DataFrame:
    """The events that an import of these Observations makes."""
    person = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1954-06-01"}
    named = [one | {"id": f"o{number}"} for number, one in enumerate(observations)]
    entries = [{"resource": one} for one in (person, *named)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return read_bundle(json.dumps(bundle).encode(), site="s").events


def genes(*observations: dict[str, Any]) -> dict[str, Gene]:
    return reported_genes(events(*observations), {})


def said(gene: Gene) -> set[str]:
    assert gene.result.outcome is Outcome.CALLED
    return {one.phenotype for one in gene.result.phenotypes}


@pytest.mark.parametrize(
    ("observation", "gene", "phenotype"),
    [
        (report("79714-2", answer="LA9657-3"), "CYP2C19", "Poor Metabolizer"),
        (report("79715-9", answer="LA10315-2"), "CYP2D6", "Ultrarapid Metabolizer"),
        (report("79716-7", text="intermediate metaboliser"), "CYP2C9", "Intermediate Metabolizer"),
        (report("79719-1", text="DPYD PM"), "DPYD", "Poor Metabolizer"),
        (report("79722-5", text="Poor function"), "SLCO1B1", "Poor Function"),
        (report("53040-2", answer="LA9657-3", gene="CYP2C19"), "CYP2C19", "Poor Metabolizer"),
    ],
)
def test_a_reported_phenotype_is_read(
    observation: dict[str, Any], gene: str, phenotype: str
) -> None:
    found = genes(observation)
    assert list(found) == [gene]
    assert said(found[gene]) == {phenotype}
    assert found[gene].event.code.startswith("LOINC//")


def test_the_words_of_a_code_name_the_gene_too() -> None:
    seen = events(report("00000-0", answer="LA9657-3"))
    words = {"LOINC//00000-0": "NUDT15 gene product metabolic activity interpretation"}
    assert said(reported_genes(seen, words)["NUDT15"]) == {"Poor Metabolizer"}
    assert reported_genes(seen, {}) == {}


@pytest.mark.parametrize(
    "observation",
    [
        report("79714-2", text="see the report"),
        report("79714-2", answer="LA25395-7"),  # decreased function: no phenotype of CYP2C19
        report("79714-2", answer="LA9657-3", text="Normal metabolizer"),  # contradicts itself
        report("69548-6", text="Present", gene="CYP2C19"),
    ],
)
def test_what_is_no_phenotype_of_the_gene_is_openly_not_understood(
    observation: dict[str, Any],
) -> None:
    found = genes(observation)["CYP2C19"].result
    assert found.outcome is Outcome.NOT_CALLED
    code = observation["code"]["coding"][0]["code"]
    expected = f"A result about CYP2C19 is recorded that is not understood here: LOINC {code}."
    assert found.reason == expected


def test_a_code_of_one_gene_with_another_gene_in_it_counts_for_neither() -> None:
    found = genes(report("79714-2", answer="LA9657-3", gene="CYP2D6"))
    assert {name: one.result.outcome for name, one in found.items()} == {
        "CYP2C19": Outcome.NOT_CALLED,
        "CYP2D6": Outcome.NOT_CALLED,
    }


def test_reports_that_contradict_make_the_gene_not_known() -> None:
    poor, normal = (report("79714-2", answer=one) for one in ("LA9657-3", "LA25391-6"))
    assert genes(poor, normal)["CYP2C19"].result.reason == MIXED_UP
    assert said(genes(poor, poor)["CYP2C19"]) == {"Poor Metabolizer"}


def test_a_second_report_that_is_not_understood_is_told() -> None:
    found = genes(report("79714-2", answer="LA9657-3"), report("79714-2", text="see the report"))
    assert said(found["CYP2C19"]) == {"Poor Metabolizer"}
    assert "not understood" in found["CYP2C19"].result.warnings[-1]


def test_statuses_of_hla_hold_side_by_side() -> None:
    one = report("51963-7", text="HLA-B*57:01 positive", gene="HLA-B")
    two = report("51963-7", text="HLA-B*15:02 negative", gene="HLA-B")
    found = said(genes(one, two)["HLA-B"])
    assert {"*57:01 positive", "*15:02 negative"} <= found
    assert "*57:01 negative" not in found
    assert {"*58:01 positive", "*58:01 negative"} <= found  # left open


def test_other_laboratory_results_name_no_gene() -> None:
    assert genes(report("2160-0", text="normal"), report("718-7", text="poor metabolizer")) == {}
    assert reported_genes(pl.DataFrame(schema=SCHEMA), {}) == {}


def test_stored_and_reported_results_go_together() -> None:
    rows = gene_rows(result("CYP2C19", ("*1/*2", 0.9), ("*2/*2", 0.1)))
    stored = known_genes(frame([ROW | one for one in rows]), AT_ALL)
    poor = genes(report("79714-2", answer="LA9657-3"))
    assert said(together(stored, poor)["CYP2C19"]) == {"Poor Metabolizer"}  # leaves less open
    unread = genes(report("79714-2", text="see the report"))
    assert together(stored, unread)["CYP2C19"] is stored["CYP2C19"]
    assert together({}, poor) == poor
    normal = genes(report("79714-2", answer="LA25391-6"))
    assert together(stored, normal)["CYP2C19"].result.reason == MIXED_UP
