"""Any CDS Hooks service by its URL: discovery, cards, and failures that are said."""

import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from bench.orders.answers import UNKNOWN, Said
from bench.orders.outside import answer, asker
from bench.orders.tables import cases

AT = datetime(2026, 3, 1, 12)
CARDS = {
    "cards": [
        {"summary": "Stop", "indicator": "critical", "source": {"topic": {"code": "renal"}}},
        {"summary": "Not checked: x", "indicator": "warning", "source": {"label": "s"}},
        {"summary": "By the way", "indicator": "info", "source": {}},
        {"summary": "Gaps", "indicator": "info", "source": {"topic": {"code": "coverage"}}},
    ],
    "extension": {"any": {"notChecked": [{"family": "renal", "reason": "no eGFR"}]}},
}


class Handler(BaseHTTPRequestHandler):
    """Discovery on GET, and on POST the cards, or an error for another address."""

    seen: list = []  # noqa: RUF012

    def reply(self, data):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(data).encode())

    def do_GET(self):
        self.reply({"services": [{"id": "sign", "prefetch": {"who": "Patient/{{x}}"}}]})

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.seen.append((self.headers["Authorization"], json.loads(self.rfile.read(length))))
        if self.path.endswith("/sign"):
            self.reply(CARDS)
        else:
            self.send_error(500)

    def log_message(self, *args):
        pass


@pytest.fixture
def url():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/cds-services"
    server.shutdown()
    server.server_close()


def test_cards_become_alerts():
    found = answer(CARDS)
    assert found.alerts == (
        Said(1, "Stop", "renal"),
        Said(2, "Not checked: x", UNKNOWN),
        Said(3, "By the way", ""),
    )
    assert any(one == "renal: no eGFR" for one in found.not_checked)
    assert answer({"cards": []}).alerts == ()


def test_a_service_is_asked_with_its_own_keys_and_the_token(url):
    found = asker(f"{url}/sign", token="t")(cases()[0], AT)
    assert found.alerts[0] == Said(1, "Stop", "renal")
    token, sent = Handler.seen[-1]
    assert token == "Bearer t"
    assert list(sent["prefetch"]) == ["who"]


def test_a_failure_is_an_error_and_not_a_silence(url):
    assert "500" in asker(f"{url}/other")(cases()[0], AT).error


def test_only_web_addresses_are_asked():
    with pytest.raises(ValueError, match="http"):
        asker("file:///etc/hosts")
