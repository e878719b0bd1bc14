"""Events of one shard, read once, and the questions a cohort asks of them.

Only rows whose code matters are read, plus the first and last time of every person, so that memory
stays small whatever the record holds. All look-ups are sort-and-search, never a cross join.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

import polars as pl

from nof1.core.errors import InputError
from nof1.predict.codesets import CodeSet
from nof1.predict.question import EventRule
from nof1.record.events import BIRTH, DEATH, SCHEMA, TIME

SEX = "GENDER//"
_ALWAYS = ("subject_id", "time", "code")
_OPTIONAL = ("numeric_value", "unit", "recorded", "site")
_BEFORE_ALL = pl.lit(-(2**61), pl.Int64).cast(TIME)  # static facts: known since ever
_NEVER = pl.lit(2**61, pl.Int64).cast(TIME)


@dataclass(frozen=True)
class Timeline:
    """What a cohort needs of one shard.

    Attributes
    ----------
    events : subject_id, time, known, code, numeric_value, unit of the codes that matter.
    people : subject_id, site, first_time, last_time; births do not count as a first time.
    codes : the codes of each set, as found in the record.
    """

    events: pl.DataFrame
    people: pl.DataFrame
    codes: Mapping[CodeSet, tuple[str, ...]]

    @cached_property
    def lives(self) -> pl.DataFrame:
        """subject_id, birth (the first one known), death (the first one), sex.

        A person with two different sexes has none.
        """
        code, time = pl.col("code"), pl.col("time")
        is_sex = code.str.starts_with(SEX)
        sexes = code.filter(is_sex).str.strip_prefix(SEX).unique()
        found = (
            self.events.filter(is_sex | code.is_in([BIRTH, DEATH]))
            .group_by("subject_id")
            .agg(
                time.filter(code == BIRTH).min().alias("birth"),
                time.filter(code == DEATH).min().alias("death"),
                sexes.alias("sex"),
            )
        )
        one = pl.when(pl.col("sex").list.len() == 1).then(pl.col("sex").list.first())
        return found.with_columns(one.alias("sex"))

    def times(self, rule: EventRule) -> pl.DataFrame:
        """subject_id, time, known of the events that a rule names; static facts have no time."""
        rows = self.events.filter(pl.col("code").is_in(self.codes[rule.codes]))
        return rows.filter(_within(rule)).select("subject_id", "time", "known")

    def other_unit(self, rule: EventRule) -> int:
        """How many events a bounded rule passes over because their unit is another or none."""
        if not rule.bounded or rule.unit is None:
            return 0
        rows = self.events.filter(pl.col("code").is_in(self.codes[rule.codes]))
        return rows.filter(~pl.col("unit").eq_missing(rule.unit)).height

    def marks(self, codes: CodeSet) -> pl.DataFrame:
        """subject_id, time of the events of a set, those without a time left out."""
        rows = self.events.filter(pl.col("code").is_in(self.codes[codes]))
        return rows.filter(pl.col("time").is_not_null()).select("subject_id", "time")


def read(path: Path, codes: Mapping[CodeSet, tuple[str, ...]]) -> Timeline:
    """Read one shard.

    Raises
    ------
    InputError : the file is no event table.
    """
    return _made(_scan(path), codes)


def of(events: pl.DataFrame, codes: Mapping[CodeSet, tuple[str, ...]]) -> Timeline:
    """The same for events in memory, for example those of one patient."""
    return _made(events.lazy(), codes, engine="in-memory")


def _made(
    table: pl.LazyFrame,
    codes: Mapping[CodeSet, tuple[str, ...]],
    engine: Literal["streaming", "in-memory"] = "streaming",
) -> Timeline:
    wanted = {code for found in codes.values() for code in found} | {BIRTH, DEATH}
    matters = pl.col("code").is_in(sorted(wanted)) | pl.col("code").str.starts_with(SEX)
    known = pl.max_horizontal("time", "recorded").alias("known")
    columns = ("subject_id", "time", known, "code", "numeric_value", "unit")
    seen = pl.col("time").filter(pl.col("code") != BIRTH)
    people = table.group_by("subject_id").agg(
        seen.min().alias("first_time"), seen.max().alias("last_time"), pl.col("site").min()
    )
    rows, persons = pl.collect_all([table.filter(matters).select(columns), people], engine=engine)
    return Timeline(rows, persons.sort("subject_id"), codes)


def _scan(path: Path) -> pl.LazyFrame:
    """The columns of an event table in their types; optional ones may be missing."""
    try:
        table = pl.scan_parquet(path)
        schema = table.collect_schema()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            "The shard cannot be read.", where=path.name, allowed="an event table as parquet"
        ) from error
    missing = [name for name in _ALWAYS if name not in schema]
    if missing:
        raise InputError(
            f"The shard has no column {missing[0]}.", where=path.name, allowed=list(_ALWAYS)
        )
    given = [pl.col(name) for name in (*_ALWAYS, *_OPTIONAL) if name in schema]
    absent = [pl.lit(None).alias(name) for name in _OPTIONAL if name not in schema]
    types = {name: SCHEMA[name] for name in (*_ALWAYS, *_OPTIONAL)}
    differ = {name: kind for name, kind in types.items() if schema.get(name) != kind}
    return table.select(*given, *absent).cast(differ)  # type: ignore[arg-type]


def _within(rule: EventRule) -> pl.Expr:
    """The bounds of a rule. Bounds are taken as float32, the type of ``numeric_value``."""
    value = pl.col("numeric_value")
    tests = {"above": value.gt, "at_least": value.ge, "below": value.lt, "at_most": value.le}
    found = pl.lit(True)
    for name, test in tests.items():
        if (bound := getattr(rule, name)) is not None:
            found = found & value.is_finite() & test(pl.lit(bound, pl.Float32))
    return found & pl.col("unit").eq(rule.unit) if rule.unit is not None else found


# Look-ups ---------------------------------------------------------------------------------------
# ``rows`` have a column ``at`` and no nulls in it; the answer stands in their order.


def next_after(rows: pl.DataFrame, events: pl.DataFrame, *, at_too: bool = False) -> pl.Series:
    """Time of the first event after ``at`` (with ``at_too``: at or after it); null if none."""
    return _search(rows, events.select("subject_id", "time"), "forward", at_too)


def last_until(rows: pl.DataFrame, events: pl.DataFrame) -> pl.Series:
    """Time of the last event at or before ``at``; null if none."""
    return _search(rows, events.select("subject_id", "time"), "backward", True)


def known_until(rows: pl.DataFrame, events: pl.DataFrame) -> pl.Series:
    """Whether any event is known at ``at``."""
    first = events.select("subject_id", pl.col("known").fill_null(_BEFORE_ALL).alias("time"))
    return _search(rows, first, "backward", True).is_not_null()


def known_within(
    rows: pl.DataFrame, events: pl.DataFrame, from_days: float | None, to_days: float
) -> pl.Series:
    """Whether an event with ``at + from_days < time <= at + to_days`` is known at ``at``.

    An event answers yes for the moments from ``max(time - to_days, known)`` on and before
    ``time - from_days``. So the question is whether ``at`` lies in one of these spans: among the
    spans that began by then, the latest end decides.
    """
    time, known = pl.col("time").fill_null(_BEFORE_ALL), pl.col("known").fill_null(_BEFORE_ALL)
    ends = time - timedelta(days=from_days) if from_days is not None else _NEVER
    spans = events.select(
        "subject_id",
        pl.max_horizontal(time - timedelta(days=to_days), known).alias("time"),
        ends.alias("ends"),
    ).sort("time", "ends")
    latest = spans.with_columns(pl.col("ends").cum_max().over("subject_id"))
    return (_search(rows, latest, "backward", True, "ends") > rows["at"]).fill_null(False)


def _search(
    rows: pl.DataFrame, events: pl.DataFrame, strategy: str, exact: bool, value: str = "time"
) -> pl.Series:
    right = events.filter(pl.col("time").is_not_null()).sort("time")
    right = right.select("subject_id", pl.col(value).alias("found"), pl.col("time").alias("key"))
    left = rows.select("subject_id", "at").with_row_index("row").sort("at")
    joined = left.join_asof(
        right,
        left_on="at",
        right_on="key",
        by="subject_id",
        strategy=strategy,  # type: ignore[arg-type]
        allow_exact_matches=exact,
        check_sortedness=False,
    )
    return joined.sort("row")["found"]
