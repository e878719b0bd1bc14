"""What ``nof1 doctor`` says about sealing."""

import os
from pathlib import Path

import pytest

from nof1.core.doctor import examine
from nof1.core.sealing import health, ram
from sealing_samples import plain, sealed


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    monkeypatch.setattr(ram, "DEFAULT", tmp_path / "memory")
    (tmp_path / "memory").mkdir()
    return tmp_path / "memory"


def said(root):
    return {name: (verdict, detail) for name, verdict, detail in health.examine(root)}


def test_a_plain_workspace(tmp_path):
    root = plain(tmp_path / "ws")
    assert said(root)["sealing"] == ("note", "not sealed: its files are not encrypted by nof1")
    (root / "sealed").mkdir()
    assert "killed run" in said(root)["sealing"][1]
    assert set(said(tmp_path)) == {"swap", "open copies"}


def test_a_sealed_workspace(tmp_path):
    root = sealed(tmp_path / "ws").root
    assert said(root)["sealing"][0] == "ok"
    assert "generation 1, 1 recipient(s)" in said(root)["sealing"][1]
    assert said(root)["plain files"][0] == "ok"
    (root / "record").mkdir()
    assert said(root)["plain files"][0] == "FAIL"
    (root / "nof1.sealed").write_text("{")
    assert said(root)["sealing"][0] == "FAIL"


@pytest.mark.parametrize("name", ["audit/pseudonym.key", "audit/ledger.seal", "federation/x.pem"])
def test_a_private_key_that_others_may_read_fails(tmp_path, name):
    root = plain(tmp_path / "ws")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("secret")
    (root / name).chmod(0o600)
    assert said(root)["private keys"] == ("ok", "1, for their owner only")
    (root / name).chmod(0o640)
    assert said(root)["private keys"] == ("FAIL", f"others may read {name}: chmod 600")


def test_swap(tmp_path, monkeypatch):
    for areas, verdict in (([], "ok"), (["/dev/sda2"], "note"), (None, "note")):
        monkeypatch.setattr(ram, "swap", lambda areas=areas: areas)
        assert said(tmp_path)["swap"][0] == verdict


def test_an_open_copy_that_was_left_over_fails(tmp_path, memory):
    assert said(tmp_path)["open copies"][0] == "ok"
    left = memory / f"nof1-open-{os.getuid()}-x"
    left.mkdir(mode=0o700)
    assert said(tmp_path)["open copies"][0] == "FAIL"


def test_the_doctor_says_all_of_it(tmp_path):
    root = sealed(tmp_path / "ws").root
    names = {check.name for check in examine(root)}
    assert {"workspace", "sealing", "plain files", "swap", "open copies"} <= names
    names = {check.name for check in examine(plain(tmp_path / "plain"))}
    assert {"workspace", "sealing", "private keys", "audit log"} <= names
    assert "swap" in {check.name for check in examine(Path("/"))}
