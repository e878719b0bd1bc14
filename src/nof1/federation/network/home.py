"""What a site keeps of a federation: its papers, its identity key, its policy, its own roster.

The identity key is made here and never leaves. Nothing runs before a person has compared the
agreement's number with the other sites over another way and accepted the roster.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nof1.core import code
from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.federation import allowing
from nof1.federation.algorithms import DEFAULT, outputs_of
from nof1.federation.budget import Limit
from nof1.federation.link import Channel, Link
from nof1.federation.network import certificates, kits, private, project, tls
from nof1.federation.network.certificates import Pair
from nof1.federation.network.project import Kit, Settings
from nof1.federation.network.tls import Welcome
from nof1.federation.network.wire import Kind, Line, decode, encode
from nof1.federation.policy import (
    ENTRIES,
    LEAST_CELL,
    LEAST_EVENTS,
    LEAST_PATIENTS,
    ROUNDS,
    Policy,
)
from nof1.federation.roster import Member, Roster, check, member

# What can reach a number of a federated model: its hash must be the same at all sites.
ROOMS = ("core", "record", "learn", "predict", "pictures", "imaging", "surveillance", "federation")
JOIN = "Join with the kit: nof1 federation join KIT"
POLICY = """\
# What this site allows. Nothing runs that does not stand here.
leads: {{{lead}: "{lead_key}"}}
algorithms: {{{algorithms}}}   # the nof1 that is installed here
outputs: [{outputs}]
least_patients: {patients}
least_events: {events}
least_cell: {cell}   # no count of fewer patients is told
rounds: {rounds}
entries: {entries}
noise_required: false
"""


class Enrol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A site's public identity key (hexadecimal)."""

    identity: str


