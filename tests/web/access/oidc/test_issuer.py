"""Where the issuer's doors and keys come from, and from where they never come."""

import json

import pytest
from joserfc.jwk import OctKey, RSAKey

import identity_provider as idp
from nof1.web.access.oidc.issuer import AGAIN_S, KEEP_S, Issuer
from nof1.web.access.oidc.settings import read
from nof1.web.access.oidc.transport import Failed


@pytest.fixture
def provider():
    with idp.serving() as made:
        yield made


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def issuer(provider, tmp_path, now):
    settings = read(idp.settings_file(tmp_path, provider.issuer), insecure=True)
    return Issuer(settings, lambda: now[0])


def asked(provider, path="/keys"):
    return provider.asked.count(("GET", path))


def test_doors_and_keys_come_from_the_issuers_own_description(provider, issuer):
    assert issuer.door("token_endpoint") == f"{provider.issuer}/token"
    assert issuer.key("rsa-1", "RS256").kid == "rsa-1"
    assert issuer.key("ec-1", "ES256").kid == "ec-1"
    assert asked(provider) == 1
    assert asked(provider, "/.well-known/openid-configuration") == 1


def test_new_keys_are_asked_for_but_not_all_the_time(provider, issuer, now):
    issuer.key("rsa-1", "RS256")
    for _ in range(5):
        with pytest.raises(Failed):
            issuer.key("rsa-2", "RS256")
    assert asked(provider) == 1  # a stranger's tokens do not make us ask again and again
    new = RSAKey.generate_key(2048, {"kid": "rsa-2"})
    provider.keys = [new]
    now[0] += AGAIN_S + 1
    assert issuer.key("rsa-2", "RS256").kid == "rsa-2"
    with pytest.raises(Failed):
        issuer.key("rsa-1", "RS256")  # an old key is gone with the set
    now[0] += KEEP_S + 1
    issuer.key("rsa-2", "RS256")
    assert asked(provider) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "https://evil.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://127.0.0.1:1/keys"},  # another port is another host
        {"jwks_uri": ...},
        {"jwks_uri": 7},
    ],
)
def test_a_description_that_leads_elsewhere_is_not_followed(provider, issuer, changes):
    told = provider.described() | changes
    provider.answers["/.well-known/openid-configuration"] = {
        k: v for k, v in told.items() if v is not ...
    }
    with pytest.raises(Failed):
        issuer.key("rsa-1", "RS256")
    assert asked(provider) == 0


@pytest.mark.parametrize(
    ("kid", "algorithm"), [("rsa-1", "ES256"), ("ec-1", "RS256"), ("ec-1", "ES384"), ("x", "RS256")]
)
def test_a_key_fits_its_algorithm_or_is_none(issuer, kid, algorithm):
    with pytest.raises(Failed):
        issuer.key(kid, algorithm)


@pytest.mark.filterwarnings("ignore:Key size")
def test_weak_secret_and_foreign_keys_are_none(provider, issuer):
    good = idp.RSA.as_dict(private=False)
    wrong = [
        RSAKey.generate_key(1024, {"kid": "a"}).as_dict(private=False),
        OctKey.generate_key(256, {"kid": "b"}).as_dict(),
        idp.RSA.as_dict(private=True) | {"kid": "c"},
        good | {"kid": "d", "use": "enc"},
        good | {"kid": "e", "alg": "PS512"},
        {"kid": "f", "kty": "RSA"},
        {"kid": "g"},
        "no key at all",
    ]
    provider.answers["/keys"] = {"keys": [*wrong, good]}
    for kid in "abcdefg":
        with pytest.raises(Failed):
            issuer.key(kid, "RS256")
    assert issuer.key("rsa-1", "RS256")


def test_a_file_of_keys_asks_nobody(provider, tmp_path):
    (tmp_path / "keys.json").write_text(json.dumps(provider.jwks()))
    path = idp.settings_file(tmp_path, provider.issuer, jwks_file="keys.json")
    assert Issuer(read(path, insecure=True)).key("rsa-1", "RS256")
    assert provider.asked == []
