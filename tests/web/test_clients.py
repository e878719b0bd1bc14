"""The clients' file: public keys only, and faults are named without its content."""

import pytest

from nof1.core.errors import InputError
from nof1.web.clients import read
from token_samples import BASE, EC, ISSUER, JKU, RSA, clients_file, public


def test_a_good_file_is_read(tmp_path):
    found = read(clients_file(tmp_path, base_url=BASE + "/"))
    assert found.base_url == BASE
    assert set(found.by_issuer[ISSUER].keys) == {"ec-1", "rsa-1"}
    assert found.by_issuer[ISSUER].jku == JKU
    assert found.origins == ("https://ehr.example",)


def client(**changes):
    return {"issuer": ISSUER, "jwks": public(EC)} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"clients": []},
        {"base_url": "cds.example"},
        {"base_url": 7},
        {"surprise": 1},
        {"clients": [client(), client()]},
        {"clients": [client(jwks={"keys": []})]},
        {"clients": [client(jwks={"keys": [EC.as_dict(private=True)]})]},
        {"clients": [client(jwks={"keys": [{"kty": "oct", "k": "AAAA", "kid": "s"}]})]},
        {"clients": [client(jwks=public(EC, EC))]},
        {"clients": [client(jwks={"keys": [{"kty": "EC", "crv": "P-384", "kid": "b"}]})]},
        {"clients": [client(jwks={"keys": [RSA.as_dict(private=False) | {"kid": ""}]})]},
        {"clients": [client(surprise=1)]},
    ],
)
def test_a_file_that_is_not_safe_is_refused(tmp_path, changes):
    with pytest.raises(InputError) as stop:
        read(clients_file(tmp_path, **changes))
    assert stop.value.where == "clients.json"
    assert EC.as_dict(private=True)["d"] not in str(stop.value)


def test_what_is_no_json_is_refused(tmp_path):
    path = tmp_path / "clients.json"
    path.write_text("{")
    with pytest.raises(InputError):
        read(path)