class Members(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sites that have announced themselves so far."""

    members: tuple[Member, ...]


@dataclass(frozen=True)
class Home:
    """The folder ``federation`` of a site's workspace."""

    root: Path

    @property
    def policy(self) -> Path:
        """The site's own rules."""
        return self.root / "policy.yaml"

    def kit(self) -> tuple[Settings, str]:
        """Settings of the project, and this site's name in it."""
        found = project.load(self.root / "site.json", Kit, JOIN)
        return found.settings, found.site

    def identity(self) -> Ed25519PrivateKey:
        """The site's long-lived key."""
        return project.load_identity(self.root / "identity.key")

    def roster(self) -> Roster:
        """The roster that a person has accepted here.

        Raises
        ------
        WorkspaceError : none was accepted yet.
        """
        path = self.root / "roster.json"
        if not path.exists():
            raise WorkspaceError(
                "No list of sites was accepted here yet.",
                where=str(path),
                next_step="Compare it by telephone and accept it: nof1 federation roster",
            )
        return Roster.of(project.load(path, Members, JOIN).members)

    def rules(self) -> Policy:
        """The policy as it stands now."""
        return Policy.load(self.policy)

    def call(self, patience: float = tls.PATIENCE) -> Line:
        """Connect to the coordinator as this site.

        Raises
        ------
        Gone, Unwelcome : ``tls.call``.
        """
        settings, site = self.kit()
        expected = Welcome(settings.project, site, "site")
        papers = project.papers(self.root)
        return tls.call(papers, settings.host, settings.port, expected, patience)

    def days_left(self) -> int:
        """Days until this site's certificate runs out."""
        return certificates.days_left(private.read(project.papers(self.root).certificate, JOIN))

    def announce(self) -> tuple[Member, ...]:
        """Tell the coordinator this site's public key; returns who has announced so far.

        Raises
        ------
        ModelError : the coordinator knows this site under another key, or another site under this
            one. UsageError : a name or key in its list is not of the right form.
        """
        public = self.identity().public_key().public_bytes_raw().hex()
        line = self.call(tls.GREETING)
        try:
            got = line.ask(Kind.ENROL, encode(Enrol(public)), due=Kind.MEMBERS)
        finally:
            line.close()
        members = decode(got.data, Members).members
        for one in members:
            check(one)
        return members

    def proposed(self, members: tuple[Member, ...]) -> Roster | None:
        """The roster of all sites, when every one has announced itself, this one rightly.

        Raises
        ------
        InputError : the list names other sites than the kit, or another key for this site.
        """
        settings, site = self.kit()
        names = {one.name for one in members}
        if member(site, self.identity()) not in members or not names <= set(settings.sites):
            raise InputError(
                "The coordinator's list of sites is not that of the kit.", where="roster"
            )
        return Roster.of(members) if names == set(settings.sites) else None

    def accept(self, roster: Roster, number: str) -> None:
        """Keep a roster whose number a person has compared.

        Raises
        ------
        UsageError : it is not the number of this roster.
        """
        settings, _ = self.kit()
        if number.strip().lower() != project.agreement(settings, roster):
            raise UsageError(
                "This is not the number of the list that the coordinator shows.",
                where="--accept",
                next_step="Do not go on. Compare the list with the other sites by telephone.",
            )
        private.write(self.root / "roster.json", encode(Members(roster.members)))

    def link(self, job: str, channel: Channel) -> Link:
        """The site's line to the others in one job."""
        return Link(self.roster(), self.kit()[1], job, self.identity(), channel)


def join(
    kit: Path,
    root: Path,
    *,
    patients: int = LEAST_PATIENTS,
    events: int = LEAST_EVENTS,
    cell: int = LEAST_CELL,
    algorithms: tuple[str, ...] = (DEFAULT,),
    budgets: Mapping[str, Limit] | None = None,
    anew: bool = False,
) -> Home:
    """Unpack a kit into the folder of a site; identity key and policy are made once and kept.

    The policy that is written allows ``algorithms`` and what they give out, and nothing else.

    Parameters
    ----------
    anew : the project was made anew: its lead's key takes the old one's place in the policy, and
        the accepted list of sites goes. Identity, budget and answers given stay.

    Raises
    ------
    WorkspaceError, InputError : the kit is missing or damaged; with ``anew``: the policy's line
        cannot be changed.
    UsageError : the folder belongs to another site or project, or to one that was made anew.
    """
    found, home = kits.read(kit), Home(root)
    place = root / "site.json"
    before = project.load(place, Kit, JOIN) if place.exists() else None
    if anew:
        (root / "roster.json").unlink(missing_ok=True)
        if home.policy.exists():
            allowing.trust(home.policy, found.settings.lead, found.settings.lead_key)
    else:
        kits.known(before, found, home.policy)
    pair = Pair(found.certificate.encode(), found.key.encode())
    project.put_pair(root, pair, found.authority.encode())
    if not (root / "identity.key").exists():
        key = Ed25519PrivateKey.generate().private_bytes_raw().hex().encode()
        private.once(root / "identity.key", key, JOIN)
    if not home.policy.exists():
        text = _policy(found.settings, algorithms, (patients, events, cell)) + _budgets(budgets)
        private.write(home.policy, text.encode())
    private.write(place, encode(msgspec.structs.replace(found, key="")))
    return home


def installed() -> str:
    """Hash of nof1's code as this process has it."""
    return code.of_process(ROOMS)


def _budgets(limits: Mapping[str, Limit] | None) -> str:
    """Privacy budgets of cohorts as lines of a policy."""
    lines = [
        f"  {json.dumps(name)}: {{epsilon: {one.epsilon!r}, delta: {one.delta:.6e}}}\n"
        for name, one in (limits or {}).items()
    ]
    return "".join(["budgets:\n", *lines]) if lines else ""


def _policy(settings: Settings, names: tuple[str, ...], least: tuple[int, int, int]) -> str:
    patients, events, cell = least
    return POLICY.format(
        lead=settings.lead, lead_key=settings.lead_key, patients=patients, events=events, cell=cell,
        algorithms=", ".join(f'{name}: "{installed()}"' for name in names),
        outputs=", ".join(outputs_of(list(names))), rounds=ROUNDS, entries=ENTRIES,
    )  # fmt: skip
