"""Runs the cases of one family in this process and looks at what each left behind."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from bench.hostile import archives, code, pictures, texts
from bench.hostile.cases import Case, Place
from nof1.core import audit
from nof1.core.workspace import create
from nof1.record.deidentify.key import make_key

SECONDS = 120  # after which a case counts as hung
FORMULA = ("=", "+", "@", "\t=", '"=', '"+', '"@')


class Hung(BaseException):
    """A case took too long."""


def every() -> list[Case]:
    """All cases with files."""
    return [one for part in (code, archives, pictures, texts) for one in part.cases()]


def families() -> list[str]:
    """Families in order, those of the federation last."""
    return [*dict.fromkeys(one.family for one in every()), "federation"]


def work(family: str, seed: int) -> None:
    """Run a family; one JSON line a case on standard output."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        for one in _federation(seed) if family == "federation" else _files(family, seed):
            out.write(json.dumps(one) + "\n")
            out.flush()


def _files(family: str, seed: int) -> Iterator[dict[str, Any]]:
    for number, case in enumerate(every()):
        if case.family == family:
            with tempfile.TemporaryDirectory(prefix="nof1-hostile-") as folder:
                yield run(case, Path(folder).resolve(), seed * 100_000 + number)


def place_of(root: Path, seed: int) -> Place:
    """Folders, a workspace and a key for one case."""
    digest = hashlib.sha256(f"canary {seed}".encode()).hexdigest()
    place = Place(root, root / "trap-went-off", "Qk" + digest[:14], seed)
    place.given.mkdir()
    place.out.mkdir()
    create(place.workspace, synthetic=True)
    make_key(root / "key")
    return place


def run(case: Case, root: Path, seed: int) -> dict[str, Any]:
    """One case: the command as a user types it, and what it left behind."""
    place = place_of(root, seed)
    path = case.build(place)
    words = case.words(place, path)
    before = _tree(root)
    os.chdir(place.workspace)  # commands without --workspace take the nearest one
    status, said = command(words, root)
    os.chdir("/")
    found = {"family": case.family, "name": case.name, "why": _short(said)}
    found |= judged(place, status, said)
    found["outside"] = _outside(root, before)
    return found


def judged(place: Place, status: int | None, said: bytes) -> dict[str, Any]:
    """Outcome by the exit code, and the four questions but «outside»."""
    outcome = {0: "taken as data", 1: "set aside", 2: "refused", None: "hung"}.get(status, "hung")
    return {
        "outcome": outcome,
        "executed": place.trap.exists(),
        "leaked": _leaked(place, said, refused=outcome == "refused"),
        "audited": sum(1 for _ in audit.entries(place.workspace / "audit")) > 0
        and audit.verify(place.workspace / "audit").intact,
    }


def _leaked(place: Place, said: bytes, *, refused: bool) -> str:
    """Where the canary came out: the screen, a log, a file; after a refusal nothing may hold it."""
    mark, places = place.canary.encode(), []
    if mark in said:
        places.append("screen")
    for path in (*place.workspace.rglob("*"), *place.out.rglob("*")):
        inside = path.is_file() and not path.is_symlink()
        # What is taken as data is data: it belongs into the record, and nowhere else.
        record = not refused and path.is_relative_to(place.workspace / "record")
        if inside and not record and mark in path.read_bytes():
            places.append(path.name)
    formula = [path.name for path in place.out.rglob("*.[ct]sv") if _formula(path)]
    return ", ".join([*places, *formula])


def _formula(path: Path) -> bool:
    """Whether a cell that we wrote begins like a formula."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    cells = [cell for line in lines for cell in line.replace("\t", ",").split(",")]
    return any(cell.startswith(FORMULA) for cell in cells)


def _tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def _outside(root: Path, before: set[str]) -> str:
    """What is new but in the workspace and in the folder that was named for results."""
    new = {one for one in _tree(root) - before if one.split("/")[0] not in ("ws", "out", "said")}
    escaped = [str(one) for one in (Path("/tmp/nof1-escaped.csv"), root.parent / "escaped.csv")
               if one.exists()]  # fmt: skip
    return ", ".join([*sorted(new - {"trap-went-off"}), *escaped])


def command(words: list[str], root: Path) -> tuple[int | None, bytes]:
    """Run ``nof1`` with everything that it and its children print caught; None: it hung."""
    from nof1.cli import main

    with (root / "said").open("w+b") as said, _caught(said.fileno()):
        signal.signal(signal.SIGALRM, _late)
        signal.alarm(SECONDS)
        try:
            main(words)
            status: int | None = 0
        except SystemExit as end:
            status = int(end.code or 0)
        except Hung:
            status = None
        finally:
            signal.alarm(0)
            sys.stdout.flush()
            sys.stderr.flush()
    return status, (root / "said").read_bytes()


def _late(number: int, frame: FrameType | None) -> None:
    raise Hung


@contextmanager
def _caught(descriptor: int) -> Iterator[None]:
    kept, streams = (os.dup(1), os.dup(2)), (sys.stdout, sys.stderr)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout, sys.stderr = (os.fdopen(os.dup(one), "w") for one in (1, 2))
    try:
        yield
    finally:
        for made in (sys.stdout, sys.stderr):
            made.close()
        sys.stdout, sys.stderr = streams
        for own, old in zip((1, 2), kept, strict=True):
            os.dup2(old, own)
            os.close(old)


def _short(said: bytes) -> str:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[0][:90] if lines else ""


def _federation(seed: int) -> Iterator[dict[str, Any]]:
    from bench.hostile import jobs

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="nof1-hostile-") as folder:
        root = Path(folder).resolve()
        with (root / "said").open("w+b") as said, _caught(said.fileno()), jobs.world(root) as found:
            for number, act in enumerate(jobs.acts()):
                trap, canary = root / f"trap-{number}", f"Qk{seed}{number:010d}"
                before, files, start = found.entries(), _tree(root), said.seek(0, os.SEEK_END)
                refused, why = act.run(found, trap, canary)
                said.seek(start)
                spoken = said.read() + why.encode("utf-8", "replace")
                yield {
                    "family": act.family, "name": act.name, "why": why[:90].replace("\n", " "),
                    "outcome": "refused" if refused else "taken as data",
                    "executed": trap.exists(),
                    "leaked": _told(found, canary, spoken, act.family),
                    "outside": ", ".join(sorted(_new(root, files))),
                    "audited": _entries(found, before),
                }  # fmt: skip


def _told(found: Any, canary: str, spoken: bytes, family: str) -> str:
    logs = b"".join((folder / audit.FILE).read_bytes() for folder in found.logs()
                    if (folder / audit.FILE).exists())  # fmt: skip
    places = (("screen", spoken), ("log", logs))
    return ", ".join(name for name, text in places if canary.encode() in text)


def _entries(found: Any, before: int) -> bool:
    """Whether the logs have grown, with a moment for the threads of the coordinator."""
    import time

    for _ in range(100):
        if found.entries() > before:
            return True
        time.sleep(0.02)
    return False


def _new(root: Path, before: set[str]) -> set[str]:
    """New files but logs of jobs and audit, and what keys leave."""
    allowed = ("/audit/", "federation/jobs/", "server/members.json", "server/audit", "trap-")
    new = _tree(root) - before
    return {one for one in new if not any(part in f"{one}/" for part in allowed)}
