"""Genes as FHIR R4, checked by fhir.resources 8.3 (R4B models) as an independent reader."""

from __future__ import annotations

import json

import pytest
from fhir.resources.R4B import get_fhir_model_class

from genome import reporting
from nof1.genome.fhir import ANSWERS, HGNC_IDS, bundle
from nof1.genome.regimen import advice_rows
from nof1.genome.report import Origin, document
from nof1.knowledge.alleles import genes

SYNTHETIC = Origin("people.vcf", "GRCh38", {}, synthetic=True)


def made(tmp_path, samples, origin=SYNTHETIC, current=None):
    base = reporting.base(tmp_path / "facts")
    rows = {name: advice_rows(found, current, base)[0] for name, found in samples.items()}
    return bundle(document(origin, samples, rows, base=base, today=reporting.TODAY))


@pytest.fixture
def whole(tmp_path):
    samples = {
        "anna": {
            one.gene: one
            for one in (reporting.poor(), reporting.open_cyp2d6(), reporting.absent("CYP4F2"))
        },
        "ben": {"CYP2C19": reporting.unsure()},
    }
    return made(tmp_path, samples)


def resources(whole, kind, profile=None):
    found = [entry["resource"] for entry in whole["entry"]]
    return [
        one
        for one in found
        if one["resourceType"] == kind
        and (profile is None or one["meta"]["profile"][0].endswith(f"/{profile}"))
    ]


def component(resource, code):
    return [
        one["valueCodeableConcept"]
        for one in resource["component"]
        if one["code"]["coding"][0]["code"] == code
    ]


def test_the_bundle_is_valid(whole):
    assert get_fhir_model_class("Bundle").model_validate(whole)
    for entry in whole["entry"]:
        kind = entry["resource"]["resourceType"]
        assert get_fhir_model_class(kind).model_validate(entry["resource"])


def test_a_genotype_names_gene_diplotype_and_build(whole):
    (anna,) = [
        one
        for one in resources(whole, "Observation", "genotype")
        if one["valueCodeableConcept"]["text"] == "CYP2C19 *2/*2"
    ]
    assert anna["code"]["coding"][0] == {
        "system": "http://loinc.org",
        "code": "84413-4",
        "display": "Genotype display name",
    }
    (gene,) = component(anna, "48018-6")
    assert gene["coding"][0]["code"] == "HGNC:2621"
    (build,) = component(anna, "62374-4")
    assert build["text"] == "GRCh38"


def test_a_gene_without_identifier_has_its_symbol_only(whole):
    genotypes = resources(whole, "Observation", "genotype")
    concepts = [component(one, "48018-6")[0] for one in genotypes]
    assert {"text": "CYP4F2"} in concepts
    assert set(genes()) - set(HGNC_IDS) == {"CYP4F2"}


def test_what_was_not_called_or_not_excluded_says_why_there_is_no_value(whole):
    absent = {
        one["valueCodeableConcept"]["extension"][0]["valueCode"]: one["valueCodeableConcept"][
            "text"
        ]
        for one in resources(whole, "Observation", "genotype")
        if "extension" in one["valueCodeableConcept"]
    }
    assert absent == {
        "not-performed": "CYP4F2: not called. Nothing was seen.",
        "unknown": "CYP2D6: not excluded. Copies are not counted.",
    }


def test_an_implication_has_medicine_phenotype_and_text_and_leads_to_its_genotype(whole):
    implications = resources(whole, "Observation", "therapeutic-implication")
    avoid = next(
        one
        for one in implications
        if component(one, "51963-7")[0]["text"] == "clopidogrel"
        and {"text": "Do not give clopidogrel."} in component(one, "therapeutic-implication")
    )
    (medicine,) = component(avoid, "51963-7")
    assert {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "32968"} in medicine[
        "coding"
    ]
    (metabolism,) = component(avoid, "53040-2")
    assert metabolism["coding"][0]["code"] == "LA9657-3"
    urls = {entry["fullUrl"]: entry["resource"] for entry in whole["entry"]}
    (source,) = avoid["derivedFrom"]
    assert urls[source["reference"]]["valueCodeableConcept"]["text"] == "CYP2C19 *2/*2"


def test_advice_that_is_only_not_excluded_says_so(whole):
    notes = [
        note["text"]
        for one in resources(whole, "Observation", "therapeutic-implication")
        if one["subject"]["display"] == "ben"
        for note in one["note"]
    ]
    assert "This is not excluded (prior 0.003). For the likeliest result: Usual dose." in notes


def test_one_report_a_sample_refers_to_everything_about_it(whole):
    reports = resources(whole, "DiagnosticReport")
    assert [one["subject"]["display"] for one in reports] == ["anna", "ben"]
    urls = {entry["fullUrl"]: entry["resource"] for entry in whole["entry"]}
    for one in reports:
        assert one["code"]["coding"][0]["code"] == "51969-4"
        assert "not a medical device" in one["conclusion"]
        assert "cpic-2023-08" in one["conclusion"]  # past its date
        assert {urls[ref["reference"]]["subject"]["display"] for ref in one["result"]} == {
            one["subject"]["display"]
        }
    told = {ref["reference"] for one in reports for ref in one["result"]}
    observations = {
        e["fullUrl"] for e in whole["entry"] if e["resource"]["resourceType"] != "DiagnosticReport"
    }
    assert told == observations


def test_synthetic_data_are_marked_everywhere_and_real_data_nowhere(tmp_path, whole):
    marks = [one["resource"]["meta"].get("security") for one in whole["entry"]]
    assert all(mark[0]["code"] == "HTEST" for mark in marks)
    real = made(tmp_path, {"anna": {"CYP2C19": reporting.poor()}}, Origin("x", "GRCh38", {}))
    assert not any("security" in one["resource"]["meta"] for one in real["entry"])


def test_identifiers_are_unique_and_the_same_for_the_same_data(tmp_path, whole):
    ids = [one["resource"]["id"] for one in whole["entry"]]
    assert len(ids) == len(set(ids))
    samples = {"anna": {"CYP2C19": reporting.poor()}}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (made(tmp_path / name, samples) for name in ("one", "two"))
    assert json.dumps(one) == json.dumps(two)


def test_every_metaboliser_class_of_the_tables_has_its_answer():
    classes = {"Poor", "Intermediate", "Normal", "Rapid", "Ultrarapid"}
    assert {f"{word} Metabolizer" for word in classes} <= set(ANSWERS)
    codes = [code for code, _ in ANSWERS.values()]
    assert len(codes) == len(set(codes))
