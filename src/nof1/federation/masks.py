"""Pairwise masks: every two sites share a stream of numbers, one adds it, the other takes it away.

The masks of all sites add up to zero, so the sum of the masked vectors is the sum of the vectors,
and a masked vector alone is uniform noise (Bonawitz et al. 2017, without recovery of lost sites: a
round with a missing site is void). Streams are ChaCha20 under a key from X25519 and HKDF-SHA256,
all from ``cryptography``. docs/secure-sum.md writes the protocol down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nof1.core.errors import InputError, ModelError
from nof1.federation.ring import WORD, Ring
from nof1.federation.roster import Roster

PROTOCOL = b"nof1 secure sum 1"
LARGEST_ROUND = 2**32 - 1


class Hello(msgspec.Struct, frozen=True):
    """What a site says at the start of a session, signed with its identity key.

    ``session`` is the digest of what all must agree on: roster, job and scale.
    """

    site: str
    session: bytes
    public: bytes
    signature: bytes = b""

    def signed_part(self) -> bytes:
        """The bytes under the signature."""
        return b"\0".join((PROTOCOL, self.site.encode(), self.session, self.public))


@dataclass
class Masker:
    """One site in one session; it gives a mask for each round, once.

    Keys are fresh for the session and never leave the process. A failed session is not continued:
    a new one has new keys.
    """

    roster: Roster
    site: str
    job: str
    identity: Ed25519PrivateKey = field(repr=False)
    _own: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate, repr=False)
    _shared: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    _used: int = -1

    @property
    def session(self) -> bytes:
        """Digest of what all sites must agree on (32 bytes)."""
        parts = (PROTOCOL, self.roster.digest, hashlib.sha256(self.job.encode()).digest())
        return hashlib.sha256(b"".join(parts)).digest()

    def hello(self) -> Hello:
        """This site's fresh public key, signed."""
        plain = Hello(self.site, self.session, self._own.public_key().public_bytes_raw())
        signature = self.identity.sign(plain.signed_part())
        return msgspec.structs.replace(plain, signature=signature)

    def meet(self, hellos: Iterable[Hello]) -> None:
        """Take the other sites' public keys.

        Raises
        ------
        InputError : a site is missing, stands twice or is unknown; another session; a signature
            that is not the site's; a key that is not fresh for each site.
        """
        found = {}
        for one in hellos:
            if one.site in found:
                raise InputError("A site said hello twice.", where="secure_sum")
            if one.session != self.session:
                raise InputError(_OTHER_SESSION, where="secure_sum", next_step=_COMPARE)
            self.roster.verify(one.site, one.signed_part(), one.signature)
            found[one.site] = one.public
        if tuple(sorted(found)) != self.roster.names:
            raise InputError("Not every site of the roster said hello.", where="secure_sum")
        if found[self.site] != self._own.public_key().public_bytes_raw():
            raise InputError("Another key was sent round as this site's own.", where="secure_sum")
        if len(set(found.values())) < len(found):
            raise InputError("Two sites sent the same key.", where="secure_sum")
        self._shared = self._keys(found)

    def mask(self, number: int, size: int) -> Ring:
        """The mask (size,) of a round; rounds are numbered upward and never used twice.

        Raises
        ------
        ModelError : before ``meet``; a round that was used already. The same stream twice would
            tell the difference of two vectors.
        """
        if not self._shared:
            raise ModelError("The sites have not exchanged keys yet.", where="secure_sum")
        if not self._used < number <= LARGEST_ROUND:
            raise ModelError("A round of the secure sum was asked for twice.", where="secure_sum")
        self._used = number
        total = np.zeros(size, dtype=np.uint64)
        for other, key in self._shared.items():
            stream = _stream(key, number, size)
            if self.site < other:
                total += stream
            else:
                total -= stream
        return total

    def _keys(self, publics: Mapping[str, bytes]) -> dict[str, bytes]:
        transcript = hashlib.sha256(
            b"".join(name.encode() + b"\0" + publics[name] for name in self.roster.names)
        ).digest()
        return {
            other: self._key(other, publics[other], transcript)
            for other in self.roster.names
            if other != self.site
        }

    def _key(self, other: str, public: bytes, transcript: bytes) -> bytes:
        """The key of one pair: bound to the session, the two names and all public keys."""
        try:
            secret = self._own.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError:  # a point of small order: the secret would be known to everybody
            raise InputError(
                f"The public key of {other} is not usable.", where="secure_sum"
            ) from None
        pair = b"\0".join(name.encode() for name in sorted((self.site, other)))
        made = HKDF(hashes.SHA256(), 32, salt=self.session, info=transcript + pair)
        return made.derive(secret)


_OTHER_SESSION = "A site speaks of another roster or another job."
_COMPARE = "Compare the rosters: nof1 federation roster"


def _stream(key: bytes, number: int, size: int) -> Ring:
    """Key stream of a round: ChaCha20 with block counter 0 and the round as nonce (RFC 8439)."""
    nonce = bytes(4) + number.to_bytes(12, "little")
    encryptor = Cipher(algorithms.ChaCha20(key, nonce), mode=None).encryptor()
    raw = encryptor.update(bytes(WORD * size))
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64, copy=False)
