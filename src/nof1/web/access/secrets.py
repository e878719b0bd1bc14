"""Secrets that a browser or a program carries: made of 256 random bits, kept as a hash.

Random bits need no slow hash: nobody can guess them one by one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

FORM = re.compile(r"[A-Za-z0-9_-]{43}")
TOKEN = "nof1_"


def new() -> str:
    """A new secret: 43 letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(32)


def kept(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def derived(secret: str, use: str) -> str:
    """A value that only whoever holds the secret can make, and that does not give it away."""
    return hmac.new(secret.encode("utf-8", "replace"), use.encode(), hashlib.sha256).hexdigest()


def same(a: str, b: str) -> bool:
    """Whether both are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(a.encode("utf-8", "replace"), b.encode("utf-8", "replace"))
