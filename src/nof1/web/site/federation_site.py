"""What this site's own files say of a federation: read only, and never a patient's number.

Papers and policy, the log of decisions and jobs, what each job added up (how many numbers, their
hash, never a value), the privacy budget, models made together, and files for privacy officers.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from nof1.core import audit
from nof1.core.errors import MissingExtra, Nof1Error
from nof1.core.workspace import Workspace
from nof1.federation import budget, checkpoint, judged, own
from nof1.federation.answered import FOLDER as ANSWERED
from nof1.federation.checkpoint import HEAD, LINK, OWN, TOTAL, Header
from nof1.federation.network.home import Home
from nof1.federation.policy import FILE as POLICY
from nof1.federation.policy import Policy, of_workspace

FOLDER, LEDGER = Path("federation"), Path("federation") / "budget.db"
LONGEST_LOG = 2_000_000_000  # bytes of a job's log that are looked through
MOST_SIZES, LARGEST = 12, 5_000_000
PREFIX = b'"action": "federation'
Found = TypeVar("Found")


@dataclass
class Site:
    """All of it; a part that cannot be read is named in ``faults``."""

    papers: dict[str, Any] | None = None
    members: list[dict[str, Any]] = field(default_factory=list)
    policy: Policy | None = None
    has_policy: bool = False
    jobs: list[dict[str, Any]] = field(default_factory=list)
    cohorts: list[dict[str, Any]] = field(default_factory=list)
    spends: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    packs: list[dict[str, Any]] = field(default_factory=list)
    stays: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether this workspace never had to do with a federation."""
        return not (self.papers or self.has_policy or self.jobs or self.models or self.spends)


def mark(workspace: Workspace) -> str:
    """Changes when anything that is read here changes."""
    root = workspace.root
    folders = (root / FOLDER, root / checkpoint.FOLDER, root / own.FOLDER, root / judged.FOLDER)
    paths = [one for folder in folders for one in folder.glob("*")]
    paths += [
        workspace.audit / audit.FILE,
        *workspace.models.glob("*/*"),
        *workspace.effects.glob("*/*"),
    ]
    paths += workspace.reports.glob("egress-*.json")
    stats = [(one.name, one.stat()) for one in paths if one.exists()]
    text = " ".join(f"{name}:{one.st_mtime_ns}:{one.st_size}" for name, one in sorted(stats))
    return hashlib.sha256(text.encode()).hexdigest()


def read(workspace: Workspace) -> Site:
    """Everything that is there."""
    made = Site(has_policy=(workspace.root / POLICY).is_file())

    def tried(name: str, get: Callable[[], Found], usual: Found) -> Found:
        try:
            return get()
        except Nof1Error as error:
            made.faults.append(f"{name}: {error.message}")
        except (OSError, ValueError, KeyError, TypeError, sqlite3.Error):
            made.faults.append(f"{name}: the file is damaged or cannot be read.")
        return usual

    home = Home(workspace.root / FOLDER)
    if (home.root / "site.json").exists():
        made.papers = tried("papers", lambda: _papers(home), None)
    if (home.root / "roster.json").exists():
        made.members = tried("list of sites", lambda: _members(home, made.papers), [])
    made.policy = tried("policy", lambda: of_workspace(workspace.root), None)
    made.models = tried("models", lambda: models(workspace), [])
    made.jobs = tried("jobs", lambda: jobs(workspace, made.models), [])
    limits = {} if made.policy is None else made.policy.budgets
    if (workspace.root / LEDGER).exists() or limits:
        spends: list[budget.Spend] = []
        spends = tried("budget", lambda: _spends(workspace.root / LEDGER), spends)
        made.spends = [vars(one) for one in spends]
        made.cohorts = [_cohort(name, limits[name], spends) for name in sorted(limits)]
    made.packs = tried("egress files", lambda: packs(workspace), [])
    made.stays = _stays(workspace.root)
    return made


def _papers(home: Home) -> dict[str, Any]:
    settings, name = home.kit()
    key = home.identity().public_key().public_bytes_raw().hex()
    return {
        "site": name,
        "project": settings.project,
        "coordinator": f"{settings.host}:{settings.port}",
        "lead": settings.lead,
        "lead_key": settings.lead_key,
        "sites": list(settings.sites),
        "identity": key,
        "certificate_days_left": home.days_left(),
    }


