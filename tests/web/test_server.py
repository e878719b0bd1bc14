"""The service made ready for a workspace."""

import json

import pytest
from fastapi.testclient import TestClient

from fhir_server import FhirServer, serving, whole
from hook_samples import sign
from nof1.advice.ledger.store import open_ledger
from nof1.core.errors import InputError
from nof1.core.workspace import create
from nof1.web.server import ready
from token_samples import SIGN, bearer, clients_file

JSON = {"content-type": "application/json"}


def test_answers_are_in_the_ledger_when_they_arrive_and_tokens_outlive_a_restart(tmp_path):
    workspace = create(tmp_path / "ws")
    allowed = clients_file(tmp_path)
    header = JSON | {"authorization": bearer()}
    statuses = []
    for _ in range(2):  # the second time is a server that was started again
        made = ready(workspace, allowed=allowed)
        assert made.tokens
        with TestClient(made.app) as client:
            answer = client.post(SIGN, content=sign("metformin"), headers=header)
            statuses.append(answer.status_code)
    assert statuses == [200, 401]
    with open_ledger(workspace.audit) as ledger:
        (entry,) = ledger.entries()
        assert (entry.service, entry.status, entry.hook) == ("nof1-order-sign", 200, "order-sign")
        assert entry.versions["record"] == "unused"


def test_without_a_file_of_clients_no_token_is_asked_for(tmp_path):
    made = ready(create(tmp_path / "ws"))
    assert not made.tokens
    with TestClient(made.app) as client:
        assert client.get("/cds-services").status_code == 200


def test_a_damaged_file_of_clients_is_told_at_the_start(tmp_path):
    (tmp_path / "clients.json").write_text("{}")
    with pytest.raises(InputError):
        ready(create(tmp_path / "ws"), allowed=tmp_path / "clients.json")


def test_a_server_that_is_named_is_read_and_no_other(tmp_path):
    body = json.loads(sign("amoxicillin", prefetch={}))
    with serving(FhirServer(answers=whole())) as fhir:
        asked = json.dumps(body | fhir.request()).encode()
        for number, (named, status) in enumerate((((fhir.base,), 200), ((), 412))):
            made = ready(create(tmp_path / f"ws{number}"), fetch_from=named, insecure=True)
            with TestClient(made.app) as client:
                assert client.post(SIGN, content=asked, headers=JSON).status_code == status


def test_the_limit_of_time_is_the_operators(tmp_path):
    made = ready(create(tmp_path / "ws"), longest_s=-1.0)  # whatever comes is too late
    with TestClient(made.app) as client:
        assert client.post(SIGN, content=sign("metformin"), headers=JSON).status_code == 503
