"""100 polygenic scores of 2,504 people: ./dev bench polygenic.

The genotypes are the PGS Catalog calculator's synthetic set of 829 variants (BED, PGEN and VCF);
the scoring files are its chromosome 22 of PGS001229 (835 rows), a hundred times with other weights.
CPU seconds of one thread, the quickest of a few times. It runs where ../shared/data is.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.measured import ONE_THREAD, ROOT

os.environ.update(ONE_THREAD)  # polars reads it when it is imported

from nof1.genome.dosages import read_dosages
from nof1.genome.polygenic import score, wanted
from nof1.genome.scorefile import read_scorefiles
from nof1.genome.scorematch import match

DATA = ROOT.parent / "shared" / "data" / "genome" / "pgs-cineca"
SCORES = 100
TIMES = 7
BUDGET_S = 0.3
READING_BUDGET_S = 0.15
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result and the CPU seconds of the quickest of a few times."""
    quickest = float("inf")
    for _ in range(TIMES):
        start = time.process_time()
        result = work()
        quickest = min(quickest, time.process_time() - start)
    return result, quickest


def write_scores(folder: Path) -> list[Path]:
    """Scoring files with the same variants and random weights."""
    lines = (DATA / "PGS001229_22.txt").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line[0] != "#")
    weight = lines[start].split("\t").index("effect_weight")
    chance, paths = random.Random(1), []
    for number in range(SCORES):
        rows = [line.split("\t") for line in lines[start + 1 :]]
        for row in rows:
            row[weight] = f"{chance.gauss(0, 0.02):.6e}"
        text = lines[: start + 1] + ["\t".join(row) for row in rows]
        paths.append(folder / f"score{number}.txt")
        paths[-1].write_text("\n".join(text).replace("PGS001229", f"S{number}") + "\n")
    return paths


def main(arguments: list[str]) -> None:
    """Print the table."""
    if not DATA.is_dir():
        raise SystemExit("This needs ../shared/data/genome/pgs-cineca.")
    with tempfile.TemporaryDirectory() as folder:
        paths = write_scores(Path(folder))
        files, reading = timed(lambda: read_scorefiles(paths))
    print(f"{'CPU seconds':<44}{'':>8}{'budget':>8}")
    print(
        f"{f'read {SCORES} scoring files of 835 rows':<44}{reading:>8.3f}{READING_BUDGET_S:>8.2f}"
    )
    for suffix in ("bed", "pgen", "vcf.gz"):
        path = DATA / f"cineca_synthetic_subset.{suffix}"
        genotypes, spent = timed(lambda path=path: read_dosages(path, wanted(files)))  # type: ignore[misc]
        print(f"{f'read 829 variants x 2,504 people, {suffix}':<44}{spent:>8.3f}")
    _, matching = timed(lambda: match(files.rows, genotypes.variants))
    scores, whole = timed(lambda: score(files, genotypes))
    print(f"{f'match {SCORES} x 835 rows':<44}{matching:>8.3f}")
    print(f"{'product, missing genotypes, intervals':<44}{whole - matching:>8.3f}")
    print(f"{'score(): both together':<44}{whole:>8.3f}{BUDGET_S:>8.2f}")
    shape = f"{scores.sums.shape[0]} scores x {scores.sums.shape[1]:,} people"
    print(f"{shape}, {scores.matches[0].matched} of {scores.matches[0].total} rows matched")
