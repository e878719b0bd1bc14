"""The signed manifest of a job: all that a coordinator asks of a site, before anything runs.

A site runs its own installed code. The manifest only names an algorithm, the hash of the code that
all sites must have, the task, what will leave the site and how often. The signature is checked over
the bytes as they came; nothing is read from an unsigned manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from nof1.core.errors import InputError

LARGEST = 2**20  # bytes
CONTEXT = b"nof1 job manifest 1\0"
Kind = TypeVar("Kind")


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a job with noise may cost each patient; every site works the noise out from it alike.

    Attributes
    ----------
    epsilon, delta : the loss that may be spent.
    ranges : pattern of a feature's name (``*`` stands for anything) -> its lowest and highest usual
        value, public knowledge; where none fits, a part of the noise goes into finding it.
    dishonest : sites that may collude or leave their noise out; None: fewer than half of them.
    """

    epsilon: float
    delta: float
    ranges: dict[str, tuple[float, float]] = {}
    dishonest: int | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a job asks for.

    Attributes
    ----------
    job : a name that is used once; keys of the secure sum hang on it.
    project, purpose : for the people who decide.
    algorithm : name in ``nof1.federation.algorithms``; code : hash of the code of all sites.
    task : the task file's text.
    cohort : the site's name for the people asked about; the privacy budget is kept by it.
    outputs : kinds of results that leave the site.
    rounds, entries : most sums, and most entries of one.
    privacy : None when the sums carry no noise.
    roster : digest of the sites that take part (hexadecimal).
    created, expires : UTC.
    resumes : name of a job that broke off and is to go on; "" for a new one.
    """

    job: str
    project: str
    purpose: str
    algorithm: str
    code: str
    task: str
    cohort: str
    outputs: tuple[str, ...]
    rounds: int
    entries: int
    roster: str
    created: datetime
    expires: datetime
    privacy: Privacy | None = None
    resumes: str = ""


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manifest as it travels: its bytes, who signed, and the signature."""

    manifest: bytes
    lead: str
    signature: bytes


def sign(manifest: Manifest, lead: str, key: Ed25519PrivateKey) -> bytes:
    """The signed manifest as bytes."""
    data = msgspec.json.encode(manifest)
    return msgspec.json.encode(Signed(data, lead, key.sign(CONTEXT + data)))


def read(raw: bytes, leads: Mapping[str, str], now: datetime | None = None) -> Manifest:
    """The manifest, when somebody whom this site knows has signed it and it has not run out.

    Parameters
    ----------
    leads : name -> Ed25519 public key (hexadecimal) of those who may ask this site.

    Raises
    ------
    InputError : too large, not of this form, an unknown signer, a wrong signature, out of time.
    """
    if len(raw) > LARGEST:
        raise InputError("The manifest is too large.", where="manifest", allowed="1 MiB")
    signed = _decoded(raw, Signed)
    _verify(signed, leads)
    manifest = _decoded(signed.manifest, Manifest)
    moment = now or datetime.now(UTC)
    if manifest.created.tzinfo is None or manifest.expires.tzinfo is None:
        raise InputError("The manifest's times have no time zone.", where="manifest")
    if not manifest.created <= moment <= manifest.expires:
        raise InputError(
            f"The manifest is not valid now: it is {moment:%Y-%m-%d %H:%M} UTC on this machine.",
            where="manifest",
            allowed=f"{_utc(manifest.created)} to {_utc(manifest.expires)} UTC",
            next_step="Is this machine's clock right? If so, ask the study's lead for a new one.",
        )
    return manifest


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _verify(signed: Signed, leads: Mapping[str, str]) -> None:
    key = leads.get(signed.lead)
    if key is None:
        raise InputError(
            "Nobody whom this site knows has signed the manifest.",
            where="manifest",
            next_step="Add the study's lead to the site's policy, if that is wanted.",
        )
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(signed.signature, CONTEXT + signed.manifest)
    except InvalidSignature:
        raise InputError(
            f"The manifest carries no signature by the key that is known here for {signed.lead}.",
            where="manifest",
            next_step="Was the project made anew? Then: nof1 federation join KIT --anew",
        ) from None
    except ValueError:
        raise InputError(
            f"The policy's key of {signed.lead} is not of the right form.",
            where="manifest",
            allowed="64 hexadecimal digits",
        ) from None


def _decoded(raw: bytes, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("The manifest cannot be read.", where="manifest") from None
