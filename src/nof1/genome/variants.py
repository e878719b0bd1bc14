"""One record of a genotype file, whatever the file is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass
class Record:
    """A line of a VCF (or a record of a BCF) that touches a wanted place.

    Attributes
    ----------
    chromosome : normalised: "chr10".
    position : of the first base of ``ref``, 1-based, in the build of the file.
    ref, alts : sequences in upper case; symbolic alleles ("<DEL>", "*") as written.
    filters : the FILTER column: "PASS", "." or the names of filters that failed.
    end : last base covered; beyond ``ref`` for gVCF blocks and symbolic structural variants.
    line : line of a VCF, number of the record in a BCF; both from 1.
    alleles : int8 (samples, 2): 0 is ``ref``, 1 the first of ``alts``, -1 missing, -2 there is no
        second copy (haploid call).
    phased : bool (samples,): the first column is one chromosome, the second the other.
    phase_set : int32 (samples,), the PS field, -1 where empty; None where the record has no PS.
    name : the ID column.
    failed : bool (samples,): the sample's own filter (FT) failed; None where there is no FT.
    """

    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    filters: str
    end: int
    line: int
    alleles: npt.NDArray[np.int8]
    phased: npt.NDArray[np.bool_]
    phase_set: npt.NDArray[np.int32] | None = None
    name: str = "."
    failed: npt.NDArray[np.bool_] | None = None
