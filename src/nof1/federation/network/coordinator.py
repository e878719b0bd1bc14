"""The coordinator: takes calls over mutual TLS, and passes on what sites lay down.

It holds no key of the sums and no patient's row. Who calls is known from the certificate alone: its
fingerprint must stand in the project's list. A wrong message ends that connection, not the server.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from nof1.core import audit
from nof1.core.errors import InputError, ModelError, Nof1Error, UsageError
from nof1.federation import manifest
from nof1.federation.network import project, tls
from nof1.federation.network.board import Board, Decision, Done, Failed, Job, State
from nof1.federation.network.home import Enrol, Members
from nof1.federation.network.project import Project, Server
from nof1.federation.network.tls import Welcome
from nof1.federation.network.wire import (
    SMALL,
    Ended,
    Frame,
    Gone,
    Kind,
    Late,
    Line,
    decode,
    encode,
    plain,
)
from nof1.federation.ring import WORD
from nof1.federation.roster import Member, check
from nof1.federation.secure import EXTRA

LOG = logging.getLogger("nof1.federation")
HANDSHAKE = 10.0  # seconds in which a caller must have shown a certificate
STRANGERS, CALLERS = 32, 512  # connections at once: without a certificate yet, and all
IDLE = 20.0  # seconds after which a waiting site or lead gets a sign of life
OFFER = 2**24  # bytes of a plain message: names and words of features
CLOSED = (errno.EBADF, errno.EINVAL)  # what a closed listener says
SOON = 0.1  # seconds
WRITTEN = 1000  # refusals of one run that are all written down
LARGEST_ENTRIES, LARGEST_ROUNDS = 2**20, 10**7


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``nof1 federation status`` shows."""

    project: str
    members: tuple[Member, ...]
    here: tuple[str, ...]
    idle: tuple[str, ...]
    job: State | None
    refused: int


Watch = Callable[[str, Frame], None]


