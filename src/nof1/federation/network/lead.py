"""The study lead's side: sign a manifest, hand it in, follow the job."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from nof1.core.errors import ModelError
from nof1.federation import algorithms, manifest
from nof1.federation.manifest import Manifest, Privacy
from nof1.federation.network import home as homes
from nof1.federation.network import project, tls
from nof1.federation.network.board import State
from nof1.federation.network.coordinator import View
from nof1.federation.network.project import Project
from nof1.federation.network.tls import Welcome
from nof1.federation.network.wire import Kind, Line, decode
from nof1.federation.policy import ENTRIES, ROUNDS
from nof1.federation.roster import Roster

VALID = timedelta(hours=1)  # from the signature to the sites' decision
EARLY = timedelta(minutes=5)  # clocks of hospitals differ
REPORT = 2**24  # bytes of a job's state


def call(made: Project, patience: float = 60.0) -> Line:
    """Connect to the coordinator as the project's lead.

    Raises
    ------
    Gone, Unwelcome : ``tls.call``.
    """
    known = made.read_lead()
    expected = Welcome(known.project, known.lead, "lead")
    return tls.call(project.papers(made.lead), known.host, known.port, expected, patience)


def look(line: Line) -> View:
    """Who is there, and how the current job stands."""
    return decode(line.ask(Kind.LOOK, due=Kind.LOOK, most=REPORT).data, View)


def manifest_for(
    made: Project, task: str, name: str, view: View, *, purpose: str = "", cohort: str = "all",
    privacy: Privacy | None = None, algorithm: str = algorithms.DEFAULT, resumes: str = "",
) -> Manifest:  # fmt: skip
    """A manifest for the roster that the coordinator shows; each site compares it with its own.

    Parameters
    ----------
    resumes : name of a job that broke off and is to go on; all else must be as it was.

    Raises
    ------
    ModelError : not every site has announced itself. Refused : the algorithm is not known.
    """
    known = made.read_lead()
    if {one.name for one in view.members} != set(known.sites):
        missing = sorted(set(known.sites) - {one.name for one in view.members})
        raise ModelError(
            f"Not announced yet: {', '.join(missing)}.",
            where="roster",
            next_step="At the site: nof1 federation roster",
        )
    now, kinds = datetime.now(UTC), algorithms.algorithm(algorithm).outputs
    return Manifest(
        job=f"{name}-{now:%Y%m%d%H%M%S}-{secrets.token_hex(4)}", project=known.project,
        purpose=purpose, algorithm=algorithm, code=homes.installed(), task=task,
        cohort=cohort, outputs=kinds, rounds=ROUNDS, entries=ENTRIES,
        roster=Roster.of(view.members).digest.hex(), created=now - EARLY, expires=now + VALID,
        privacy=privacy, resumes=resumes,
    )  # fmt: skip


def signed(made: Project, asked: Manifest) -> bytes:
    """The manifest under the lead's signature."""
    return manifest.sign(asked, made.read_lead().lead, made.signing_key())


def submit(line: Line, raw: bytes, tell: Callable[[State], None] = lambda state: None) -> State:
    """Hand a signed manifest in and wait for the job's end.

    Parameters
    ----------
    tell : is called with each state on the way.

    Raises
    ------
    ModelError : a site is not there or busy; another job runs.
    """
    state = decode(line.ask(Kind.SUBMIT, raw, due=Kind.STATE, most=REPORT).data, State)
    while not state.over:
        tell(state)
        state = decode(line.read(Kind.STATE, most=REPORT).data, State)
    return state


def status(made: Project) -> View:
    """``look`` over a connection of its own."""
    line = call(made)
    try:
        return look(line)
    finally:
        line.close()
