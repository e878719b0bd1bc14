from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation_samples import NOW, manifest
from nof1.core.errors import InputError
from nof1.federation.manifest import Signed, read, sign

KEY = Ed25519PrivateKey.generate()
LEADS = {"lead": KEY.public_key().public_bytes_raw().hex()}


def test_what_was_signed_is_read():
    assert read(sign(manifest(), "lead", KEY), LEADS, NOW) == manifest()


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (b"", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"{}", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"x" * (2**20 + 1), "too large"),
        (sign(manifest(), "somebody", KEY), "Nobody whom this site knows"),
        (sign(manifest(), "lead", Ed25519PrivateKey.generate()), "signature"),
        (sign(manifest(expires=NOW - timedelta(minutes=1)), "lead", KEY), "not valid now"),
        (sign(manifest(created=NOW + timedelta(minutes=1)), "lead", KEY), "not valid now"),
        (sign(manifest(created=NOW.replace(tzinfo=None)), "lead", KEY), "time zone"),
    ],
)
def test_what_is_refused(raw, match):
    with pytest.raises(InputError, match=match):
        read(raw, LEADS, NOW)


@pytest.mark.parametrize("key", ["", "zz", "ab" * 16, "ab" * 33])
def test_a_key_of_the_policy_that_is_no_key_is_named(key):
    with pytest.raises(InputError, match="policy's key of lead"):
        read(sign(manifest(), "lead", KEY), {"lead": key}, NOW)


def test_a_changed_manifest_does_not_carry_the_signature():
    signed = msgspec.json.decode(sign(manifest(), "lead", KEY), type=Signed)
    changed = signed.manifest.replace(b'"entries":1000', b'"entries":9999')
    raw = msgspec.json.encode(msgspec.structs.replace(signed, manifest=changed))
    with pytest.raises(InputError, match="signature"):
        read(raw, LEADS, NOW)


def test_a_manifest_with_more_keys_than_we_know_is_refused():
    data = msgspec.json.encode(msgspec.to_builtins(manifest()) | {"shell": "rm"})
    raw = msgspec.json.encode(Signed(data, "lead", KEY.sign(b"nof1 job manifest 1\0" + data)))
    with pytest.raises(InputError, match="cannot be read"):
        read(raw, LEADS, NOW)
