"""Refusals are OperationOutcomes of FHIR R4, and failures are all alike."""

import json

from fhir.resources.R4B.operationoutcome import OperationOutcome

from nof1.advice.hooks.outcome import Refusal, failed


def test_a_refusal_is_an_operation_outcome():
    reply = Refusal(412, "required", "No patient.", "prefetch.patient").reply()
    # oracle: fhir.resources 8.3.0, R4B model
    found = OperationOutcome.model_validate(json.loads(reply.body))
    assert found.issue[0].code == "required"
    assert found.issue[0].diagnostics == "prefetch.patient"
    assert reply.status == 412


def test_a_failure_says_that_nothing_was_checked():
    assert failed() == failed()
    assert failed().status == 500
    found = OperationOutcome.model_validate(json.loads(failed().body))
    assert "nothing was checked" in found.issue[0].details.text
