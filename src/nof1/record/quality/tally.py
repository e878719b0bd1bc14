"""Counts over the event table, shard by shard: all that the quality checks ever look at.

One pass: each shard is read once, reduced to small tables of counts, and forgotten, so memory
is that of one shard however many there are. All events of a patient lie in one shard (the
record's promise), so patients and duplicates may be counted shard by shard too. Values become
counts in bins of a sixteenth of an octave (4.4 % wide): quantiles without keeping a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from nof1.record.events import BIRTH, DEATH, empty
from nof1.record.quality import limits

BINS_PER_OCTAVE = 16
EARLIEST_YEAR = 1900
OLDEST_AGE_YEARS = 120
BIRTHS_APART_DAYS = 366  # dates worked out from ages in years differ by up to a year
LAG_EDGES_DAYS = (0.0, 1 / 24, 1.0, 7.0, 30.0, 365.0)
LAG_NAMES = (
    "before it happened", "at once", "within 1 hour", "within 1 day",
    "within 7 days", "within 30 days", "within 1 year", "later",
)  # fmt: skip
_SAME = ("subject_id", "time", "code", "numeric_value", "text_value", "unit")

KEYS = {
    "months": ["code", "site", "month"],
    "facts": ["code", "site"],
    "values": ["code", "unit", "site", "bin"],
    "outside": ["code", "unit", "site", "quantity", "low", "high", "source"],
    "people": ["site"],
    "lags": ["site", "lag"],
}


@dataclass(frozen=True)
class Tally:
    """Small tables of counts; ``month`` is years x 12 + month - 1, ``site`` "" when unknown.

    Attributes
    ----------
    months : code, site, month, events.
    facts : code, site: events, patients, numeric, no_value, no_unit, duplicates, future, early,
        before_birth, after_death (all numbers of events, but for patients).
    values : code, unit ("" if none), site, bin, n. Bin b > 0 holds values near
        ``bin_value(b)``; negative bins the same with a minus; bin 0 holds zero.
    outside : n values in a unit that has limits, and how many lie below and above.
    people : site: patients, birth, births (two, more than a year apart), sex, event, death,
        born_later (events before birth), died_earlier, too_old (120 years).
    lags : site, lag (index into ``LAG_NAMES``), n.
    """

    months: pl.DataFrame
    facts: pl.DataFrame
    values: pl.DataFrame
    outside: pl.DataFrame
    people: pl.DataFrame
    lags: pl.DataFrame


def tally(shards: Iterable[pl.LazyFrame], as_of: datetime) -> Tally:
    """Count everything in one pass over the shards.

    Parameters
    ----------
    shards : frames of ``events.SCHEMA``; each holds all events of its patients.
    as_of : UTC without zone; events after it lie in the future.
    """
    kept: dict[str, list[pl.DataFrame]] = {name: [] for name in KEYS}
    for shard in [*shards] or [_nothing()]:
        frame = _prepared(shard, as_of)
        for name, reduce in _REDUCTIONS.items():
            kept[name] = _compact(name, [*kept[name], reduce(frame)])
    return Tally(**{name: _merged(name, parts) for name, parts in kept.items()})


def bin_value(number: pl.Expr) -> pl.Expr:
    """The value in the middle of a bin, on the bin's own scale (within 2.2 %)."""
    magnitude = 2.0 ** ((number.abs() - _ONE) / BINS_PER_OCTAVE)
    return pl.when(number == 0).then(0.0).otherwise(number.sign() * magnitude)


_ONE = 4096  # the bin of 1.0: far enough from 0 that every 32-bit float has a positive bin


def _bin(value: pl.Expr) -> pl.Expr:
    steps = (value.abs().log(2.0) * BINS_PER_OCTAVE).round() + _ONE
    return pl.when(value == 0).then(0).otherwise(value.sign() * steps).cast(pl.Int32)


def _nothing() -> pl.LazyFrame:
    return empty().lazy()


def _prepared(shard: pl.LazyFrame, as_of: datetime) -> pl.DataFrame:
    """The columns the counts need, with the birth and death of the event's patient beside it."""
    number = pl.col("numeric_value").cast(pl.Float64)
    number = pl.when(number.is_finite()).then(number)
    frame = shard.select(
        "subject_id",
        "time",
        "recorded",
        "code",
        pl.col("unit").fill_null(""),
        pl.col("site").fill_null(""),
        number=number,
        has_value=number.is_not_null() | pl.col("text_value").is_not_null(),
        month=pl.col("time").dt.year() * 12 + pl.col("time").dt.month().cast(pl.Int32) - 1,
        future=pl.col("time") > as_of,
        early=pl.col("time").dt.year() < EARLIEST_YEAR,
        same=pl.struct(_SAME).hash(),
    ).collect()
    for code, name in ((BIRTH, "birth"), (DEATH, "death")):
        times = frame.filter(pl.col("code") == code).group_by("subject_id")
        frame = frame.join(times.agg(pl.col("time").min().alias(name)), on="subject_id", how="left")
    day, birth, death = (pl.col(name).dt.date() for name in ("time", "birth", "death"))
    return frame.with_columns(
        before_birth=(day < birth).fill_null(False),
        after_death=(day > death).fill_null(False),
        age_years=(pl.col("time") - pl.col("birth")).dt.total_days() / 365.25,
    )


