"""Totals that only the sites can read: one more mask, which the coordinator does not know.

Under pairwise masks the coordinator reads the sum of all sites, and with counts a sum may be a
small number of people. Here the first site adds one more stream of numbers and every site takes it
off the total, so the coordinator sees noise from the beginning to the end. What is then told
outside is what the sites have agreed to tell.

The stream's key is made by the first site and sealed for each other site under a key from X25519
and HKDF-SHA256 (ChaCha20-Poly1305); public keys travel in signed messages. A site that talks to
the coordinator outside of the protocol can still tell it what all sites know. Such jobs are short
and start again when they break off; nothing of them is kept to go on from.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

import msgspec
import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nof1.core.errors import InputError
from nof1.federation.link import Link
from nof1.federation.ring import WORD, Ring, from_bytes, to_bytes
from nof1.federation.secure import SecureSum, Send

CONTEXT = b"nof1 veil 1"
NONCE = bytes(12)  # every sealing key is used for one message


def opened(link: Link, agreed: bytes = b"") -> SecureSum:
    """A masked sum whose totals only the sites can read; as ``Link.open`` otherwise.

    Raises
    ------
    InputError : a public key or the sealed key of the stream is not right.
    """
    key = _shared_key(link)
    kept, link.keeper = link.keeper, None
    try:
        plain = link.open(agreed)
    finally:
        link.keeper = kept
    assert isinstance(plain, SecureSum)  # without a keeper it is nothing else
    first = link.site == link.roster.names[0]
    return SecureSum(plain.masker, _Veiled(plain.send, key, first))


def name(total: SecureSum) -> str:
    """A name of this session of sums that all its sites share and nobody else can guess."""
    assert isinstance(total.send, _Veiled)
    return hashlib.sha256(CONTEXT + b" name" + total.send.key).hexdigest()[:32]


@dataclass(frozen=True)
class _Veiled:
    """The engine's ``send`` with the stream added by one site and taken off by all."""

    send: Send
    key: bytes = field(repr=False)
    adds: bool

    def __call__(self, number: int, payload: bytes) -> bytes:
        veil = _stream(self.key, number, len(payload) // WORD)
        laid = to_bytes(from_bytes(payload) + veil) if self.adds else payload
        total = from_bytes(self.send(number, laid))
        return to_bytes(total - veil) if total.size == veil.size else to_bytes(total)


def _shared_key(link: Link) -> bytes:
    """The key of the stream (32 bytes), from the first site of the roster."""
    own = X25519PrivateKey.generate()
    publics = link.exchange(own.public_key().public_bytes_raw())
    first = link.roster.names[0]
    if link.site == first:
        made = os.urandom(32)
        sealed = {
            name: ChaCha20Poly1305(_pair_key(own, raw, publics, first, name)).encrypt(
                NONCE, made, CONTEXT
            )
            for name, raw in publics.items()
            if name != first
        }
        link.exchange(msgspec.msgpack.encode(sealed))
        return made
    message = link.exchange(b"")[first]
    key = _pair_key(own, publics[first], publics, first, link.site)
    try:
        mine = msgspec.msgpack.decode(message, type=dict[str, bytes])[link.site]
        return ChaCha20Poly1305(key).decrypt(NONCE, mine, CONTEXT)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, InvalidTag):
        raise InputError("The key of the sums cannot be opened.", where="secure_sum") from None


def _pair_key(
    own: X25519PrivateKey, other: bytes, publics: dict[str, bytes], first: str, site: str
) -> bytes:
    """Bound to both names and to everybody's public key."""
    try:
        secret = own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError:
        raise InputError("A public key is not usable.", where="secure_sum") from None
    salt = hashes.Hash(hashes.SHA256())
    for name in sorted(publics):
        salt.update(name.encode() + b"\0" + publics[name])
    info = b"\0".join((CONTEXT, first.encode(), site.encode()))
    return HKDF(hashes.SHA256(), 32, salt=salt.finalize(), info=info).derive(secret)


def _stream(key: bytes, number: int, size: int) -> Ring:
    """ChaCha20 with the round as nonce, as the pairwise masks (RFC 8439)."""
    nonce = bytes(4) + number.to_bytes(12, "little")
    raw = Cipher(algorithms.ChaCha20(key, nonce), mode=None).encryptor().update(bytes(WORD * size))
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64, copy=False)
