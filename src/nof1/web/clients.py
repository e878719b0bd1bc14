"""Which clients may ask: issuers with their public keys, from one JSON file of the operator.

    {"base_url": "https://cds.example.org",
     "origins": ["https://ehr.example.org"],
     "clients": [{"issuer": "https://ehr.example.org/", "jku": "https://ehr.example.org/keys",
                  "jwks": {"keys": [{"kty": "EC", "crv": "P-384", "kid": "k1", ...}]}}]}

Keys are exchanged out of band, as the specification allows: no key is ever fetched, so a token
cannot make the server open an address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from nof1.core.errors import InputError
from nof1.record.reading import safe_open

LARGEST = 2**20
SMALLEST_RSA = 2048  # bits, NIST SP 800-131A
Key = ECKey | RSAKey


class _Keys(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


class _Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    issuer: str
    jwks: _Keys
    jku: str | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base_url: str
    clients: tuple[_Client, ...]
    origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Client:
    """One issuer. ``keys`` are by key id; ``jku`` is the address its tokens may name."""

    issuer: str
    keys: Mapping[str, Key]
    jku: str | None


@dataclass(frozen=True)
class Clients:
    """All that may ask, the address at which they ask, and the web pages that may."""

    base_url: str
    by_issuer: Mapping[str, Client]
    origins: tuple[str, ...]


def read(path: Path) -> Clients:
    """The clients' file.

    Raises
    ------
    InputError : it is not in its form, or a key is private, weak or of another kind.
    """
    with safe_open(path, limit=LARGEST) as stream:
        raw = stream.read()
    try:
        found = msgspec.convert(json.loads(raw), _File)
    except (msgspec.ValidationError, ValueError) as error:
        raise _refusal(path, f"not in its form ({type(error).__name__})") from None
    if not found.clients or not found.base_url.startswith(("https://", "http://")):
        raise _refusal(path, "without a client, or base_url is no web address")
    made = {one.issuer: _client(one, path) for one in found.clients}
    if len(made) < len(found.clients):
        raise _refusal(path, "naming an issuer twice")
    return Clients(found.base_url.rstrip("/"), made, found.origins)


def _client(given: _Client, path: Path) -> Client:
    keys: dict[str, Key] = {}
    for one in given.jwks.keys:
        kid = one.get("kid")
        if not isinstance(kid, str) or not kid or kid in keys:
            raise _refusal(path, "holding a key without a kid of its own")
        keys[kid] = _key(one, path)
    if not keys:
        raise _refusal(path, "naming a client without keys")
    return Client(given.issuer, keys, given.jku)


def _key(given: dict[str, Any], path: Path) -> Key:
    if "d" in given or "k" in given:
        raise _refusal(path, "holding a private or shared key: ask the client for the public one")
    try:
        if given.get("kty") == "EC" and given.get("crv") == "P-384":
            return ECKey.import_key(given)
        if given.get("kty") == "RSA":
            key = RSAKey.import_key(given)
            if key.public_key.key_size >= SMALLEST_RSA:
                return key
    except (JoseError, ValueError, TypeError, KeyError):
        pass
    raise _refusal(path, "holding a key that is neither EC P-384 nor RSA of 2048 bits or more")


def _refusal(path: Path, what: str) -> InputError:
    return InputError(
        f"The clients' file is {what}.",
        where=path.name,
        allowed="base_url, origins, clients: issuer, jwks (EC P-384 or RSA, public), jku",
        next_step="See docs/cds-hooks.md for its form.",
    )
