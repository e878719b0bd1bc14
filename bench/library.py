"""Compound search: an index of real molecules, and queries over ten million fingerprints.

1. ``nof1 compounds index`` over the HIV set (41,127 rows, ../shared/data), with one worker.
2. Ten million synthetic fingerprints: each takes every bit from one of two real molecules at
   random, so that bit frequencies, sizes and much of what occurs together are real. Real molecules
   are the queries; CPU and wall milliseconds a query, at thresholds and for the top 10.
3. The same queries on two million of those rows by FPSim2's compiled search, in memory, one thread.

``./dev bench library [MILLIONS]``. Files stay in .bench/library (290 bytes a row).
"""

from __future__ import annotations

import resource
import shutil
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from bench.measured import ROOT, SCRATCH, measured

HIV = ROOT.parent / "shared" / "data" / "molecules" / "hiv.csv.gz"
FOLDER = SCRATCH / "library"
BLOCK = 250_000
QUERIES = 20
RACED = 2_000_000


def main(arguments: list[str]) -> None:
    """Index, make, search, race; each in a process of its own."""
    if not HIV.exists():
        raise SystemExit("This race needs ../shared/data/molecules/hiv.csv.gz.")
    rows = int(float(arguments[0]) * 1_000_000) if arguments else 10_000_000
    FOLDER.mkdir(parents=True, exist_ok=True)
    me = [sys.executable, "-m", "bench.library"]
    for mode, told in ((["plain"], "fingerprints only"), (["full"], "with substructures")):
        cost = measured([*me, "index", *mode])
        rate = 41_127 / cost.cpu_s
        print(
            f"index, {told:20} {cost.cpu_s:6.1f} CPU s  {rate:6,.0f} rows/s  {cost.peak_mb:,.0f} MB"
        )
    if not (FOLDER / f"counts-{rows}.npy").exists():
        cost = measured([*me, "make", rows])
        print(f"made {rows:,} fingerprints: {cost.cpu_s:.0f} CPU s, {cost.peak_mb:,.0f} MB")
    rivals = ["fpsim2"] if find_spec("FPSim2") else []
    for work in ("ours", *rivals):
        cost = measured([*me, work, rows])
        print(cost.output.rstrip())
        print(f"  whole process: {cost.cpu_s:.1f} CPU s, peak {cost.peak_mb:,.0f} MB")


def index(mode: str) -> None:
    """Index the HIV set."""
    from nof1.medicines.library.building import Order, build

    target = FOLDER / "hiv"
    shutil.rmtree(target, ignore_errors=True)
    build(Order((HIV,), target, substructures=mode == "full"))


def real() -> Any:
    """Fingerprints of the HIV set, as queries and as the stock of bits."""
    return np.load(FOLDER / "hiv" / "fingerprints.npy", mmap_mode="r")


def make(rows: int) -> None:
    """Write synthetic fingerprints, sorted by size: drawn twice, so that memory stays small."""
    from nof1.medicines.library.bits import folded

    counts = np.concatenate([np.bitwise_count(one).sum(axis=1) for one in _drawn(rows)])
    edges = np.concatenate([[0], np.cumsum(np.bincount(counts, minlength=2049))])
    free = edges[:-1].copy()
    prints = _array("fingerprints", rows, (rows, 32), "<u8")
    folds = _array("folds", rows, (rows, 4), "<u8")
    for block in _drawn(rows):
        sizes = np.bitwise_count(block).sum(axis=1)
        order = np.argsort(sizes, kind="stable")
        ordered = sizes[order]
        place = free[ordered] + np.arange(len(order)) - np.searchsorted(ordered, ordered)
        free += np.bincount(sizes, minlength=2049)
        prints[place] = block[order]
        folds[place] = folded(block[order])
    np.save(FOLDER / f"counts-{rows}.npy", np.sort(counts).astype(np.uint16))


