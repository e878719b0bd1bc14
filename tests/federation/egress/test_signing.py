"""The signature: over every byte that matters, by a key that nobody else can read."""

import copy
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nof1.core.errors import InputError, WorkspaceError
from nof1.federation.egress import signing

PACK = {"schema": signing.SCHEMA, "verdict": "fail", "checks": [{"auc": 0.61, "name": "é"}]}


def test_a_key_is_made_once_with_mode_600(tmp_path):
    first = signing.signer(tmp_path)
    assert (tmp_path / signing.OWN_KEY).stat().st_mode & 0o777 == 0o600
    assert signing.signer(tmp_path).public == first.public
    assert first.kind == "workspace"


def test_the_sites_identity_is_used_where_there_is_one(tmp_path):
    key = Ed25519PrivateKey.generate()
    path = tmp_path / signing.SITE_KEY
    path.parent.mkdir()
    path.touch(0o600)
    path.write_text(key.private_bytes_raw().hex())
    found = signing.signer(tmp_path)
    assert found.kind == "site"
    assert found.public == key.public_key().public_bytes_raw().hex()
    assert not (tmp_path / signing.OWN_KEY).exists()


def test_a_key_that_others_can_read_is_refused(tmp_path):
    signing.signer(tmp_path)
    (tmp_path / signing.OWN_KEY).chmod(0o640)
    with pytest.raises(WorkspaceError, match="Others"):
        signing.signer(tmp_path)


def test_a_damaged_key_is_refused_without_showing_it(tmp_path):
    signing.signer(tmp_path)
    (tmp_path / signing.OWN_KEY).write_text("zz")
    with pytest.raises(WorkspaceError) as refused:
        signing.signer(tmp_path)
    assert "zz" not in refused.value.message


def test_the_signature_holds_after_a_journey_through_a_file(tmp_path):
    by = signing.signer(tmp_path)
    path = tmp_path / "pack.json"
    path.write_text(json.dumps(signing.signed(PACK, by), indent=1, ensure_ascii=False))
    pack = signing.read(path)
    assert signing.holds(pack)
    assert signing.holds(pack, by.public)


@pytest.mark.parametrize("change", [
    lambda pack: pack.update(verdict="pass"),
    lambda pack: pack.update(more=1),
    lambda pack: pack.pop("verdict"),
    lambda pack: pack["checks"][0].update(auc=0.51),
    lambda pack: pack["signature"].update(value="00" * 64),
    lambda pack: pack["signature"].update(algorithm="none"),
    lambda pack: pack["signature"].update(public_key="zz"),
    lambda pack: pack.pop("signature"),
    lambda pack: pack.update(signature=None),
])  # fmt: skip
def test_a_change_after_signing_is_found(tmp_path, change):
    pack = copy.deepcopy(signing.signed(PACK, signing.signer(tmp_path)))
    change(pack)
    assert not signing.holds(pack)


def test_another_key_is_not_enough(tmp_path):
    pack = signing.signed(PACK, signing.signer(tmp_path / "a"))
    other = signing.signer(tmp_path / "b")
    assert not signing.holds(pack, other.public)
    # who signs anew with another key makes a file that holds, but not by the key that is known
    again = signing.signed({**PACK, "verdict": "pass"}, other)
    assert signing.holds(again)
    assert not signing.holds(again, signing.signer(tmp_path / "a").public)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "nof1/card/1"}', b"\xff\xfe"])
def test_what_is_no_egress_file_is_refused(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InputError):
        signing.read(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError):
        signing.read(tmp_path / "none.json")