def _members(home: Home, papers: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    mine = None if papers is None else papers["identity"]
    return [
        {"name": one.name, "identity": one.identity, "own": one.identity == mine}
        for one in home.roster().members
    ]


# jobs ---------------------------------------------------------------------------------------------


def jobs(workspace: Workspace, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Jobs that the audit log knows, the newest first, with what is still known of their sums."""
    found: dict[str, dict[str, Any]] = {}
    for entry in _log(workspace.audit / audit.FILE):
        details, action = entry["details"], entry["action"]
        name = str(details.get("job", ""))
        if not name:
            continue
        key = name
        if action == "federation with noise" and found.get(key, {}).get("epsilon") is not None:
            key = f"{name} {entry['hash']}"  # the same words again: another job
        one = found.setdefault(key, {"job": name, "asked": None, "accepted": None, "end": None,
                                      "why": "", "content_hash": "", "epsilon": None})  # fmt: skip
        one["last"] = entry["time"][:19]
        if action == "federation decision":
            one |= {"asked": entry["time"][:19], "accepted": bool(details.get("accepted")),
                    "why": str(details.get("why", ""))}  # fmt: skip
        elif action == "federation job ended":
            one |= {"end": str(details.get("end", "")), "why": str(details.get("why", "")),
                    "content_hash": str(details.get("content_hash", ""))}  # fmt: skip
        elif action == "federation with noise":
            one |= {"epsilon": details.get("epsilon"), "end": one["end"] or "finished"}
    logs = {one.name: one for one in (workspace.root / checkpoint.FOLDER).glob("*")}
    hashes = {one["content_hash"]: one for one in reversed(made)}
    for one in found.values():
        name = one["job"]
        model = hashes.get(one["content_hash"]) if one["content_hash"] else None
        one["rows"] = None if model is None else model["own_rows"]
        one["model"] = None if model is None else f"{model['name']}/{model['version']}"
        one["left"] = left(logs[name]) if name in logs else None
    return sorted(found.values(), key=lambda one: str(one["last"]), reverse=True)


def _log(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    made = []
    with path.open("rb") as lines:
        for line in lines:
            if PREFIX in line:
                entry = json.loads(line)
                if isinstance(entry.get("details"), dict):
                    made.append(entry)
    return made


def left(folder: Path) -> dict[str, Any] | None:
    """What a job sent, from its log: how many sums of how many numbers, and their hash.

    ``digest`` is the SHA-256 over the SHA-256 of every vector that was sent, in their order. No
    value is read into anything else.
    """
    try:
        header = msgspec.json.decode((folder / checkpoint.HEADER).read_bytes(), type=Header)
        path = folder / checkpoint.RECORDS
        if path.stat().st_size > LONGEST_LOG:
            return None
        with path.open("rb") as file:
            sizes, sent, digest, link = _sums(file, header.privacy is not None)
    except (OSError, msgspec.DecodeError):
        return None
    listed = [{"numbers": size, "sums": count} for size, count in sizes.items()]
    return {
        "algorithm": header.algorithm,
        "cohort": header.cohort,
        "noise": header.privacy is not None,
        "sums": sent,
        "numbers": sum(size * count for size, count in sizes.items()),
        "sizes": sorted(listed, key=lambda one: -one["sums"])[:MOST_SIZES],
        "other_sizes": max(len(listed) - MOST_SIZES, 0),
        "digest": digest,
        "log_end": link,
        "code": header.code,
        "task": header.task,
        "finished": (folder / checkpoint.FINISHED).exists(),
    }


def _sums(file: Any, noisy: bool) -> tuple[dict[int, int], int, str, str]:
    """Numbers in a sum -> how many such sums; sums sent; digest of all; the log's last link."""
    size = os.fstat(file.fileno()).st_size
    sizes: dict[int, int] = {}
    at, sent, digest, link = 0, 0, hashlib.sha256(), b""
    while at + HEAD.size + LINK <= size:
        file.seek(at)
        kind, length = HEAD.unpack(file.read(HEAD.size))
        if at + HEAD.size + length + LINK > size:
            break
        if kind == OWN:
            payload = file.read(length)
            digest.update(hashlib.sha256(payload).digest() if noisy else payload)
            sent += 1
        elif kind == TOTAL:
            sizes[length // 8] = sizes.get(length // 8, 0) + 1
            file.seek(length, os.SEEK_CUR)
        else:
            file.seek(length, os.SEEK_CUR)
        link = file.read(LINK)
        at += HEAD.size + length + LINK
    return sizes, sent, digest.hexdigest(), link.hex()


# budget -------------------------------------------------------------------------------------------


def _spends(path: Path) -> list[budget.Spend]:
    """All lines of the budget; the file is opened for reading only."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        query = "SELECT time, cohort, job, noise, releases FROM spend ORDER BY number"
        return [budget.Spend(*row) for row in base.execute(query)]


def _cohort(name: str, limit: budget.Limit, spends: list[budget.Spend]) -> dict[str, Any]:
    own_ = [one for one in spends if one.cohort == name]
    made = {"cohort": name, "limit": limit.epsilon, "delta": limit.delta, "jobs": len(own_),
            "spent": None, "note": ""}  # fmt: skip
    try:
        return made | {"spent": budget.epsilon(own_, limit.delta)}
    except MissingExtra as error:
        return made | {"note": error.message}


# models, packs, what stays ------------------------------------------------------------------------


def models(workspace: Workspace) -> list[dict[str, Any]]:
    """Versions of models that several sites made, the newest first, with this site's gain."""
    made = []
    shelves = (workspace.models, workspace.effects)
    for path in (one for shelf in shelves for one in shelf.glob("*/*/card.json")):
        card = _json(path)
        about = card.get("data") or {}
        told = card.get("federation")
        noise = card.get("privacy")
        if not (told or noise) or not isinstance(about, dict):
            continue
        gain = _json(path.with_name("own-site.json"))
        words = told if isinstance(told, str) else noise if isinstance(noise, str) else ""
        made.append(
            {
                "name": path.parent.parent.name,
                "shelf": path.parent.parent.parent.name,
                "version": int(path.parent.name) if path.parent.name.isdecimal() else 0,
                "created": str(card.get("created", ""))[:10],
                "status": card.get("status"),
                "content_hash": str(card.get("content_hash", "")),
                "sites": about.get("sites"),
                "rows": about.get("rows"),
                "own_rows": gain.get("rows"),
                "own_events": gain.get("events"),
                "gained": gain.get("gained") or {},
                "gain_note": str(gain.get("note", "")),
                "words": words,
                "noise": bool(noise),
            }
        )
    return sorted(made, key=lambda one: (one["created"], one["name"], one["version"]), reverse=True)


def packs(workspace: Workspace) -> list[dict[str, Any]]:
    """Files for privacy officers in the workspace's reports, the newest first."""
    made = []
    for path in workspace.reports.glob("egress-*.json"):
        pack = _json(path)
        model = pack.get("model")
        if not isinstance(model, dict):
            continue
        made.append(
            {
                "file": path.name,
                "name": path.stem.removeprefix("egress-"),
                "created": str(pack.get("created", ""))[:19],
                "model": str(model.get("name")),
                "version": model.get("version"),
                "verdict": str(pack.get("verdict")),
                "checks": len(pack.get("checks") or []),
                "content_hash": str(model.get("content_hash", "")),
            }
        )
    return sorted(made, key=lambda one: str(one["created"]), reverse=True)


def pack(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """One such file; None when there is none of this name."""
    known = {one["name"]: one["file"] for one in packs(workspace)}
    return _json(workspace.reports / known[name]) if name in known else None


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _stays(root: Path) -> dict[str, int]:
    """How many files of each kind lie here and are never sent."""
    kinds = {
        "own figures of jobs": (own.FOLDER, "*.json"),
        "out-of-fold decisions of its own rows": (judged.FOLDER, "*.npz"),
        "lists of the groups that it has answered about (keyed hashes)": (ANSWERED, "*.answer"),
    }
    return {name: len(list((root / folder).glob(glob))) for name, (folder, glob) in kinds.items()}