def _drawn(rows: int) -> Any:
    stock, generator = np.asarray(real()), np.random.default_rng(0)
    for start in range(0, rows, BLOCK):
        size = min(BLOCK, rows - start)
        one, two = (stock[generator.integers(0, len(stock), size)] for _ in range(2))
        mask = generator.integers(0, 2**64, (size, 32), dtype=np.uint64)
        yield (one & mask) | (two & ~mask)


def _array(name: str, rows: int, shape: tuple[int, ...], kind: str) -> Any:
    return open_memmap(FOLDER / f"{name}-{rows}.npy", "w+", np.dtype(kind), shape)


def ours(rows: int) -> None:
    """Our search over memory-mapped files."""
    from nof1.medicines.library import similarity
    from nof1.medicines.library.index import Library, stamp_of

    prints, folds = (
        np.load(FOLDER / f"{name}-{rows}.npy", mmap_mode="r") for name in ("fingerprints", "folds")
    )
    counts = np.load(FOLDER / f"counts-{rows}.npy", mmap_mode="r")
    none: Any = np.zeros(1, np.int64)
    library = Library(
        FOLDER, {}, stamp_of(FOLDER), prints, folds, counts, np.arange(rows), none, none, none, None
    )
    asked = [similarity.Query("", "", (), one) for one in _queries()]
    similarity.above(library, asked[0], 0.9)  # compiled, and the folds are in the page cache
    similarity.most(library, asked[0], 1)
    print(f"ours, {rows:,} rows, {len(asked)} queries, one thread:")
    for least in (0.8, 0.7, 0.5, 0.4):
        _told(
            f"similarity {least} or more", asked, lambda q, t=least: similarity.above(library, q, t)
        )
    _told("the 10 most similar", asked, lambda q: similarity.most(library, q, 10))


def fpsim2(rows: int) -> None:
    """FPSim2's compiled search over rows in memory, with its own bounds."""
    from FPSim2 import __version__
    from FPSim2.FPSim2lib import GenericSearch

    some = min(rows, RACED)
    step = rows // some
    counts = np.asarray(np.load(FOLDER / f"counts-{rows}.npy", mmap_mode="r")[::step][:some])
    table = np.empty((some, 34), np.uint64)
    table[:, 0] = np.arange(some)
    table[:, 1:33] = np.load(FOLDER / f"fingerprints-{rows}.npy", mmap_mode="r")[::step][:some]
    table[:, 33] = counts
    asked = [
        np.concatenate([[0], q, [np.bitwise_count(q).sum()]]).astype(np.uint64) for q in _queries()
    ]

    def search(query: Any, least: float) -> Any:
        size = int(query[33])
        start = np.searchsorted(counts, np.ceil(least * size))
        stop = np.searchsorted(counts, np.floor(size / least), "right")
        return GenericSearch(query, table, least, 0, 0, int(start), int(stop))

    print(f"FPSim2 {__version__}, {some:,} rows in memory, one thread:")
    for least in (0.8, 0.7, 0.5, 0.4):
        _told(f"similarity {least} or more", asked, lambda q, t=least: search(q, t))


def _queries() -> list[Any]:
    stock = real()
    chosen = np.random.default_rng(1).integers(0, len(stock), QUERIES)
    return [np.asarray(stock[one]) for one in chosen]


def _told(name: str, asked: list[Any], search: Callable[[Any], Any]) -> None:
    walls, hits = [], 0
    before = time.process_time()
    for query in asked:
        start = time.perf_counter()
        hits += len(search(query))
        walls.append(time.perf_counter() - start)
    cpu = (time.process_time() - before) / len(asked)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {name:24} {1000 * cpu:7.1f} CPU ms  {1000 * np.mean(walls):7.1f} ms wall"
        f"  (worst {1000 * max(walls):.1f})  {hits:,} hits  {peak:,.0f} MB"
    )


if __name__ == "__main__":
    work, argument = sys.argv[1:3]
    WORK: dict[str, Callable[[Any], None]] = {"make": make, "ours": ours, "fpsim2": fpsim2}
    if work == "index":
        index(argument)
    else:
        WORK[work](int(argument))
