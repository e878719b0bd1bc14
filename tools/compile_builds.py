"""Compile the position table for GRCh37 from pypgx's tables of variants and genes.

    python tools/compile_builds.py PYPGX_DATA_FOLDER [--out FOLDER]

PYPGX_DATA_FOLDER holds ``variant-table.csv`` and ``gene-table.csv`` of pypgx 0.27.0 (MIT). Anchors
of a gene are its variants, which must all agree between the outermost positions of the definition,
otherwise the gene is left out; exon ends and neighbouring variants can only confirm.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

from nof1.knowledge.alleles import GeneDefinition, definition, genes
from nof1.knowledge.base import DATA

SOURCE = "pypgx-0.27.0"
REACH = 200_000  # bases beyond the outermost positions in which an anchor still confirms
# Bases that a position may lie beyond the outermost anchor. RYR1 rs193922744 lies 7 bases before
# the end of exon 1, which both builds share; a gap between them would break the reading frame.
EDGE = 10


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Anchor(NamedTuple):
    """The same place in both builds: ``new`` in GRCh38, ``old`` in GRCh37."""

    new: int
    old: int

    @property
    def shift(self) -> int:
        """Bases to add to the place in GRCh38."""
        return self.old - self.new


# rs12777823 lies 117,000 bases before CYP2C9, behind CYP2C19. dbSNP: chr10:94645745 in GRCh38,
# chr10:96405502 in GRCh37.
MORE_ANCHORS = {"CYP2C9": [Anchor(94645745, 96405502)]}


def variant_anchors(rows: list[dict[str, str]], **wanted: str) -> list[Anchor]:
    """Variants of a gene or chromosome."""
    own = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    places = [(row["GRCh38Position"], row["GRCh37Position"]) for row in own]
    return [Anchor(int(new), int(old)) for new, old in places if new.isdigit() and old.isdigit()]


def exon_anchors(rows: list[dict[str, str]], gene: str) -> list[Anchor]:
    """Starts (counted from 0) and ends of exons, where both builds have equally many."""
    (row,) = [row for row in rows if row["Gene"] == gene]
    found: list[Anchor] = []
    for name in ("ExonStarts", "ExonEnds"):
        new, old = (
            [int(number) for number in row[build + name].strip(",").split(",")]
            for build in ("GRCh38", "GRCh37")
        )
        if len(new) == len(old):
            found += map(Anchor, new, old)
    return found


def confirmed(
    own: list[Anchor], others: list[Anchor], places: list[int]
) -> tuple[int, int, int, int] | str:
    """Shift, first and last confirming anchor and their number; or why there is none.

    Parameters
    ----------
    own : variants of the gene, which must agree between the first and last of ``places``.
    others : exon ends (builds were annotated at different times) and variants of other genes of
        the chromosome: they confirm, but are not held against it.
    """
    first, last = min(places), max(places)
    within = [anchor for anchor in own if first <= anchor.new <= last]
    found = {anchor.shift for anchor in within}
    if len(found) != 1:
        return f"the variants give {len(found)} shifts"
    (shift,) = found
    against = [anchor.new for anchor in own if anchor.shift != shift]
    low = max((new for new in against if new < first), default=0)
    high = min((new for new in against if new > last), default=10**12)
    agreeing = {a.new for a in (*own, *others) if a.shift == shift and low < a.new < high}
    near = sorted(new for new in agreeing if first - REACH <= new <= last + REACH)
    if len(near) < 2:
        return "fewer than two anchors"
    if near[0] - EDGE > first or near[-1] + EDGE < last:
        return f"no anchor {'before the first' if near[0] > first else 'after the last'} position"
    return shift, min(near[0], first), max(near[-1], last), len(near)


def other_bases(rows: list[dict[str, str]], made: GeneDefinition) -> list[list[str]]:
    """Positions of a definition whose reference base is another one in GRCh37."""
    places = {position.position: position for position in made.all_positions}
    found = []
    for row in rows:
        new = int(row["GRCh38Position"]) if row["GRCh38Position"].isdigit() else 0
        position = places.get(new)
        same = row["GRCh37Allele"] == row["GRCh38Allele"]
        if row["Gene"] != made.gene or position is None or same:
            continue
        assert row["GRCh38Allele"] == position.alleles[0], row
        assert row["GRCh37Allele"] in position.alleles, row
        found.append([made.chromosome, str(new), row["rsID"], row["GRCh37Allele"], SOURCE])
    return found


def write(path: Path, rows: list[list[str]]) -> None:
    """Write a table with tabs."""
    lines = ["\t".join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def main(folder: Path, out: Path) -> None:
    """Write both tables and say what was left out."""
    variants, regions = table(folder / "variant-table.csv"), table(folder / "gene-table.csv")
    shifts = [["gene", "chromosome", "shift", "first", "last", "anchors", "source"]]
    bases = [["chromosome", "position", "rsid", "ref37", "source"]]
    for gene in genes():
        made = definition(gene)
        chromosome = made.chromosome.removeprefix("chr")
        own = variant_anchors(variants, Gene=gene) + MORE_ANCHORS.get(gene, [])
        others = exon_anchors(regions, gene) + variant_anchors(variants, Chromosome=chromosome)
        found = confirmed(own, others, [position.position for position in made.all_positions])
        if isinstance(found, str):
            print(f"{gene}: left out, {found}")
            continue
        print(f"{gene}: shift {found[0]}, {found[3]} anchors from {found[1]} to {found[2]}")
        shifts.append([gene, made.chromosome, *map(str, found), SOURCE])
        bases += other_bases(variants, made)
    write(out / "builds.tsv", shifts)
    write(out / "builds_bases.tsv", bases)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    main(arguments.folder, arguments.out)
