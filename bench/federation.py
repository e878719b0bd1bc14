"""Cost of the network engine: masked sums between real processes over mutual TLS on loopback."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from nof1.core.workspace import Workspace, create, open_workspace
from nof1.federation.manifest import Manifest
from nof1.federation.network import home as homes
from nof1.federation.network import lead, project
from nof1.federation.network.board import Done
from nof1.federation.network.coordinator import Coordinator, listen
from nof1.federation.network.home import Home
from nof1.federation.network.rehearsal import free_port
from nof1.federation.network.resident import NetworkChannel, Resident
from nof1.federation.network.wire import Line

TASK = """\
name: sums
kind: binary
code_sets: {a: [X//1], b: [X//2]}
index: {of: a}
outcome: {of: b}
time_at_risk: {end_days: 30}
"""


class Adder(Resident):
    """A site that adds vectors instead of training; all else is what a site does."""

    def train(self, line: Line, asked: Manifest, tag: int) -> Done:
        """Masked sums of ``asked.rounds`` vectors of ``asked.entries``, each checked."""
        roster = self.home.roster()
        channel = NetworkChannel(line, tag, roster, asked.rounds, asked.entries)
        link = self.home.link(asked.job, channel)
        number = roster.names.index(link.site) + 1
        vector = np.linspace(-1000.0, 1000.0, asked.entries) * number
        whole = vector / number * sum(range(1, len(roster.names) + 1))
        started = time.perf_counter()
        total = link.open()
        worst = max(float(np.abs(total(vector) - whole).max()) for _ in range(asked.rounds))
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures = {"seconds": seconds, "error": worst, "peak_mb": peak}
        return Done("sums", "1", "same", figures)


def site(root: str) -> None:
    """One site's process."""
    Adder(Home(Path(root) / "federation"), open_workspace(root)).run()


def measure(sites: int, rounds: int, entries: int) -> dict[str, float]:
    """Seconds and memory of one job."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = [f"site-{number}" for number in range(sites)]
        made = project.create(root / "project", names, port=free_port())
        places = {name: create(root / name, synthetic=True) for name in names}
        server = Coordinator(made)
        listener = listen("127.0.0.1", server.settings.port)
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        _agree({name: homes.join(made.kit(name), one.root / "federation")
                for name, one in places.items()})  # fmt: skip
        started = time.perf_counter()
        running = [_started(one) for one in places.values()]
        try:
            line = lead.call(made)
            while len(lead.look(line).idle) < sites:
                time.sleep(0.05)
            ready = time.perf_counter() - started
            asked = lead.manifest_for(made, TASK, "sums", lead.look(line))
            asked = type(asked)(**{**_fields(asked), "rounds": rounds, "entries": entries})
            started = time.perf_counter()
            state = lead.submit(line, lead.signed(made, asked))
            finished = time.perf_counter() - started
        finally:
            for one in running:
                one.terminate()
                one.wait()
        assert state.step == "finished", state.why
    found = [one.figures for one in state.done.values()]
    return {
        "sites": sites, "rounds": rounds, "entries": entries, "start_s": ready,
        "in_rounds_s": max(one["seconds"] for one in found), "submit_to_finished_s": finished,
        "worst_error": max(one["error"] for one in found),
        "site_peak_mb": max(one["peak_mb"] for one in found),
        "coordinator_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def _fields(asked: Manifest) -> dict[str, object]:
    return {name: getattr(asked, name) for name in asked.__struct_fields__}


def _agree(kept: dict[str, Home]) -> None:
    for one in kept.values():
        members = one.announce()
    for one in kept.values():
        roster = one.proposed(members)
        assert roster is not None
        one.accept(roster, project.agreement(one.kit()[0], roster))


def _started(place: Workspace) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.federation", str(place.root)],
        stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def main(arguments: list[str]) -> None:
    """Print a table: 100 sums of 20,000 entries between 5 sites, and others."""
    parser = argparse.ArgumentParser(prog="./dev bench federation")
    parser.add_argument("--sites", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--entries", type=int, nargs="+", default=[5_000, 20_000, 50_000])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    for entries in asked.entries:
        found = measure(asked.sites, asked.rounds, entries)
        if asked.json:
            print(json.dumps(found))
        else:
            print("  ".join(f"{name} {value:g}" for name, value in found.items()), flush=True)


if __name__ == "__main__":
    site(sys.argv[1])
