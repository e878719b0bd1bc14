"""One name for each chromosome in columns of scoring files and of PLINK's files.

PLINK numbers what has no number: 25 (also XY) is the part that X and Y share, which has the
coordinates of X (PLINK 1.9 manual, "chromosome codes").
"""

from __future__ import annotations

import polars as pl

from nof1.genome.places import chromosome_name

_SHARED = dict.fromkeys(("25", "XY", "PAR1", "PAR2"), "X")


def chromosome_names(names: pl.Series) -> pl.Series:
    """``chromosome_name`` of a whole column; each distinct name is looked at once.

    >>> chromosome_names(pl.Series(["22", "chr7", "XY", "MT", "HSCHR6_MHC_APD"])).to_list()
    ['chr22', 'chr7', 'chrX', 'chrM', 'HSCHR6_MHC_APD']
    """
    known = {
        name: chromosome_name(_SHARED.get(name.strip().upper(), name.strip()))
        for name in names.unique().to_list()
        if name is not None
    }
    if not known:
        return names.cast(pl.String)
    return names.replace_strict(known, default=None, return_dtype=pl.String)
