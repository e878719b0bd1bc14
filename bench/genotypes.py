"""Reading genotypes at all positions of the star alleles: ./dev bench genotypes [SAMPLES].

A phased, bgzipped VCF of many people is written (to ``.bench``, once a size); then it is read in a
program of its own, which does nothing else. A second file of one person with many lines that nobody
wants shows what passing over a line costs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.measured import SCRATCH, Cost, measured
from nof1.genome.genotypes import read_calls
from nof1.genome.header import LENGTHS
from nof1.knowledge.alleles import definition, genes
from nof1.synthetic.vcf import write_bgzf

SAMPLES = 10_000
LINES = 5_000_000
RARE = 0.05  # share of alternative alleles
BUDGET_S, BUDGET_MB = 600, 1024


def head(samples: list[str]) -> bytes:
    """The header of a GRCh38 file."""
    contigs = [f"##contig=<ID={name},length={size}>" for name, size in LENGTHS["GRCh38"].items()]
    names = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    lines = ["##fileformat=VCFv4.2", *contigs, "\t".join([*names, *samples])]
    return ("\n".join(lines) + "\n").encode()


def many_people(count: int) -> Iterator[bytes]:
    """All positions of all genes for many people."""
    random = np.random.default_rng(1)
    yield head([f"s{number}" for number in range(count)])
    places = [place for gene in genes() for place in definition(gene).all_positions]
    for place in sorted(places, key=lambda each: (each.chromosome, each.position)):
        ref, *alts = place.alleles
        fixed = [place.chromosome, str(place.position), ".", ref, ",".join(alts), ".", "PASS", "."]
        cells = np.tile(np.frombuffer(b"0|0\t", np.uint8), (count, 1))
        drawn = random.random((count, 2)) < RARE
        cells[:, [0, 2]] += drawn * random.integers(1, len(alts) + 1, (count, 2), np.uint8)
        yield ("\t".join([*fixed, "GT"]) + "\t").encode() + cells.tobytes()[:-1] + b"\n"


def many_lines(count: int) -> Iterator[bytes]:
    """One person's genome: lines over the whole of it, 12 fields of INFO, GT:AD:DP:GQ:PL."""
    yield head(["s1"])
    rest = b"\t.\tA\tG\t50.0\tPASS\tAC=1;AF=0.500;AN=2;DP=31;MQ=60.00;QD=16.1\tGT:AD:DP:GQ:PL"
    tail = rest + b"\t0/1:15,16:31:99:450,0,420\n"
    total = sum(LENGTHS["GRCh38"].values())
    for name, size in LENGTHS["GRCh38"].items():
        start = name.encode() + b"\t"
        for first in range(1, size, 10**8):
            last = min(first + 10**8, size)
            places = range(first, last, total // count)
            yield b"".join(start + b"%d" % place + tail for place in places)


def made(name: str, pieces: Iterator[bytes]) -> Path:
    """A file in the scratch folder, written once."""
    SCRATCH.mkdir(exist_ok=True)
    path = SCRATCH / name
    if not path.exists():
        unfinished = path.with_suffix(".part")
        write_bgzf(unfinished, pieces)
        unfinished.rename(path)
    return path


def read(path: Path) -> None:
    """What is measured: read everything, keep nothing."""
    calls = read_calls(path)
    known = sum(int((gene.alleles >= 0).sum()) for gene in calls)
    print(f"{len(calls.samples)} samples, {known} known alleles")


def report(name: str, path: Path, cost: Cost) -> None:
    """One row of the table."""
    size = path.stat().st_size / 2**20
    figures = f"{size:>8.0f} MiB{cost.cpu_s:>9.1f} CPU-s{cost.peak_mb:>7.0f} MB"
    print(f"{name:<34}{figures}  {cost.output.strip()}")


def main(arguments: list[str]) -> None:
    """Print the table; ``--read FILE`` is the program that is measured."""
    if arguments[:1] == ["--read"]:
        read(Path(arguments[1]))
        return
    count = int(arguments[0]) if arguments else SAMPLES
    path = made(f"people-{count}.vcf.gz", many_people(count))
    own = [sys.executable, "-m", "bench.genotypes", "--read"]
    report(f"{count} samples, all positions", path, measured([*own, path]))
    path = made(f"lines-{LINES}.vcf.gz", many_lines(LINES))
    report(f"1 sample, {LINES} lines", path, measured([*own, path]))
    print(f"budget: {BUDGET_S} s and {BUDGET_MB} MB for 100,000 samples with calling")


if __name__ == "__main__":
    main(sys.argv[1:])
