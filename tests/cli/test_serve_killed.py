"""A server that is killed has lost no answer and no feedback that a client was told of."""

import hashlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
httpx = pytest.importorskip("httpx")

ENOUGH = 20
PAUSE_S, TRIES = 0.2, 300


@pytest.fixture
def server(tmp_path):
    """A running ``nof1 serve``, its address and its workspace."""
    from nof1.core.workspace import create

    workspace = create(tmp_path / "ws")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", "--insecure-http-for-development", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "nof1", *words, "-w", str(workspace.root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, f"http://127.0.0.1:{port}", workspace
    finally:
        process.kill()
        process.wait()


def wait_for(address):
    for _ in range(TRIES):
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(PAUSE_S)
    pytest.fail("the server did not start")


def request():
    """An order-sign request about one draft order, with its own hookInstance."""
    order = {
        "resourceType": "MedicationRequest",
        "id": "a",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p7"},
        "medicationCodeableConcept": {"text": "warfarin"},
    }
    patient = {"resourceType": "Patient", "id": "p7", "gender": "female", "birthDate": "1950-02-01"}
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}
    return {
        "hook": "order-sign",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/d", "patientId": "p7", "draftOrders": drafts},
        "prefetch": {"patient": patient},
    }


def ask(address, answers, outcomes):
    """Ask and give feedback until the server is gone; note what the server confirmed."""
    service = "/cds-services/nof1-order-sign"
    with httpx.Client(base_url=address) as client:
        while True:
            body = request()
            try:
                made = client.post(service, json=body)
                assert made.status_code == 200, made.text
                digest = hashlib.sha256(made.content).hexdigest()
                answers.append((body["hookInstance"], digest))
                outcome = {
                    "card": made.json()["cards"][0]["uuid"],
                    "outcome": "overridden",
                    "outcomeTimestamp": "2026-05-01T10:00:00Z",
                }
                told = client.post(
                    f"{service}/feedback",
                    content=json.dumps({"feedback": [outcome]}),
                    headers={"Content-Type": "application/json"},
                )
                assert told.status_code == 200, told.text
                outcomes.append(outcome["card"])
            except httpx.HTTPError:
                return


def test_nothing_that_was_told_is_lost(server):
    from nof1.advice.ledger.store import read_ledger

    process, address, workspace = server
    wait_for(address)
    answers, outcomes = [], []
    clients = [threading.Thread(target=ask, args=(address, answers, outcomes)) for _ in range(3)]
    for one in clients:
        one.start()
    for _ in range(TRIES):
        if len(outcomes) >= ENOUGH or not any(one.is_alive() for one in clients):
            break
        time.sleep(PAUSE_S / 4)
    process.send_signal(signal.SIGKILL)
    for one in clients:
        one.join()
    assert len(outcomes) >= ENOUGH
    with read_ledger(workspace.audit) as ledger:
        entries = list(ledger.entries())
        found = {(one.instance, one.response_hash) for one in entries if one.kind == "exchange"}
        cards = {one.details["card"] for one in entries if one.kind == "feedback"}
        assert set(answers) <= found
        assert set(outcomes) <= cards
        assert all(ledger.showing(card) for card in outcomes)
        assert ledger.verify().intact
