"""OMOP concept ids to codes of the record: ``SNOMED//38341003``, ``OMOP//<id>`` when unknown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from nof1.core.errors import InputError
from nof1.record.importers import Batch
from nof1.record.importers.omop_sources import Source
from nof1.record.scalars import identifiers

COLUMNS = ("concept_id", "vocabulary_id", "concept_code", "concept_name")
ANCESTOR_COLUMNS = (
    "ancestor_concept_id",
    "descendant_concept_id",
    "min_levels_of_separation",
)


class Concepts:
    """The concept table; it also remembers which concepts the data used.

    Attributes
    ----------
    present : does the source have a concept table at all?
    """

    def __init__(self, source: Source) -> None:
        self.present = "concept" in source.tables
        self._source = source
        self._used: set[int] = set()
        if self.present:
            missing = [name for name in COLUMNS if name not in source.tables["concept"]]
            if missing:
                raise InputError(f"The table concept lacks {', '.join(missing)}.", where="concept")
        table = self._loaded() if self.present else pl.DataFrame()
        self._ids = table["id"].to_numpy() if self.present else np.empty(0, np.int64)
        self._table = table

    def _loaded(self) -> pl.DataFrame:
        parts = []
        for chunk in self._source.read("concept", COLUMNS):
            frame = chunk.frame
            parts.append(
                frame.select(
                    identifiers(frame["concept_id"]).alias("id"),
                    pl.format("{}//{}", "vocabulary_id", "concept_code").alias("code"),
                    pl.col("concept_code").cast(pl.String).alias("bare"),
                    pl.col("concept_name").cast(pl.String).alias("name"),
                ).filter(pl.col("id").is_not_null() & pl.col("code").is_not_null())
            )
        schema = {"id": pl.Int64, "code": pl.String, "bare": pl.String, "name": pl.String}
        return pl.concat([pl.DataFrame(schema=schema), *parts]).unique("id", keep="last").sort("id")

    def look_up(self, column: pl.Series, *, remember: bool = True) -> pl.DataFrame:
        """What concept ids mean.

        Parameters
        ----------
        column : concept ids as the source writes them; 0 and null mean "no concept".
        remember : count them among the concepts the data used.

        Returns
        -------
        Frame of id (null for "no concept"), code (``OMOP//<id>`` for an unknown id), bare (the
        code without its vocabulary; the id for an unknown one), name, and known (boolean).
        """
        ids = identifiers(column)
        ids = ids.set(ids == 0, None)
        filled = ids.fill_null(0).to_numpy()
        if remember:
            self._used.update(np.unique(filled).tolist())
        place = np.searchsorted(self._ids, filled)
        place[place == len(self._ids)] = 0
        known = self._ids[place] == filled if len(self._ids) else np.zeros(len(filled), bool)
        known &= filled != 0
        return self._described(ids, place, pl.Series(known))

    def _described(self, ids: pl.Series, place: np.ndarray, known: pl.Series) -> pl.DataFrame:
        if self.present and len(self._ids):
            found = self._table[place].select("code", "bare", "name")
        else:
            found = pl.DataFrame(schema={"code": pl.String, "bare": pl.String, "name": pl.String})
            found = found.clear(len(ids))
        text = ids.cast(pl.String)
        return found.select(
            ids.alias("id"),
            pl.when(known).then("code").otherwise("OMOP//" + text).alias("code"),
            pl.when(known).then("bare").otherwise(text).alias("bare"),
            pl.when(known).then("name").alias("name"),
            known.alias("known"),
        )

    def descriptions(self) -> Iterator[Batch]:
        """The ancestors of the concepts the data used, and what all of these are called."""
        parents: dict[int, list[int]] = {}
        described = set(self._used) - {0}
        for pairs in self._ancestor_pairs():
            described.update(pairs["ancestor"].to_list())
            direct = pairs.filter(pl.col("levels") == 1)
            for ancestor, code in direct.select("ancestor", "code").iter_rows():
                parents.setdefault(code, []).append(ancestor)
            frame = pl.DataFrame(
                {
                    "ancestor": self._codes(pairs["ancestor"]),
                    "code": self._codes(pairs["code"]),
                }
            )
            yield _described_only(ancestors=frame)
        ids = pl.Series(sorted(described), dtype=pl.Int64)
        found = self.look_up(ids, remember=False)
        names = [self._codes(pl.Series(sorted(parents.get(i, [])), dtype=pl.Int64)) for i in ids]
        codes = found.select("code", pl.col("name").alias("description")).with_columns(
            parent_codes=pl.Series([n.to_list() or None for n in names], dtype=pl.List(pl.String))
        )
        yield _described_only(codes=codes)

    def _ancestor_pairs(self) -> Iterator[pl.DataFrame]:
        """Rows of ancestor, code (both concept ids) and levels, of used concepts only."""
        if "concept_ancestor" not in self._source.tables:
            return
        used = pl.Series(sorted(self._used), dtype=pl.Int64)
        for chunk in self._source.read("concept_ancestor", ANCESTOR_COLUMNS):
            frame = chunk.frame
            pairs = pl.DataFrame(
                {
                    "ancestor": identifiers(frame["ancestor_concept_id"]),
                    "code": identifiers(frame["descendant_concept_id"]),
                    "levels": identifiers(frame["min_levels_of_separation"]),
                }
            ).filter(pl.col("ancestor").is_not_null() & pl.col("code").is_in(used.implode()))
            if pairs.height:
                yield pairs

    def _codes(self, ids: pl.Series) -> pl.Series:
        return self.look_up(ids, remember=False)["code"]


def _described_only(
    codes: pl.DataFrame | None = None, ancestors: pl.DataFrame | None = None
) -> Batch:
    from nof1.record.events import RAW_SCHEMA

    return Batch(events=pl.DataFrame(schema=RAW_SCHEMA), codes=codes, ancestors=ancestors)
