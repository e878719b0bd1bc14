"""Importing: sources are read into a staged generation, which then replaces the record at once.

A killed or failed import leaves the record exactly as it was. Importing the same input again
gives the identical table; corrected records replace their old rows; withdrawn ones are deleted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import UsageError
from nof1.record import generation, lifestyle
from nof1.record.checks import row_problem, split
from nof1.record.events import DEATH
from nof1.record.importers import BY_RECORD, Batch, Quarantined, comes_last, importer
from nof1.record.merge import Merged, Plan, merged_shard, write_shard
from nof1.record.sources import check_settings, sources_at, unread
from nof1.record.spill import (
    SPILLED,
    Keys,
    Refusal,
    Spill,
    Subjects,
    record_keys,
    unique_codes,
)
from nof1.record.store import Record, shard_name, write_meds
from nof1.record.units import harmonised

DEFAULT_SHARDS = 8
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Ingested:
    """What one import did.

    Attributes
    ----------
    sources : pairs of importer and name of what it read.
    files : source files that gave rows.
    events, patients : in the record now.
    added, replaced, removed : events: new; in the place of an old one of the same source record;
        gone. The record has grown by ``added - removed``.
    superseded : events that a later occurrence of the same record replaced within this import.
    quarantined : the first 1,000 refusals; ``refusals`` sums up all of them by file and reason,
        ``quarantined_rows`` counts the rows, each once.
    excluded : reason -> rows that are no facts about the patient.
    notes : reason -> rows that were kept, but that a person should know about.
    generation : folder of the new generation.
    """

    sources: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    events: int
    patients: int
    added: int
    replaced: int
    removed: int
    superseded: int
    quarantined: tuple[Quarantined, ...]
    refusals: tuple[Refusal, ...]
    quarantined_rows: int
    excluded: Mapping[str, int]
    notes: Mapping[str, int]
    generation: Path


def ingest(
    record_root: Path,
    paths: Sequence[Path | str],
    *,
    site: str,
    settings: Mapping[str, Any],
    on_progress: Progress | None = None,
    now: datetime | None = None,
) -> Ingested:
    """Import files, folders or database addresses into the record.

    Parameters
    ----------
    record_root : the workspace's ``record`` folder.
    paths : what to import; the format is found from the content.
    site : where rows come from when the source does not say.
    settings : ``shards`` (only for a new record), ``format``, ``mapping``, ``encoding``,
        ``timezone`` (of clock times without an offset), ``limit_bytes``; importers may know more.
    on_progress : called with the source file and the number of events read so far.
    now : moment of the import, UTC without zone; default: the clock.

    Raises
    ------
    InputError : a source is not readable; nothing was changed.
    WorkspaceError : another import is running, the record is damaged, or it cannot be written.
    """
    if not paths:
        raise UsageError("Nothing to import.", allowed="one or more files, folders or addresses")
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    check_settings(settings)
    sources = [found for path in paths for found in sources_at(path, settings)]
    sources.sort(key=lambda pair: comes_last(pair[0]))
    with generation.locked(record_root):
        try:
            staging = generation.stage(record_root)
            run = _Import(record_root, staging, site, settings, moment, on_progress)
            run.notes.update(unread(paths))
            for name, source in sources:
                run.read(name, source, [path for other, path in sources if other != name])
            return run.finish()
        except OSError as error:
            raise generation.unwritable(error, record_root) from error
        finally:
            generation.discard(record_root)


@dataclass
class _Import:
    """One running import."""

    root: Path
    staging: Path
    site: str
    settings: Mapping[str, Any]
    now: datetime
    on_progress: Progress | None
    events_read: int = 0
    rows_read: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    whole_files: set[tuple[str, str]] = field(default_factory=set)
    sources: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = Record(self.root) if generation.current(self.root) else None
        self.shards = self._shard_count()
        work = self.staging / "work"
        work.mkdir()
        self.spill = Spill(work, self.shards)
        self.keys = Keys(work)
        self.subjects = Subjects()

    def _shard_count(self) -> int:
        wanted = self.settings.get("shards")
        if self.before is None:
            return int(wanted or DEFAULT_SHARDS)
        have = len(self.before.shards())
        if wanted is not None and int(wanted) != have:
            raise UsageError(
                f"The record has {have} shards; this cannot be changed by an import.",
                where="setting shards",
                allowed=str(have),
                next_step="Import into a new workspace with the number you want.",
            )
        return have

    # reading ----------------------------------------------------------------------------------

    def read(self, name: str, source: Path | str, elsewhere: Sequence[Path | str] = ()) -> None:
        """Read one source to its end; ``elsewhere`` is what other importers read."""
        label = source.name if isinstance(source, Path) else "database"
        self.sources.append((name, label))
        settings = {**self.settings, "site": self.site, "record": self.before}
        settings["elsewhere"] = [path for path in elsewhere if isinstance(path, Path)]
        if comes_last(name):
            settings |= {"residences": self._residences, "deaths": self._deaths}
            settings |= {"sexes": self._sexes}
        for batch in importer(name).read(source, settings):  # type: ignore[arg-type]
            self._take(name, batch, len(self.sources) - 1)

    def _take(self, name: str, batch: Batch, source: int) -> None:
        self.excluded.update(batch.excluded)
        self.notes.update(batch.notes)
        self.spill.describe(batch.codes, batch.ancestors)
        self.spill.refuse(batch.quarantined, self.site)
        self._remember_files(name, batch, source)
        if batch.retracted:
            gone = pl.Series(batch.retracted, dtype=pl.String)
            self.keys.withdraw(record_keys(self.site, gone))
        if batch.events.height:
            self._keep(batch.events)

    def _remember_files(self, name: str, batch: Batch, source: int) -> None:
        pairs = {(self.site, item.file) for item in batch.quarantined}
        pairs |= {(self.site, file) for file in batch.files}
        if batch.events.height:
            rows = self._with_site(batch.events).select("site", "source_file").unique()
            pairs |= set(rows.iter_rows())
        for pair in pairs:
            if name not in BY_RECORD and self.seen.setdefault(pair, str(source)) != str(source):
                raise UsageError(
                    "Two of the inputs hold a file of the same name, for the same site.",
                    where=pair[1],
                    next_step="Import them with different sites, or as one folder.",
                )
            self.seen.setdefault(pair, str(source))
            if name not in BY_RECORD:
                self.whole_files.add(pair)

    def _with_site(self, rows: pl.DataFrame) -> pl.DataFrame:
        if "site" not in rows.columns:
            return rows.with_columns(pl.lit(self.site).alias("site"))
        return rows.with_columns(pl.col("site").fill_null(self.site))

    def _keep(self, raw: pl.DataFrame) -> None:
        """Key, check, harmonise and spill the rows of one batch."""
        ours = "record_key" in raw.columns
        raw = raw if ours else pl.concat([raw, lifestyle.normalised(raw)])
        rows = self._keyed(self._with_site(raw))
        self.keys.add(rows.select("record_key", "order").unique())
        rows, refused = split(rows, row_problem(self.now))
        rows = rows if ours else harmonised(rows)
        rows, late = split(rows, row_problem(self.now))  # a conversion may exceed the range
        self.spill.refuse([*refused, *late], self.site)
        people = self.subjects.ids(rows.select("site", "patient").unique(maintain_order=True))
        rows = rows.join(people, on=["site", "patient"], how="left", maintain_order="left")
        self.spill.add(rows.select(list(SPILLED)).cast(SPILLED))
        self.events_read += rows.height
        if self.on_progress is not None and raw.height:
            self.on_progress(str(raw["source_file"][-1]), self.events_read)

    def _keyed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with ``record_key`` and ``order`` (which occurrence of a record came later)."""
        place = pl.col("index").cast(pl.Int64).first().over("source_file", "source_row")
        rows = rows.with_row_index("index").with_columns(order=place + self.rows_read)
        self.rows_read += rows.height
        if "record_key" in rows.columns:
            return rows
        place = pl.format("{}#{}", pl.col("source_file"), pl.col("source_row"))
        rows = rows.with_columns(pl.col("record").fill_null(place).fill_null("?"))
        names = rows.select("site", "record").unique(maintain_order=True)
        parts = names.partition_by("site", maintain_order=True)
        keyed = pl.concat(p.with_columns(record_keys(p["site"][0], p["record"])) for p in parts)
        return rows.join(keyed, on=["site", "record"], how="left", maintain_order="left")

    def _residences(self) -> pl.DataFrame:
        """Rows of patient, region, since: where patients live, from the events so far."""
        place = pl.col("code").str.strip_prefix("REGION//").alias("region")
        rows = self._events_of(pl.col("code").str.starts_with("REGION//"))
        return rows.select("patient", place, pl.col("time").alias("since"))

    def _deaths(self) -> pl.DataFrame:
        """Rows of patient, died; each patient once."""
        rows = self._events_of(pl.col("code") == DEATH)
        return rows.group_by("patient").agg(pl.col("time").min().alias("died"))

    def _sexes(self) -> pl.DataFrame:
        """Rows of patient, code: ``GENDER//...``, from the events so far; some have several."""
        return self._events_of(pl.col("code").str.starts_with("GENDER//")).select("patient", "code")

    def _events_of(self, kind: pl.Expr) -> pl.DataFrame:
        """Rows of patient, code, time of this site: in the record, and read so far."""
        self.spill.flush()
        wanted = kind & (pl.col("site") == self.site)
        columns = ["subject_id", "code", "time"]
        found = [self.spill.rows(n).filter(wanted).select(columns) for n in range(self.shards)]
        people = [self.subjects.frame()]
        if self.before is not None:
            found.append(self.before.scan().filter(wanted).select(columns).collect())
            people.append(self.before.subjects())
        names = pl.concat(people).unique("subject_id").select("subject_id", "patient")
        return pl.concat(found).unique().join(names, on="subject_id")

    # writing ----------------------------------------------------------------------------------

    def finish(self) -> Ingested:
        """Merge all shards into a new generation and put it in place."""
        self.spill.flush()
        plan = self._plan()
        built = self.staging / "generation"
        (built / "data").mkdir(parents=True)
        (built / "metadata").mkdir()
        total: Counter[str] = Counter()
        present: list[pl.DataFrame] = []
        for shard in range(self.shards):
            merged = self._merge(shard, plan, built)
            total.update(added=merged.added, replaced=merged.replaced)
            total.update(removed=merged.removed, superseded=merged.superseded)
            rows = pl.scan_parquet(built / "data" / shard_name(shard))
            present.append(rows.group_by("subject_id", "code").len("events").collect())
        counts = pl.concat(present)
        self._write_tables(built, counts)
        events, patients = int(counts["events"].sum()), counts["subject_id"].n_unique()
        self._write_notes(built, events, total)
        target = generation.publish(self.root, built)
        return Ingested(
            sources=tuple(self.sources),
            files=tuple(sorted({file for _, file in self.seen})),
            events=events,
            patients=patients,
            quarantined=tuple(self.spill.first_quarantined),
            refusals=tuple(self.spill.refusals()),
            quarantined_rows=self.spill.refused_rows(),
            excluded=_some(self.excluded),
            notes=_some(self.notes),
            generation=target,
            added=total["added"],
            replaced=total["replaced"],
            removed=total["removed"],
            superseded=total["superseded"],
        )

    def _plan(self) -> Plan:
        touched, last = self.keys.finish()
        pairs = sorted(self.whole_files)
        schema = {"site": pl.String, "source_file": pl.String}
        return Plan(touched, last, pl.DataFrame(pairs, schema=schema, orient="row"))

    def _merge(self, shard: int, plan: Plan, built: Path) -> Merged:
        old = self.before.path / "data" / shard_name(shard) if self.before else None
        merged = merged_shard(old, self.spill.rows(shard), plan)
        target = built / "data" / shard_name(shard)
        if merged.rows is None and old is not None:
            generation.link_or_copy(old, target)
        elif merged.rows is not None:
            write_shard(merged.rows, target)
        self.spill.refuse(merged.quarantined, self.site)
        return merged

    def _write_tables(self, built: Path, counts: pl.DataFrame) -> None:
        """Subjects, codes, ancestors and quarantine: what was there before, renewed."""
        before = self.before
        subjects = [before.subjects()] if before else []
        people = pl.concat([self.subjects.frame(), *subjects]).unique("subject_id")
        people = people.join(counts.select("subject_id").unique(), on="subject_id", how="semi")
        people.sort("subject_id").write_parquet(built / "subjects.parquet")
        used = counts.select("code").unique()
        codes = unique_codes([*([before.codes()] if before else []), self.spill.codes(), used])
        target = built / "metadata" / "codes.parquet"
        write_meds(codes.sort("code"), target, texts=("code", "description"))
        ancestors = pl.concat([self.spill.ancestors(), *([before.ancestors()] if before else [])])
        ancestors = ancestors.unique().sort("ancestor", "code")
        ancestors.write_parquet(built / "metadata" / "ancestors.parquet")
        self.spill.flush()
        refused = self.spill.quarantine()
        if before is not None:
            read = pl.DataFrame(sorted(self.seen), schema=["site", "file"], orient="row")
            read = read.cast({"site": pl.String, "file": pl.String})
            kept = before.quarantine().join(read, on=["site", "file"], how="anti")
            refused = pl.concat([kept, refused]).unique()
        refused.sort("site", "file", "row", "reason").write_parquet(built / "quarantine.parquet")

    def _write_notes(self, built: Path, events: int, total: Mapping[str, int]) -> None:
        entry = {
            "imported_at": self.now.isoformat(timespec="seconds"),
            "site": self.site,
            "sources": [{"importer": name, "name": label} for name, label in self.sources],
            "files": sorted({file for _, file in self.seen}),
            "events_read": self.events_read,
            "quarantined": self.spill.refused_rows(),
            "excluded": dict(sorted(self.excluded.items())),
            "notes": dict(sorted(self.notes.items())),
            **total,
        }
        history = [*(self.before.imports() if self.before else []), entry]
        (built / "imports.json").write_text(json.dumps(history, indent=1), encoding="utf-8")
        dataset = {
            "dataset_name": "nof1 record",
            "etl_name": "nof1",
            "etl_version": version("nof1"),
            "meds_version": "0.4.1",
            "created_at": self.now.isoformat(timespec="seconds"),
            "raw_source_id_columns": ["record_key", "source_file", "source_row"],
            "code_modifier_columns": ["unit"],
            "site_id_columns": ["site"],
            "other_extension_columns": ["recorded"],
        }
        text = json.dumps(dataset, indent=1)
        (built / "metadata" / "dataset.json").write_text(text, encoding="utf-8")


def _some(counts: Counter[str]) -> dict[str, int]:
    """Counts that are not zero, by name."""
    return {name: count for name, count in sorted(counts.items()) if count}
