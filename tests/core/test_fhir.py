"""Findings as FHIR R4, checked by fhir.resources 8.3 (R4B models) as an independent reader."""

import pytest
from fhir.resources.R4B import get_fhir_model_class

from findings import risk
from nof1.core.fhir import INTERVAL, bundle, to_fhir
from nof1.core.finding import Coding, Evidence, Kind, Status

REFUSED = {"value": None, "reason": "Too unlike.", "resolve": "Train with such patients."}
EVIDENCE = (Evidence(text="Age 81 years", contribution=0.4), Evidence(text="Never smoked"))


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("status", list(Status))
def test_every_kind_and_status_is_valid_fhir(kind, status):
    refused = status in (Status.WITHHELD, Status.NOT_CHECKED)
    finding = risk(kind=kind, status=status, evidence=EVIDENCE, **(REFUSED if refused else {}))
    resource = to_fhir(finding)
    assert get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_a_risk_is_a_percentage_with_interval_and_time_span():
    prediction = to_fhir(risk())["prediction"][0]
    assert prediction["probabilityDecimal"] == 12.0
    assert prediction["whenPeriod"] == {
        "start": "2024-05-01T00:00:00+00:00",
        "end": "2025-05-01T00:00:00+00:00",
    }
    (interval,) = prediction["extension"]
    assert interval["url"] == INTERVAL
    bounds = interval["extension"][1]["valueRange"]
    assert (bounds["low"]["value"], bounds["high"]["value"]) == (8.0, 17.0)


def test_a_withheld_risk_gives_the_reason_and_no_number():
    resource = to_fhir(risk(status=Status.WITHHELD, **REFUSED))
    prediction = resource["prediction"][0]
    assert "probabilityDecimal" not in prediction
    assert "Too unlike." in prediction["rationale"]
    assert "Train with such patients." in prediction["rationale"]


def test_codes_of_known_vocabularies_get_their_system():
    assert to_fhir(risk())["prediction"][0]["outcome"]["coding"][0]["code"] == "74474003"
    own = risk(what=Coding(code="TASK//bleed", display="Bleed"))
    assert to_fhir(own)["prediction"][0]["outcome"] == {"text": "Bleed"}


def test_synthetic_findings_are_marked_as_test_data():
    assert to_fhir(risk(synthetic=True))["meta"]["security"][0]["code"] == "HTEST"
    assert "meta" not in to_fhir(risk())


def test_a_bundle_holds_every_finding():
    made = bundle((risk(), risk(kind=Kind.ALERT)))
    assert get_fhir_model_class("Bundle").model_validate(made)
    assert [entry["resource"]["resourceType"] for entry in made["entry"]] == [
        "RiskAssessment",
        "DetectedIssue",
    ]
