from collections import Counter
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from nof1.synthetic.fhir import BUILDERS
from nof1.synthetic.people import SITES
from synthetic.small_hospital import Small


@pytest.mark.parametrize("kind", sorted(BUILDERS))
def test_resources_are_valid_fhir(small: Small, kind: str) -> None:
    model, checked = get_fhir_model_class(kind), 0
    for site in SITES:
        resources = small.resources(site.name, kind)
        for resource in resources[:: max(1, len(resources) // 25)]:
            model.model_validate(resource)
            checked += 1
    assert checked > 10


@pytest.mark.parametrize("site", SITES)
def test_every_resource_says_that_it_is_a_test(small: Small, site: Any) -> None:
    for kind in BUILDERS:
        for resource in small.resources(site.name, kind):
            assert resource["meta"]["security"][0]["code"] == "HTEST"
            assert resource["resourceType"] == kind


def codes_of(small: Small, site: str, kind: str, system: str) -> set[str]:
    return {
        coding["code"]
        for resource in small.resources(site, kind)
        for coding in resource["code"]["coding"]
        if coding["system"].endswith(system)
    }


def test_sites_code_diagnoses_in_their_own_vocabulary(small: Small) -> None:
    vocabularies = {}
    for site in SITES:
        found = Counter(
            tuple(coding["system"] for coding in resource["code"]["coding"])
            for resource in small.resources(site.name, "Condition")
        )
        (vocabularies[site.name],) = found
    assert len(vocabularies["site-c"]) == 2
    assert vocabularies["site-a"] == vocabularies["site-d"] == ("http://snomed.info/sct",)
    assert vocabularies["site-b"] == ("http://hl7.org/fhir/sid/icd-10-cm",)


def test_sites_measure_in_their_own_units(small: Small) -> None:
    seen = set()
    for site in SITES:
        for resource in small.resources(site.name, "Observation"):
            quantity = resource.get("valueQuantity", {})
            seen.add((site.name, resource["code"]["coding"][0]["code"], quantity.get("code")))
    assert {("site-a", "2345-7", "mg/dL"), ("site-d", "2345-7", "mmol/L")} <= seen
    assert {("site-b", "14749-6", "mmol/L"), ("site-b", "14682-9", "umol/L")} <= seen
    assert ("site-e", "2160-0", "umol/L") in seen
    assert ("site-b", "2345-7", "mg/dL") not in seen


def test_sites_name_medicines_in_their_own_way(small: Small) -> None:
    plain = small.resources("site-a", "MedicationRequest")[0]
    assert plain["medicationCodeableConcept"]["coding"][0]["code"].isdigit()
    contained = small.resources("site-b", "MedicationRequest")[0]
    assert contained["medicationReference"]["reference"] == "#" + contained["contained"][0]["id"]
    medications = {f"Medication/{m['id']}" for m in small.resources("site-c", "Medication")}
    for request in small.resources("site-c", "MedicationRequest"):
        assert request["medicationReference"]["reference"] in medications


def test_one_site_writes_local_times(small: Small) -> None:
    offsets = {
        site.name: {r["effectiveDateTime"][19:] for r in small.resources(site.name, "Observation")}
        for site in SITES
    }
    assert offsets["site-d"] == {"+02:00"}
    assert offsets["site-a"] == {"Z"}


def test_references_lead_somewhere(small: Small) -> None:
    for site in ("site-a", "site-c"):
        known = {
            f"{kind}/{resource['id']}"
            for kind in ("Patient", "Encounter", "Observation")
            for resource in small.resources(site, kind)
        }
        for kind in ("Condition", "Procedure", "DiagnosticReport"):
            for resource in small.resources(site, kind):
                wanted = [resource["subject"], resource["encounter"], *resource.get("result", [])]
                assert {each["reference"] for each in wanted} <= known
