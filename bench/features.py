"""Windowed features: the race against MEDS-tab 0.2.0, our budgets, 10,000 cases by the oracle.

``./dev bench features`` runs everything (about 3 minutes of MEDS-tab); ``--without-medstab`` only
our own part. Every run is a fresh process, imports included; figures are CPU seconds (user and
system) and peak memory as the operating system counted them. Results: ``.bench/features/result.*``.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from bench import medsdata, medstab
from bench.features_run import AGGREGATES, cohort
from bench.measured import ROOT, SCRATCH, measured

sys.path.insert(0, str(ROOT / "tests"))

FOLDER = SCRATCH / "features"
SETS = {"95k": (95_000, 1, 600), "1M": (1_000_000, 1, 6_000), "10M": (10_000_000, 10, 60_000)}
CASES = 10_000
SAMPLED_ROWS = 100
WARM_RUNS = 3


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    work: str
    program: str
    cpu_s: float
    wall_s: float
    peak_mb: float
    budget_cpu_s: float | None = None
    budget_mb: float | None = None
    note: str = ""


def ours(data: str, rows: str, shards: int, *more: object, **environment: str) -> Any:
    """One run of ours: its cost and what it printed."""
    command = [sys.executable, "-m", "bench.features_run", FOLDER / data, rows, shards, *more]
    cost = measured(command, **environment)
    return cost, json.loads(cost.output.splitlines()[-1])


def best(data: str, rows: str, shards: int, *more: object) -> Any:
    """The cheapest of a few runs: the others say what the neighbours did."""
    return min((ours(data, rows, shards, *more) for _ in range(WARM_RUNS)), key=_cpu)


def _cpu(run: Any) -> float:
    return float(run[0].cpu_s)


def cold_start() -> Line:
    """The first run on a machine: the kernel is compiled."""
    with tempfile.TemporaryDirectory() as cache:
        cost, _ = ours("95k", "labels", 1, NUMBA_CACHE_DIR=cache)
    return _line("95k, 600 labels, first run ever", cost, note="compiles the kernel")


def _line(work: str, cost: Any, budget: tuple[float, float] | None = None, note: str = "") -> Line:
    limits = budget or (None, None)
    return Line(work, "nof1", cost.cpu_s, cost.wall_s, cost.peak_mb, *limits, note)


def budgets() -> list[Line]:
    """Our own runs against the design's budgets, and memory as shards are added."""
    ours("95k", "labels", 1)  # fills the kernel cache
    lines = [
        _line("95k, every row", best("95k", "all", 1)[0], (0.8, 500)),
        _line("95k, 600 labels", best("95k", "labels", 1)[0], (0.8, 500)),
        _line("1M, 6,000 labels", best("1M", "labels", 1)[0], (1.5, 500)),
    ]
    for shards in (1, 2, 4, 10):
        out = FOLDER / "matrix"
        shutil.rmtree(out, ignore_errors=True)
        cost, found = ours("10M", "labels", shards, "local", out)
        limits = (4.0, 500.0) if shards == 10 else None
        text = f"{shards}M in {shards} shard{'s'[: shards > 1]}, {found['rows']:,} labels"
        lines.append(_line(text, cost, limits, note="matrix on disk"))
    shutil.rmtree(FOLDER / "matrix", ignore_errors=True)
    return [*lines, cold_start()]


def same_everywhere() -> dict[str, bool]:
    """Whether processes and Dask give the bytes of one process."""
    from distributed import LocalCluster

    _, alone = ours("10M", "labels", 4, "local", "digest")
    _, two = ours("10M", "labels", 4, "local:2", "digest")
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        _, dask = ours("10M", "labels", 4, f"dask:{cluster.scheduler_address}", "digest")
    return {
        "two processes": two["sha256"] == alone["sha256"],
        "dask": dask["sha256"] == alone["sha256"],
    }


