"""What was not prefetched is fetched, kept with the request, and nothing else is ever read."""

import datetime
import ipaddress
import json
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fhir_server import TOKEN, FhirServer, send, serving, whole
from hook_samples import (
    AT,
    PATIENT,
    allergy,
    asked,
    bundle,
    cards,
    creatinine,
    draft,
    prefetched,
    raw,
    service,
    told,
    unchecked,
)
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.fetch import Fetcher
from nof1.advice.hooks.fhir_server import Visit
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.store import open_ledger

SIGN = "nof1-order-sign"
NO_PREFETCH = {"prefetch": {}}


@pytest.fixture
def fhir():
    with serving(FhirServer(answers=whole())) as made:
        yield made


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return service(tmp_path_factory.mktemp("desk"))


def with_fetch(desk, fhir, keeper=None, **limits):
    fetcher = Fetcher([fhir.base], insecure=True, **limits)
    return Service(desk.room, keeper, lambda: AT, fetcher=fetcher)


def order(fhir, *names, leave=(), **more):
    return raw(asked("order-sign", [draft(name) for name in names],
                     **NO_PREFETCH | fhir.request(**dict(leave)) | more))  # fmt: skip


def test_what_is_missing_is_fetched_with_the_token_and_answered(desk, fhir):
    reply = with_fetch(desk, fhir).call(SIGN, order(fhir, "amoxicillin"))
    assert cards(reply)[0]["indicator"] == "critical"  # the allergy was read
    assert told(reply)["data"] == "prefetch and FHIR server"
    assert len(fhir.asked) == len(OFFERS[SIGN].keys)
    assert {token for _, token in fhir.asked} == {f"Bearer {TOKEN}"}


def test_only_missing_keys_are_fetched(desk, fhir):
    """Null says that there is nothing, and an error that asking again is of no use."""
    error = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    given = prefetched(allergies=..., conditions=None, laboratory=error)
    reply = with_fetch(desk, fhir).call(SIGN, order(fhir, "amoxicillin", prefetch=given))
    assert [path for path, _ in fhir.asked] == ["/fhir/AllergyIntolerance?patient=1&_count=500"]
    assert cards(reply)[0]["indicator"] == "critical"
    assert ("conditions", "amoxicillin") in unchecked(reply)
    assert ("renal", "amoxicillin") in unchecked(reply)


def test_nothing_is_read_without_leave(desk, fhir):
    """No list, another address, a token that is none, no token: told, and the server not asked."""
    other = fhir.base.replace("127.0.0.1", "localhost")
    user = fhir.base.replace("127.0.0.1", "127.0.0.1@127.0.0.1")
    here = with_fetch(desk, fhir)
    asks = [
        (desk, order(fhir, "metformin")),
        *((here, order(fhir, "metformin", fhirServer=one))
          for one in (other, user, f"{fhir.base}/x", f"{fhir.base}?a", fhir.base[:-4] + "FHIR")),
        (here, order(fhir, "metformin", leave={"expires_in": 0})),
        (here, order(fhir, "metformin", leave={"expires_in": -5})),
        (here, order(fhir, "metformin", leave={"access_token": "a\r\nHost: evil"})),
        (here, order(fhir, "metformin", fhirAuthorization=None)),
    ]  # fmt: skip
    for desk_of, body in asks:
        reply = desk_of.call(SIGN, body)
        assert reply.status == 412
        assert b"OperationOutcome" in reply.body
        assert TOKEN.encode() not in reply.body
    assert fhir.asked == []


def test_a_refused_request_reads_nothing(desk, fhir):
    reply = with_fetch(desk, fhir).call(SIGN, order(fhir, "metformin", hook="order-select"))
    assert reply.status == 400
    assert fhir.asked == []


def test_all_pages_are_followed_below_the_same_address(desk, fhir):
    first = bundle(creatinine(1.0, "2024-01-01"), link=[
        {"relation": "next", "url": f"{fhir.base}?_getpages=abc&_offset=1"}])  # fmt: skip
    fhir.answers = {"/fhir?_getpages=abc": bundle(allergy())} | whole()
    fhir.answers["/fhir/AllergyIntolerance?"] = first | {"entry": []}
    reply = with_fetch(desk, fhir).call(SIGN, order(fhir, "amoxicillin"))
    assert cards(reply)[0]["indicator"] == "critical"
    assert ("allergies", "amoxicillin") not in unchecked(reply)


def test_the_rest_of_a_first_page_is_fetched(desk, fhir):
    fhir.answers["/fhir/page2"] = bundle(allergy())
    page = bundle(link=[{"relation": "next", "url": f"{fhir.base}/page2"}])
    body = order(fhir, "amoxicillin", prefetch=prefetched(allergies=page))
    reply = with_fetch(desk, fhir).call(SIGN, body)
    assert cards(reply)[0]["indicator"] == "critical"
    assert [path for path, _ in fhir.asked] == ["/fhir/page2"]


@pytest.mark.parametrize(
    "next_page",
    ["http://192.0.2.1/steal", "{base}x/steal", "{base}/../steal", "{base}/%2E%2e/steal",
     "{base}/a b", "{base}/a#b", "{base}\\steal", "page2", "//192.0.2.1/steal", "{base}/loop"],
)  # fmt: skip
def test_pages_elsewhere_or_without_end_count_as_not_checked(desk, fhir, next_page):
    page = bundle(link=[{"relation": "next", "url": next_page.format(base=fhir.base)}])
    fhir.answers["/fhir/AllergyIntolerance?"] = fhir.answers["/fhir/loop"] = page
    reply = with_fetch(desk, fhir, pages=4).call(SIGN, order(fhir, "metformin"))
    assert ("allergies", "metformin") in unchecked(reply)
    assert not [path for path, _ in fhir.asked if "steal" in path]
    assert len([path for path, _ in fhir.asked if path == "/fhir/loop"]) in (0, 3)


