"""What an import has read so far, parted by shard on disk, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from nof1.core.errors import WorkspaceError
from nof1.record.events import SCHEMA, stable_key
from nof1.record.importers import Quarantined
from nof1.record.store import ANCESTORS, CODES, QUARANTINE, SUBJECTS

FLUSH_ROWS = 500_000
ROWS_NAMED = 10
SPILLED = pl.Schema({**SCHEMA, "order": pl.Int64()})
_WITHDRAWN = np.iinfo(np.int64).max


class Refusal(NamedTuple):
    """Rows of one file that were refused for one reason: how many, and the first of them."""

    file: str
    reason: str
    rows: int
    first: tuple[int, ...]


class Keys:
    """Record keys of one import, with the order of their occurrences; on disk until merged."""

    def __init__(self, folder: Path) -> None:
        self._pairs = folder / "keys.i64"
        self._pairs.touch()
        self._withdrawn: list[int] = []

    def add(self, pairs: pl.DataFrame) -> None:
        """Remember rows of record_key and order (each pair once)."""
        with open(self._pairs, "ab") as handle:
            pairs.select("record_key", "order").to_numpy().astype(np.int64).tofile(handle)

    def withdraw(self, keys: Iterable[int]) -> None:
        """Remember records that the source has withdrawn: they are gone, whatever else is read."""
        self._withdrawn.extend(keys)

    def finish(self) -> tuple[np.ndarray, pl.DataFrame]:
        """Sort out what counts.

        Returns
        -------
        touched : sorted unique keys of all records read or withdrawn.
        last : frame of record_key and the order of its last occurrence, only for records that
            occur more than once or are withdrawn.
        """
        pairs = np.memmap(self._pairs, np.int64, "r") if self._pairs.stat().st_size else None
        keys = np.empty(0, np.int64) if pairs is None else np.sort(pairs[0::2])
        withdrawn = np.unique(np.array(self._withdrawn, dtype=np.int64))
        twice = np.unique(keys[1:][keys[1:] == keys[:-1]])
        last = {int(key): -1 for key in twice}
        if pairs is not None and len(twice):
            again = np.flatnonzero(member(pairs[0::2], twice))
            for key, order in zip(pairs[0::2][again], pairs[1::2][again], strict=True):
                last[int(key)] = max(last[int(key)], int(order))
        last.update({int(key): int(_WITHDRAWN) for key in withdrawn})
        frame = pl.DataFrame(
            {"record_key": list(last), "last": list(last.values())},
            schema={"record_key": pl.Int64, "last": pl.Int64},
        )
        if len(twice) or len(withdrawn):
            keys = np.unique(np.concatenate([keys, withdrawn]))
        return keys, frame


def member(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Which ``values`` occur in the sorted array ``among``; booleans of the same length."""
    if not len(among):
        return np.zeros(len(values), dtype=bool)
    place = np.searchsorted(among, values)
    place[place == len(among)] = 0
    found: np.ndarray = among[place] == values
    return found


