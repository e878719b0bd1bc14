"""The two objects that FLARE runs: one at its server, one at each client. No code travels.

A FLARE job names these two classes and carries a signed manifest as text. The classes come from the
nof1 that is installed at the site; the job has no folder of code, so a site can forbid such folders
(``byoc: none``) and allow these classes by name. What may run is decided by the manifest and the
site's own policy, as always.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from nof1.core.extras import require
from nof1.federation.flare.channel import served
from nof1.federation.flare.resident import FlareResident
from nof1.federation.local import Hub
from nof1.federation.network.board import Decision, Done, Failed

collab: Any = require("nvflare.collab", "flare").collab

DECIDING = 120.0  # seconds that a site may take to decide
OUTCOME = "nof1-job.json"


class Coordinator:
    """FLARE's server: hands the manifest round, then collects what sites lay down.

    Parameters
    ----------
    manifest : the signed manifest, hexadecimal.
    patience : seconds that a site waits for the others in a round.
    longest : seconds that a job may take.
    """

    def __init__(self, manifest: str, patience: float = 600.0, longest: float = 86_400.0) -> None:
        self.manifest, self.patience, self.longest = manifest, patience, longest
        self.hub: Hub | None = None

    @collab.main  # type: ignore[untyped-decorator]
    def run(self) -> None:
        """Ask every site; when all say yes, let them train; write how it ended."""
        sites = tuple(sorted(one.name for one in collab.clients))
        said = collab.clients(timeout=DECIDING).decide(raw=self.manifest)
        decisions = {name: _read(text, Decision) for name, text in said}
        ends: dict[str, Done | Failed] = {}
        if set(decisions) == set(sites) and all(one.accepted for one in decisions.values()):
            self.hub = Hub(sites, self.patience)
            found = collab.clients(timeout=self.longest).take_part(patience=self.patience)
            ends = {name: _read(text, Done | Failed) for name, text in found}
        self._write(sites, decisions, ends)

    @collab.publish  # type: ignore[untyped-decorator]
    def lay(self, kind: str, number: int, payload: bytes) -> bytes:
        """A message or a masked vector of the calling site; waits for the other sites."""
        if self.hub is None:
            raise RuntimeError("no job runs")
        return served(self.hub, str(collab.caller), kind, number, payload)

    @collab.publish  # type: ignore[untyped-decorator]
    def leave(self, why: str) -> None:
        """A site is out: release the others."""
        if self.hub is not None:
            self.hub.stop(f"The site {collab.caller} stopped.")

    def _write(
        self, sites: tuple[str, ...], decisions: dict[str, Decision], ends: dict[str, Done | Failed]
    ) -> None:
        done = {name: one for name, one in ends.items() if isinstance(one, Done)}
        same = len({one.content_hash for one in done.values()}) == 1
        outcome = {
            "finished": bool(same and set(done) == set(sites)),
            "decisions": msgspec.to_builtins(decisions),
            "ends": msgspec.to_builtins(ends),
            "sums": self.hub.rounds.number if self.hub else 0,
        }
        folder = Path(collab.workspace.get_run_dir(collab.fl_ctx.get_job_id()))
        (folder / OUTCOME).write_text(json.dumps(outcome, indent=1), encoding="utf-8")


class Site:
    """FLARE's client: a nof1 site that decides for itself."""

    def __init__(self) -> None:
        self.resident: FlareResident | None = None

    @collab.publish  # type: ignore[untyped-decorator]
    def decide(self, raw: str) -> str:
        """The site's decision about a signed manifest (hexadecimal), as JSON."""
        try:
            self.resident = FlareResident.here(str(collab.site_name))
            return msgspec.json.encode(self.resident.decide(bytes.fromhex(raw))).decode()
        except Exception as error:  # no traceback may travel
            return msgspec.json.encode(Decision(False, "site", type(error).__name__)).decode()

    @collab.publish  # type: ignore[untyped-decorator]
    def take_part(self, patience: float) -> str:
        """Run the accepted job; how it ended, as JSON."""
        if self.resident is None:
            return _told(Failed("", "No job was accepted here."))
        server = collab.server(timeout=patience + DECIDING)

        def call(kind: str, number: int, payload: bytes) -> bytes:
            found: bytes = server.lay(kind=kind, number=number, payload=payload)
            return found

        end = self.resident.take_part(call)
        if isinstance(end, Failed):
            server.leave(why=end.rule)
        return _told(end)


def _told(end: Done | Failed) -> str:
    name = "done" if isinstance(end, Done) else "failed"
    return msgspec.json.encode({name: end}).decode()


def _read(text: str, kind: Any) -> Any:
    if kind is Decision:
        return msgspec.json.decode(text, type=Decision)
    found = msgspec.json.decode(text, type=dict[str, dict[str, Any]])
    if "done" in found:
        return msgspec.convert(found["done"], Done)
    return msgspec.convert(found["failed"], Failed)
