"""Gaps in time: missing steps, a stop, new places, zeros only, short history, week 53."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from nof1.surveillance.checks.remark import Remark, Spot, found
from nof1.surveillance.series import WEEK, Panel
from nof1.surveillance.weeks import epiweek

STOPPED_STEPS = {1: 14, WEEK: 2}
NEW_STEPS = {1: 56, WEEK: 8}
ZERO_STEPS = {1: 56, WEEK: 8}
YEAR_STEPS = {1: 365, WEEK: 52}
YEARS_FOR_ALARMS = 3  # Farrington et al. (1996) and its successors look 3 to 5 years back
LONG_GAP_DAYS = 7
LONG_GAP_TIMES = 5  # as many times the usual interval between report days


def missing(panel: Panel) -> Remark:
    """Steps without a value between a place's first and last value."""
    spots = []
    for at, place in enumerate(panel.places):
        there = np.flatnonzero(~np.isnan(panel.values[:, at]))
        if len(there):
            inside = np.arange(there[0], there[-1] + 1)
            gaps = inside[np.isnan(panel.values[inside, at])]
            if len(gaps):
                spots.append(Spot(place, len(gaps), panel.dates[gaps[0]].item()))
    words = "values are missing between a place's first and last one"
    return found("missing steps", spots, words, "no step is missing inside a place's series")


def stopped(panel: Panel) -> Remark:
    """Places whose newest value is older than the others'."""
    limit = STOPPED_STEPS[panel.step_days]
    spots = []
    for at, place in enumerate(panel.places):
        there = np.flatnonzero(~np.isnan(panel.values[:, at]))
        silent = len(panel.dates) - 1 - (there[-1] if len(there) else -1)
        if silent >= limit:
            last = panel.dates[there[-1]].item() if len(there) else None
            spots.append(Spot(place, int(silent), last, f"{silent} steps without a value"))
    words = "places no longer report; the date is that of their last value"
    return found("reporting stop", spots, words, "every place reports up to the newest steps")


def stopped_reports(reports: pl.DataFrame, newest: date) -> Remark:
    """Places from which no report came in for much longer than usual, up to the newest day."""
    spots = []
    for place, usual, longest, _, last in _intervals(reports).iter_rows():
        silent = (newest - last).days
        if silent >= max(2 * LONG_GAP_DAYS, LONG_GAP_TIMES * usual, longest + 1):
            spots.append(Spot(place, silent, last, f"{silent} days without a report"))
    words = "places no longer report; the date is that of their last report"
    return found("reporting stop", spots, words, "reports came from every place up to the end")


def report_gaps(reports: pl.DataFrame) -> Remark:
    """Long intervals between two days on which reports came in from a place."""
    spots = []
    for place, usual, longest, after, _ in _intervals(reports).iter_rows():
        if longest >= max(LONG_GAP_DAYS, LONG_GAP_TIMES * usual):
            spots.append(Spot(place, 1, after, f"{longest} days without a report"))
    words = "no report came in for days, then they came again"
    return found("reporting gaps", spots, words, "no long interval between reports", "note")


def _intervals(reports: pl.DataFrame) -> pl.DataFrame:
    """For each place: usual and longest interval between report days, its start, the last day."""
    days = reports.select("place", "reported").unique().sort("place", "reported")
    step = pl.col("reported").diff().over("place").dt.total_days()
    rows = days.with_columns(step=step, before=pl.col("reported").shift().over("place"))
    return (
        rows.group_by("place", maintain_order=True)
        .agg(
            pl.col("step").median().alias("usual"),
            pl.col("step").max().alias("longest"),
            pl.col("before").sort_by("step", nulls_last=False).last().alias("after"),
            pl.col("reported").max().alias("last"),
        )
        .with_columns(pl.col("usual").fill_null(1.0), pl.col("longest").fill_null(0))
    )


def new_places(panel: Panel) -> Remark:
    """Places that began long after the first ones."""
    spots = []
    for at, place in enumerate(panel.places):
        there = np.flatnonzero(~np.isnan(panel.values[:, at]))
        if len(there) and there[0] >= NEW_STEPS[panel.step_days]:
            spots.append(Spot(place, int(there[0]), panel.dates[there[0]].item()))
    words = "places began after the others; the count is of the steps that they lack"
    return found("new places", spots, words, "all places began at about the same time", "note")


def zeros(panel: Panel) -> Remark:
    """Places with zeros only."""
    spots = []
    for at, place in enumerate(panel.places):
        values = panel.values[:, at]
        there = values[~np.isnan(values)]
        if len(there) >= ZERO_STEPS[panel.step_days] and not there.any():
            spots.append(Spot(place, len(there), panel.dates[-1].item()))
    return found("all zeros", spots, "places with zeros only", "no place has zeros only")


def history(panel: Panel) -> Remark:
    """How long the places' series are, where that is too short for a method."""
    year = YEAR_STEPS[panel.step_days]
    lengths = (~np.isnan(panel.values)).sum(axis=0)
    spots = [
        Spot(place, 1, panel.dates[0].item(), f"{length} steps")
        for place, length in zip(panel.places, lengths.tolist(), strict=True)
        if length < YEARS_FOR_ALARMS * year
    ]
    if len(spots) > 1 and len({spot.words for spot in spots}) == 1 and len(spots) == len(lengths):
        spots = [Spot("all places", len(spots), spots[0].example, spots[0].words)]
    short = bool(len(lengths)) and int(np.median(lengths)) < year
    words = f"places have less than {YEARS_FOR_ALARMS} years of history"
    nothing = f"every place has {YEARS_FOR_ALARMS} years or more"
    return found("short history", spots, words, nothing, "warning" if short else "note")


def week53(panel: Panel) -> Remark:
    """Years with a week 53 in a weekly series that ends on Saturdays."""
    if panel.step_days != WEEK:
        return Remark("week 53", "not_checked", "the signal has days, not weeks")
    days = [day for day in panel.dates.tolist() if day.month in (12, 1)]
    hit = [day for day in days if epiweek(day)[1] == 53]
    spots = [Spot("all places", 1, day, str(epiweek(day)[0])) for day in hit]
    return found("week 53", spots, "years with a week 53", "no year with a week 53", "note")


def population(panel: Panel) -> Remark:
    """Places without a number of people."""
    people = panel.population
    if people is None:
        spot = Spot("all places", len(panel.places))
        return Remark("population", "note", "no list of places with population", (spot,))
    spots = [
        Spot(place, 1)
        for place, n in zip(panel.places, people.tolist(), strict=True)
        if np.isnan(n)
    ]
    words = "places without population"
    return found("population", spots, words, "every place has a population", "note")
