"""Wrapping a workspace's key: opens for the right one and for nobody else."""

from dataclasses import replace

import pytest

from nof1.core.errors import InputError
from nof1.core.sealing import keys, recipients
from sealing_samples import KEY, MINE, OTHER

SPACE, SECRET = b"W" * 16, bytes(range(100, 132))
WORDS = keys.passphrase("five random words are good")


def test_a_key_file_opens_what_was_wrapped_for_it_and_no_other():
    wrapped = recipients.wrap(SECRET, MINE, SPACE)
    assert recipients.unwrap(wrapped, MINE, KEY, SPACE) == SECRET
    assert recipients.unwrap(wrapped, MINE, OTHER, SPACE) is None
    assert recipients.unwrap(wrapped, MINE, WORDS, SPACE) is None


def test_a_passphrase_opens_and_another_does_not():
    who = recipients.of_passphrase("recovery", WORDS, cost=14)
    wrapped = recipients.wrap(SECRET, who, SPACE)
    assert recipients.unwrap(wrapped, who, WORDS, SPACE) == SECRET
    assert recipients.unwrap(wrapped, who, keys.passphrase("another passphrase"), SPACE) is None
    assert recipients.unwrap(wrapped, who, KEY, SPACE) is None


@pytest.mark.parametrize("field", ["ephemeral", "sealed"])
def test_a_changed_wrapping_does_not_open(field):
    wrapped = recipients.wrap(SECRET, MINE, SPACE)
    data = bytearray(getattr(wrapped, field))
    for at in range(len(data)):
        data[at] ^= 1
        assert recipients.unwrap(replace(wrapped, **{field: bytes(data)}), MINE, KEY, SPACE) is None
        data[at] ^= 1


def test_a_wrapping_belongs_to_its_workspace_and_name():
    wrapped = recipients.wrap(SECRET, MINE, SPACE)
    assert recipients.unwrap(wrapped, MINE, KEY, b"X" * 16) is None
    assert recipients.unwrap(wrapped, replace(MINE, name="other"), KEY, SPACE) is None


def test_two_wrappings_have_nothing_in_common():
    first, second = (recipients.wrap(SECRET, MINE, SPACE) for _ in range(2))
    assert first.ephemeral != second.ephemeral
    assert first.sealed != second.sealed


def test_a_point_of_low_order_is_refused():
    with pytest.raises(InputError, match="cannot be used"):
        recipients.wrap(SECRET, recipients.Recipient("zero", bytes(32)), SPACE)
    bad = recipients.Wrapped(bytes(32), bytes(48))
    assert recipients.unwrap(bad, MINE, KEY, SPACE) is None
