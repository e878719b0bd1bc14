"""The way back: identifiers and their pseudonyms in one encrypted file, written when asked for.

AES-256-GCM (NIST SP 800-38D) from the package ``cryptography``, under a key derived from the key
file; a new random nonce each time, and the head of the file is authenticated too. Whoever holds
both files can name the patients: keep them apart from the data and from each other.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError, UsageError
from nof1.core.extras import require
from nof1.core.private_file import make_private
from nof1.record.deidentify.key import Key

HEAD = b"nof1-mapping-1\n"
NONCE = 12
LARGEST = 2 * 2**30


def require_cipher() -> Any:
    """The cipher, before any work is done.

    Raises
    ------
    MissingExtra : ``cryptography`` is not installed; says how to install it.
    """
    return require("cryptography.hazmat.primitives.ciphers.aead", "service").AESGCM


def write_mapping(path: Path, key: Key, pairs: Mapping[tuple[str, str], str]) -> None:
    """Write the pairs, encrypted, to a new file that only its owner can read.

    Parameters
    ----------
    pairs : (kind, original) -> pseudonym.

    Raises
    ------
    UsageError : the file exists already or cannot be written.
    """
    cipher = require_cipher()(key.digest("mapping", HEAD.decode()))
    content = json.dumps([[kind, old, new] for (kind, old), new in sorted(pairs.items())])
    nonce = secrets.token_bytes(NONCE)
    sealed = cipher.encrypt(nonce, content.encode(), HEAD)
    try:
        make_private(path, HEAD + nonce + sealed)
    except FileExistsError:
        raise UsageError("There is a file already.", where="the mapping") from None
    except OSError as error:
        raise UsageError(
            f"The mapping cannot be written: {error.strerror}.", where="the mapping"
        ) from None


def read_mapping(path: Path, key: Key) -> list[tuple[str, str, str]]:
    """Kind, original and pseudonym of every pair.

    Raises
    ------
    InputError : no mapping, another key, or the file was changed.
    """
    try:
        content = path.read_bytes() if path.stat().st_size < LARGEST else b""
    except OSError:
        raise InputError("There is no mapping here.", where="the mapping") from None
    body = content.removeprefix(HEAD)
    if body == content or len(body) < NONCE + 16:
        raise InputError("This is no mapping of nof1.", where="the mapping")
    cipher = require_cipher()(key.digest("mapping", HEAD.decode()))
    try:
        plain = cipher.decrypt(body[:NONCE], body[NONCE:], HEAD)
    except Exception:  # InvalidTag: the package's own class, known only where it is installed
        raise InputError(
            "The mapping was made with another key, or was changed.", where="the mapping"
        ) from None
    return [(kind, old, new) for kind, old, new in json.loads(plain)]
