"""Wanted places of the genome, and one way to write the names of chromosomes."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_REFSEQ = re.compile(r"NC_0000(\d\d)\.\d+")
_PREFIX = re.compile(r"chr(?:om(?:osome)?)?[ _]?", re.IGNORECASE)
_LETTERS = re.compile(r"([1-9]|1\d|2[0-2]|[XYM])")
# PLINK's numbers (25 is the part that X and Y share, with the coordinates of X), Ensembl's "MT"
_OTHER = {
    "23": "X",
    "24": "Y",
    "25": "X",
    "26": "M",
    "MT": "M",
    "XY": "X",
    "PAR1": "X",
    "PAR2": "X",
}


@functools.lru_cache(maxsize=65_536)
def chromosome_name(written: str) -> str:
    """A chromosome in the words of GRCh38: "chr1" to "chr22", "chrX", "chrY", "chrM".

    Other contigs keep the name that the file gives them.

    >>> [chromosome_name(name) for name in ("10", "Chr07", "23", "MT", "NC_000010.11", "HLA-A")]
    ['chr10', 'chr7', 'chrX', 'chrM', 'chr10', 'HLA-A']
    """
    written = written.strip()
    if found := _REFSEQ.fullmatch(written):
        short = found[1]
    else:
        short = "M" if written.startswith("NC_012920.") else _PREFIX.sub("", written, count=1)
    short = short.upper().lstrip("0")
    short = _OTHER.get(short, short)
    return f"chr{short}" if _LETTERS.fullmatch(short) else written


class Places:
    """Positions that somebody wants to know, by chromosome.

    Parameters
    ----------
    wanted : 1-based positions by chromosome, in any spelling and order.
    """

    def __init__(self, wanted: Mapping[str, Iterable[int]]) -> None:
        merged: dict[str, list[int]] = {}
        for name, positions in wanted.items():
            merged.setdefault(chromosome_name(name), []).extend(positions)
        self._sorted: dict[str, Numbers] = {
            name: np.unique(np.array(positions, dtype=np.int64))
            for name, positions in merged.items()
        }
        self._lists = {name: each.tolist() for name, each in self._sorted.items()}

    @property
    def chromosomes(self) -> tuple[str, ...]:
        """Chromosomes with at least one wanted position."""
        return tuple(name for name, each in self._lists.items() if each)

    def positions(self, chromosome: str) -> Numbers:
        """The wanted positions of one chromosome, sorted; perhaps none."""
        return self._sorted.get(chromosome, np.empty(0, np.int64))

    def touched(self, chromosome: str, start: Numbers, end: Numbers) -> npt.NDArray[np.bool_]:
        """Which of the stretches ``start`` to ``end`` (both included) hold a wanted position."""
        wanted = self.positions(chromosome)
        if not len(wanted):
            return np.zeros(len(start), np.bool_)
        following = np.searchsorted(wanted, start)
        reached = wanted[np.minimum(following, len(wanted) - 1)]
        return np.asarray((following < len(wanted)) & (reached <= end))

    def touches(self, chromosome: str, start: int, end: int) -> bool:
        """Whether the stretch ``start`` to ``end`` (both included) holds a wanted position."""
        wanted = self._lists.get(chromosome, [])
        following = bisect_left(wanted, start)
        return following < len(wanted) and wanted[following] <= end
