"""The calls of one gene for many samples: what the matcher gets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt

MISSING, OTHER, ABSENT = -1, -2, -3


class Flag(IntFlag):
    """What a reader of a call should know."""

    HALF_CALL = 1  # one copy is known, the other not ("./1")
    HAPLOID = 2  # the file has one copy only ("1")
    FILTERED = 4  # the record, or the sample in it, did not pass a filter: missing
    OTHER_ALLELE = 8  # a sequence that the definition does not know
    REF_MISMATCH = 16  # REF is not the base that the build has here: missing
    DUPLICATE = 32  # several records contradict each other: missing
    BLOCK = 64  # known from a block of a gVCF
    SYMBOLIC = 128  # a deletion from further left ("*") or another symbolic allele: missing
    DOUBTED = 256  # what does not count (filtered, contradicted, wrong REF) is a change: missing


@dataclass(frozen=True, eq=False)
class GeneCalls:
    """The calls of one gene.

    Attributes
    ----------
    alleles : int8 (samples, positions, 2): index into ``alleles`` of the position; MISSING not
        known; OTHER a sequence that the definition does not know; ABSENT there is no second copy
        (haploid call). Positions are those of the definition, then its extra ones.
    phase : int16 (samples, positions): 0, the order of the two copies is not known; k > 0, phase
        set k of this sample and gene: within it column 0 is one chromosome, column 1 the other.
        Homozygous positions need no phase: it is left as the file has it.
    flags : uint16 (samples, positions): bits of ``Flag``.
    """

    gene: str
    alleles: npt.NDArray[np.int8]
    phase: npt.NDArray[np.int16]
    flags: npt.NDArray[np.uint16]
