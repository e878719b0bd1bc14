"""Cost of the masked sum: threads of one process, or processes over mutual TLS on loopback."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bench.measured import ONE_THREAD
from nof1.core.workspace import Workspace, create, open_workspace
from nof1.federation import local
from nof1.federation.link import Link
from nof1.federation.manifest import Manifest
from nof1.federation.network import home as homes
from nof1.federation.network import lead, project
from nof1.federation.network.board import Done
from nof1.federation.network.coordinator import Coordinator, listen
from nof1.federation.network.home import Home
from nof1.federation.network.project import Project
from nof1.federation.network.rehearsal import free_port
from nof1.federation.network.resident import NetworkChannel, Resident
from nof1.federation.network.wire import Line

SCHEMA = "nof1/bench/federation-engine/1"
NAP = 0.05  # seconds between looks whether all sites are there
TASK = """\
name: sums
kind: binary
code_sets: {a: [X//1], b: [X//2]}
index: {of: a}
outcome: {of: b}
time_at_risk: {end_days: 30}
"""


def added(link: Link, number: int, rounds: int, entries: int) -> dict[str, float]:
    """Masked sums of one site, each checked against the sum that it must be.

    Returns
    -------
    ``seconds`` (wall) and ``cpu_s`` in the sums, ``error`` (largest), ``peak_mb`` of the process.
    """
    sites = len(link.roster.names)
    vector = np.linspace(-1000.0, 1000.0, entries)
    whole = vector * (sites * (sites + 1) / 2)
    started, spent = time.perf_counter(), time.process_time()
    total = link.open()
    worst = max(float(np.abs(total(vector * number) - whole).max()) for _ in range(rounds))
    return {
        "seconds": time.perf_counter() - started,
        "cpu_s": time.process_time() - spent,
        "error": worst,
        "peak_mb": _peak(),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Adder(Resident):
    """A site that adds vectors instead of training; all else is what a site does."""

    def train(self, line: Line, asked: Manifest, tag: int) -> Done:
        """Masked sums of ``asked.rounds`` vectors of ``asked.entries``, each checked."""
        roster = self.home.roster()
        channel = NetworkChannel(line, tag, roster, asked.rounds, asked.entries)
        link = self.home.link(asked.job, channel)
        number = roster.names.index(link.site) + 1
        return Done("sums", "1", "same", added(link, number, asked.rounds, asked.entries))


def site(root: str) -> None:
    """One site's process."""
    Adder(Home(Path(root) / "federation"), open_workspace(root)).run()


def threads(sites: int, rounds: int, entries: int) -> dict[str, Any]:
    """The same sums between threads of this process: no network, the same masks and checks."""

    def one(link: Link) -> dict[str, float]:
        number = link.roster.names.index(link.site) + 1
        return added(link, number, rounds, entries)

    spent = time.process_time()
    found = local.run({f"site-{number}": one for number in range(sites)}, patience=600)
    cpu = time.process_time() - spent
    rows = {"engine": "threads", "sites": sites, "rounds": rounds, "entries": entries}
    return rows | {
        "in_sums_s": max(one["seconds"] for one in found.values()),
        "all_cpu_s": cpu,
        "worst_error": max(one["error"] for one in found.values()),
    }


def network(sites: int, rounds: int, entries: int) -> dict[str, Any]:
    """Coordinator and sites over mutual TLS: seconds, CPU seconds and memory of one job."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = [f"site-{number}" for number in range(sites)]
        made = project.create(root / "project", names, port=free_port())
        places = {name: create(root / name, synthetic=True) for name in names}
        server = Coordinator(made)
        listener = listen("127.0.0.1", server.settings.port)
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        _agree(
            {
                name: homes.join(made.kit(name), one.root / "federation")
                for name, one in places.items()
            }
        )
        started = time.perf_counter()
        running = [_started(one) for one in places.values()]
        try:
            found = _job(made, running, sites, rounds, entries, started)
        finally:
            for one in running:
                one.terminate()
                one.wait()
    return {"engine": "TLS", "sites": sites, "rounds": rounds, "entries": entries} | found


def _job(
    made: Project,
    running: list[subprocess.Popen[bytes]],
    sites: int,
    rounds: int,
    entries: int,
    started: float,
) -> dict[str, float]:
    line = lead.call(made)
    while len(lead.look(line).idle) < sites:
        if any(one.poll() is not None for one in running):
            raise SystemExit("A site stopped before the job; run its command by hand to see why.")
        time.sleep(NAP)
    ready = time.perf_counter() - started
    asked = lead.manifest_for(made, TASK, "sums", lead.look(line))
    asked = msgspec.structs.replace(asked, rounds=rounds, entries=entries)
    submitted, spent = time.perf_counter(), time.process_time()
    state = lead.submit(line, lead.signed(made, asked))
    finished, cpu = time.perf_counter() - submitted, time.process_time() - spent
    if state.step != "finished":
        raise SystemExit(f"The job did not finish: {state.why}")
    found: list[Mapping[str, float]] = [one.figures for one in state.done.values()]
    return {
        "start_s": ready,
        "in_sums_s": max(one["seconds"] for one in found),
        "submit_to_finished_s": finished,
        "site_cpu_s": max(one["cpu_s"] for one in found),
        "coordinator_cpu_s": cpu,
        "all_cpu_s": cpu + sum(one["cpu_s"] for one in found),
        "worst_error": max(one["error"] for one in found),
        "site_peak_mb": max(one["peak_mb"] for one in found),
        "coordinator_peak_mb": _peak(),
    }


def _agree(kept: Mapping[str, Home]) -> None:
    for one in kept.values():
        members = one.announce()
    for one in kept.values():
        roster = one.proposed(members)
        assert roster is not None
        one.accept(roster, project.agreement(one.kit()[0], roster))


def _started(place: Workspace) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.federation_engine", str(place.root)],
        stderr=subprocess.DEVNULL,
        env=os.environ | ONE_THREAD,
    )


if __name__ == "__main__":
    site(sys.argv[1])
