"""Passwords: how they are kept (scrypt), and which are refused when they are chosen.

The only rules are length and a block list. There is one factor here, so at least 15 characters;
no rule about digits or signs, and no expiry.

Reference: NIST SP 800-63B-4, section 3.1.1 (15 characters, block list, NFKC, no composition
rules); RFC 7914 (scrypt); OWASP Password Storage Cheat Sheet (N = 2^15, r = 8, p = 3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path

from nof1.core.errors import UsageError

SHORTEST, LONGEST = 15, 256  # characters after normalising
COST, BLOCK, PARALLEL = 2**15, 8, 3  # scrypt's N, r, p: 32 MiB and about 0.1 s
MEMORY = 2**26  # bytes that scrypt may use; a larger cost in a damaged file is refused
SALT, SIZE = 16, 32
ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop"),
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
OWN_LIST = "blocked-passwords.txt"  # in the service folder: one password a line, of the operator
STATED = re.compile(r"scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w+/=]+)\$([\w+/=]+)")


def hashed(password: str) -> str:
    """What is kept of a password: the parameters, a random salt and scrypt's result."""
    salt = os.urandom(SALT)
    made = _scrypt(password, salt, COST, BLOCK, PARALLEL)
    parts = (base64.b64encode(part).decode() for part in (salt, made))
    return "$".join(("scrypt", str(COST), str(BLOCK), str(PARALLEL), *parts))


@cache
def nobodys() -> str:
    """The hash of a password that nobody knows: checking it costs what a real check costs."""
    return hashed(os.urandom(32).hex())


def fits(password: str, kept: str) -> bool:
    """Whether the password is the one whose hash was kept; a damaged hash fits nothing."""
    found = STATED.fullmatch(kept)
    if found is None or len(password) > LONGEST * 4:
        return False
    cost, block, parallel = (int(part) for part in found.groups()[:3])
    try:
        salt, wanted = (base64.b64decode(part) for part in found.groups()[3:])
        made = _scrypt(password, salt, cost, block, parallel)
    except ValueError:
        return False
    return hmac.compare_digest(made, wanted)


def outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return not kept.startswith(f"scrypt${COST}${BLOCK}${PARALLEL}$")


def check(password: str, account: str, folder: Path | None = None) -> None:
    """Refuse a new password that is too short, too long or known to be common.

    Parameters
    ----------
    account : its name, which may not be the password. folder : with the operator's own list.

    Raises
    ------
    UsageError : with the rule that it breaks; never with the password.
    """
    plain = normal(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise _refusal(f"A password has {SHORTEST} to {LONGEST} characters.")
    if _common(plain, account) or (folder is not None and _listed(plain, folder / OWN_LIST)):
        raise _refusal("This password is among the first that an attacker tries.")


def normal(password: str) -> str:
    """The password in Unicode's form NFKC, so that every keyboard gives the same bytes."""
    return unicodedata.normalize("NFKC", password)


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    data = normal(password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=cost, r=block, p=parallel, maxmem=MEMORY, dklen=SIZE)


def _common(plain: str, account: str) -> bool:
    """On the block list, one unit over and over, a run along alphabet or keyboard, or a name."""
    flat = plain.casefold()
    bare = re.sub(r"[\W\d_]+", "", flat)
    stems = _stems() | {_letters(account), "nof1"}
    if flat in _blocked() or _repeats(flat, 5) or _runs(flat):
        return True
    left = bare
    for stem in sorted(stems, key=len, reverse=True):
        left = left.replace(stem, "") if stem else left
    of_words = left != bare and len(left) <= 2 and len(re.sub(r"\D", "", flat)) <= 12
    return of_words or (2 * len(bare) >= len(flat) and _repeats(bare, 3))


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text.casefold())


def _repeats(text: str, longest: int) -> bool:
    """Whether a text is one short piece over and over.

    >>> _repeats("abcabcabcab", 5), _repeats("a long sentence", 5)
    (True, False)
    """
    return bool(text) and any(
        text == (text[:n] * len(text))[: len(text)] for n in range(1, longest + 1)
    )


def _runs(text: str) -> bool:
    """Whether it is made of long pieces of an alphabet, a row of keys or the digits."""
    both = [*ROWS, *(row[::-1] for row in ROWS)]
    place = 0
    while place < len(text):
        longest = max((_shared(text[place:], row) for row in both), default=0)
        if longest < 4:
            return len(text) - place <= 2  # two signs behind the runs do not save it
        place += longest
    return True


def _shared(text: str, row: str) -> int:
    """Length of the longest start of ``text`` that stands anywhere in ``row``."""
    size = 0
    while size < len(text) and text[: size + 1] in row:
        size += 1
    return size


@cache
def _blocked() -> frozenset[str]:
    return frozenset(_lines("blocked.txt"))


@cache
def _stems() -> frozenset[str]:
    return frozenset(_lines("stems.txt"))


def _lines(name: str) -> list[str]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def _listed(plain: str, path: Path) -> bool:
    """Whether the operator's own list holds it; read line by line, however long."""
    if not path.exists():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(line.rstrip("\r\n") == plain for line in file)


def _refusal(message: str) -> UsageError:
    return UsageError(
        message,
        where="password",
        allowed=f"{SHORTEST} to {LONGEST} characters of any kind, spaces too",
        next_step="Take four or five words that do not belong together.",
    )
