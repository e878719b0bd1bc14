"""The federation race: arrays in, figures out (``python -m bench.federation_race``).

Needs numpy, scipy, numba, scikit-learn, msgspec and cryptography, no reader of records: it can run
on a machine where only these are. Each cell (data set, learner, seed) is a process of one thread.
A result file that exists is gone on with.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from bench.measured import ONE_THREAD, SCRATCH

SCHEMA = "nof1/bench/federation/1"
FOLDER = SCRATCH / "federation"
PEER = "EBM"
LEARNERS = ("hazards", "glass box", "Cox", "logistic")
"""The dearest first, so that no process ends up with the last long cell alone."""

Cell = tuple[str, str, int]


def cells(data: Sequence[str], learners: Sequence[str], seeds: int) -> list[Cell]:
    """All cells, the dearest first."""
    return [(name, one, seed) for one in learners for name in data for seed in range(seeds)]


def run(cell: Cell, folder: Path) -> dict[str, Any]:
    """The figures of one cell; ``failed`` holds words where it could not be measured."""
    from bench.federation_cell import measure

    started = time.process_time()
    found = measure(*cell, folder)
    return found | {"cpu_s": round(time.process_time() - started, 2)}


def race(wanted: Sequence[Cell], folder: Path, workers: int, out: Path) -> dict[str, Any]:
    """Run the cells that the file does not have yet; it is written after each of them."""
    kept: dict[str, Any] = {"schema": SCHEMA, "cells": []}
    if out.exists():
        kept = json.loads(out.read_text(encoding="utf-8"))
    had = {(one["data"], one["learner"], one["seed"]) for one in kept["cells"]}
    left = [cell for cell in wanted if cell not in had]
    os.environ.update(ONE_THREAD)  # read by the libraries when a new process loads them
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        jobs = {pool.submit(run, cell, folder): cell for cell in left}
        for number, job in enumerate(as_completed(jobs), 1):
            found = job.result()
            kept["cells"].append(found)
            _write(out, kept)
            print(f"{number}/{len(left)} {_line(found)}", file=sys.stderr, flush=True)
    return kept


def _write(out: Path, kept: dict[str, Any]) -> None:
    part = out.with_suffix(".part")
    part.write_text(json.dumps(kept), encoding="utf-8")
    part.replace(out)


def _line(found: dict[str, Any]) -> str:
    words = f"{found['data']}, {found['learner']}, seed {found['seed']}: {found['cpu_s']:.0f} CPU s"
    return words + (f", failed: {found['failed']}" if found.get("failed") else "")


def main(arguments: list[str]) -> None:
    """Race, or print the tables of result files."""
    from bench import federation_groups

    parser = argparse.ArgumentParser(prog="python -m bench.federation_race")
    parser.add_argument("--data", type=Path, default=FOLDER)
    parser.add_argument("--only", nargs="+", default=None, help="data sets")
    parser.add_argument("--learners", nargs="+", default=list(LEARNERS), help=f"{PEER} is the peer")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER / "figures.json")
    parser.add_argument("--table", type=Path, nargs="+", help="print these files, run nothing")
    asked = parser.parse_args(arguments)
    if asked.table:
        from bench.federation_tables import page

        print(page([json.loads(path.read_text(encoding="utf-8")) for path in asked.table]), end="")
        return
    data = asked.only or federation_groups.names(asked.data)
    race(cells(data, asked.learners, asked.seeds), asked.data, asked.workers, asked.out)


if __name__ == "__main__":
    main(sys.argv[1:])
