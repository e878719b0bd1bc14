"""A small FHIR server on this machine for tests: answers by path, and what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hook_samples import PATIENT, allergy, bundle, condition, creatinine

TOKEN = "CANARY-token-of-the-request"
FHIR = "application/fhir+json"
Special = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class FhirServer:
    """``answers`` by the path's start: a resource, or a function that does what it likes."""

    base: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def request(self, **more: Any) -> dict[str, Any]:
        """``fhirServer`` and ``fhirAuthorization`` of a request that lets us read here."""
        leave = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300,
                 "scope": "user/*.rs", "subject": "nof1"} | more  # fmt: skip
        return {"fhirServer": self.base, "fhirAuthorization": leave}


def whole() -> dict[str, Any]:
    """What the server holds: the patient of ``hook_samples``, one resource of most kinds."""
    return {
        "/fhir/Patient/1": PATIENT,
        "/fhir/Condition?": bundle(condition()),
        "/fhir/MedicationRequest?": bundle(),
        "/fhir/AllergyIntolerance?": bundle(allergy()),
        "/fhir/Observation?patient=1&category=laboratory": bundle(creatinine()),
        "/fhir/Observation?": bundle(),
        "/fhir/Encounter?": bundle(),
        "/fhir/Procedure?": bundle(),
    }


def send(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, kind: str = FHIR, **head: str
) -> None:
    """An answer with its length; ``head`` are further header lines with "_" for "-"."""
    handler.send_response(status)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **head}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(made: FhirServer, context: Any = None) -> Iterator[FhirServer]:
    """The server, running; with ``context`` (a TLS context) over https."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append((self.path, self.headers["Authorization"]))
            found = next((v for k, v in made.answers.items() if self.path.startswith(k)), None)
            if callable(found):
                found(self)
            elif found is None:
                send(self, b'{"resourceType":"OperationOutcome"}', 404)
            else:
                send(self, json.dumps(found).encode())

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as running:
        if context is not None:
            running.socket = context.wrap_socket(running.socket, server_side=True)
        scheme = "http" if context is None else "https"
        made.base = f"{scheme}://127.0.0.1:{running.server_address[1]}/fhir"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            running.shutdown()
            thread.join()
