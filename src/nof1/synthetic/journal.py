"""A journal that the simulation writes into, many patients at a time, one table per kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Index = npt.NDArray[np.int64]


class Journal:
    """Rows by table; every row has ``patient`` (0-based) and the columns given with it."""

    def __init__(self) -> None:
        self._pieces: dict[str, list[pl.DataFrame]] = {}

    def add(self, table: str, patients: Index, **columns: Any) -> None:
        """Append one row per patient; a plain value in ``columns`` is repeated for all."""
        if len(patients) == 0:
            return
        whole = {"patient": patients} | {
            name: value if isinstance(value, np.ndarray) else [value] * len(patients)
            for name, value in columns.items()
        }
        self._pieces.setdefault(table, []).append(pl.DataFrame(whole))

    def frame(self, table: str, *order: str) -> pl.DataFrame:
        """One table, sorted by patient and ``order``; an unknown table has only ``patient``."""
        pieces = self._pieces.get(table)
        if pieces is None:
            return pl.DataFrame(schema={"patient": pl.Int64})
        return pl.concat(pieces, how="vertical_relaxed").sort("patient", *order)
