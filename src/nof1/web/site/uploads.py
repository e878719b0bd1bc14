"""One uploaded file: its name checked, its bytes counted as they come, no trace when refused."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from nof1.core import audit
from nof1.core.errors import Nof1Error, UsageError
from nof1.core.workspace import Workspace
from nof1.web.site.jobs import OPEN, Job, Jobs
from nof1.web.site.page import HEADERS

GIB = 1024**3
LARGEST, TOTAL, MOST = 2 * GIB, 8 * GIB, 200  # bytes of a file and of all, number of files
SPARE = GIB // 2  # what must stay free on the disk
IDLE_S = 60.0  # a sender that says nothing for so long is gone
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._()+=-]{0,119}")
DEVICES = {"con", "prn", "aux", "nul"}
ACTION = "upload"


class TooLarge(Nof1Error):
    """More than may be taken: answered with 413."""


def good_name(name: str) -> str:
    """A file's name, when it is one and no path.

    Raises
    ------
    UsageError : it is not.

    >>> good_name("Patient.000.ndjson")
    'Patient.000.ndjson'
    """
    bare = name.partition(".")[0].lower()
    if not NAME.fullmatch(name) or ".." in name or name.endswith((".", " ")) or bare in DEVICES:
        raise UsageError(
            "The file's name cannot be used.", where="file",
            allowed="1 to 120 letters, digits, spaces and . _ - ( ) + =, no path",
            next_step="Rename the file and choose it again.",
        )  # fmt: skip
    return name


def listed(folder: Path) -> list[dict[str, Any]]:
    """Names and sizes of what has come."""
    if not folder.is_dir():
        return []
    found = [one for one in sorted(folder.iterdir()) if not one.name.startswith(".")]
    return [{"name": one.name, "bytes": one.stat().st_size} for one in found]


def remove(folder: Path, name: str) -> None:
    """Take one file out of the tray again."""
    path = folder / good_name(name)
    path.unlink(missing_ok=True)


async def take(request: Request, workspace: Workspace, jobs: Jobs, job: Job, name: str) -> Response:
    """Write the body of a request to a file of the job; 201, or a refusal and no file."""
    size = 0
    try:
        folder, room = await run_in_threadpool(_place, jobs, job, name, _told(request))
        size = await _write(request, folder, good_name(name), room)
    except (Nof1Error, ClientDisconnect, TimeoutError, OSError) as error:
        made, why = _refusal(error)
        await run_in_threadpool(
            audit.append, workspace.audit, ACTION, step="refused", job=job.id, by=job.by, why=why
        )  # fmt: skip
        return made
    return _answer(201, {"schema": "nof1/web-upload/1", "name": name, "bytes": size})


def _told(request: Request) -> int | None:
    """What the sender says that the file's size is."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _place(jobs: Jobs, job: Job, name: str, size: int | None) -> tuple[Path, int]:
    """Where the file goes, and how many bytes may come."""
    folder = jobs.files(job.id)
    good_name(name)
    if job.state != OPEN or not folder.is_dir():
        raise UsageError("This import was started already: it takes no more files.", where="file")
    there = listed(folder)
    if any(one["name"].casefold() == name.casefold() for one in there):
        raise UsageError("There is a file of this name already.", where="file",
                         next_step="Remove it first, or rename yours.")  # fmt: skip
    if len(there) >= MOST:
        raise TooLarge(f"There are {MOST} files already.", allowed=f"{MOST} files at once")
    free = shutil.disk_usage(folder).free - SPARE
    room = min(LARGEST, TOTAL - sum(one["bytes"] for one in there), free)
    if size is not None and size > room:
        raise _too_large(room)
    return folder, room


async def _write(request: Request, folder: Path, name: str, room: int) -> int:
    part = folder / f".{secrets.token_hex(8)}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    size = 0
    try:
        with os.fdopen(descriptor, "wb") as out:
            chunks = request.stream().__aiter__()
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(chunks), IDLE_S)
                except StopAsyncIteration:
                    break
                size += len(chunk)
                if size > room:
                    raise _too_large(room)
                await run_in_threadpool(out.write, chunk)
        if size == 0:
            raise UsageError("The file is empty.", where="file")
        os.link(part, folder / name)  # never over a file that came in the meantime
    finally:
        part.unlink(missing_ok=True)
    return size


def _too_large(room: int) -> TooLarge:
    return TooLarge(
        "The file is larger than may be taken.", where="file",
        allowed=f"{max(room, 0) / GIB:.1f} GiB now; {LARGEST / GIB:.0f} GiB a file, "
                f"{TOTAL / GIB:.0f} GiB in all",
        next_step="Split it, or import it on the server: nof1 ingest PATH",
    )  # fmt: skip


def _refusal(error: Exception) -> tuple[Response, str]:
    """The answer, and why in the words of the log: never the name that was sent."""
    if isinstance(error, Nof1Error):
        status = 413 if isinstance(error, TooLarge) else 400
        return _answer(status, error.to_dict()), error.message
    if isinstance(error, FileExistsError):
        told = UsageError("There is a file of this name already.", where="file")
        return _answer(409, told.to_dict()), told.message
    if isinstance(error, OSError):
        told = UsageError("The file cannot be written: the disk may be full.", where="file")
        return _answer(507, told.to_dict()), told.message
    told = UsageError("The sender left before the whole file was there.", where="file")
    return _answer(400, told.to_dict()), told.message


def _answer(status: int, data: dict[str, Any]) -> Response:
    text = json.dumps(data, ensure_ascii=False)
    return Response(text, status, dict(HEADERS), "application/json")
