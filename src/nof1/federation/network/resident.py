"""The site's side: waits for jobs, decides by the site's own policy, trains, reports.

Every decision and every end stands in the site's audit log. What is told outside are rules and
model names; the words of an error stay here, because they may hold a figure of the site.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from nof1.core import audit
from nof1.core.errors import InputError, Nof1Error
from nof1.core.workspace import Workspace
from nof1.federation import algorithms, checkpoint, manifest
from nof1.federation.algorithms import Asked
from nof1.federation.manifest import Manifest
from nof1.federation.network import home as homes
from nof1.federation.network.board import Decision, Done, Failed
from nof1.federation.network.home import Home
from nof1.federation.network.wire import WORDS, Gone, Kind, Line, encode, plain
from nof1.federation.refusal import Refused
from nof1.federation.ring import WORD
from nof1.federation.roster import Roster
from nof1.federation.secure import EXTRA

LOG = logging.getLogger("nof1.federation")
JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
AGAIN = 5.0  # seconds between tries to reach a coordinator that was there before
FREE, SLOW = 50, 10.0  # refusals in a row after which the next job must wait, and for how long
# Errors of these places speak about keys, rounds and connections, never about patients.
OPEN_PLACES = ("secure_sum", "link", "roster", "federation", "connection")
OFFERS = 2**26  # bytes of all sites' plain messages together
TOO_MUCH = "The training needs more or longer sums than were asked for."
Decided = tuple[Decision, Manifest | None]


@dataclass
class Resident:
    """A site that waits for jobs.

    Attributes
    ----------
    stopping : set it to end after the current job.
    refusals : jobs refused in a row; a flood of them must not fill the disk with what is noted.
    """

    home: Home
    workspace: Workspace
    stopping: threading.Event = field(default_factory=threading.Event)
    refusals: int = 0

    def run(self) -> None:
        """Serve until stopped. A coordinator that goes away is called again and again.

        Raises
        ------
        Gone, Unwelcome : the first call was not answered, or refused; a later one was refused.
        """
        homes.installed()  # the hash of what this process runs, before a file can change
        line = self._connected()
        while not self.stopping.is_set():
            try:
                self._serve(line)
            except Gone as error:
                LOG.warning("the coordinator is gone: %s", error.message)
                line.close()
                line = self._reconnected()
            except InputError as error:
                audit.append(self.workspace.audit, "federation refused", why=error.message)
                raise
        line.close()

    def _connected(self) -> Line:
        self.home.roster()
        line = self.home.call()
        LOG.info("connected to the coordinator")
        return line

    def _reconnected(self) -> Line:
        while not self.stopping.wait(AGAIN):
            try:
                return self._connected()
            except Gone:
                continue
        raise Gone("The site was stopped.", where="connection")

    def _serve(self, line: Line) -> None:
        while not self.stopping.is_set():
            line.send(Kind.WAIT)
            got = line.read(Kind.IDLE, Kind.JOB, Kind.ENDED, most=manifest.LARGEST)
            if got.kind is Kind.ENDED:
                raise Gone("The coordinator ended it; is this site running twice?")
            if got.kind is Kind.JOB:
                self._job(line, got.data, got.tag)

    def _job(self, line: Line, raw: bytes, tag: int) -> None:
        decision, asked = decide(raw, self.home, self.workspace)
        self.refusals = 0 if decision.accepted else self.refusals + 1
        if self.refusals > FREE:
            self.stopping.wait(SLOW)
        line.send(Kind.DECISION, encode(decision), tag)
        answer = line.read(Kind.START, Kind.ENDED)
        if answer.kind is Kind.ENDED or asked is None or not decision.accepted:
            LOG.info("the job does not run")
            return
        end: Done | Failed
        try:
            kind, end = Kind.DONE, self.train(line, asked, tag)
        except Gone:
            self._note(asked.job, "lost", "The connection broke.")
            raise
        except Exception as error:  # whatever happens, the site tells that it is out, and lives on
            kind, end = Kind.FAILED, self._failed(asked.job, error)
        except BaseException:
            self._note(asked.job, "stopped", "The site was stopped.")
            raise
        line.send(kind, encode(end), tag)
        line.read(Kind.ENDED)

    def train(self, line: Line, asked: Manifest, tag: int) -> Done:
        """Take part in a job that was accepted; what is returned goes to the coordinator.

        Raises
        ------
        Nof1Error : as the algorithm, and what the connection says.
        """
        entry = algorithms.algorithm(asked.algorithm)
        roster = self.home.roster()
        channel = NetworkChannel(line, tag, roster, asked.rounds, asked.entries)
        link = self.home.link(asked.job, channel)
        LOG.info("running %s: %s", asked.algorithm, asked.job)
        rules = self.home.rules()
        with checkpoint.kept(self.workspace.root, asked) as link.keeper:
            made = entry.run(
                Asked(link, self.workspace, asked.task, rules, asked.cohort, asked.privacy)
            )
        self._note(asked.job, "finished", "", made.content_hash)
        return Done(made.name, made.version, made.content_hash, made.figures)

    def _failed(self, job: str, error: Exception) -> Failed:
        rule = error.rule if isinstance(error, Refused) else ""
        words = error.message if isinstance(error, Nof1Error) else type(error).__name__
        self._note(job, "refused" if rule else "failed", words)
        LOG.warning("the job ended here: %s", plain(words))
        place = error.where if isinstance(error, Nof1Error) else None
        told = rule or place in OPEN_PLACES
        hidden = f"The training stopped ({type(error).__name__}); the site's audit log says why."
        return Failed(rule, (words if told else hidden)[:WORDS])

    def _note(self, job: str, end: str, why: str, content_hash: str = "") -> None:
        audit.append(
            self.workspace.audit, "federation job ended",
            job=job, end=end, why=why, content_hash=content_hash,
        )  # fmt: skip


@dataclass
class NetworkChannel:
    """The engine of one job (``link.Channel``); it sends no more than the manifest asks for."""

    line: Line
    tag: int
    roster: Roster
    rounds: int
    entries: int
    _number: int = 0

    def exchange(self, message: bytes) -> Mapping[str, bytes]:
        """Lay down a message and take those of all sites."""
        number, self._number = self._number, self._number + 1
        got = self.line.ask(Kind.MESSAGE, message, due=Kind.MESSAGES, tag=self.tag, number=number,
                            most=OFFERS)  # fmt: skip
        try:
            return msgspec.msgpack.decode(got.data, type=dict[str, bytes])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InputError("The sites' messages cannot be read.", where="link") from None

    def lay(self, number: int, payload: bytes) -> bytes:
        """Lay down a masked vector and take the total."""
        if number >= self.rounds or len(payload) > WORD * (self.entries + EXTRA):
            raise Refused("rounds", TOO_MUCH, "Fewer features: a larger min_patients in the task.")
        got = self.line.ask(Kind.VECTOR, payload, due=Kind.TOTAL, tag=self.tag, number=number,
                            most=len(payload))  # fmt: skip
        return got.data


def decide(raw: bytes, home: Home, workspace: Workspace) -> Decided:
    """Whether a job may run here; the decision stands in the audit log before it is told."""
    job, asked = "", None
    try:
        policy = home.rules()
        asked = manifest.read(raw, policy.leads)
        job = asked.job if JOB.fullmatch(asked.job) else ""
        roster = home.roster()
        policy.decide(asked, roster.digest.hex(), len(roster.members), homes.installed())
        _supported(asked)
        _fresh(asked.job, workspace)
        checkpoint.check(workspace.root, asked)
        decision = Decision(True)
    except Refused as error:
        decision = Decision(False, error.rule, error.message[:WORDS])
    except Nof1Error as error:
        rule = error.where if isinstance(error, InputError) and error.where else "manifest"
        decision = Decision(False, rule[:WORDS], error.message[:WORDS])
    except Exception as error:  # a manifest must not end a site, whatever is in it
        words = f"The manifest cannot be judged ({type(error).__name__})."
        decision = Decision(False, "manifest", words)
    audit.append(
        workspace.audit, "federation decision", job=job, accepted=decision.accepted,
        rule=decision.rule, why=decision.why, manifest=_digest(raw),
    )  # fmt: skip
    LOG.info("job %s: %s", job or "?", "accepted" if decision.accepted else plain(decision.why))
    return decision, asked if decision.accepted else None


def _supported(asked: Manifest) -> None:
    entry = algorithms.algorithm(asked.algorithm)
    if not JOB.fullmatch(asked.job):
        raise Refused("job", "The job's name is not of the right form.")
    if entry.noisy and asked.privacy is None:
        raise Refused("privacy", f"The algorithm {entry.name} needs to know how much noise.")
    if asked.privacy is not None and not entry.noisy:
        raise Refused("privacy", f"The algorithm {entry.name} adds no noise.")
    missing = sorted(set(entry.outputs) - set(asked.outputs))
    if missing:
        raise Refused("outputs", f"The job does not name what leaves: {', '.join(missing)}.")
    try:
        entry.read(asked.task)
    except Nof1Error as error:
        raise Refused("task", f"The task cannot be read: {error.message}") from None


def _fresh(job: str, workspace: Workspace) -> None:
    """A job's name runs once: its keys hang on it, and a manifest must not be played again."""
    for entry in audit.entries(workspace.audit):
        details = entry["details"]
        if (
            entry["action"] == "federation decision"
            and details["accepted"]
            and details["job"] == job
        ):
            raise Refused("job", "A job of this name has run here before.")


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
