"""Federation: is it the pooled model, what do small sites gain, and what does the engine cost?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench import federation_race as racing
from bench.measured import SCRATCH

FOLDER = SCRATCH / "federation"
ENGINE_RUNS = [(5, 5_000), (5, 20_000), (5, 50_000), (3, 20_000), (10, 20_000)]
"""(sites, entries) of the engine's table."""

PARTS = ("prepare", "equality", "small-sites", "engine")


def main(arguments: list[str]) -> None:
    """``prepare`` the data once; then a table: ``equality``, ``small-sites`` or ``engine``."""
    parser = argparse.ArgumentParser(prog="./dev bench federation")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--data", type=Path, default=FOLDER)
    parser.add_argument("--out", type=Path, default=None, help="JSON; gone on with if it exists")
    parser.add_argument("--only", nargs="+", default=None, help="data sets")
    parser.add_argument("--learners", nargs="+", default=list(racing.LEARNERS))
    parser.add_argument("--sites", type=int, default=None, help="engine: one run with so many")
    parser.add_argument("--entries", type=int, default=20_000, help="engine: of a vector")
    parser.add_argument("--rounds", type=int, default=100, help="engine: sums in the job")
    asked = parser.parse_args(arguments)
    if asked.part == "prepare":
        from bench.federation_prepare import prepare

        prepare(asked.seeds, asked.data)
    elif asked.part == "engine":
        _engine(asked)
    else:
        _race(asked)


def _race(asked: argparse.Namespace) -> None:
    from bench import federation_groups, federation_tables

    data = asked.only or federation_groups.names(asked.data)
    out = asked.out or asked.data / "figures.json"
    wanted = racing.cells(data, asked.learners, asked.seeds)
    kept = racing.race(wanted, asked.data, asked.workers, out)
    print(federation_tables.part(asked.part, kept["cells"]), end="")


def _engine(asked: argparse.Namespace) -> None:
    from bench import federation_engine, federation_tables

    runs = [(asked.sites, asked.entries)] if asked.sites else ENGINE_RUNS
    rows = []
    for sites, entries in runs:
        rows.append(federation_engine.network(sites, asked.rounds, entries))
        rows.append(federation_engine.threads(sites, asked.rounds, entries))
    kept = {"schema": federation_engine.SCHEMA, "rows": rows}
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps(kept), encoding="utf-8")
    print(federation_tables.engine(rows), end="")