class Subjects:
    """The patients of one import and their subject ids."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}

    def ids(self, people: pl.DataFrame) -> pl.DataFrame:
        """The frame (site, patient; unique rows) with subject_id added."""
        pairs = list(people.select("site", "patient").iter_rows())
        for pair in pairs:
            if pair not in self._ids:
                self._ids[pair] = stable_key(*pair)
        found = [self._ids[pair] for pair in pairs]
        return people.with_columns(pl.Series("subject_id", found, dtype=pl.Int64))

    def frame(self) -> pl.DataFrame:
        """Rows of subject_id, patient and site.

        Raises
        ------
        WorkspaceError : two patients share one key (expected once in 10^9 hospitals).
        """
        rows = [(key, patient, site) for (site, patient), key in self._ids.items()]
        frame = pl.DataFrame(rows, schema=SUBJECTS, orient="row")
        if frame["subject_id"].is_duplicated().any():
            raise WorkspaceError("Two patients share one subject id.", where="subjects")
        return frame


def record_keys(site: str, records: pl.Series) -> pl.Series:
    """``stable_key(site, record)`` for many records of one site."""
    prefix = blake2b(f"{site}\x1f".encode(), digest_size=8)
    keys = []
    for record in records:
        state = prefix.copy()
        state.update(record.encode())
        keys.append(int.from_bytes(state.digest(), "big") >> 1)
    return pl.Series("record_key", keys, dtype=pl.Int64)


class Spill:
    """Event rows, quarantine entries and code tables of one import, in the folder ``folder``."""

    def __init__(self, folder: Path, shards: int) -> None:
        self.folder, self.shards = folder, shards
        for number in range(shards):
            (folder / str(number)).mkdir()
        (folder / "quarantine").mkdir()
        self.first_quarantined: list[Quarantined] = []
        self._codes: list[pl.DataFrame] = []
        self._ancestors: list[pl.DataFrame] = []
        self._waiting: list[pl.DataFrame] = []
        self._refused: list[tuple[str, int | None, str, str]] = []
        self._parts = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Rows of ``SPILLED``."""
        self._waiting.append(rows)
        if sum(frame.height for frame in self._waiting) >= FLUSH_ROWS:
            self.flush()

    def refuse(self, rows: Iterable[Quarantined], site: str) -> None:
        """Quarantine entries."""
        rows = list(rows)
        self.first_quarantined += rows[: max(0, 1000 - len(self.first_quarantined))]
        self._refused += [(row.file, row.row, row.reason, site) for row in rows]
        if len(self._refused) >= FLUSH_ROWS:
            self.flush()

    def describe(self, codes: pl.DataFrame | None, ancestors: pl.DataFrame | None) -> None:
        """Code descriptions and ancestors that the source gave."""
        if codes is not None:
            self._codes = [unique_codes([*self._codes, codes])]
        if ancestors is not None:
            known = [*self._ancestors, ancestors.select(list(ANCESTORS)).cast(ANCESTORS)]
            self._ancestors = [pl.concat(known).unique()]

    def flush(self) -> None:
        """Write to disk what waits in memory."""
        self._parts += 1
        if self._waiting:
            rows = pl.concat(self._waiting).with_columns(
                (pl.col("subject_id") % self.shards).alias("shard")
            )
            self._waiting = []
            for (shard,), part in rows.partition_by("shard", as_dict=True).items():
                target = self.folder / str(shard) / f"{self._parts:06d}.arrow"
                part.drop("shard").write_ipc(target, compression="lz4")
        if self._refused:
            frame = pl.DataFrame(self._refused, schema=QUARANTINE, orient="row")
            frame.write_parquet(self.folder / "quarantine" / f"{self._parts:06d}.parquet")
            self._refused = []

    def rows(self, shard: int) -> pl.DataFrame:
        """All rows of one shard, in the order they came."""
        paths = sorted((self.folder / str(shard)).glob("*.arrow"))
        if not paths:
            return pl.DataFrame(schema=SPILLED)
        return pl.concat([pl.read_ipc(path) for path in paths])

    def quarantine(self) -> pl.DataFrame:
        """All quarantine entries: file, row, reason, site."""
        paths = sorted((self.folder / "quarantine").glob("*.parquet"))
        frames = [pl.read_parquet(path) for path in paths]
        return pl.concat([pl.DataFrame(schema=QUARANTINE), *frames])

    def refusals(self) -> list[Refusal]:
        """The quarantine by file and reason, the most frequent first."""
        named = pl.col("row").drop_nulls().unique().sort().head(ROWS_NAMED).alias("first")
        groups = self.quarantine().group_by("file", "reason").agg(_rows_in("file"), named)
        ordered = groups.sort("rows", "file", "reason", descending=[True, False, False])
        rows = ordered.select("file", "reason", "rows", "first").iter_rows()
        return [Refusal(file, reason, n, tuple(first)) for file, reason, n, first in rows]

    def refused_rows(self) -> int:
        """How many rows are in quarantine, each counted once whatever is wrong with it."""
        return int(self.quarantine().select(_rows_in("file", "site")).item())

    def codes(self) -> pl.DataFrame:
        """Code descriptions, one row per code."""
        return unique_codes(self._codes)

    def ancestors(self) -> pl.DataFrame:
        """Unique rows of ancestor and code."""
        return pl.concat([pl.DataFrame(schema=ANCESTORS), *self._ancestors])


def _rows_in(*names: str) -> pl.Expr:
    """Number of different rows; a refusal of a whole file counts as one."""
    return pl.struct(*names, "row").n_unique().alias("rows")


def unique_codes(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One row per code: the last description and the last parents that are known."""
    whole = [pl.DataFrame(schema=CODES)]
    for frame in frames:
        absent = [name for name in CODES if name not in frame.columns]
        full = frame.with_columns(pl.lit(None, CODES[name]).alias(name) for name in absent)
        whole.append(full.select(list(CODES)).cast(CODES))
    return (
        pl.concat(whole)
        .group_by("code", maintain_order=True)
        .agg(pl.col("description", "parent_codes").drop_nulls().last())
    )