def _months(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop_nulls("month").group_by(KEYS["months"]).agg(events=pl.len().cast(pl.Int64))


def _facts(frame: pl.DataFrame) -> pl.DataFrame:
    numeric = pl.col("number").is_not_null()
    dated = pl.col("same").filter(pl.col("time").is_not_null())  # static facts may be said twice
    return frame.group_by(KEYS["facts"]).agg(
        events=pl.len().cast(pl.Int64),
        patients=pl.col("subject_id").n_unique().cast(pl.Int64),
        numeric=numeric.sum().cast(pl.Int64),
        no_value=(~pl.col("has_value")).sum().cast(pl.Int64),
        no_unit=(numeric & (pl.col("unit") == "")).sum().cast(pl.Int64),
        duplicates=(dated.len() - dated.n_unique()).cast(pl.Int64),
        **{
            name: pl.col(name).sum().cast(pl.Int64)
            for name in ("future", "early", "before_birth", "after_death")
        },
    )


def _values(frame: pl.DataFrame) -> pl.DataFrame:
    binned = frame.drop_nulls("number").with_columns(bin=_bin(pl.col("number")))
    return binned.group_by(KEYS["values"]).agg(n=pl.len().cast(pl.Int64))


def _outside(frame: pl.DataFrame) -> pl.DataFrame:
    numbers = frame.drop_nulls("number")
    table = limits.for_codes(numbers["code"].unique().sort().to_list())
    units = numbers.select("unit").unique()
    keys = units.with_columns(
        unit_key=pl.col("unit").map_elements(limits.unit_key, return_dtype=pl.String)
    )
    joined = numbers.join(keys.join(table, on="unit_key"), on=["code", "unit"])
    return joined.group_by(KEYS["outside"]).agg(
        n=pl.len().cast(pl.Int64),
        below=(pl.col("number") < pl.col("low") * _slack("low", -1)).sum().cast(pl.Int64),
        above=(pl.col("number") > pl.col("high") * _slack("high", 1)).sum().cast(pl.Int64),
    )


def _slack(bound: str, direction: int) -> pl.Expr:
    """Room for rounding to 32 bits, so that a value on the limit stays inside."""
    return 1.0 + direction * 1e-6 * pl.col(bound).sign()


def _people(frame: pl.DataFrame) -> pl.DataFrame:
    code, is_birth = pl.col("code"), pl.col("code") == BIRTH
    born = pl.col("time").filter(is_birth)
    static = is_birth | (code == DEATH) | code.str.starts_with("GENDER//")
    each = frame.group_by("subject_id").agg(
        site=pl.col("site").min(),
        birth=is_birth.any(),
        births=(born.max() - born.min()).dt.total_days() > BIRTHS_APART_DAYS,
        sex=code.str.starts_with("GENDER//").any(),
        event=(~static).any(),
        death=(code == DEATH).any(),
        born_later=pl.col("before_birth").any(),
        died_earlier=pl.col("after_death").any(),
        too_old=(pl.col("age_years") > OLDEST_AGE_YEARS).any().fill_null(False),
    )
    flags = [name for name in each.columns if name not in ("subject_id", "site")]
    return each.group_by("site").agg(
        pl.len().cast(pl.Int64).alias("patients"), *(pl.col(f).sum().cast(pl.Int64) for f in flags)
    )


def _lags(frame: pl.DataFrame) -> pl.DataFrame:
    known = frame.drop_nulls(["time", "recorded"])
    # surroundings are recorded at the end of their period, by design
    known = known.filter(~pl.col("code").str.starts_with("EXPOSURE//"))
    days = (pl.col("recorded") - pl.col("time")).dt.total_seconds() / 86400
    edges = [pl.lit(edge) for edge in LAG_EDGES_DAYS]
    lag = pl.sum_horizontal((days >= edges[0]).cast(pl.Int64), *((days > e) for e in edges))
    return known.group_by("site", lag.cast(pl.Int64).alias("lag")).agg(n=pl.len().cast(pl.Int64))


_REDUCTIONS: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "months": _months,
    "facts": _facts,
    "values": _values,
    "outside": _outside,
    "people": _people,
    "lags": _lags,
}


def _compact(name: str, parts: list[pl.DataFrame], at: int = 8) -> list[pl.DataFrame]:
    """Add up every 8 shards, so that the waiting list never grows with the record."""
    return [_merged(name, parts)] if len(parts) >= at else parts


def _merged(name: str, parts: list[pl.DataFrame]) -> pl.DataFrame:
    keys = KEYS[name]
    added = pl.concat(parts).group_by(keys).agg(pl.exclude(keys).sum())
    return added.sort(keys)
