"""The issuer: where its doors are, and with which keys it signs.

What the operator's file names is taken from there; the rest is asked from the issuer's own
description (``/.well-known/openid-configuration``), which must name the same issuer and may send
us to no other host for keys. Keys come from the file or from there, never from a token.

Reference: OpenID Connect Discovery 1.0; RFC 7517; RFC 8725.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from nof1.web.access.oidc.settings import Settings, safe_address
from nof1.web.access.oidc.transport import Failed, ask

KEEP_S, AGAIN_S = 3600.0, 60.0  # keys are kept so long; asked again for an unknown one so soon
SMALLEST_RSA = 2048  # bits, NIST SP 800-131A
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
WELL_KNOWN = "/.well-known/openid-configuration"
Key = RSAKey | ECKey


class Issuer:
    """One issuer, asked when something is needed for the first time."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._told: dict[str, Any] | None = None
        self._keys: list[dict[str, Any]] | None = None
        self._asked = float("-inf")

    def door(self, name: str) -> str:
        """The address of ``authorization_endpoint`` or ``token_endpoint``.

        Raises
        ------
        Failed : the issuer does not tell, or names an address that is not https.
        """
        fixed: str | None = getattr(self._settings, name)
        return fixed or self._named(name, same_host=False)

    def key(self, kid: str, algorithm: str) -> Key:
        """The key of this name, when it fits the algorithm.

        Raises
        ------
        Failed : there is none.
        """
        for one in self._all(kid):
            if one.get("kid") == kid:
                return _key(one, algorithm)
        raise Failed("an unknown key")

    def _all(self, kid: str) -> list[dict[str, Any]]:
        """All keys; asked anew when they are old, or when this one is not among them."""
        if self._settings.jwks is not None:
            return _dicts(self._settings.jwks)
        with self._lock:
            now, age = self._clock(), self._clock() - self._asked
            known = self._keys is not None and any(one.get("kid") == kid for one in self._keys)
            if age > KEEP_S or (not known and age > AGAIN_S):
                self._asked = now
                self._keys = _dicts(self._ask(self._named("jwks_uri", same_host=True)))
            if self._keys is None:
                raise Failed("no keys")
            return self._keys

    def _named(self, name: str, *, same_host: bool) -> str:
        if self._told is None:
            told = self._ask(self._settings.issuer.rstrip("/") + WELL_KNOWN)
            if told.get("issuer") != self._settings.issuer:
                raise Failed("a description of another issuer")
            self._told = told
        address = self._told.get(name)
        if not isinstance(address, str) or not safe_address(
            address, insecure=self._settings.insecure
        ):
            raise Failed(f"no {name} over https")
        if same_host and urlsplit(address)[:2] != urlsplit(self._settings.issuer)[:2]:
            raise Failed("keys on another host: give jwks_file")
        return address

    def _ask(self, address: str) -> dict[str, Any]:
        return ask(address, certificates=self._settings.certificates)


def _dicts(jwks: dict[str, Any]) -> list[dict[str, Any]]:
    keys = jwks.get("keys")
    return [one for one in keys if isinstance(one, dict)] if isinstance(keys, list) else []


def _key(given: dict[str, Any], algorithm: str) -> Key:
    """The public key, when its kind, size and stated use fit the algorithm."""
    if given.get("use", "sig") != "sig" or given.get("alg", algorithm) != algorithm:
        raise Failed("a key for another use")
    if "d" in given or "k" in given:
        raise Failed("a key that should be secret")
    try:
        if algorithm in CURVES:
            if given.get("kty") == "EC" and given.get("crv") == CURVES[algorithm]:
                return ECKey.import_key(given)
        elif given.get("kty") == "RSA":
            key = RSAKey.import_key(given)
            if key.public_key.key_size >= SMALLEST_RSA:
                return key
    except (JoseError, ValueError, TypeError, KeyError):
        pass
    raise Failed("a key that does not fit")
