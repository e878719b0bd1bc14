"""The file of the hospital's sign-in: what is not safe is told at the start."""

import json

import pytest

from identity_provider import RSA, SECRET, settings_file
from nof1.core.errors import InputError
from nof1.web.access.oidc.settings import read

ISSUER = "https://login.hospital.example/realms/staff"


def test_a_good_file_is_read_with_the_files_beside_it(tmp_path):
    keys = {"keys": [RSA.as_dict(private=False)]}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    found = read(settings_file(tmp_path, ISSUER, jwks_file="keys.json", every_patient=True))
    assert (found.issuer, found.secret, found.jwks) == (ISSUER, SECRET, keys)
    assert found.algorithms == ("RS256", "ES256")
    assert found.every_patient
    assert found.roles_of(["data", "doctors", "others"]) == (
        "clinician", "data-scientist", "learner",
    )  # fmt: skip
    assert found.roles_of(["Doctors", ""]) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://login.hospital.example"},
        {"issuer": "https://user:word@login.hospital.example"},
        {"issuer": "https://login.hospital.example?x=1"},
        {"issuer": "https://login.hospital.example#x"},
        {"issuer": ...},
        {"client_id": ""},
        {"client_id": ...},
        {"roles": {}},
        {"roles": {"doctors": ["boss"]}},
        {"roles": {"robots": ["monitor"]}},  # a role of programs
        {"roles": {"doctors": []}},
        {"algorithms": []},
        {"algorithms": ["none"]},
        {"algorithms": ["RS256", "HS256"]},
        {"scope": "profile"},
        {"token_endpoint": "http://login.hospital.example/token"},
        {"authorization_endpoint": "file:///etc/passwd"},
        {"client_secret_file": "nothing.here"},
        {"jwks_file": "client.secret"},
        {"surprise": 1},
    ],
)
def test_what_is_not_safe_is_refused_without_the_secret(tmp_path, changes):
    with pytest.raises(InputError) as refused:
        read(settings_file(tmp_path, ISSUER, **changes))
    assert SECRET not in str(refused.value)


def test_a_secret_that_others_may_read_is_refused(tmp_path):
    path = settings_file(tmp_path, ISSUER)
    (tmp_path / "client.secret").chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read(path)


def test_http_is_for_this_machine_and_development(tmp_path):
    path = settings_file(tmp_path, "http://127.0.0.1:9000")
    with pytest.raises(InputError):
        read(path)
    assert read(path, insecure=True).issuer == "http://127.0.0.1:9000"
    with pytest.raises(InputError):
        read(settings_file(tmp_path, "http://10.0.0.1:9000"), insecure=True)
