"""Hostile tokens: all refused, all alike."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from joserfc.jwk import ECKey, RSAKey

from nof1.core.errors import InputError
from nof1.web.clients import read
from nof1.web.security import LIFETIME_S, Gate, NotTrusted, Used
from token_samples import (
    BASE,
    EC,
    ISSUER,
    JKU,
    RSA,
    SIGN,
    STRANGER,
    bearer,
    claims,
    clients_file,
    public,
    token,
)


@pytest.fixture
def gate(tmp_path):
    return Gate(read(clients_file(tmp_path)), Used())


def part(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def refused(gate, header, path=SIGN):
    with pytest.raises(NotTrusted) as stop:
        gate.issuer(header, path)
    assert stop.value.args == ()


@pytest.mark.parametrize("key", [EC, RSA], ids=["ES384", "RS384"])
def test_a_good_token_comes_in_once(gate, key):
    header = bearer(key=key)
    assert gate.issuer(header, SIGN) == ISSUER
    refused(gate, header)  # replayed


def test_audience_may_be_a_list_and_jku_the_known_one(gate):
    assert gate.issuer(bearer(aud=["x", BASE + SIGN], head={"jku": JKU}), SIGN) == ISSUER


def hostile():
    """Claims and headers by what is wrong with them, as of this moment."""
    now = time.time()
    return {
        "another audience": {"aud": BASE + "/cds-services/nof1-patient-view"},
        "audience of another host": {"aud": "https://evil.example" + SIGN},
        "audience as a part": {"aud": BASE + SIGN + "/x"},
        "no audience": {"aud": ...},
        "expired": {"iat": now - 900, "exp": now - 1},
        "no expiry": {"exp": ...},
        "expiry as text": {"exp": "9999999999"},
        "expiry is true": {"exp": True},
        "expiry is no number": {"exp": float("inf")},
        "too long a life": {"exp": now + LIFETIME_S + 900},
        "issued in the future": {"iat": now + 900, "exp": now + 1000},
        "not yet valid": {"nbf": now + 900},
        "no iat": {"iat": ...},
        "no jti": {"jti": ...},
        "jti is no text": {"jti": 7},
        "jti is empty": {"jti": ""},
        "jti is long": {"jti": "x" * 300},
        "unknown issuer": {"iss": "https://evil.example/"},
        "issuer is a list": {"iss": [ISSUER]},
        "no issuer": {"iss": ...},
        "stranger's key": {"key": STRANGER},
        "unknown kid": {"head": {"kid": "ec-2"}},
        "no kid": {"head": {"kid": ...}},
        "kid of another kind": {"head": {"kid": "rsa-1"}},
        "kid is a path": {"head": {"kid": "../../dev/null"}},
        "another typ": {"head": {"typ": "at+jwt"}},
        "no typ": {"head": {"typ": ...}},
        "another jku": {"head": {"jku": "https://evil.example/keys"}},
    }


@pytest.mark.parametrize("wrong", hostile())
def test_hostile_claims_and_headers_are_refused(gate, wrong):
    refused(gate, bearer(**hostile()[wrong]))
    assert gate.issuer(bearer(), SIGN) == ISSUER  # and a good one still comes in


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS384", "ES256", "RS256", "", 7])
def test_other_algorithms_are_refused(gate, algorithm):
    head, body = part({"alg": algorithm, "typ": "JWT", "kid": "ec-1"}), part(claims())
    for signature in ("", token().split(".")[2]):
        refused(gate, f"Bearer {head}.{body}.{signature}")


def test_the_public_key_is_no_shared_secret(gate):
    """Key confusion: HMAC with the text of the public key as its secret."""
    for key, kid in ((EC, "ec-1"), (RSA, "rsa-1")):
        head = part({"alg": "HS384", "typ": "JWT", "kid": kid})
        text = f"{head}.{part(claims())}"
        for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
            made = hmac.new(secret, text.encode(), hashlib.sha384).digest()
            refused(gate, f"Bearer {text}.{part(made)}")


def test_a_key_inside_the_token_is_never_used(gate):
    for extra in ({"jwk": STRANGER.as_dict(private=False)}, {"x5u": "https://evil.example"}):
        head = {"alg": "ES384", "typ": "JWT", "kid": "ec-1", **extra}
        _, body, signature = token(key=STRANGER).split(".")
        refused(gate, f"Bearer {part(head)}.{body}.{signature}")


def test_a_changed_claim_breaks_the_signature(gate):
    head, _, signature = token().split(".")
    refused(gate, f"Bearer {head}.{part(claims(jti='another'))}.{signature}")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dTpw",
        "Bearer a.b",
        "Bearer a.b.c.d",
        "Bearer ...",
        "Bearer " + "x" * 9000,
        f"Bearer {part([])}.{part({})}.x",
        f"Bearer {part(b'{' * 5000)}.{part({})}.x",
        "Bearer \u00e9.\u00e9.\u00e9",
    ],
)
def test_what_is_no_token_is_refused(gate, header):
    refused(gate, header)


def test_used_tokens_are_known_to_all_processes_and_after_a_restart(tmp_path):
    path = tmp_path / "service" / "tokens.db"
    first = Used(path)
    assert first.first("i", "j", 100.0, 10.0)
    second = Used(path)  # another process on the same file
    assert not second.first("i", "j", 100.0, 20.0)
    assert second.first("other", "j", 100.0, 20.0)
    first.close()
    assert not Used(path).first("i", "j", 100.0, 30.0)


def test_expired_identifiers_are_cleared():
    used = Used()
    assert used.first("i", "j", 100.0, 10.0)
    assert used.first("i", "j", 300.0, 200.0)


@pytest.mark.filterwarnings("ignore:Key size")
def test_weak_and_private_keys_are_no_clients(tmp_path):
    for key in (RSAKey.generate_key(1024, {"kid": "w"}), ECKey.generate_key("P-256", {"kid": "w"})):
        client = {"issuer": ISSUER, "jwks": public(key)}
        with pytest.raises(InputError):
            read(clients_file(tmp_path, clients=[client]))
