"""The description of the addresses: its examples are answered, and answers are as it says."""

import json

import jsonschema
import pytest
from fastapi.testclient import TestClient

from hook_samples import AT, CARD, Kept, asked, draft, raw, service, sign
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.service import Service
from nof1.web import openapi
from nof1.web.app import Door, build

JSON = {"content-type": "application/json"}
CALL = "/cds-services/{service_id}"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    desk = service(tmp_path_factory.mktemp("desk"))
    with TestClient(build(Door(Service(desk.room, Kept(), lambda: AT), None))) as made:
        yield made


@pytest.fixture(scope="module")
def described(client):
    return client.get("/openapi.json").json()["paths"]


def schema(described, path, method, status):
    return described[path][method]["responses"][str(status)]["content"]["application/json"][
        "schema"
    ]


def test_the_examples_are_answered(client, described):
    for tail, example in (("", openapi.ASKED), ("/feedback", openapi.OVERRIDDEN)):
        told = described[f"{CALL}{tail}"]["post"]["requestBody"]["content"]["application/json"]
        jsonschema.validate(told["example"], told["schema"])
        assert told["example"] == example
        answer = client.post(f"/cds-services/nof1-order-sign{tail}", json=example)
        assert answer.status_code == 200
        jsonschema.validate(answer.json(), schema(described, f"{CALL}{tail}", "post", 200))
    assert openapi.OVERRIDDEN["feedback"][0]["card"] == CARD


def test_answers_are_as_described(client, described):
    jsonschema.validate(
        client.get("/cds-services").json(), schema(described, "/cds-services", "get", 200)
    )
    bodies = [sign("simvastatin", "clarithromycin"), sign("zzz unknown"), sign("methotrexate"),
              b"{", b"x" * (5 * 2**20 + 1), sign("aspirin", prefetch={})]  # fmt: skip
    statuses = set()
    for body in bodies:
        answer = client.post("/cds-services/nof1-order-sign", content=body, headers=JSON)
        statuses.add(answer.status_code)
        jsonschema.validate(answer.json(), schema(described, CALL, "post", answer.status_code))
    assert statuses == {200, 400, 412, 413}


def test_every_request_that_is_understood_fits_the_description(described):
    told = described[CALL]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for offer in OFFERS.values():
        orders = [draft("metformin")] if offer.hook.startswith("order") else ()
        jsonschema.validate(json.loads(raw(asked(offer.hook, orders))), told)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"hook": "order-sign"}, told)