@dataclass
class Coordinator:
    """A server for one project.

    Attributes
    ----------
    patience : seconds that a job waits for one site.
    watch : is called with each message that a site has sent, for tests of what leaves a site.
    """

    project: Project
    patience: float = tls.PATIENCE
    watch: Watch | None = None
    refused: int = 0
    _open: set[socket.socket] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.known: Server = self.project.read_server()
        self.settings = self.known.settings
        self.board = Board(self.settings.sites, self.patience)
        self._context = project.papers(self.project.server).context(server=True)
        self._strangers = threading.BoundedSemaphore(STRANGERS)

    def serve(self, listener: socket.socket) -> None:
        """Take calls until the listener is closed."""
        while True:
            try:
                raw, _ = listener.accept()
            except OSError as error:
                if error.errno in CLOSED:
                    break
                time.sleep(SOON)  # a caller that is gone already, or no file handle left
                continue
            if len(self._open) >= CALLERS or not self._strangers.acquire(blocking=False):
                raw.close()
                self._refuse("too many at once")
                continue
            try:
                threading.Thread(target=self._call, args=(raw,), daemon=True).start()
            except RuntimeError:  # no thread left
                self._strangers.release()
                raw.close()
                self._refuse("no thread left")
        for each in list(self._open):
            tls.end(each)

    def _call(self, raw: socket.socket) -> None:
        """One caller, from handshake to end."""
        self._open.add(raw)
        line, name = None, "somebody"
        try:
            try:
                line = self._shaken(raw)
                role, name = self._who(line)
            finally:
                self._strangers.release()
            line.send(Kind.WELCOME, encode(Welcome(self.settings.project, name, role)))
            line.socket.settimeout(self.patience)
            LOG.info("%s %s connected", role, name)
            self._site(line, name) if role == "site" else self._lead(line)
        except Gone as error:
            LOG.info("ended: %s", error.message)
        except Exception as error:  # a caller must not end the server, whatever it sends
            self._refuse(type(error).__name__, name, error)
            self._say(line, error)
        finally:
            self._open.discard(line.socket if line else raw)
            (line or raw).close()

    def _shaken(self, raw: socket.socket) -> Line:
        """The handshake, in a time that a slow caller cannot stretch."""
        tls.prepare(raw)
        raw.settimeout(HANDSHAKE)
        made = self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        self._open.add(made)
        self._open.discard(raw)
        try:
            with tls.within(made, HANDSHAKE):
                made.do_handshake()
        except BaseException:
            self._open.discard(made)
            made.close()
            raise
        return Line(made)

    def _who(self, line: Line) -> tuple[str, str]:
        """Role and name for which the caller's certificate stands."""
        shown = tls.fingerprint(line.socket)
        if secrets.compare_digest(shown, self.known.lead):
            return "lead", self.settings.lead
        if shown not in self.known.sites:
            raise InputError("This certificate is not on the project's list.", where="certificate")
        return "site", self.known.sites[shown]

    def _refuse(self, why: str, who: str = "", error: Exception | None = None) -> None:
        """Count, log and write down; of a flood only every thousandth, so that no disk fills."""
        words = f" {error.message}" if isinstance(error, Nof1Error) else ""
        with self._lock:
            self.refused += 1
            if self.refused <= WRITTEN or self.refused % WRITTEN == 0:
                audit.append(
                    self._audit, "federation refused", why=why, who=who, number=self.refused
                )
        LOG.warning("refused: %s%s%s", f"{who}, " if who else "", why, plain(words))

    @staticmethod
    def _say(line: Line | None, error: Exception) -> None:
        if line is not None and isinstance(error, Nof1Error):
            with contextlib.suppress(Nof1Error):
                line.send(Kind.ENDED, encode(Ended(error.message)))

    # A site -------------------------------------------------------------------------------------

    def _site(self, line: Line, name: str) -> None:
        resident = False
        try:
            while True:
                frame = line.read(Kind.ENROL, Kind.WAIT)
                if frame.kind is Kind.ENROL:
                    members = self._enrolled(name, decode(frame.data, Enrol))
                    line.send(Kind.MEMBERS, encode(Members(members)))
                    continue
                if not resident:
                    self.board.enter(name)
                    resident = True
                job = self.board.next(name, IDLE)
                if job is None:
                    line.send(Kind.IDLE)
                else:
                    self._play(line, name, job)
        finally:
            if resident:
                self.board.leave(name)

    def _enrolled(self, name: str, said: Enrol) -> tuple[Member, ...]:
        """Keep the first key that a site announces; another one later is refused."""
        with self._lock:
            kept = {one.name: one for one in self.project.enrolled().members}
            new = Member(name, said.identity)
            check(new)
            if kept.get(name, new) != new:
                raise InputError(
                    "This site is known under another identity key; the coordinator must take the "
                    "old one out first.",
                    where="roster",
                )
            if any(one.identity == said.identity for one in kept.values() if one.name != name):
                raise InputError(
                    "Another site has announced this identity key; each site makes its own.",
                    where="roster",
                )
            if name not in kept:
                self.project.enrol([*kept.values(), new])
                audit.append(self._audit, "federation site announced", site=name)
            return tuple(sorted([*(one for one in kept.values() if one.name != name), new]))

    def _play(self, line: Line, name: str, job: Job) -> None:
        """A site's part in a job."""
        try:
            line.send(Kind.JOB, job.raw, job.tag)
            frame = self._read(line, name, job, Kind.DECISION)
            if not job.decide(name, decode(frame.data, Decision)):
                line.send(Kind.ENDED, encode(Ended(job.why)), job.tag)
                return
            line.send(Kind.START, tag=job.tag)
            while self._turn(line, name, job):
                pass
            line.send(Kind.ENDED, encode(Ended("")), job.tag)
        except Late:
            job.stop(f"{name} said nothing within {self.patience:g} seconds.")
            raise
        except InputError as error:
            job.stop(f"{name} has sent what is not allowed: {error.message}")
            raise
        finally:
            job.leave(name)

    def _turn(self, line: Line, name: str, job: Job) -> bool:
        """One message of a site in a running job; False when it was the last one."""
        frame = self._read(line, name, job, Kind.MESSAGE, Kind.VECTOR, Kind.DONE, Kind.FAILED)
        if frame.kind is Kind.DONE:
            job.report(name, decode(frame.data, Done))
        elif frame.kind is Kind.FAILED:
            job.report(name, decode(frame.data, Failed))
        else:
            self._answer(line, name, job, frame)
        return frame.kind in (Kind.MESSAGE, Kind.VECTOR)

    def _answer(self, line: Line, name: str, job: Job, frame: Frame) -> None:
        """What all sites laid down, or why there is none. A late or second vector is refused alone;
        the job goes on."""
        try:
            if frame.tag != job.tag:
                raise UsageError("A message of another job came.", where="federation")
            if frame.kind is Kind.MESSAGE:
                got = job.hub.exchange(name, frame.data, frame.number)
                kind, data = Kind.MESSAGES, msgspec.msgpack.encode(got)
            else:
                kind, data = Kind.TOTAL, job.hub.rounds.lay(name, frame.number, frame.data)
        except UsageError as error:
            self._refuse("out of turn")
            line.send(Kind.ERROR, encode(Ended(error.message)), frame.tag, frame.number)
        except ModelError as error:
            job.stop(error.message)
            line.send(Kind.ENDED, encode(Ended(job.why)), frame.tag, frame.number)
        else:
            line.send(kind, data, frame.tag, frame.number)

    def _read(self, line: Line, name: str, job: Job, *due: Kind) -> Frame:
        vector = WORD * (job.entries + EXTRA)
        most = max(OFFER, vector) if Kind.VECTOR in due else SMALL
        frame = line.read(*due, most=most)
        if self.watch is not None:
            self.watch(name, frame)
        if frame.kind is Kind.VECTOR and (len(frame.data) > vector or frame.number >= job.rounds):
            raise InputError("More was sent than the manifest asks for.", where="secure_sum")
        return frame

    # The lead -----------------------------------------------------------------------------------

    def _lead(self, line: Line) -> None:
        while True:
            frame = line.read(Kind.SUBMIT, Kind.LOOK, most=manifest.LARGEST)
            if frame.kind is Kind.LOOK:
                line.send(Kind.LOOK, encode(self.view()))
                continue
            try:
                job = self._job(frame.data)
                self.board.start(job)
            except ModelError as error:
                line.send(Kind.ERROR, encode(Ended(error.message)))
                continue
            audit.append(self._audit, "federation job", job=job.name, sites=list(job.sites))
            threading.Thread(target=self._note, args=(job,), daemon=True).start()
            state = job.wait(0)
            while not state.over:
                line.send(Kind.STATE, encode(state))
                state = job.wait(IDLE / 10)
            line.send(Kind.STATE, encode(state))

    def _job(self, raw: bytes) -> Job:
        """A job for a manifest. Whether it may run is for the sites to say, not for us."""
        signed = decode(raw, manifest.Signed)
        asked = decode(signed.manifest, manifest.Manifest)
        if not 0 < asked.entries <= LARGEST_ENTRIES or not 0 < asked.rounds <= LARGEST_ROUNDS:
            raise InputError("The manifest asks for too large or too many sums.", where="manifest")
        return Job(
            name=asked.job, tag=secrets.randbits(63), raw=raw, sites=self.settings.sites,
            rounds=asked.rounds, entries=asked.entries, patience=self.patience,
        )  # fmt: skip

    def _note(self, job: Job) -> None:
        """Write a job's end down, whether or not the lead is still there."""
        state = job.wait(0)
        while not state.over:
            state = job.wait(IDLE)
        audit.append(
            self._audit, "federation job ended", job=state.job, step=state.step, why=state.why,
            decisions={site: one.rule or "yes" for site, one in state.decisions.items()},
            models=sorted({one.content_hash for one in state.done.values()}),
        )  # fmt: skip

    def view(self) -> View:
        """What there is to see at this moment."""
        job = self.board.job
        return View(
            project=self.settings.project,
            members=self.project.enrolled().members,
            here=tuple(self.board.here()),
            idle=tuple(self.board.idle()),
            job=job.state() if job else None,
            refused=self.refused,
        )

    @property
    def _audit(self) -> Path:
        return self.project.server / "audit"


def listen(bind: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises
    ------
    UsageError : the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        return socket.create_server((bind, port), family=family, backlog=64)
    except OSError as error:
        raise UsageError(
            f"Nothing can listen here: {error.strerror}.",
            where=f"{bind}, port {port}",
            next_step="Choose another --bind or --port; is another coordinator running?",
        ) from None