def redirect(handler):
    send(handler, b"", 302, Location="/fhir/stolen")


def packed(handler):
    send(handler, b"\x1f\x8b", Content_Encoding="gzip")


def short(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/fhir+json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"resourceType":"Bundle"}')


def vast(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/fhir+json")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" " * 10_000)


FAULTS = {
    "redirect": redirect,
    "packed": packed,
    "short": short,
    "vast": vast,
    "denied": lambda h: send(h, b"{}", 403),
    "error": lambda h: send(h, b'{"resourceType":"Bundle"}', 500),
    "page": lambda h: send(h, b"<html>", kind="text/html"),
    "no JSON": lambda h: send(h, b"{"),
    "twice": lambda h: send(h, b'{"resourceType":"Bundle","resourceType":"Bundle"}'),
    "deep": lambda h: send(h, b'{"resourceType":"Bundle","a":' + b"[" * 99 + b"]" * 99 + b"}"),
    "NaN": lambda h: send(h, b'{"resourceType":"Bundle","total":NaN}'),
    "other kind": PATIENT,
    "outcome": {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]},
    "cut": lambda h: h.connection.close(),
    "nothing": None,
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_of_the_server_is_told(desk, fhir, name):
    fhir.answers["/fhir/AllergyIntolerance?"] = FAULTS[name]
    reply = with_fetch(desk, fhir, most=1_000_000).call(SIGN, order(fhir, "metformin"))
    assert reply.status == 200
    assert ("allergies", "metformin") in unchecked(reply)
    assert "could not be fetched" in cards(reply)[-1]["detail"]
    assert not [path for path, _ in fhir.asked if "stolen" in path]


@pytest.mark.parametrize("name", FAULTS)
def test_without_the_patient_it_is_412(desk, fhir, name):
    fhir.answers["/fhir/Patient/1"] = FAULTS[name] if name != "other kind" else bundle()
    reply = with_fetch(desk, fhir, most=1_000_000).call(SIGN, order(fhir, "metformin"))
    assert reply.status == 412


def test_another_patient_is_never_taken(desk, fhir):
    fhir.answers["/fhir/Patient/1"] = PATIENT | {"id": "2"}
    assert with_fetch(desk, fhir).call(SIGN, order(fhir, "metformin")).status == 412
    fhir.answers = whole()
    fhir.answers["/fhir/AllergyIntolerance?"] = bundle(
        allergy() | {"patient": {"reference": "Patient/2"}}
    )
    assert with_fetch(desk, fhir).call(SIGN, order(fhir, "metformin")).status == 400


def test_a_server_that_hangs_is_given_up(desk, fhir):
    go = threading.Event()
    fhir.answers["/fhir/AllergyIntolerance?"] = lambda h: go.wait(30)
    try:
        reply = with_fetch(desk, fhir, seconds=3.0).call(SIGN, order(fhir, "metformin"))
    finally:
        go.set()
    assert ("allergies", "metformin") in unchecked(reply)
    assert b"took too long" in reply.body


def test_a_read_that_the_end_breaks_took_too_long_and_was_not_refused(desk, fhir, monkeypatch):
    ended = Visit.end

    def slow_end(visit):
        ended(visit)
        time.sleep(0.5)  # the broken read fails before anybody looks at it

    monkeypatch.setattr(Visit, "end", slow_end)
    test_a_server_that_hangs_is_given_up(desk, fhir)


def test_a_server_that_is_not_there_is_told(desk, fhir):
    with serving(FhirServer()) as gone:
        pass
    reply = with_fetch(desk, gone).call(SIGN, order(gone, "metformin"))
    assert reply.status == 412
    assert "cannot be reached" in reply.body.decode()


def test_what_was_fetched_is_kept_without_the_token_and_replayed(desk, fhir, tmp_path, caplog):
    with open_ledger(tmp_path / "audit") as ledger:
        here = with_fetch(desk, fhir, ledger)
        reply = here.call(SIGN, order(fhir, "amoxicillin", extension={"com.example.x": 1}))
        (entry,) = ledger.entries()
        kept = ledger.kept(entry, "request")
        whole_request = json.loads(kept)
        assert TOKEN not in kept.decode() + caplog.text
        assert "fhirAuthorization" not in whole_request
        assert sorted(whole_request["prefetch"]) == sorted(OFFERS[SIGN].keys)
        assert whole_request["extension"]["com.example.x"] == 1
        fhir.answers.clear()  # the server has forgotten everything: replay does not ask it
        before = len(fhir.asked)
        assert here.answer(SIGN, kept, AT).body == reply.body
        assert len(fhir.asked) == before


def certificate(folder):
    """A certificate of 127.0.0.1 that signs itself; the server's context, and who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1)).add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "both.pem").write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context, ssl.create_default_context(cadata=pem.decode())


def test_over_https_only_a_trusted_server_is_read(desk, tmp_path):
    context, trusted = certificate(tmp_path)
    with serving(FhirServer(answers=whole()), context) as fhir:
        for trust, status in ((trusted, 200), (None, 412)):
            fetcher = Fetcher([fhir.base], trusted=trust)
            here = Service(desk.room, None, lambda: AT, fetcher=fetcher)
            assert here.call(SIGN, order(fhir, "metformin")).status == status
        assert len(fhir.asked) == len(OFFERS[SIGN].keys)  # the token never went to the other
