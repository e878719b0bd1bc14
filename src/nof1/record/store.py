"""The record as others read it: one generation of the event table, fixed when it is opened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import UsageError, WorkspaceError
from nof1.record.events import empty
from nof1.record.generation import current

CODES = pl.Schema(
    {"code": pl.String(), "description": pl.String(), "parent_codes": pl.List(pl.String())}
)
ANCESTORS = pl.Schema({"ancestor": pl.String(), "code": pl.String()})
SUBJECTS = pl.Schema({"subject_id": pl.Int64(), "patient": pl.String(), "site": pl.String()})
QUARANTINE = pl.Schema(
    {"file": pl.String(), "row": pl.Int64(), "reason": pl.String(), "site": pl.String()}
)

ROW_GROUP = 65_536


def shard_name(number: int) -> str:
    """File name of a shard; it holds the subjects with ``subject_id % shards == number``."""
    return f"{number:04d}.parquet"


def write_meds(frame: pl.DataFrame, path: Path, texts: Sequence[str]) -> None:
    """Write parquet with the exact Arrow types that the MEDS schemas ask for.

    Parameters
    ----------
    texts : columns that must be Arrow ``string``; polars itself writes ``large_string``.
    """
    import pyarrow as pa
    from pyarrow import parquet

    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    exact = {**dict.fromkeys(texts, pa.string()), "parent_codes": pa.list_(pa.string())}
    fields = [pa.field(f.name, exact.get(f.name, f.type)) for f in table.schema]
    parquet.write_table(
        table.cast(pa.schema(fields)), path, compression="zstd", row_group_size=ROW_GROUP
    )


class Record:
    """Reads the generation in use when it was opened, also while an import runs.

    Parameters
    ----------
    path : the workspace's ``record`` folder.

    Raises
    ------
    WorkspaceError : nothing was imported yet, or the folder is damaged.
    """

    def __init__(self, path: Path | str) -> None:
        self.root = Path(path)
        folder = current(self.root)
        if folder is None:
            raise WorkspaceError(
                "The record is empty: nothing was imported yet.",
                where=str(self.root),
                next_step="Import records: nof1 ingest PATH",
            )
        self.path = folder

    def shards(self) -> list[Path]:
        """The parquet files, each sorted by subject and time (static facts first).

        Raises
        ------
        WorkspaceError : there are none.
        """
        found = sorted((self.path / "data").glob("*.parquet"))
        if not found:
            raise WorkspaceError("The record is damaged: no shards.", where=str(self.path))
        return found

    def scan(self) -> pl.LazyFrame:
        """All events (``nof1.record.events.SCHEMA``), sorted by subject and time per shard."""
        return pl.scan_parquet(self.shards())

    def codes(self) -> pl.DataFrame:
        """One row per code: code, description (may be null), parent_codes (may be null)."""
        return pl.read_parquet(self.path / "metadata" / "codes.parquet")

    def ancestors(self) -> pl.DataFrame:
        """Rows of ancestor and code; a code is its own ancestor where the source says so."""
        return pl.read_parquet(self.path / "metadata" / "ancestors.parquet")

    def subjects(self) -> pl.DataFrame:
        """Rows of subject_id, patient (the source's identifier) and site."""
        return pl.read_parquet(self.path / "subjects.parquet")

    def quarantine(self) -> pl.DataFrame:
        """Rows that were refused: file, row, reason, site. Never their values."""
        return pl.read_parquet(self.path / "quarantine.parquet")

    def imports(self) -> list[dict[str, Any]]:
        """What was imported, oldest first."""
        text = (self.path / "imports.json").read_text(encoding="utf-8")
        found: list[dict[str, Any]] = json.loads(text)
        return found

    def subject(self, patient: str, site: str | None = None) -> int:
        """The subject_id of a source's patient identifier.

        Raises
        ------
        UsageError : no such patient, or one at several sites and no site was named.
        """
        rows = self.subjects().filter(pl.col("patient") == patient)
        if site is not None:
            rows = rows.filter(pl.col("site") == site)
        if rows.is_empty():
            raise UsageError(
                "There is no patient with this identifier in the record.",
                where="patient" if site is None else f"patient, site {site}",
                next_step="Check the spelling: it is the identifier that the source gave.",
            )
        if rows.height > 1:
            raise UsageError(
                "Several sites have a patient with this identifier.",
                where="patient",
                allowed=rows["site"].sort().to_list(),
                next_step="Name the site too.",
            )
        return int(rows["subject_id"][0])

    def patient_events(self, subject_id: int) -> pl.DataFrame:
        """All events of one subject, sorted; an empty frame for an unknown subject."""
        shards = self.shards()
        path = self.path / "data" / shard_name(subject_id % len(shards))
        rows = pl.scan_parquet(path).filter(pl.col("subject_id") == subject_id).collect()
        return rows if rows.height else empty()
