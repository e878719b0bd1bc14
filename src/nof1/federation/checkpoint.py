"""A job that broke off goes on from the totals that its sites have, with new keys.

Every site runs the same loop, and what it does next depends on its own records and the totals so
far. So each site writes the totals down that it received; all sites know them anyway. A new job
whose manifest names the old one lets all sites agree on how many totals they share, takes these
from the log without sending anything, and sends only what comes after, under fresh masks. The keys
of the broken session are gone with its process and are never used again.

What stands in the log binds it: the job, the task, the code, the roster, the cohort, the noise. In
a job with noise the vector that a site sends is on disk before it leaves: should the round be laid
again, the same vector goes out, so that noise is never drawn twice over the same data, and the
totals, paid for once, cost nothing again. In other jobs its hash is kept: a site whose records have
changed since then is found out. docs/federation.md says what this does not protect.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from nof1.core.errors import InputError, ModelError, WorkspaceError
from nof1.federation.budget import Ledger
from nof1.federation.manifest import Manifest, Privacy
from nof1.federation.network import private
from nof1.federation.refusal import Refused
from nof1.federation.ring import FloatArray

LOG = logging.getLogger("nof1.federation")
FOLDER = Path("federation") / "jobs"
HEADER, NAMES, RECORDS, FINISHED = "job.json", "names.json", "totals", "finished"
KEPT = 8  # unfinished jobs whose logs are kept
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
HEAD = struct.Struct(">cI")
AGREED, OWN, TOTAL = b"A", b"O", b"T"
LINK = 16  # bytes of a record's link to all before it
BATCH = 64  # totals between two syncs to disk
RULE = "resume"
Sum = Callable[[FloatArray], FloatArray]
Exchange = Callable[[bytes], Mapping[str, bytes]]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a log belongs to; ``job`` is the first one of the name, ``task`` a SHA-256."""

    job: str
    algorithm: str
    code: str
    task: str
    cohort: str
    roster: str
    privacy: Privacy | None

    @classmethod
    def of(cls, asked: Manifest, job: str) -> Header:
        """That of a manifest, under the name of the first job."""
        task = hashlib.sha256(asked.task.encode()).hexdigest()
        return cls(job, asked.algorithm, asked.code, task, asked.cohort, asked.roster,
                   asked.privacy)  # fmt: skip


