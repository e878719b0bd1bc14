"""Keys: private, whole, made once; what they seal opens only as what it was."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from nof1.advice.ledger import keys
from nof1.core.errors import WorkspaceError


def test_keys_are_made_once_and_stay(tmp_path):
    first, second = keys.load(tmp_path, new=True), keys.load(tmp_path, new=False)
    assert first.name == second.name
    assert first.pseudonym("p") == second.pseudonym("p") != first.pseudonym("q")
    assert second.unseal("a", first.seal("a", b"words")) == b"words"
    assert not list(tmp_path.glob(".new-*"))


def test_another_workspace_has_other_keys(tmp_path):
    one, two = keys.load(tmp_path / "a", new=True), keys.load(tmp_path / "b", new=True)
    assert one.name != two.name
    assert one.pseudonym("p") != two.pseudonym("p")
    assert two.unseal("a", one.seal("a", b"words")) is None


@pytest.mark.parametrize("data", [b"", b"x", os.urandom(100_000)])
def test_sealing_gives_the_bytes_again(tmp_path, data):
    made = keys.load(tmp_path, new=True)
    sealed = made.seal("part", data)
    assert made.unseal("part", sealed) == data
    assert made.unseal("other part", sealed) is None
    for at in (0, keys.NONCE, len(sealed) - 1):
        assert made.unseal("part", sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]) is None
    for cut in (sealed[:-1], sealed[:5], b""):
        assert made.unseal("part", cut) is None
    assert sealed != made.seal("part", data)


@pytest.mark.parametrize("name", ["ledger.key", "ledger.seal", "pseudonym.key"])
def test_a_key_that_others_may_read_is_refused(tmp_path, name):
    keys.load(tmp_path, new=True)
    (tmp_path / name).chmod(0o640)
    with pytest.raises(WorkspaceError, match="Other users"):
        keys.load(tmp_path, new=False)


@pytest.mark.parametrize("name", ["ledger.key", "ledger.seal", "pseudonym.key"])
@pytest.mark.parametrize("data", [b"", b"torn"])
def test_a_damaged_key_is_refused_and_left_alone(tmp_path, name, data):
    keys.load(tmp_path, new=True)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(WorkspaceError, match="missing or damaged"):
        keys.load(tmp_path, new=True)
    assert (tmp_path / name).read_bytes() == data


@pytest.mark.parametrize("name", ["ledger.key", "ledger.seal", "pseudonym.key"])
def test_a_lost_key_is_not_replaced_silently(tmp_path, name):
    keys.load(tmp_path, new=True)
    (tmp_path / name).unlink()
    with pytest.raises(WorkspaceError, match="missing or damaged"):
        keys.load(tmp_path, new=False)
    assert not (tmp_path / name).exists()


def test_a_damaged_trusted_key_is_refused(tmp_path):
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted/peer.pub").write_bytes(b"no key")
    with pytest.raises(WorkspaceError, match="missing or damaged") as caught:
        keys.load(tmp_path, new=True)
    assert caught.value.where == "peer.pub"


def name_of(folder):
    return keys.load(Path(folder), new=True).name


def test_two_processes_that_start_together_use_one_key(tmp_path):
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        assert len(set(pool.map(name_of, [str(tmp_path)] * 8))) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"access_token":"a\\"b","x":1}', b'{"access_token":"","x":1}'),
        (b'{"access_token" :\n "abc"}', b'{"access_token" :\n ""}'),
        (b'{"a":{"access_token":"1"},"access_token":"2"}', None),
        (b'{"token":"stays"}', b'{"token":"stays"}'),
        (b'{"access_token":5}', b'{"access_token":5}'),
    ],
)
def test_tokens_are_blanked_and_nothing_else(before, after):
    expected = b'{"a":{"access_token":""},"access_token":""}' if after is None else after
    assert keys.without_token(before) == expected
