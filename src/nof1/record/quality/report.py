"""The quality report: one pass over the record, every check, and what a page needs to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from nof1.record.quality import completeness, conformance, plausibility
from nof1.record.quality.problem import (
    SMALL,
    Problem,
    Severity,
    gathered,
    month_text,
    ranked,
    shown,
)
from nof1.record.quality.tally import LAG_NAMES, Tally, tally
from nof1.record.store import Record

SCHEMA = "nof1/quality/1"
TOP_CODES = 40

CHECKS: tuple[Callable[[Tally], list[Problem]], ...] = (
    plausibility.impossible_values,
    plausibility.impossible_times,
    plausibility.impossible_people,
    plausibility.duplicates,
    completeness.missing_people,
    completeness.missing_values,
    completeness.late_arrivals,
    completeness.sudden_changes,
    conformance.unit_mixtures,
    conformance.hidden_mixtures,
    conformance.unknown_units,
    conformance.own_codes,
    conformance.site_differences,
)
"""Every check is a function from the tally to its problems; all pass one shared test."""


@dataclass(frozen=True)
class QualityReport:
    """What was counted, and what is wrong with it.

    Attributes
    ----------
    as_of : the day of the check, UTC without zone; later events lie in the future.
    tally : the counts themselves. Not masked: for programs on this machine only.
    problems : the worst first.
    quarantined : file, reason and number of rows the import refused.
    descriptions : code -> what it means, where the record knows it.
    synthetic : whether the record says that its patients are made up.
    """

    as_of: datetime
    tally: Tally
    problems: tuple[Problem, ...]
    quarantined: tuple[dict[str, Any], ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)
    synthetic: bool = False

    def totals(self) -> dict[str, int]:
        """Events, patients, codes and sites, as counted."""
        facts = self.tally.facts
        return {
            "events": int(facts["events"].sum()),
            "patients": int(self.tally.people["patients"].sum()),
            "codes": facts["code"].n_unique(),
            "sites": facts["site"].n_unique(),
        }

    def counts(self) -> dict[str, int]:
        """How many problems there are of each severity."""
        return {str(s): sum(p.severity is s for p in self.problems) for s in Severity}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/quality/1``); counts of 1 to 4 are null."""
        return {
            "schema": SCHEMA,
            "as_of": self.as_of.isoformat(timespec="seconds") + "Z",
            "synthetic": self.synthetic,
            "masked_below": SMALL,
            "totals": self.totals() | {"patients": shown(self.totals()["patients"])},
            "severities": self.counts(),
            "problems": [self._named(problem) for problem in self.problems],
            "people": [_masked(row) for row in self.tally.people.to_dicts()],
            "lags": [
                _masked({**r, "lag": LAG_NAMES[r["lag"]]}) for r in self.tally.lags.to_dicts()
            ],
            "codes": self._codes(),
            "months": self._months(),
            "quarantined": [_masked(row) for row in self.quarantined],
        }

    def _named(self, problem: Problem) -> dict[str, Any]:
        name = self.descriptions.get(problem.code or "")
        return {**problem.to_dict(), "display": name}

    def _codes(self) -> list[dict[str, Any]]:
        """The most frequent codes: how often, how complete, which units, which values."""
        facts = self.tally.facts.drop("site").group_by("code").sum()
        facts = facts.sort("events", "code", descending=[True, False]).head(TOP_CODES)
        middle = conformance.medians(self.tally, ["code", "unit"]).sort("n", descending=True)
        by_code = middle.partition_by("code", as_dict=True)
        made = []
        for row in facts.to_dicts():
            units = by_code.get((row["code"],), middle.clear()).to_dicts()
            made.append(_masked(row) | {"units": [_unit(unit) for unit in units]})
            made[-1]["display"] = self.descriptions.get(row["code"])
        return made

    def _months(self) -> list[dict[str, Any]]:
        """Events per month and site of the most frequent codes, and of all codes together."""
        months = self.tally.months
        top = [row["code"] for row in self._codes()]
        total = months.group_by("site", "month").agg(pl.col("events").sum())
        total = total.select(pl.lit(None, pl.String).alias("code"), "site", "month", "events")
        rows = pl.concat([total, months.filter(pl.col("code").is_in(top))])
        return [
            _masked({**row, "month": month_text(row["month"])})
            for row in rows.sort("code", "site", "month", nulls_last=False).to_dicts()
        ]


def report(
    source: Record | pl.LazyFrame | pl.DataFrame,
    *,
    as_of: datetime | None = None,
    quarantined: Iterable[Mapping[str, Any]] | None = None,
    descriptions: Mapping[str, str] | None = None,
    synthetic: bool = False,
) -> QualityReport:
    """Check a record, or a frame of events (``events.SCHEMA``), in one pass.

    Parameters
    ----------
    as_of : UTC without zone; events after it count as in the future. Default: now.
    quarantined : rows of file, reason, rows; descriptions : code -> meaning. Default: the record's.
    synthetic : whether the patients are made up; it is said on every page.
    """
    as_of = as_of or datetime.now(UTC).replace(tzinfo=None)
    shards: Iterable[pl.LazyFrame]
    if isinstance(source, pl.LazyFrame | pl.DataFrame):
        shards = [source.lazy()]
    else:
        shards = (pl.scan_parquet(path) for path in source.shards())
        quarantined = _quarantined(source) if quarantined is None else quarantined
        descriptions = _descriptions(source) if descriptions is None else descriptions
    counted = tally(shards, as_of)
    problems = ranked(gathered(problem for check in CHECKS for problem in check(counted)))
    refused = tuple(dict(row) for row in quarantined or ())
    return QualityReport(as_of, counted, tuple(problems), refused, descriptions or {}, synthetic)


def _quarantined(record: Record) -> tuple[dict[str, Any], ...]:
    """Refused rows by file and reason, the most frequent first."""
    rows = record.quarantine().group_by("file", "reason").agg(rows=pl.len().cast(pl.Int64))
    ordered = rows.sort("rows", "file", "reason", descending=[True, False, False])
    return tuple(ordered.to_dicts())


def _descriptions(record: Record) -> dict[str, str]:
    described = record.codes().drop_nulls("description").select("code", "description")
    return dict(described.iter_rows())


def _unit(row: dict[str, Any]) -> dict[str, Any]:
    """Quantiles of fewer than 20 values would show single patients."""
    quantiles = {q: float(f"{row[q]:.3g}") if row["n"] >= 20 else None for q in _SHOWN}
    return {"unit": row["unit"] or None, "values": shown(row["n"]), **quantiles}


_SHOWN = ("low", "median", "high")


def _masked(row: dict[str, Any]) -> dict[str, Any]:
    counts = {k for k, v in row.items() if isinstance(v, int) and k not in ("month", "lag")}
    return {k: shown(v) if k in counts else (v if v != "" else None) for k, v in row.items()}
