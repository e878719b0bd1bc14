"""A project on disk: what the coordinator, the lead and the authority keep, each in its own folder.

authority/   the authority's key: signs kits; to be kept apart from the server, best offline
server/      what ``serve`` needs: its certificate, and which certificate stands for whom
lead/        what ``submit`` needs: the lead's certificate, and the key that signs manifests
kits/        one file a site, to be handed over on a safe way and then deleted here
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.federation.network import certificates, private
from nof1.federation.network.certificates import Pair
from nof1.federation.network.tls import Papers
from nof1.federation.roster import FEWEST, MOST, NAME, Member, Roster

SETTINGS, KIT = "project.json", "kit"
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
Content = TypeVar("Content")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What everybody of a project knows.

    Attributes
    ----------
    host, port : where the coordinator is called. lead, lead_key : who signs manifests, and with
    which Ed25519 public key (hexadecimal). sites : names, sorted.
    """

    project: str
    host: str
    port: int
    lead: str
    lead_key: str
    sites: tuple[str, ...]


class Kit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one site gets: the settings, its name, and its papers (PEM). The key in it is secret."""

    settings: Settings
    site: str
    authority: str
    certificate: str
    key: str


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which certificate (by fingerprint) stands for which site, and which for the lead.

    A certificate that stands here no more is refused from the next start on.
    """

    settings: Settings
    sites: dict[str, str]
    lead: str


class Enrolled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Identity keys that sites have announced: the first one counts until somebody takes it out."""

    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Project:
    """The folder of a project."""

    root: Path

    @property
    def server(self) -> Path:
        """What the coordinator keeps."""
        return self.root / "server"

    @property
    def lead(self) -> Path:
        """What the lead keeps."""
        return self.root / "lead"

    @property
    def authority(self) -> Path:
        """What is kept apart."""
        return self.root / "authority"

    def kit(self, site: str) -> Path:
        """The file for one site."""
        return self.root / "kits" / f"{site}.{KIT}"

    def read_server(self) -> Server:
        """Who may call.

        Raises
        ------
        WorkspaceError, InputError : there is no such project, or its file is damaged.
        """
        return load(self.server / SETTINGS, Server, "Make the project: nof1 federation init")

    def read_lead(self) -> Settings:
        """The lead's copy of the settings."""
        return load(self.lead / SETTINGS, Settings, "Make the project: nof1 federation init")

    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs manifests."""
        return load_identity(self.lead / "signing.key")

    def enrolled(self) -> Enrolled:
        """The identity keys that sites have announced so far."""
        path = self.server / "members.json"
        return load(path, Enrolled, "") if path.exists() else Enrolled()

    def enrol(self, members: Sequence[Member]) -> None:
        """Keep the announced identity keys."""
        kept = Enrolled(tuple(sorted(members)))
        private.write(self.server / "members.json", msgspec.json.encode(kept))


def papers(folder: Path) -> Papers:
    """The three files of TLS in a folder."""
    return Papers(folder / "tls.pem", folder / "tls.key", folder / "authority.pem")


def create(
    root: Path, sites: Sequence[str], *, host: str = "127.0.0.1", port: int = 8443,
    lead: str = "study-lead",
) -> Project:  # fmt: skip
    """Make a project: authority, server, lead and a kit for each site.

    Raises
    ------
    UsageError : fewer than three sites, names or host of a wrong form.
    WorkspaceError : there is something in the folder already.
    """
    names = _checked(root, sites, host, port, lead)
    made = Project(root)
    signing = Ed25519PrivateKey.generate()
    public = signing.public_key().public_bytes_raw().hex()
    settings = Settings(root.resolve().name, host, port, lead, public, names)
    issuer = certificates.authority(settings.project)
    put_pair(made.authority, issuer, issuer.certificate)
    private.write(made.lead / "signing.key", signing.private_bytes_raw().hex().encode())
    _issue(made, settings, issuer)
    return made


def renew(made: Project) -> None:
    """New certificates for server, lead and all sites from the authority; the old ones are refused
    from the coordinator's next start on. Identities of sites and the signing key stay."""
    settings = made.read_server().settings
    _issue(made, settings, read_pair(made.authority))


