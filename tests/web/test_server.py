"""The service made ready for a workspace."""

import pytest
from fastapi.testclient import TestClient

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
        assert entry.versions["record"] == "none"


def test_without_a_file_of_clients_no_token_is_asked_for(tmp_path):
    made = ready(create(tmp_path / "ws"))
    assert not made.tokens
    with TestClient(made.app) as client:
        assert client.get("/cds-services").status_code == 200


def test_a_damaged_file_of_clients_is_told_at_the_start(tmp_path):
    (tmp_path / "clients.json").write_text("{}")
    with pytest.raises(InputError):
        ready(create(tmp_path / "ws"), allowed=tmp_path / "clients.json")
