"""The services over HTTP: door, limits, errors, health and metrics."""

import asyncio
import json
import threading

import pytest
from fastapi.testclient import TestClient

from hook_samples import AT, Kept, asked, raw, service, sign
from nof1.advice.hooks.request import LARGEST
from nof1.advice.hooks.service import Service
from nof1.web import app as web
from nof1.web.app import Door, build
from nof1.web.clients import read
from nof1.web.security import Gate, Used
from token_samples import SIGN, bearer, clients_file

JSON = {"content-type": "application/json"}
CANARY = "CANARY-Maria-Musterfrau"
FEEDBACK = {
    "feedback": [
        {
            "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
            "outcome": "overridden",
            "outcomeTimestamp": "2024-05-01T12:00:05Z",
        }
    ]
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return service(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def client(desk, kept):
    app = build(Door(Service(desk.room, kept, lambda: AT), None))
    with TestClient(app, base_url="http://127.0.0.1:8000") as made:
        yield made


@pytest.fixture
def guarded(desk, kept, tmp_path):
    found = read(clients_file(tmp_path))
    door = Door(Service(desk.room, kept, lambda: AT), Gate(found, Used()), found.origins)
    with TestClient(build(door)) as made:
        yield made


def outcome(response, status):
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/json")
    assert response.json()["resourceType"] == "OperationOutcome"
    assert CANARY not in response.text


def test_discovery_call_and_feedback(client, kept):
    listed = client.get("/cds-services").json()["services"]
    assert "nof1-order-sign" in [one["id"] for one in listed]
    answer = client.post(SIGN, content=sign("simvastatin", "clarithromycin"), headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["cards"][0]["indicator"] == "critical"
    assert answer.headers["cache-control"] == "no-store"
    told = client.post(f"{SIGN}/feedback", json=FEEDBACK)
    assert told.json() == {"kept": 1}
    exchange, feedback = kept.all
    assert exchange.response == answer.content
    assert feedback.card == FEEDBACK["feedback"][0]["card"]


def test_errors_are_operation_outcomes(client):
    outcome(client.post("/cds-services/nothing", content=b"{}", headers=JSON), 404)
    outcome(client.get("/nothing"), 404)
    outcome(client.get(SIGN), 405)
    outcome(client.post(SIGN, content=CANARY.encode(), headers=JSON), 400)
    outcome(client.post(SIGN, content=sign("aspirin", hook=CANARY), headers=JSON), 400)
    plain = {"content-type": "text/plain"}
    outcome(client.post(SIGN, content=sign("aspirin"), headers=plain), 415)
    packed = JSON | {"content-encoding": "gzip"}
    outcome(client.post(SIGN, content=sign("aspirin"), headers=packed), 415)
    bare = asked("patient-view")
    del bare["prefetch"]
    outcome(client.post("/cds-services/nof1-patient-view", content=raw(bare), headers=JSON), 412)


def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(client):
    big = b" " * (LARGEST + 1)
    outcome(client.post(SIGN, content=big, headers=JSON), 413)
    pieces = (b" " * 2**20 for _ in range(LARGEST // 2**20 + 2))
    outcome(client.post(SIGN, content=pieces, headers=JSON), 413)
    wrong = JSON | {"content-length": "9" * 30}
    outcome(client.post(SIGN, content=b"{}", headers=wrong), 413)


def test_a_body_that_never_comes_is_given_up(desk):
    app = build(Door(desk, None, body_s=0.05))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": SIGN, "raw_path": SIGN.encode(), "query_string": b"",
        "root_path": "", "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent = []

    async def receive():
        await asyncio.sleep(5)
        return {"type": "http.request", "body": b"", "more_body": True}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["resourceType"] == "OperationOutcome"


def test_an_answer_that_takes_too_long_is_503_and_said_to_be_no_advice(desk, kept):
    """Stuck: the client hears it in time. Late: what was worked out is not shown, nor kept."""
    go = threading.Event()
    stuck = Service(desk.room, kept, lambda: go.wait(120) and AT, longest_s=-1.9)
    with TestClient(build(Door(stuck, None))) as made:
        answer = made.post(SIGN, content=sign("aspirin"), headers=JSON)
        go.set()
    outcome(answer, 503)
    assert "ran out of time" in answer.text
    times = iter((0.0, 601.0))
    late = Service(desk.room, kept, lambda: AT, timer=lambda: next(times), longest_s=600)
    with TestClient(build(Door(late, None))) as made:
        outcome(made.post(SIGN, content=sign("simvastatin", "clarithromycin"), headers=JSON), 503)
    exchange = kept.all[-1]
    assert (exchange.status, exchange.cards, exchange.keep) == (503, (), False)


def test_whoever_has_no_token_learns_nothing(guarded):
    good = sign("aspirin")
    refused = [
        guarded.get("/cds-services"),
        guarded.post(SIGN, content=good, headers=JSON),
        guarded.post(SIGN, content=b"{", headers=JSON | {"authorization": "Bearer x.y.z"}),
        guarded.post(SIGN, content=good, headers=JSON | {"authorization": bearer(aud="other")}),
        guarded.post("/cds-services/nothing", content=good, headers=JSON),
        guarded.post(f"{SIGN}/feedback", json=FEEDBACK),
    ]
    for response in refused:
        outcome(response, 401)
        assert response.headers["www-authenticate"] == "Bearer"
    assert len({response.content for response in refused}) == 1


def test_two_authorization_headers_are_refused(guarded):
    one = bearer()
    headers = [("content-type", "application/json"), ("authorization", one), ("authorization", one)]
    outcome(guarded.post(SIGN, content=sign("aspirin"), headers=headers), 401)


def test_a_token_is_for_one_address_and_one_call(guarded, kept):
    header = JSON | {"authorization": bearer()}
    assert guarded.post(SIGN, content=sign("aspirin"), headers=header).status_code == 200
    assert kept.all[0].client == "https://ehr.example/"
    outcome(guarded.post(SIGN, content=sign("aspirin"), headers=header), 401)
    listing = {"authorization": bearer("/cds-services")}
    assert guarded.get("/cds-services", headers=listing).status_code == 200
    header = {"authorization": bearer(f"{SIGN}/feedback")}
    assert guarded.post(f"{SIGN}/feedback", json=FEEDBACK, headers=header).status_code == 200


def preflight(client, origin):
    ask = {"origin": origin, "access-control-request-method": "POST",
           "access-control-request-headers": "authorization,content-type"}  # fmt: skip
    return client.options(SIGN, headers=ask).headers.get("access-control-allow-origin")


def test_web_pages_may_ask_only_when_they_are_named(guarded, client):
    assert preflight(guarded, "https://ehr.example") == "https://ehr.example"
    assert preflight(guarded, "https://evil.example") is None
    assert preflight(guarded, "http://localhost:8080") is None
    assert preflight(client, "http://localhost:8080") == "http://localhost:8080"
    assert preflight(client, "http://localhost.evil.example") is None


def test_health_readiness_and_metrics(client, desk, monkeypatch):
    client.post(SIGN, content=sign("aspirin"), headers=JSON)
    client.post(f"/cds-services/{CANARY}", content=b"{}", headers=JSON)
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}
    text = client.get("/metrics").text
    assert 'nof1_answers_total{service="nof1-order-sign",status="200"} 1' in text
    assert 'service="unknown",status="404"' in text
    assert CANARY not in text

    def broken(self):
        raise OSError(CANARY)

    monkeypatch.setattr(type(desk.room), "warm", broken)
    outcome(client.get("/ready"), 503)


def test_nothing_of_the_unforeseen_is_told(desk, monkeypatch, caplog):
    def broken(self):
        raise ValueError(CANARY)

    monkeypatch.setattr(Service, "discovery", broken)
    with TestClient(build(Door(desk, None))) as made:
        outcome(made.get("/cds-services"), 500)
    assert CANARY not in caplog.text


def test_no_page_of_another_host_is_offered(client):
    assert client.get("/docs").status_code == 404
    assert "/cds-services/{service_id}" in client.get("/openapi.json").json()["paths"]


def test_work_ahead_begins_when_the_server_listens_and_readiness_does_not_wait(desk, monkeypatch):
    begun, ended = threading.Event(), []

    def warm(stop):
        begun.set()
        ended.append(stop.wait(120))

    monkeypatch.setattr(web, "AHEAD_S", 0.0)
    made = build(Door(Service(desk.room, None, lambda: AT), None), warm=warm)
    with TestClient(made, base_url="http://127.0.0.1:8000") as client:
        assert begun.wait(120)
        assert client.get("/ready").status_code == 200
        assert ended == []
    assert ended == [True]
