"""How numbers change after they were first known: delays of reports, sizes of revisions."""

from __future__ import annotations

import polars as pl

from nof1.surveillance.checks.remark import Remark, Spot, found

LATE = 0.95  # of the reports
CELL = ["place", "stratum", "date"]


def of_reports(reports: pl.DataFrame) -> Remark:
    """How late reports come: the day by which 95 % are there, for each place."""
    rows = reports.filter(pl.col("count") > 0)
    days = (pl.col("reported") - pl.col("date")).dt.total_days()
    delays = rows.group_by("place", delay=days).agg(pl.col("count").sum()).sort("place", "delay")
    spots = []
    for (place,), part in delays.group_by("place", maintain_order=True):
        total = part["count"].sum()
        share = part["count"].cum_sum() / total
        at = {q: int(part["delay"][int((share < q).sum())]) for q in (0.5, LATE)}
        words = f"half within {at[0.5]} days, {LATE:.0%} within {at[LATE]}"
        longest = rows.filter(pl.col("place") == place).filter(days == part["delay"].max())
        spots.append(Spot(str(place), int(total), longest["date"].max(), words))  # type: ignore[arg-type]
    words = "reports come late; the date is that of the longest delay"
    return found("revisions", spots, words, "no report is late", "note")


def negative_reports(reports: pl.DataFrame) -> Remark:
    """Reports that take cases back."""
    rows = reports.filter((pl.col("count") < 0) & (pl.col("stratum") == ""))
    taken = rows.group_by("place").agg(-pl.col("count").sum(), pl.col("reported").max())
    spots = [Spot(place, int(count), day) for place, count, day in taken.iter_rows()]
    words = "cases were taken back or moved; the date is that of the newest correction"
    return found("negative corrections", spots, words, "no case was taken back", "note")


def cumulative_reports(reports: pl.DataFrame) -> bool:
    """Do the counts of a triangle rise with each report day: cumulative instead of new reports?"""
    rows = reports.filter(pl.col("stratum") == "").sort("place", "date", "reported")
    step = pl.col("count").diff().over("place", "date")
    steps = rows.select(step.alias("step"), "count").drop_nulls()
    if steps.height < 50:
        return False
    rising = (steps["step"] >= 0).mean()
    some = (steps["count"] > 0).mean()
    return float(rising or 0) >= LATE and float(some or 0) > 0.5  # type: ignore[arg-type]


def of_versions(versions: pl.DataFrame) -> Remark:
    """How much values changed after they were first known: how many, how large, how late."""
    days = versions["known_on"].unique()
    if days.len() < 2:
        words = "only one version is known (one import, or files without their day)"
        return Remark("revisions", "not_checked", words)
    ordered = versions.filter(pl.col("value").is_not_null()).sort(*CELL, "known_on")
    value, known = pl.col("value"), pl.col("known_on")
    cells = ordered.group_by(CELL, maintain_order=True).agg(
        value.first().alias("first"),
        value.last().alias("last"),
        known.first().alias("from"),
        known.last().alias("to"),
        pl.len().alias("kinds"),
    )
    # what was known on the first day had its revisions before: only later cells were watched
    watched = cells.filter(pl.col("from") > days.min())
    changed = watched.filter(pl.col("first") != pl.col("last"))
    size = (
        (pl.col("last") - pl.col("first")) / pl.max_horizontal(pl.col("first").abs(), 1.0)
    ).abs()
    late = (pl.col("to") - pl.col("from")).dt.total_days()
    sizes = changed.with_columns(size=size, late=late)
    n = dict(watched.group_by("place").len().iter_rows())
    spots = []
    for (place,), part in sizes.group_by("place"):
        worst = part.sort("size")[-1]
        median, largest, last = _figures(part)
        words = (
            f"{part.height} of {n[place]} values; half by {median:.0%} or more, "
            f"at most {largest:.0%}, up to {last:.0f} days later"
        )
        spots.append(Spot(str(place), part.height, worst["date"][0], words))
    words = "values changed after they were first known; the date is that of the largest change"
    return found("revisions", spots, words, "no value changed after it was first known", "note")


def _figures(part: pl.DataFrame) -> tuple[float, float, float]:
    """Median and largest size of the changes, and the days until the last of them."""
    figures = part.select(
        pl.col("size").median(), pl.col("size").max().alias("largest"), pl.col("late").max()
    )
    median, largest, last = (float(one) for one in figures.row(0))
    return median, largest, last
