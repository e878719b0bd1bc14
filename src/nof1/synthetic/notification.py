"""What the health office hears of the synthetic epidemic: cases, delays, and what goes wrong.

Part of those who fall ill become cases: by age, less over the holidays. A specimen is taken some
days after the onset, the laboratory reports some days after the specimen; slow laboratories take
longer, and there are fewer of them each year. Most laboratories do not report on weekends and
holidays, but on the next day that they work. Sporadic cases of other strains come all year, a few
a week. Faults are planted last, so the truth stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.synthetic.epidemic import AGE_SHARES, AGES, Epidemic
from nof1.synthetic.geography import AROUND

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]
DAY = np.timedelta64(1, "D")

SEEN_BY_AGE = np.array([1.6, 0.8, 0.7, 2.2])  # relative: small children and the old are tested more
SEEN_LOG_SD, SEEN_ON_HOLIDAYS = 0.12, 0.62
SPORADIC_PER_100K_WEEK = 0.6
# Chance of 0, 1, 2 ... days; the last one is the rest.
SPECIMEN = np.array([0.10, 0.24, 0.24, 0.16, 0.10, 0.06, 0.04, 0.03, 0.02, 0.01])
QUICK = np.array([0.12, 0.42, 0.26, 0.11, 0.05, 0.03, 0.01])
SLOW = np.array(
    [0.0, 0.04, 0.09, 0.13, 0.15, 0.14, 0.12, 0.09, 0.07, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01]
)
SLOW_SHARE, SLOW_YEARLY = (0.15, 0.65), 0.92  # of the regions; times this every season
REST = {5: 0.80, 6: 0.93}  # chance that a report of Saturday or Sunday waits
HOLIDAYS, REST_ON_HOLIDAYS = ("12-24", "12-25", "12-26", "12-31", "01-01"), 0.85
BACKLOG_DAYS, BACKLOG_LATER = 14, 24
FUTURE_YEARS = 10
UNKNOWN_PLACE = "SYN-Z9"
CASE_COLUMNS = ("case_id", "onset", "specimen", "report", "place", "age_group", "outbreak")


@dataclass(frozen=True)
class CaseFaults:
    """How many faults of each kind are planted (never more than there are cases to spoil).

    Attributes
    ----------
    duplicates : lines written twice, alike.
    resent : lines written twice under one case id, the second with a later report.
    report_before_onset : the onset lies after the report.
    future_onset : an onset ten years ahead.
    no_onset : the onset is empty. ``no_age`` : the age group is empty.
    unknown_place : a place that is not on the map.
    backlog : laboratories of one town that send two weeks' reports more than three weeks late.
    """

    duplicates: int = 60
    resent: int = 40
    report_before_onset: int = 12
    future_onset: int = 6
    no_onset: int = 120
    no_age: int = 90
    unknown_place: int = 8
    backlog: int = 1

    @staticmethod
    def none() -> CaseFaults:
        """A line list without any planted fault."""
        return CaseFaults(**{f.name: 0 for f in fields(CaseFaults)})


@dataclass(frozen=True, eq=False, repr=False)
class Notified:
    """The line list, and what is true about it.

    Attributes
    ----------
    cases : every case as it happened, reported by the last day or not: case_id, onset, specimen,
        report, place, age_group, outbreak (null: none), source (``wave``, ``sporadic`` or
        ``outbreak``), ``sent`` (the report without the laboratories' days off).
    linelist : ``CASE_COLUMNS`` as text: reported by the last day, faults included. ``outbreak``
        is filled where an outbreak has been investigated since: all but those of the last season.
    seen : (seasons,) part of the onsets that became cases in ordinary weeks, all ages.
    slow : (seasons, regions) part of the reports that come from slow laboratories.
    planted : number of faults of each kind that were really planted.
    """

    cases: pl.DataFrame
    linelist: pl.DataFrame
    seen: Floats
    slow: Floats
    planted: dict[str, Any]


def notify(epidemic: Epidemic, faults: CaseFaults | None = None) -> Notified:
    """Draw what is reported; one epidemic gives the same cases every time."""
    plan = epidemic.plan
    rng = np.random.default_rng([plan.seed, 3])
    seen = _seen(rng, epidemic)
    slow = rng.uniform(*SLOW_SHARE, len(epidemic.country.regions))
    slow = slow[None] * SLOW_YEARLY ** np.arange(plan.seasons)[:, None]
    cases = _delayed(rng, epidemic, _ill(rng, epidemic, seen), slow)
    spoiled, planted = spoil(np.random.default_rng([plan.seed, 4]), epidemic, cases, faults)
    seasons = np.array([seen[epidemic_season(epidemic) == s].max() for s in range(plan.seasons)])
    return Notified(cases, spoiled, seasons, slow, planted)


def epidemic_season(epidemic: Epidemic) -> Ints:
    """(days,) season of each day, counted from 0."""
    years = epidemic.days.astype("datetime64[Y]").astype(np.int64) + 1970
    late = epidemic.days.astype("datetime64[M]").astype(np.int64) % 12 >= 6
    return np.asarray(years - epidemic.plan.first.year - ~late, dtype=np.int64)


def holidays(days: Days) -> NDArray[np.bool_]:
    """Whether offices are shut that day for a holiday."""
    return np.isin([str(day)[5:] for day in days], HOLIDAYS)


def _seen(rng: np.random.Generator, epidemic: Epidemic) -> Floats:
    """(days,) part of the onsets of the average age that becomes a case."""
    plan = epidemic.plan
    luck = np.exp(rng.normal(0, SEEN_LOG_SD, plan.seasons))[epidemic_season(epidemic)]
    month_day = np.array([str(day)[5:] for day in epidemic.days])
    shut = (month_day >= "12-23") | (month_day <= "01-02")
    luck *= np.where(shut, SEEN_ON_HOLIDAYS, 1.0)
    weighted = (epidemic.onsets * SEEN_BY_AGE).sum(axis=(1, 2)) @ luck
    return np.asarray(luck * plan.cases / max(weighted, 1.0))


def _ill(rng: np.random.Generator, epidemic: Epidemic, seen: Floats) -> dict[str, NDArray[Any]]:
    """Day, region, age, source and outbreak of every case, one row each, by day."""
    chance = np.clip(seen[:, None, None] * SEEN_BY_AGE, 0, 1)
    wave = rng.binomial(epidemic.onsets, np.broadcast_to(chance, epidemic.onsets.shape))
    people = epidemic.country.population[:, None] * AGE_SHARES
    daily = SPORADIC_PER_100K_WEEK / 7e5 * people
    sporadic = rng.poisson(np.broadcast_to(daily, epidemic.onsets.shape))
    parts = []
    for source, counts in enumerate((wave, sporadic)):
        at = np.repeat(np.argwhere(counts), counts[counts > 0], axis=0)
        parts.append(np.column_stack([at, np.full(len(at), source), np.full(len(at), -1)]))
    first = epidemic.plan.first
    for number, row in enumerate(epidemic.outbreaks.iter_rows(named=True)):
        start, length = (row["first"] - first).days, (row["last"] - row["first"]).days + 1
        size = row["cases"]
        day = start + np.minimum((rng.beta(2, 3, size) * length).astype(np.int64), length - 1)
        day[0], day[-1] = start, start + length - 1
        rest = [epidemic.country.regions.index(row["place"]), AGES.index(row["age_group"]), 2]
        block = np.column_stack([day, np.tile([*rest, number], (size, 1))])
        parts.append(block[block[:, 0] < len(epidemic.days)])
    rows = np.vstack(parts)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return dict(zip(("day", "region", "age", "source", "outbreak"), rows.T, strict=True))


def _drawn(rng: np.random.Generator, chances: Floats, size: int) -> Ints:
    return np.asarray(rng.choice(len(chances), size, p=chances / chances.sum()), dtype=np.int64)


def _delayed(
    rng: np.random.Generator, epidemic: Epidemic, ill: dict[str, NDArray[Any]], slow: Floats
) -> pl.DataFrame:
    """Specimen and report of every case."""
    size = len(ill["day"])
    onset = epidemic.days[ill["day"]]
    specimen = onset + _drawn(rng, SPECIMEN, size) * DAY
    season = epidemic_season(epidemic)[ill["day"]]
    is_slow = rng.random(size) < slow[season, ill["region"]]
    waits = np.where(is_slow, _drawn(rng, SLOW, size), _drawn(rng, QUICK, size))
    sent = specimen + waits * DAY
    regions, outbreak = epidemic.country.regions, epidemic.outbreaks["outbreak"]
    return pl.DataFrame(
        {
            "case_id": [f"SYN-{number:06d}" for number in range(1, size + 1)],
            "onset": onset,
            "specimen": specimen,
            "report": _working(rng, sent),
            "place": np.array(regions)[ill["region"]],
            "age_group": np.array(AGES)[ill["age"]],
            "outbreak": [outbreak[at] if at >= 0 else None for at in ill["outbreak"].tolist()],
            "source": np.array(["wave", "sporadic", "outbreak"])[ill["source"]],
            "sent": sent,
        },
        schema_overrides={"outbreak": pl.String},
    ).with_columns(pl.col("onset", "specimen", "report", "sent").cast(pl.Date))


def _working(rng: np.random.Generator, sent: Days) -> Days:
    """Each report moved on to a day on which its laboratory works."""
    report = sent.copy()
    waiting = np.arange(len(report))
    while len(waiting):
        days = report[waiting]
        weekday = (days.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
        rest = np.array([REST.get(day, 0.0) for day in range(7)])[weekday]
        rest = np.where(holidays(days), REST_ON_HOLIDAYS, rest)
        waiting = waiting[rng.random(len(waiting)) < rest]
        report[waiting] += DAY
    return report


def spoil(
    rng: np.random.Generator, epidemic: Epidemic, cases: pl.DataFrame, faults: CaseFaults | None
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The line list as it is on the last day, with its faults, and how many were planted.

    No line gets two faults, and no line of an outbreak gets any.
    """
    plan = faults or CaseFaults()
    known = cases.filter(pl.col("report") <= epidemic.plan.last)
    known, late = _backlog(rng, epidemic, known, plan.backlog)
    investigated = pl.col("onset") < epidemic.plan.season_start(epidemic.plan.seasons - 1)
    table = known.select(pl.col(CASE_COLUMNS)).with_columns(
        pl.col(pl.Date).dt.to_string(), outbreak=pl.when(investigated).then("outbreak")
    )
    free = rng.permutation(np.flatnonzero(known["source"].to_numpy() != "outbreak"))
    rows, counts = {}, {}
    for fault in fields(CaseFaults):
        if fault.name == "backlog":
            continue
        wanted = min(getattr(plan, fault.name), len(free))
        rows[fault.name], free = free[:wanted], free[wanted:]
        counts[fault.name] = wanted
    table = _changed(table, known, rows)
    again = table[np.sort(rows["duplicates"])]
    later = known[np.sort(rows["resent"])].select(
        "case_id",
        report=pl.min_horizontal(pl.col("report") + timedelta(days=9), epidemic.plan.last),
    )
    resent = table[np.sort(rows["resent"])].with_columns(report=later["report"].dt.to_string())
    table = pl.concat([table, again, resent]).sort("report", "case_id", maintain_order=True)
    return table, {**counts, "late": late}


def _changed(table: pl.DataFrame, known: pl.DataFrame, rows: dict[str, Ints]) -> pl.DataFrame:
    """The faults that change a field."""
    number = pl.int_range(pl.len())

    def here(fault: str) -> pl.Expr:
        return number.is_in(rows[fault].tolist())

    after = (known["report"] + timedelta(days=3)).dt.to_string()
    ahead = known["onset"].dt.offset_by(f"{FUTURE_YEARS}y").dt.to_string()
    onset = (
        pl.when(here("report_before_onset"))
        .then(after)
        .when(here("future_onset"))
        .then(ahead)
        .when(~here("no_onset"))
        .then("onset")
    )
    return table.with_columns(
        onset=onset,
        age_group=pl.when(~here("no_age")).then("age_group"),
        place=pl.when(here("unknown_place")).then(pl.lit(UNKNOWN_PLACE)).otherwise("place"),
    )


def _backlog(
    rng: np.random.Generator, epidemic: Epidemic, cases: pl.DataFrame, wanted: int
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Two weeks of one region's reports come on one day, more than three weeks late."""
    told: list[dict[str, Any]] = []
    for _ in range(wanted):
        season = int(rng.integers(epidemic.plan.seasons))
        peak = epidemic.seasons["peak"][season]
        towns = epidemic.country.regions[:: AROUND + 1]
        place = towns[int(rng.integers(len(towns)))]
        first = peak - timedelta(days=int(rng.integers(5, 20)))
        last = first + timedelta(days=BACKLOG_DAYS - 1)
        sent = last + timedelta(days=BACKLOG_LATER)
        if sent > epidemic.plan.last:
            continue
        late = (pl.col("place") == place) & pl.col("report").is_between(first, last)
        late &= pl.col("source") != "outbreak"
        count = cases.filter(late).height
        cases = cases.with_columns(report=pl.when(late).then(pl.lit(sent)).otherwise("report"))
        day = {"place": place, "first": str(first), "last": str(last), "reported": str(sent)}
        told.append({**day, "cases": count})
    return cases, told
