"""The anchor: an older, another or an unsealed workspace is refused."""

import os
from dataclasses import replace

import pytest

from nof1.core.errors import InputError, WorkspaceError
from nof1.core.sealing import anchor

SIGHT = anchor.Sight(b"W" * 16, 5, b"I" * 32, b"head of 5")


@pytest.fixture
def path(tmp_path):
    anchor.note(tmp_path / "a.anchor", SIGHT)
    return tmp_path / "a.anchor"


def test_the_same_a_newer_and_an_unknown_one_are_fine(path):
    anchor.check(path, SIGHT)
    anchor.check(path, replace(SIGHT, generation=6, head=b"head of 6"))
    anchor.check(path, replace(SIGHT, workspace=b"V" * 16, generation=1))
    anchor.check(None, replace(SIGHT, generation=1))
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("sight", "words"),
    [
        (replace(SIGHT, generation=4, head=b"head of 4"), "older copy"),
        (replace(SIGHT, head=b"another"), "two places"),
        (replace(SIGHT, generation=9, identity=b"J" * 32), "not what was sealed"),
    ],
)
def test_what_does_not_follow_is_refused(path, sight, words):
    with pytest.raises(WorkspaceError, match=words):
        anchor.check(path, sight)


def test_an_old_copy_of_what_was_unsealed_is_refused(path):
    anchor.note(path, SIGHT, "unsealed")
    with pytest.raises(WorkspaceError, match="was unsealed"):
        anchor.check(path, SIGHT)


def test_a_device_is_no_anchor_and_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path):
        for work in (anchor.check, anchor.note):
            with pytest.raises(InputError, match="damaged"):
                work(place, SIGHT)
    assert (tmp_path / "pipe").is_fifo()


def test_it_holds_nothing_that_opens_anything(path):
    text = path.read_text()
    assert SIGHT.identity.hex() not in text
    assert "IIII" not in text


DAMAGED = '{"format": "nof1-anchor-1", "workspaces": {"a": {}}}'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "x", "workspaces": {}}', DAMAGED])
def test_a_damaged_anchor_is_refused_and_not_forgotten(path, text):
    path.write_text(text)
    with pytest.raises(InputError, match="damaged"):
        anchor.check(path, SIGHT)