class _Has(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site says before a job goes on: totals and own vectors that its log holds."""

    header: str
    totals: int
    own: int


@dataclass
class Keeper:
    """The log of a job at one site.

    Attributes
    ----------
    noisy : whether own vectors hold noise. common : totals that are taken from the log.
    """

    folder: Path
    header: Header
    resumed: bool
    common: int = 0
    _file: IO[bytes] | None = field(default=None, repr=False)
    _places: dict[bytes, list[tuple[int, int]]] = field(default_factory=dict, repr=False)
    _told: list[bytes] = field(default_factory=list, repr=False)
    _link: bytes = b""
    _sums: int = 0
    _opened: int = 0
    _unsynced: int = 0

    @property
    def noisy(self) -> bool:
        """Whether own vectors hold noise, so that they must never be drawn again."""
        return self.header.privacy is not None

    def open(self, secure: Sum, agreed: bytes, exchange: Exchange) -> Sum:
        """The sum through the log; the first call of a resumed job is where sites agree.

        Raises
        ------
        Refused : the sites' logs differ, or one does not belong to what was agreed on now.
        """
        number, self._opened = self._opened, self._opened + 1
        if number < len(self._places[AGREED]):
            if self._payload(AGREED, number) != hashlib.sha256(agreed).digest():
                raise Refused(RULE, "The sites' features differ from those of the broken job.")
        else:
            self._write(AGREED, hashlib.sha256(agreed).digest(), sync=True)
        if self.resumed and number == 0:
            self._agree(exchange)
        return lambda vector: self._sum(secure, vector)

    def finish(self) -> None:
        """The job has ended well here. The log goes when the next job begins: another site may have
        failed at its very end, and this one is then asked to go on with it."""
        self.close()
        private.write(self.folder / FINISHED, b"")

    def close(self) -> None:
        """Put everything on disk; the log stays."""
        if self._file is not None:
            file, self._file = self._file, None
            _synced(file)
            file.close()

    def _sum(self, secure: Sum, vector: FloatArray) -> FloatArray:
        """One sum: out of the log as far as all sites have it, else by the masks."""
        number, self._sums = self._sums, self._sums + 1
        own = self._own(number, np.ascontiguousarray(vector, dtype=np.float64).ravel())
        known = self._total(number, own.size)
        if known is not None and number < self.common:
            return known.reshape(vector.shape)
        total = secure(own.reshape(vector.shape))
        if known is None:
            self._write(TOTAL, _bytes(total))
        elif _bytes(known) != _bytes(total):
            raise ModelError("A total differs from the same one before.", where="secure_sum")
        return total

    def _own(self, number: int, own: FloatArray) -> FloatArray:
        """The vector to send: with noise the one that was drawn first, else the same as before."""
        said = _bytes(own) if self.noisy else hashlib.sha256(_bytes(own)).digest()
        if number >= len(self._places[OWN]):
            self._write(OWN, said, sync=self.noisy)
            return own
        kept = self._payload(OWN, number)
        if self.noisy and len(kept) == len(said):
            return np.frombuffer(kept, dtype="<f8").astype(np.float64)
        if kept != said:
            raise Refused(RULE, "This site's records give other sums than in the broken job.")
        return own

    def _total(self, number: int, size: int) -> FloatArray | None:
        if number >= len(self._places[TOTAL]):
            return None
        found = np.frombuffer(self._payload(TOTAL, number), dtype="<f8").astype(np.float64)
        if found.size != size:
            raise Refused(RULE, "A total of the log has another length than the sum asks for.")
        return found

    def _agree(self, exchange: Exchange) -> None:
        """All sites: as many totals as the shortest log holds, and these must be the same."""
        digest = hashlib.sha256(msgspec.json.encode(self.header)).hexdigest()
        own = _Has(digest, len(self._places[TOTAL]), len(self._places[OWN]))
        has = [_read_has(raw) for raw in exchange(msgspec.json.encode(own)).values()]
        if len({one.header for one in has}) > 1:
            raise Refused(RULE, "The sites' logs belong to different jobs.")
        longest, common = max(one.totals for one in has), min(one.totals for one in has)
        if self.noisy and min(one.own for one in has) < longest:
            raise Refused(RULE, "A log is cut: a site has sent noise that it does not know of.")
        told = self._told[common - 1] if common else b""
        if len(set(exchange(b"totals " + told).values())) > 1:
            raise Refused(RULE, "The sites' logs hold different totals.")
        self.common = common
        LOG.info("resumed after %d sums", common)

    # The file -----------------------------------------------------------------------------------

    def _write(self, kind: bytes, payload: bytes, *, sync: bool = False) -> None:
        if self._file is None:
            return
        head = HEAD.pack(kind, len(payload))
        try:
            place = self._file.seek(0, os.SEEK_END) + HEAD.size
            self._link = _linked(self._link, head, payload)
            self._file.write(head + payload + self._link)
            self._file.flush()
            self._unsynced += 1
            if sync or self._unsynced >= BATCH:
                _synced(self._file)
                self._unsynced = 0
        except OSError as error:
            self._lost(error)
            return
        self._note(kind, place, payload)

    def _lost(self, error: OSError) -> None:
        """Without a log a job with noise must not go on; another only cannot be resumed."""
        if self.noisy:
            raise WorkspaceError(
                f"The log of the job cannot be written: {error.strerror}.", where=RULE
            ) from None
        LOG.warning("the job cannot be resumed: %s", error.strerror)
        if self._file is not None:
            self._file.close()
            self._file = None
        if not self.resumed:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _note(self, kind: bytes, place: int, payload: bytes) -> None:
        self._places[kind].append((place, len(payload)))
        if kind == TOTAL:
            before = self._told[-1] if self._told else b""
            self._told.append(hashlib.sha256(before + payload).digest())

    def _payload(self, kind: bytes, number: int) -> bytes:
        place, size = self._places[kind][number]
        if self._file is None:
            raise ModelError("The log of the job is not there any more.", where=RULE)
        self._file.seek(place)
        return self._file.read(size)

    def load(self) -> Keeper:
        """Open the log and look at every record; a torn last one, from a crash, is cut off.

        Raises
        ------
        Refused : a record was changed, or it cannot be opened.
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            file = os.fdopen(os.open(self.folder / RECORDS, flags, 0o600), "r+b")
        except OSError as error:
            raise Refused(RULE, f"The log of the job cannot be opened: {error.strerror}.") from None
        self._file, self._places, self._told = file, {AGREED: [], OWN: [], TOTAL: []}, []
        self._link, end = hashlib.sha256(msgspec.json.encode(self.header)).digest()[:LINK], 0
        size = os.fstat(file.fileno()).st_size
        while end + HEAD.size + LINK <= size:
            file.seek(end)
            head = file.read(HEAD.size)
            kind, length = HEAD.unpack(head)
            if end + HEAD.size + length + LINK > size:
                break
            payload = file.read(length)
            link = _linked(self._link, head, payload)
            if file.read(LINK) != link or kind not in self._places:
                file.close()
                self._file = None
                raise Refused(RULE, "The log of the job is damaged.")
            self._link = link
            self._note(kind, end + HEAD.size, payload)
            end += HEAD.size + length + LINK
        file.truncate(end)
        return self


def check(root: Path, asked: Manifest) -> None:
    """Nothing when the job is a new one, or one that this workspace can go on with.

    Raises
    ------
    Refused : no such log, or it belongs to another task, code, roster, cohort or noise.
    """
    if not asked.resumes:
        return
    _, header = _found(root, asked.resumes)
    now = Header.of(asked, header.job)
    names = Header.__struct_fields__
    other = [name for name in names if getattr(now, name) != getattr(header, name)]
    if other:
        raise Refused(RULE, f"The broken job had another {', '.join(other)}.")


def keep(root: Path, asked: Manifest) -> Keeper:
    """The log of a job in a workspace: a new one, or that of the job which it resumes.

    Raises
    ------
    Refused : as ``check``; the log is damaged.
    """
    check(root, asked)
    if asked.resumes:
        folder, header = _found(root, asked.resumes)
        names = (*_names(folder), asked.job)
        private.write(folder / NAMES, msgspec.json.encode(names))
        return Keeper(folder, header, True).load()
    _tidy(root / FOLDER)
    header = Header.of(asked, asked.job)
    folder = root / FOLDER / asked.job
    private.write(folder / HEADER, msgspec.json.encode(header))
    return Keeper(folder, header, False).load()


@contextmanager
def kept(root: Path, asked: Manifest) -> Iterator[Keeper]:
    """A block that runs a job with its log; when it fails, the log stays for another try."""
    keeper = keep(root, asked)
    try:
        yield keeper
    except BaseException:
        keeper.close()
        raise
    keeper.finish()


def paid(ledger: Ledger, keeper: Keeper | None, noise: float, releases: int) -> bool:
    """Whether the budget was charged for all releases of a job when it was first run.

    What was spent is never given back, so a job that goes on has its releases paid for: those out
    of the log were made once, and those to come were charged before they were made.
    """
    if keeper is None or not keeper.resumed or keeper.header.privacy is None:
        return False
    head = keeper.header
    own = [one for one in ledger.spends(head.cohort) if one.job == head.job and one.noise == noise]
    return sum(one.releases for one in own) >= releases


def _tidy(folder: Path) -> None:
    """Take away the logs of finished jobs, and of unfinished ones all but the newest."""
    every = sorted(folder.glob("*"), key=lambda one: one.stat().st_mtime, reverse=True)
    old = [one for one in every if not (one / FINISHED).exists()][KEPT:]
    for one in [*old, *(one for one in every if (one / FINISHED).exists())]:
        shutil.rmtree(one, ignore_errors=True)


def _found(root: Path, name: str) -> tuple[Path, Header]:
    """Folder and header of the log of a job, under its own name or that of a later try."""
    if NAME.fullmatch(name):
        for folder in sorted((root / FOLDER).glob("*")):
            if folder.name == name or name in _names(folder):
                return folder, _header(folder)
    raise Refused(RULE, "No unfinished job of this name is kept here.")


def _header(folder: Path) -> Header:
    try:
        return msgspec.json.decode((folder / HEADER).read_bytes(), type=Header)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(RULE, "The log of the job is damaged.") from None


def _names(folder: Path) -> tuple[str, ...]:
    try:
        return msgspec.json.decode((folder / NAMES).read_bytes(), type=tuple[str, ...])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()


def _read_has(raw: bytes) -> _Has:
    try:
        return msgspec.json.decode(raw, type=_Has)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A site's word on its log cannot be read.", where="link") from None


def _linked(link: bytes, head: bytes, payload: bytes) -> bytes:
    return hashlib.sha256(link + head + payload).digest()[:LINK]


def _bytes(vector: FloatArray) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f8").tobytes()


def _synced(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
