"""Real ``nof1 serve`` processes for tests, and clients that note what a server confirmed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import httpx
import pytest

from hook_samples import asked, draft, raw
from ports import free_port

PAUSE_S, TRIES = 0.1, 600
SERVICES = {"nof1-order-sign": "order-sign", "nof1-patient-view": "patient-view"}
JSON = {"Content-Type": "application/json"}


class Server:
    """A server process on this machine; started again it has another port."""

    def __init__(self, workspace, *words):
        self.workspace, self.words = workspace, words
        self.process, self.address = None, ""

    def start(self):
        """Start it and wait until it answers."""
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "nof1", "serve", "--insecure-http-for-development"]
        command += ["--answer-within", "120"]  # the machine of the tests may be busy
        self.process = subprocess.Popen(
            [*command, "--port", str(port), "-w", str(self.workspace.root), *self.words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        )

    def ready(self):
        """Wait until it answers; fail with what it said when it does not."""
        for _ in range(TRIES):
            if self.process.poll() is not None:
                pytest.fail(f"the server ended: {self.process.stderr.read().decode()[-2000:]}")
            try:
                if httpx.get(f"{self.address}/health").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(PAUSE_S)
        pytest.fail("the server did not start")

    def kill(self):
        """SIGKILL: no time to write anything more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()

    def stop(self):
        """End it whatever its state."""
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Told:
    """What servers confirmed to clients: answers by status, and outcomes of cards."""

    def __init__(self):
        self.answers, self.outcomes, self.wrong = [], [], []
        self.enough = threading.Event()

    def answer(self, instance, reply):
        """Note an answer that arrived."""
        digest = hashlib.sha256(reply.content).hexdigest()
        self.answers.append((instance, reply.status_code, digest))


def nothing(path):
    """No headers: for servers that ask for no token."""
    return {}


def ask(server, told, enough, header=nothing):
    """Ask, be refused, and give feedback about all cards at once, until the server is gone.

    ``header`` gives the headers of a call of a path.
    """
    number = 0
    with httpx.Client(base_url=server.address, timeout=60) as client:
        try:
            while not told.wrong:
                number += 1
                _one(client, told, number, header)
                if len(told.outcomes) >= enough:
                    told.enough.set()
        except httpx.HTTPError:
            return  # the server was killed
        except Exception as error:  # a thread's own failure must reach the test
            told.wrong.append(repr(error))
    told.enough.set()


def _one(client, told, number, header):
    service, hook = list(SERVICES.items())[number % len(SERVICES)]
    path = f"/cds-services/{service}"
    instance = str(uuid.uuid4())
    body = asked(hook, [draft("warfarin"), draft("ibuprofen")], hookInstance=instance)
    if number % 7 == 0:
        body["prefetch"] = {"patient": None}  # refused with 412, and kept as a hash
    made = client.post(path, content=raw(body), headers=JSON | header(path))
    assert made.status_code == (412 if number % 7 == 0 else 200), made.text
    told.answer(instance, made)
    cards = [one["uuid"] for one in made.json().get("cards", ())]
    if cards:
        outcomes = [
            {"card": one, "outcome": "overridden", "outcomeTimestamp": "2026-05-01T10:00:00Z"}
            for one in cards
        ]
        path += "/feedback"
        kept = client.post(
            path, content=json.dumps({"feedback": outcomes}), headers=JSON | header(path)
        )
        assert kept.status_code == 200, kept.text
        told.outcomes += cards


def clients(servers, told, enough, header=nothing, each=2):
    """Start ``each`` client threads for every server."""
    threads = [
        threading.Thread(target=ask, args=(one, told, enough, header))
        for one in servers
        for _ in range(each)
    ]
    for one in threads:
        one.start()
    return threads


def check(ledger, told):
    """All that was told is kept, nothing is half-written, and the chain holds."""
    entries = list(ledger.entries())
    assert [one.seq for one in entries] == list(range(1, len(entries) + 1))
    exchanges = [one for one in entries if one.kind == "exchange"]
    assert set(told.answers) <= {(e.instance, e.status, e.response_hash) for e in exchanges}
    outcomes = [one for one in entries if one.kind == "feedback"]
    assert set(told.outcomes) <= {one.details["card"] for one in outcomes}
    for one in exchanges:
        kept = [ledger.kept(one, part) is not None for part in ("request", "response")]
        assert kept == [one.status == 200] * 2
    together = {}
    for one in outcomes:
        assert ledger.kept(one, "request") is not None
        together.setdefault(one.request_hash, set()).add(one.details["card"])
    for one in exchanges:  # outcomes of one request are kept all or none
        given = set(one.cards)
        assert all(cards == given for cards in together.values() if cards & given)
    verdict = ledger.verify()
    assert (verdict.intact, verdict.entries) == (True, len(entries))
    return entries
