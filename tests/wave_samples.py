"""Winter waves with a known truth, for the tests of the forecaster: three states and their sum."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache, partial

import numpy as np
import pytest

from nof1.surveillance.forecast import learned, run, season, training_nets
from nof1.surveillance.hub.tasks import TARGET
from nof1.surveillance.series import Panel, calendar

PLACES = ("06", "10", "48", "US")
PEOPLE = np.array([3.0e6, 0.6e6, 1.2e6])
NAMES = ("Westland", "Smallstate", "Southland", "Union")
FIRST, NEWEST = date(2019, 8, 3), date(2024, 1, 6)  # Saturdays
REFERENCE = date(2024, 1, 13)


def waves(newest=NEWEST, seed=0):
    """A weekly panel: a wave every winter, of another height and week in each place."""
    rng = np.random.default_rng(seed)
    dates = calendar(FIRST, date(2024, 5, 25))
    number, week = season.seasons(dates), season.weeks(dates)
    columns = []
    for people in PEOPLE:
        height, peak = rng.uniform(4, 9, 10), rng.uniform(21, 27, 10)
        at = number - number.min()
        rate = 0.3 + height[at] * np.exp(-(((week - peak[at]) / 4.5) ** 2))
        columns.append(rng.poisson(rate * people / 1e5).astype(float))
    values = np.column_stack([*columns, np.sum(columns, axis=0)])
    people = np.append(PEOPLE, PEOPLE.sum())
    whole = Panel(TARGET, dates, PLACES, values, date(2024, 5, 25), population=people, names=NAMES)
    return replace(whole.until(newest), known_on=newest)


def text(panel):
    """A panel as the text of a target file; missing values as NA."""
    lines = ["date,location,value"]
    for day, row in zip(panel.dates.tolist(), panel.values, strict=True):
        for place, value in zip(panel.places, row, strict=True):
            lines.append(f"{day},{place},{'NA' if np.isnan(value) else f'{value:g}'}")
    return "\n".join(lines) + "\n"


def locations():
    """The text of a list of the places."""
    people = np.append(PEOPLE, PEOPLE.sum())
    short = ("WL", "SS", "SL", "US")
    rows = zip(short, PLACES, NAMES, people, strict=True)
    head = "abbreviation,location,location_name,population"
    return "\n".join([head, *(f"{a},{p},{n},{count:.0f}" for a, p, n, count in rows)]) + "\n"


def changed(panel, row, place, value):
    """The panel with one value (or a slice of them) replaced."""
    values = panel.values.copy()
    values[row, panel.places.index(place)] = value
    return replace(panel, values=values)


@cache
def taught():
    """Members of the waves before the season 2023: one small network, taught once a session."""
    with pytest.MonkeyPatch.context() as patch:
        small = partial(training_nets.learn, ensemble=((0, 16),))
        patch.setattr(training_nets, "learn", small)
        patch.setattr(training_nets, "FEWEST_STEPS", 150)
        patch.setattr(training_nets, "MOST_STEPS", 150)
        return learned.learn(waves(), (), REFERENCE, 4)


@cache
def earlier():
    """What those members would have said in the twelve weeks before the newest."""
    return tuple(run.retrospect(waves(), taught()))
