"""Small sources that the record tests import."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from nof1.record.ingest import Ingested, ingest
from nof1.record.store import Record

NOW = datetime(2026, 1, 1)

MAPPING = """\
schema: nof1/mapping/1
tables:
  - file: labs.csv
    patient: pid
    record: id
    events:
      - {code: "lab//{name}", time: when, value: value, unit: {column: unit}}
"""
LABS = """\
id,pid,name,when,value,unit
1,a,glucose,2020-01-01,90,mg/dL
2,a,glucose,2020-01-02,95,mg/dL
3,b,sodium,2020-01-01 08:30:00,140,mmol/L
"""


def labs_folder(folder: Path, text: str = LABS, mapping: str = MAPPING) -> Path:
    """A folder with a table of laboratory values and its mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labs.csv").write_text(text, encoding="utf-8")
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    return folder


def imported(root: Path, *paths: Path | str, **settings: Any) -> Ingested:
    """Import with a fixed clock."""
    site = settings.pop("site", "s")
    return ingest(root, list(paths), site=site, settings={"shards": 4, **settings}, now=NOW)


def table(root: Path) -> pl.DataFrame:
    """All events of the record."""
    return Record(root).scan().collect()


def reasons(root: Path) -> list[tuple[str, int | None, str]]:
    """The quarantine as (file, row, reason)."""
    return Record(root).quarantine().select("file", "row", "reason").rows()
