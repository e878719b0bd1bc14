"""The file in which an operator describes the hospital's sign-in; docs/access.md shows it whole.

    {"issuer": "https://login.hospital.example/realms/staff",
     "client_id": "nof1", "client_secret_file": "nof1-oidc.secret",
     "name": "Anytown Hospital", "groups_claim": "groups",
     "roles": {"nof1-doctors": ["clinician"], "nof1-privacy": ["privacy-officer"]},
     "every_patient": false}

Only groups that stand in the file give a role; whoever has none does not come in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from nof1.core.errors import InputError, Nof1Error
from nof1.record.reading import safe_open
from nof1.web.access import roles

LARGEST = 2**20
ALGORITHMS = ("RS256", "ES256")  # what an ID token may be signed with, unless the file says
POSSIBLE = (*ALGORITHMS, "RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    issuer: str
    client_id: str
    roles: dict[str, tuple[str, ...]]
    name: str = "your hospital"
    groups_claim: str = "groups"
    client_secret_file: str | None = None
    every_patient: bool = False
    scope: str = "openid profile"
    algorithms: tuple[str, ...] = ALGORITHMS
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    jwks_file: str | None = None
    require_iss: bool = False
    certificates: str | None = None


@dataclass(frozen=True)
class Settings:
    """The hospital's sign-in.

    Attributes
    ----------
    issuer : exactly as ID tokens name it. secret : of this client; None: it is a public client.
    groups : group -> roles. jwks : the issuer's public keys; None: fetched from the issuer.
    authorization_endpoint, token_endpoint : None: asked from the issuer.
    require_iss : refuse an answer that does not name its issuer (RFC 9207).
    certificates : file of the authorities that https trusts; None: the system's.
    insecure : plain http to an issuer on this machine, for development.
    """

    issuer: str
    client_id: str
    secret: str | None
    name: str
    groups_claim: str
    groups: Mapping[str, tuple[str, ...]]
    every_patient: bool
    scope: str
    algorithms: tuple[str, ...]
    authorization_endpoint: str | None
    token_endpoint: str | None
    jwks: dict[str, Any] | None
    require_iss: bool
    certificates: Path | None
    insecure: bool

    def roles_of(self, groups: Iterable[str]) -> tuple[str, ...]:
        """The roles that these groups give, sorted, each once."""
        return tuple(sorted({role for one in groups for role in self.groups.get(one, ())}))


def read(path: Path, *, insecure: bool = False) -> Settings:
    """The settings of a file; other files that it names lie beside it.

    Raises
    ------
    InputError : it is not in its form, or would not be safe.
    """
    try:
        found = msgspec.convert(json.loads(_bytes(path)), _File)
    except (msgspec.ValidationError, ValueError) as error:
        raise _refusal(path, f"is not in its form ({type(error).__name__})") from None
    _check(found, path, insecure)
    folder, secret, jwks = path.parent, None, None
    if found.client_secret_file is not None:
        secret = _secret(folder / found.client_secret_file, path)
    if found.jwks_file is not None:
        jwks = _jwks(folder / found.jwks_file, path)
    return Settings(
        issuer=found.issuer, client_id=found.client_id, secret=secret, name=found.name,
        groups_claim=found.groups_claim, groups=found.roles, every_patient=found.every_patient,
        scope=found.scope, algorithms=found.algorithms,
        authorization_endpoint=found.authorization_endpoint, token_endpoint=found.token_endpoint,
        jwks=jwks, require_iss=found.require_iss,
        certificates=None if found.certificates is None else folder / found.certificates,
        insecure=insecure,
    )  # fmt: skip


def safe_address(address: str, *, insecure: bool) -> bool:
    """Whether an address may be asked: https; with ``insecure`` http of this machine too."""
    if not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]{8,500}", address) or "#" in address:
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    plain = insecure and parts.scheme == "http" and host in LOOPBACK
    return bool(host) and "@" not in parts.netloc and (parts.scheme == "https" or plain)


def _check(found: _File, path: Path, insecure: bool) -> None:
    given = (found.issuer, found.authorization_endpoint, found.token_endpoint)
    if not all(safe_address(one, insecure=insecure) for one in given if one is not None):
        raise _refusal(path, "names an address that is not https")
    if "?" in found.issuer or not found.client_id.isprintable() or not found.client_id:
        raise _refusal(path, "has an issuer or a client_id that cannot be one")
    if not found.algorithms or not set(found.algorithms) <= set(POSSIBLE):
        raise _refusal(path, f"allows an algorithm that is none of {', '.join(POSSIBLE)}")
    if "openid" not in found.scope.split(" "):
        raise _refusal(path, "asks for no scope openid")
    if not found.roles:
        raise _refusal(path, "gives no group a role: nobody could come in")
    for given_roles in found.roles.values():
        try:
            roles.check(given_roles, person=True)
        except Nof1Error as error:
            raise _refusal(path, f"names a wrong role: {error.message}") from None


def _secret(path: Path, settings: Path) -> str:
    text = _bytes(path).decode("utf-8", "replace").strip()
    if path.stat().st_mode & 0o077:
        raise _refusal(settings, f"names {path.name}, which others may read (chmod 600)")
    if not text or not text.isprintable() or len(text) > 500:
        raise _refusal(settings, f"names {path.name}, which holds no secret")
    return text


def _jwks(path: Path, settings: Path) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(path))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise _refusal(settings, f"names {path.name}, which is no JWK set")
    return found


def _bytes(path: Path) -> bytes:
    with safe_open(path, limit=LARGEST) as stream:
        return stream.read()


def _refusal(path: Path, what: str) -> InputError:
    return InputError(
        f"The file of the hospital's sign-in {what}.",
        where=path.name,
        next_step="See docs/access.md for its form.",
    )