def oracle_cases(n: int) -> int:
    """Random records in which the kernel differs from the oracle."""
    from nof1.predict import features
    from predict import oracle
    from predict.random_records import SPEC, as_stored, moment, record, table
    from predict.random_records import cohort as frame

    source, wrong = random.Random(20260101), 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(n // 1_000):
            records = {subject: record(source) for subject in range(500)}
            rows = [(source.randrange(500), moment(source)) for _ in range(1_000)]
            path = Path(folder) / "0.parquet"
            table(records).write_parquet(path)
            dense = features.build([path], frame(rows), SPEC).dense()
            for got, (subject, at) in zip(dense, rows, strict=True):
                stored = as_stored(records[subject])
                expected = oracle.features(stored, at, SPEC)
                scale = oracle.size(stored)
                wrong += bool(oracle.mismatches(expected, got, SPEC.columns, scale))
    return wrong


Cell = tuple[int, str, str, str]  # row, code, window, our name of the aggregate


def content(rows: str, theirs: medstab.Output) -> dict[str, dict[str, int]]:
    """Cells in a sample of rows, and how many of them each program has wrong.

    A cell is (row, code, window) with an event for counts, with a number for the others: the places
    where a sparse matrix has something to say. Sums may differ by rounding, and MEDS-tab's numbers
    by what its smaller types cost.
    """
    chosen = cohort(FOLDER / "95k", rows, 1)
    sample = sorted(random.Random(1).sample(range(chosen.height), SAMPLED_ROWS))
    expected = _expected(chosen, sample)
    mine = _our_values(chosen, sample, list(expected))
    counted = {}
    for name, our_name in medstab.AGGREGATES.items():
        cells = [cell for cell in expected if cell[3] == our_name]
        wrong = [abs(mine[cell] - expected[cell][0]) > expected[cell][1] for cell in cells]
        other = _their_values(theirs, name, chosen.height)
        other_wrong = [
            abs(other.get(cell, 0.0) - expected[cell][0]) > max(expected[cell][1], 1e-4)
            for cell in cells
        ]
        counted[name] = {
            "cells": len(cells),
            "nof1 wrong": sum(wrong),
            "MEDS-tab wrong": sum(other_wrong),
        }
    return counted


def _expected(chosen: pl.DataFrame, sample: list[int]) -> dict[Cell, tuple[float, float]]:
    """What the oracle says of each cell, and the tolerance of its sums."""
    from predict import oracle

    records = _records(FOLDER / "95k/data/train/0.parquet")
    found = {}
    for row in sample:
        subject, at = chosen.row(row)[:2]
        for code, events in records[subject].items():
            rounding = 1e-12 * oracle.size(events)
            for window in medstab.WINDOWS:
                for name in medstab.AGGREGATES.values():
                    present = "count" if name == "count" else "value_count"
                    if oracle.windowed(events, at, code, window, present):
                        value = oracle.windowed(events, at, code, window, name)
                        found[row, code, window, name] = (value, rounding)
    return found


def _records(path: Path) -> dict[int, dict[str, list[Any]]]:
    found: dict[int, dict[str, list[Any]]] = {}
    timed = pl.read_parquet(path).filter(pl.col("time").is_not_null())
    for subject, time, code, number in timed.iter_rows():
        found.setdefault(subject, {}).setdefault(code, []).append((time, code, number, None))
    return found


def _our_values(chosen: pl.DataFrame, sample: list[int], cells: list[Cell]) -> dict[Cell, float]:
    from nof1.predict import features

    codes = sorted({cell[1] for cell in cells})
    spec = features.FeatureSpec(codes, aggregates=AGGREGATES, age=False)
    path = FOLDER / "95k/data/train/0.parquet"
    dense = features.build([path], chosen[sample], spec).dense()
    position = {row: i for i, row in enumerate(sample)}
    return {
        cell: float(dense[position[cell[0]], spec.number("/".join(cell[1:]))]) for cell in cells
    }


def _their_values(theirs: medstab.Output, name: str, height: int) -> dict[Cell, float]:
    found = {}
    for window in medstab.WINDOWS:
        n_rows, cells = theirs.cells(window, name)
        if n_rows != height:
            raise SystemExit(f"MEDS-tab made {n_rows} rows of a cohort of {height}.")
        for (row, code), value in cells.items():
            found[row, code, window, medstab.AGGREGATES[name]] = value
    return found


def race() -> tuple[list[Line], dict[str, Any]]:
    """MEDS-tab on the same parquet: every row, and label rows."""
    medstab.install()
    lines, contents = [], {}
    for rows, text in (("all", "95k, every row"), ("labels", "95k, 600 labels")):
        print(f"MEDS-tab {medstab.VERSION}, {text} ...", flush=True)
        labels = FOLDER / "95k/labels" if rows == "labels" else None
        output = medstab.run(FOLDER / "95k/data", FOLDER / f"medstab_{rows}", labels)
        version = f"MEDS-tab {medstab.VERSION}"
        lines.append(Line(text, version, output.cpu_s, output.wall_s, output.peak_mb))
        contents[rows] = content(rows, output)
    return lines, contents


def report(lines: list[Line], found: dict[str, Any]) -> str:
    """The table and the verdicts in 80 columns."""
    text = [
        "Windowed features: 5 windows x 6 aggregates; CPU seconds, imports included",
        "",
        f"{'events and rows':33} {'program':15} {'CPU s':>7} {'wall s':>7} {'MB':>6}  budget",
    ]
    for line in lines:
        budget = ""
        if line.budget_cpu_s is not None and line.budget_mb is not None:
            met = line.cpu_s <= line.budget_cpu_s and line.peak_mb <= line.budget_mb
            budget = f"{line.budget_cpu_s:g} s {'met' if met else 'MISSED'}"
        text.append(
            f"{line.work:33} {line.program:15} {line.cpu_s:7.2f} {line.wall_s:7.2f} "
            f"{line.peak_mb:6.0f}  {budget}".rstrip()
        )
    text += ["", *_ratios(lines)]
    wrong = found["oracle cases wrong"]
    text.append(f"Random cases that differ from the oracle: {wrong} of {CASES:,}")
    for engine, same in found["same bytes as one process"].items():
        text.append(f"Same bytes as one process with {engine}: {'yes' if same else 'NO'}")
    for rows, counted in found.get("content", {}).items():
        text += ["", *_content_lines(rows, counted)]
    return "\n".join(text)


def _ratios(lines: list[Line]) -> list[str]:
    found = []
    for theirs in (line for line in lines if line.program != "nof1"):
        mine = next(line for line in lines if line.work == theirs.work and line.program == "nof1")
        ratio = theirs.cpu_s / mine.cpu_s
        found.append(f"{theirs.work}: nof1 needs {ratio:.0f} times less CPU than {theirs.program}")
    return found


def _content_lines(rows: str, counted: dict[str, dict[str, int]]) -> list[str]:
    what = "every row" if rows == "all" else "label rows"
    text = [f"Cells of {SAMPLED_ROWS} rows ({what}) that differ from the oracle:"]
    text.append(f"  {'aggregate':16} {'cells':>8} {'nof1':>8} {'MEDS-tab 0.2.0':>16}")
    for name, count in counted.items():
        text.append(
            f"  {name:16} {count['cells']:8} {count['nof1 wrong']:8} {count['MEDS-tab wrong']:16}"
        )
    return text


NOTE = """
Where MEDS-tab 0.2.0 differs: the last event of every timestamp is lost, value
features are empty, a count counts timestamps, and windows end at the last
event instead of the prediction time (label rows). Its published results came
from earlier releases: this says nothing about them."""


def main(arguments: list[str]) -> None:
    """Run, print and keep the race."""
    for name, size in SETS.items():
        medsdata.make(*size, FOLDER / name)
    lines = budgets()
    found: dict[str, Any] = {
        "oracle cases wrong": oracle_cases(CASES),
        "same bytes as one process": same_everywhere(),
    }
    if "--without-medstab" not in arguments:
        theirs, found["content"] = race()
        lines += theirs
    text = report(lines, found) + ("\n" + NOTE if "content" in found else "")
    results = {"lines": [asdict(line) for line in lines], **found}
    (FOLDER / "result.json").write_text(json.dumps(results, indent=1))
    (FOLDER / "result.txt").write_text(text + "\n")
    print("\n" + text)
