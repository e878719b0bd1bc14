"""Work that takes longer than a page: one job at a time, in a process of its own.

Each job is a folder ``spool/ID`` of the workspace with ``job.json`` (what people may see of it) and
``files`` (what was uploaded for it, deleted afterwards). The process holds a lock: while it lives,
no other server process starts a job, and a job whose process died is seen as interrupted.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace
from nof1.web.site.page import Missing

OPEN, RUNNING, DONE, FAILED, STOPPED = "open", "running", "done", "failed", "interrupted"
ENDED = (DONE, FAILED, STOPPED)
ID = re.compile(r"[0-9a-f]{20}")
LONGEST_S = 6 * 3600.0
KEPT = 60  # jobs that are remembered
OLD_S = 24 * 3600.0  # what was uploaded and never begun is deleted after a day
LOG = logging.getLogger("nof1.web")
# -P: nothing is imported from the folder that holds the uploads.
COMMAND = (sys.executable, "-P", "-m", "nof1.web.site.work")


@dataclass(frozen=True)
class Job:
    """What people may see of a job.

    Attributes
    ----------
    by : the account that made it. facts : what was chosen. says : what it is doing.
    result : of a job that is done. error : of one that failed (error, where, next_step).
    """

    id: str
    kind: str
    by: str
    created: str
    state: str = OPEN
    says: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


@dataclass(frozen=True)
class Jobs:
    """The jobs of a workspace."""

    workspace: Workspace

    @property
    def root(self) -> Path:
        """Folder of all jobs."""
        return self.workspace.root / "spool"

    def files(self, id_: str) -> Path:
        """Folder of what was uploaded for a job."""
        return self.root / id_ / "files"

    def new(self, kind: str, by: str, **facts: Any) -> Job:
        """A job that waits for its files or its start."""
        self._tidy()
        made = Job(secrets.token_hex(10), kind, by, _now(), facts=facts)
        self.files(made.id).mkdir(parents=True, mode=0o700)
        (self.root / made.id).chmod(0o700)
        self._write(made)
        return made

    def get(self, id_: str) -> Job:
        """One job; one whose process died is marked so.

        Raises
        ------
        Missing : there is none.
        """
        try:
            if not ID.fullmatch(id_):
                raise FileNotFoundError
            raw = json.loads((self.root / id_ / "job.json").read_text(encoding="utf-8"))
            found = Job(**raw)
        except (OSError, ValueError, TypeError):
            raise Missing("There is no such job.", "Begin a new one.") from None
        if found.state == RUNNING and not self._busy():
            found = self.end(replace(found, state=STOPPED, says="The process that did it ended."))
        return found

    def recent(self, kind: str, most: int = 10) -> list[Job]:
        """The newest jobs of a kind."""
        found = []
        for path in self.root.glob("*/job.json"):
            try:
                found.append(self.get(path.parent.name))
            except Missing:
                continue
        own = [one for one in found if one.kind == kind]
        return sorted(own, key=lambda one: one.created, reverse=True)[:most]

    def running(self) -> bool:
        """Whether a job runs now."""
        return self._busy()

    def end(self, job: Job) -> Job:
        """Keep what became of a job, and delete its files."""
        shutil.rmtree(self.files(job.id), ignore_errors=True)
        self._write(job)
        return job

    def drop(self, id_: str) -> None:
        """Forget a job that was never begun, with its files."""
        shutil.rmtree(self.root / id_, ignore_errors=True)

    def start(self, job: Job, task: Mapping[str, Any], after: Callable[[Job], None]) -> Job:
        """Begin; ``after`` is called with the job when it has ended.

        Raises
        ------
        UsageError : another job is running, or this one was begun before.
        """
        if job.state != OPEN:
            raise UsageError("This was started already.", where="job")
        lock = self._lock() or self._lock(0.2)  # somebody may only be looking whether it is held
        if lock is None:
            raise UsageError(
                "Another import or evaluation is running on this server.", where="job",
                next_step="Wait until it has ended, then start this one.",
            )  # fmt: skip
        begun = replace(job, state=RUNNING, says="Starting")
        self._write(begun)
        follow = threading.Thread(target=self._follow, args=(begun, task, lock, after), daemon=True)
        follow.start()
        return begun

    def _follow(
        self, job: Job, task: Mapping[str, Any], lock: IO[str], after: Callable[[Job], None]
    ) -> None:
        """Run the process and write down what it says."""
        begun = time.monotonic()
        try:
            job = self._run(job, task, lock)
        except Exception as error:
            LOG.error("a job failed: %s", type(error).__name__)
            job = replace(job, state=FAILED, error={"error": "The work could not be done."})
        job = replace(job, seconds=round(time.monotonic() - begun, 1))
        try:
            after(job)
        except Exception as error:
            LOG.error("the end of a job failed: %s", type(error).__name__)
        self.end(job)
        lock.close()

    def _run(self, job: Job, task: Mapping[str, Any], lock: IO[str]) -> Job:
        process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=self.root, pass_fds=(lock.fileno(),), text=True, encoding="utf-8",
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        alarm = threading.Timer(LONGEST_S, process.kill)
        alarm.daemon = True
        alarm.start()
        with process, process.stdin as told:
            told.write(json.dumps({"workspace": str(self.workspace.root), **task}))
            told.close()
            for line in process.stdout:
                job = self._heard(job, line)
        alarm.cancel()
        if job.state == RUNNING:
            what = "The work ended without an answer: it was stopped, or memory ran out."
            return replace(job, state=FAILED, error={"error": what})
        return job

    def _heard(self, job: Job, line: str) -> Job:
        try:
            said = json.loads(line)
        except ValueError:
            return job
        if "says" in said:
            job = replace(job, says=str(said["says"])[:300])
            self._write(job)
        elif "error" in said:
            return replace(job, state=FAILED, error=said["error"])
        elif "result" in said:
            return replace(job, state=DONE, result=said["result"], says="")
        return job

    def _write(self, job: Job) -> None:
        folder = self.root / job.id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = folder / f".job.{os.getpid()}.{threading.get_ident()}"
        beside.write_text(json.dumps(asdict(job)), encoding="utf-8")
        os.replace(beside, folder / "job.json")

    def _lock(self, after_s: float = 0.0) -> IO[str] | None:
        """The lock of all jobs, held; None when somebody else holds it."""
        time.sleep(after_s)
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = open(self.root / "LOCK", "w", encoding="ascii")  # noqa: SIM115 - kept by the job
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return None
        return handle

    def _busy(self) -> bool:
        if not (self.root / "LOCK").exists():
            return False
        handle = self._lock()
        if handle is None:
            return True
        handle.close()
        return False

    def _tidy(self) -> None:
        """Delete what was never begun for a day, and the oldest of what is remembered."""
        paths = sorted(self.root.glob("*/job.json"), key=lambda one: -one.stat().st_mtime)
        for place, path in enumerate(paths):
            try:
                found = self.get(path.parent.name)
            except Missing:
                continue
            old = time.time() - path.stat().st_mtime > OLD_S
            if (found.state == OPEN and old) or (found.ended and place >= KEPT):
                self.drop(found.id)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
