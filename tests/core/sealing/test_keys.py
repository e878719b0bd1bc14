"""Key files and passphrases: private, never replaced, never beside the data."""

import os
import stat

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.core.sealing import keys


def test_a_key_is_private_and_its_public_half_is_beside_it(tmp_path):
    made = keys.make_key(tmp_path / "a.key")
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600
    assert keys.read_key(tmp_path / "a.key") == made
    assert keys.read_public(tmp_path / "a.key.pub") == made.public
    assert made.secret.hex() not in (tmp_path / "a.key.pub").read_text()
    assert made.secret.hex() not in repr(made)


def test_a_key_is_private_whatever_the_umask_says(tmp_path):
    before = os.umask(0)
    try:
        keys.make_key(tmp_path / "a.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


def test_a_key_is_never_replaced(tmp_path):
    made = keys.make_key(tmp_path / "a.key")
    with pytest.raises(UsageError, match="never replaced"):
        keys.make_key(tmp_path / "a.key")
    (tmp_path / "b.key.pub").write_text("mine")
    with pytest.raises(UsageError, match="never replaced"):
        keys.make_key(tmp_path / "b.key")
    assert not (tmp_path / "b.key").exists()
    assert keys.read_key(tmp_path / "a.key") == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    keys.make_key(tmp_path / "a.key")
    (tmp_path / "a.key").chmod(mode)
    with pytest.raises(InputError, match="Others may read"):
        keys.read_key(tmp_path / "a.key")


@pytest.mark.parametrize(
    "text",
    ["", "nof1-sealing-key-1", "nof1-sealing-key-1\nzz", "x" * 20_000, "nof1-privacy-key-1\n00"],
)
def test_what_is_no_key_is_refused(tmp_path, text):
    (tmp_path / "a.key").write_text(text)
    (tmp_path / "a.key").chmod(0o600)
    with pytest.raises(InputError, match="no key file"):
        keys.read_key(tmp_path / "a.key")


def test_a_secret_half_is_no_public_half(tmp_path):
    keys.make_key(tmp_path / "a.key")
    with pytest.raises(InputError, match="no public key"):
        keys.read_public(tmp_path / "a.key")


def test_a_missing_key_is_refused(tmp_path):
    with pytest.raises(InputError, match="no key file"):
        keys.read_key(tmp_path / "none")


def test_a_passphrase_is_the_same_in_both_unicode_forms():
    assert keys.passphrase("caf\u00e9 au lait chaud\n") == keys.passphrase(
        "cafe\u0301 au lait chaud"
    )


@pytest.mark.parametrize("text", ["", "\n", "fourteen chars"])
def test_a_short_new_passphrase_is_refused(text):
    with pytest.raises(UsageError, match="too short"):
        keys.passphrase(text, new=True)


def test_a_passphrase_never_shows_itself():
    assert "correct" not in repr(keys.passphrase("correct horse battery"))


def test_a_key_in_the_workspace_is_refused_also_through_a_link(tmp_path):
    (tmp_path / "ws").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "ws")
    for path in (tmp_path / "ws" / "a.key", tmp_path / "link" / "a.key", tmp_path / "ws"):
        with pytest.raises(UsageError, match="must not lie"):
            keys.refuse_inside(path, tmp_path / "ws")
    keys.refuse_inside(tmp_path / "ws2" / "a.key", tmp_path / "ws")
