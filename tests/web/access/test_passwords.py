"""Passwords: kept by scrypt, refused when they are short or common, and by nothing else."""

import base64
import hashlib

import pytest

from nof1.core.errors import UsageError
from nof1.web.access import passwords
from nof1.web.access.passwords import check, fits, hashed, outdated

GOOD = ["purple kettle orbit seven", "aaaaaaaaaaaaaab but a sentence", "схема озеро фонарь дуб",
        "99 red balloons over nena", "correct zebra staple", "x7#Kd!q0Zm2$vLp",
        "7#8!9$x&4%2^1*0", "839201746522019", "🐢🚲🍋🎈🧭🪁🎻🧵🗿🦉🪵🧊🎲🪙🧲"]  # fmt: skip


def test_the_parameters_are_those_that_are_stated():
    kept = hashed("purple kettle orbit seven")
    name, cost, block, parallel, salt, digest = kept.split("$")
    assert (name, cost, block, parallel) == ("scrypt", "32768", "8", "3")
    again = hashlib.scrypt(
        b"purple kettle orbit seven", salt=base64.b64decode(salt), n=2**15, r=8, p=3,
        maxmem=2**26, dklen=32,
    )  # fmt: skip
    assert base64.b64decode(digest) == again
    assert len(base64.b64decode(salt)) == 16


@pytest.fixture
def cheap(monkeypatch):
    monkeypatch.setattr(passwords, "COST", 2**4)


def test_only_the_password_fits(cheap):
    kept = hashed("Stra\u00dfe nach S\u00fcden heute")
    assert fits("Stra\u00dfe nach S\u00fcden heute", kept)
    assert fits("Stra\u00dfe nach Su\u0308den heute", kept)  # another keyboard, the same text
    assert not fits("stra\u00dfe nach S\u00fcden heute", kept)
    assert not fits("", kept)
    assert kept != hashed("Stra\u00dfe nach S\u00fcden heute")  # a salt of its own


@pytest.mark.parametrize(
    "kept", ["", "scrypt$", "plain", "scrypt$8388608$8$1$AAAA$AAAA", "scrypt$3$8$1$AAAA$AAAA",
             "scrypt$32768$8$3$AAAA$A"]
)  # fmt: skip
def test_a_damaged_or_dear_hash_fits_nothing(kept):
    assert not fits("purple kettle orbit seven", kept)


def test_a_hash_of_other_parameters_is_known(cheap, monkeypatch):
    kept = hashed("purple kettle orbit seven")
    assert not outdated(kept)
    monkeypatch.setattr(passwords, "COST", 2**5)
    assert outdated(kept)
    assert fits("purple kettle orbit seven", kept)


@pytest.mark.parametrize("password", GOOD)
def test_long_passwords_of_any_kind_are_good(password):
    check(password, "anna")


@pytest.mark.parametrize(
    "password",
    [
        "", "short", "14 characters.", "x" * 257,
        "aaaaaaaaaaaaaaaa", "abcabcabcabcabcabc", "1234567890123456", "abcdefghijklmnop",
        "qwertyuiopasdfgh", "9876543210987654", "passwordpassword", "Password1234567!",
        "CorrectHorseBatteryStaple", "To be or not to be", "Hospital2026Hospital",
        "WinterSummer2026",
        "anna.anna.anna.anna", "nof1nof1nof1nof1", "1qaz2wsx3edc4rfv", "Welcome-Welcome-1",
        "aaaaaaaa1234567",
    ],
)  # fmt: skip
def test_short_and_common_ones_are_refused_and_not_repeated(password):
    with pytest.raises(UsageError) as refused:
        check(password, "anna")
    assert not password or password not in str(refused.value)


def test_the_operators_own_list_counts(tmp_path):
    check("purple kettle orbit seven", "anna", tmp_path)
    (tmp_path / passwords.OWN_LIST).write_text("one of many leaked\npurple kettle orbit seven\n")
    with pytest.raises(UsageError):
        check("purple kettle orbit seven", "anna", tmp_path)
