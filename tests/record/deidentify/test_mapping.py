"""The encrypted way back: only with its key, only unchanged."""

import stat

import pytest

from deidentify_samples import KEY, PATIENT, run
from nof1.core import extras
from nof1.core.errors import InputError, MissingExtra, UsageError
from nof1.record.deidentify.key import Key
from nof1.record.deidentify.mapping import read_mapping, write_mapping

pytest.importorskip("cryptography")


def test_the_way_back_names_every_pseudonym(tmp_path):
    path = tmp_path / "map"
    run(tmp_path, {"a.json": PATIENT}, mapping=True, mapping_file=path)
    pairs = read_mapping(path, KEY)
    assert ("identifier", "M5550123", KEY.letters("identifier", "M5550123")) in pairs
    assert ("file", "a.json", KEY.letters("file", "a.json", 16)) in pairs
    assert b"M5550123" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_key_or_a_changed_file_opens_nothing(tmp_path):
    path = tmp_path / "map"
    write_mapping(path, KEY, {("id", "a"): "b"})
    with pytest.raises(InputError, match="another key"):
        read_mapping(path, Key(b"x" * 32))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="changed"):
        read_mapping(path, KEY)
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="no mapping"):
        read_mapping(path, KEY)


def test_two_mappings_of_the_same_pairs_are_different_files(tmp_path):
    for name in "ab":
        write_mapping(tmp_path / name, KEY, {("id", "a"): "b"})
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()
    with pytest.raises(UsageError, match="already"):
        write_mapping(tmp_path / "a", KEY, {})


def test_without_the_cipher_nothing_is_done(tmp_path, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name="cryptography")

    monkeypatch.setattr(extras, "import_module", missing)
    with pytest.raises(MissingExtra) as caught:
        run(tmp_path, {"a.json": PATIENT}, mapping=True, mapping_file=tmp_path / "map")
    assert "nof1[service]" in caught.value.next_step
    assert not (tmp_path / "out").exists()
