"""How a workspace's key is wrapped for each recipient, and unwrapped by one of them.

For each recipient a fresh X25519 pair is made; the wrapping key is HKDF-SHA256 of the shared secret
(salt: both public keys; info: the workspace), and is used once, so the nonce is zero. The secret
half of a passphrase's pair is kept under a key from scrypt, which is used once too.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from nof1.core.errors import InputError
from nof1.core.sealing.keys import KeyFile, Opener, Passphrase

ONCE = bytes(12)
COST = 17  # scrypt's N is 2^17 with r = 8, p = 1: 128 MiB and about 0.3 s for each guess
COSTS = range(14, 21)  # what is accepted when reading: a forged head must not eat the memory
BLOCK = 8


@dataclass(frozen=True)
class Lock:
    """A secret half under a passphrase: salt (16), log2 of scrypt's N, 48 encrypted bytes."""

    salt: bytes
    cost: int
    secret: bytes


@dataclass(frozen=True)
class Recipient:
    """A name, a public key, and for a passphrase the locked secret half."""

    name: str
    public: bytes
    lock: Lock | None = None

    @property
    def kind(self) -> str:
        """``key file`` or ``passphrase``."""
        return "key file" if self.lock is None else "passphrase"


@dataclass(frozen=True)
class Wrapped:
    """A workspace's key for one recipient: the fresh public key (32) and 48 encrypted bytes."""

    ephemeral: bytes
    sealed: bytes = field(repr=False)


def of_passphrase(name: str, words: Passphrase, cost: int = COST) -> Recipient:
    """A new recipient whose secret half is locked by a passphrase."""
    pair, salt = KeyFile(os.urandom(32)), os.urandom(16)
    secret = _stretched(words, salt, cost).encrypt(ONCE, pair.secret, pair.public)
    return Recipient(name, pair.public, Lock(salt, cost, secret))


def wrap(key: bytes, recipient: Recipient, workspace: bytes) -> Wrapped:
    """The workspace's key (32 bytes) for one recipient.

    Raises
    ------
    InputError : the public key is none (a point of low order).
    """
    fresh = X25519PrivateKey.generate()
    public = fresh.public_key().public_bytes_raw()
    cipher = _agreed(fresh, recipient.public, public, recipient.public, workspace)
    if cipher is None:
        raise InputError("This public key cannot be used.", where=recipient.name)
    return Wrapped(public, cipher.encrypt(ONCE, key, recipient.name.encode("ascii")))


def unwrap(
    wrapped: Wrapped, recipient: Recipient, opener: Opener, workspace: bytes
) -> bytes | None:
    """The workspace's key; None when ``opener`` is not this recipient."""
    pair = _pair(recipient, opener)
    if pair is None or pair.public != recipient.public:
        return None
    private = X25519PrivateKey.from_private_bytes(pair.secret)
    cipher = _agreed(private, wrapped.ephemeral, wrapped.ephemeral, recipient.public, workspace)
    try:
        name = recipient.name.encode("ascii")
        return None if cipher is None else cipher.decrypt(ONCE, wrapped.sealed, name)
    except InvalidTag:
        return None


def _pair(recipient: Recipient, opener: Opener) -> KeyFile | None:
    if isinstance(opener, KeyFile):
        return opener
    lock = recipient.lock
    if lock is None:
        return None
    try:
        cipher = _stretched(opener, lock.salt, lock.cost)
        return KeyFile(cipher.decrypt(ONCE, lock.secret, recipient.public))
    except InvalidTag:
        return None


def _stretched(words: Passphrase, salt: bytes, cost: int) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << cost, r=BLOCK, p=1).derive(words.words))


def _agreed(
    mine: X25519PrivateKey, theirs: bytes, ephemeral: bytes, recipient: bytes, workspace: bytes
) -> AESGCM | None:
    try:
        shared = mine.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError:  # a point of low order: the shared secret would be all zero
        return None
    info = b"nof1-sealed-1 recipient\0" + workspace
    return AESGCM(HKDF(hashes.SHA256(), 32, ephemeral + recipient, info).derive(shared))
