"""The head: strict, and authenticated by what it wraps."""

import json

import pytest

from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.sealing import head, keys, recipients
from sealing_samples import KEY, MINE, OTHER, THEIRS

SECRET, SPACE, OBJECT = bytes(range(50, 82)), b"W" * 16, b"M" * 16
WORDS = keys.passphrase("five random words are good")


@pytest.fixture(scope="module")
def written():
    who = [MINE, THEIRS, recipients.of_passphrase("recovery", WORDS, cost=14)]
    return head.to_bytes(head.made(SPACE, 3, OBJECT, who, SECRET), SECRET)


def opened(root, raw, opener=KEY):
    (root / "nof1.sealed").write_bytes(raw)
    found, read = head.read(root)
    return head.opened(found, read, opener, root)


def test_each_recipient_opens_it(tmp_path, written):
    assert opened(tmp_path, written) == (SECRET, "officer-a")
    assert opened(tmp_path, written, OTHER) == (SECRET, "officer-b")
    assert opened(tmp_path, written, WORDS) == (SECRET, "recovery")


def test_a_stranger_is_told_whose_key_it_takes(tmp_path, written):
    with pytest.raises(WorkspaceError) as caught:
        opened(tmp_path, written, keys.KeyFile(b"9" * 32))
    assert caught.value.allowed == ["officer-a", "officer-b", "recovery"]


def test_no_byte_can_be_changed(tmp_path, written):
    """Every byte of the text: it is refused, or it says exactly the same (white space)."""
    meaning = json.loads(written)
    for at in range(len(written)):
        wrong = bytearray(written)
        wrong[at] ^= 1
        try:
            same = json.loads(bytes(wrong)) == meaning
        except ValueError:
            same = False
        if not same:
            with pytest.raises(WorkspaceError):
                opened(tmp_path, bytes(wrong))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(generation=4),
        lambda d: d.update(generation=0),
        lambda d: d.update(generation=True),
        lambda d: d.update(manifest="4e" * 16),
        lambda d: d.update(workspace="58" * 16),
        lambda d: d.update(format="nof1-sealed-2"),
        lambda d: d.update(note="more"),
        lambda d: d.pop("mac"),
        lambda d: d["recipients"].pop(),
        lambda d: d["recipients"].reverse(),
        lambda d: d["recipients"].append(d["recipients"][0]),
        lambda d: d["recipients"].clear(),
        lambda d: d["recipients"][1].update(name="officer-c"),
        lambda d: d["recipients"][1].update(name="../../x"),
        lambda d: d["recipients"][2]["scrypt"].update(log2_n=15),
        lambda d: d["recipients"][2]["scrypt"].update(log2_n=40),
        lambda d: d["recipients"][2]["scrypt"].update(log2_n=14.0),
        lambda d: d["recipients"][2]["scrypt"].update(salt="00"),
        lambda d: d.update(recipients=[[]]),
        lambda d: d.update(recipients=None),
    ],
)
def test_no_field_can_be_changed(tmp_path, written, change):
    data = json.loads(written)
    change(data)
    with pytest.raises(WorkspaceError):
        opened(tmp_path, json.dumps(data).encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 5000, b" " * 200_000])
def test_what_is_no_head_is_refused(tmp_path, raw):
    with pytest.raises(WorkspaceError, match="damaged"):
        opened(tmp_path, raw)


def test_a_recipient_that_an_attacker_adds_is_refused(tmp_path, written):
    data = json.loads(written)
    mine = keys.KeyFile(b"E" * 32)
    data["recipients"].append({**data["recipients"][0], "name": "eve", "public": mine.public.hex()})
    with pytest.raises(WorkspaceError, match="changed"):
        opened(tmp_path, json.dumps(data).encode())


@pytest.mark.parametrize("who", [[], [MINE, MINE], [MINE] * 40])
def test_recipients_that_cannot_stand_together_are_refused(who):
    with pytest.raises(UsageError, match="cannot be used together"):
        head.made(SPACE, 1, OBJECT, who, SECRET)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "ä", "x" * 65, "a\n"])
def test_a_bad_name_is_refused(name):
    with pytest.raises(UsageError, match="no name"):
        head.named(name)