def _issue(made: Project, settings: Settings, issuer: Pair) -> None:
    pairs = {name: certificates.client(issuer, name) for name in settings.sites}
    for name, pair in pairs.items():
        kit = Kit(settings, name, issuer.certificate.decode(), pair.certificate.decode(),
                  pair.key.decode())  # fmt: skip
        private.write(made.kit(name), msgspec.json.format(msgspec.json.encode(kit)))
    lead = certificates.client(issuer, settings.lead)
    put_pair(made.lead, lead, issuer.certificate)
    private.write(made.lead / SETTINGS, msgspec.json.encode(settings))
    put_pair(made.server, certificates.server(issuer, settings.host), issuer.certificate)
    known = {pair.fingerprint: name for name, pair in pairs.items()}
    server = Server(settings, known, lead.fingerprint)
    private.write(made.server / SETTINGS, msgspec.json.encode(server))


def put_pair(folder: Path, pair: Pair, authority: bytes) -> None:
    """Write the three files of TLS into a folder."""
    for path, data in zip(_files(folder), (pair.certificate, pair.key, authority), strict=True):
        private.write(path, data)


def read_pair(folder: Path) -> Pair:
    """Certificate and key of a folder."""
    step = "Bring the folder back from where it is kept apart."
    certificate, key, _ = (private.read(path, step) for path in _files(folder))
    return Pair(certificate, key)


def load(path: Path, kind: type[Content], next_step: str) -> Content:
    """A private JSON file of a fixed form.

    Raises
    ------
    WorkspaceError, InputError : it is missing, readable by others, or not of its form.
    """
    raw = private.read(path, next_step)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A file of the federation is damaged.", where=str(path)) from None


def load_identity(path: Path) -> Ed25519PrivateKey:
    """A private Ed25519 key, hexadecimal.

    Raises
    ------
    WorkspaceError, InputError : it is missing, readable by others, or damaged.
    """
    raw = private.read(path, "Join again with the kit: nof1 federation join KIT")
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(raw.decode("ascii")))
    except ValueError:
        raise InputError("A private key is damaged.", where=str(path)) from None


def agreement(settings: Settings, roster: Roster) -> str:
    """The number to compare by telephone: it covers all sites' identities and the lead's key.

    Eight groups of four hexadecimal digits (128 bits of a SHA-256).
    """
    told = (b"nof1 agreement 1", settings.project.encode(), settings.lead.encode(),
            settings.lead_key.encode(), roster.digest)  # fmt: skip
    text = hashlib.sha256(b"\0".join(told)).hexdigest()[:32]
    return "-".join(text[start : start + 4] for start in range(0, 32, 4))


def _files(folder: Path) -> tuple[Path, Path, Path]:
    found = papers(folder)
    return found.certificate, found.key, found.authority


def _checked(
    root: Path, sites: Sequence[str], host: str, port: int, lead: str
) -> tuple[str, ...]:  # fmt: skip
    names = tuple(sorted(set(sites)))
    if len(names) < len(sites) or not FEWEST <= len(names) <= MOST:
        raise UsageError(
            f"{len(names)} different sites are named.",
            where="--site",
            allowed=f"{FEWEST} to {MOST}, each once",
        )
    for name in (*names, lead):
        if not NAME.fullmatch(name):
            raise UsageError(
                "A name is not of the right form.",
                where="--site, --lead",
                allowed="small letters, digits and hyphens, at most 63",
            )
    if not HOST.fullmatch(host) or not 0 <= port < 65536:
        raise UsageError("Host or port are not of the right form.", where="--host, --port")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise WorkspaceError(
            "There is something at this place already.",
            where=str(root),
            next_step="Choose a new folder; for new certificates: nof1 federation renew",
        )
    return names
