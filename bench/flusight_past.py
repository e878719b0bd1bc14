"""Past influenza seasons, each left out in turn: does the pool hold in seasons it has not seen?

    ./dev bench flusight_past [--seasons 2012,2014,2017,2018]

The signal is influenza visits by state (ILINet x NREVSS). Members learn every season but the one
that is tested (later ones too: this asks about new seasons, not about time), the scale of a place
comes from the two seasons before. 2017-18 was the largest of its time, as 2024-25 was of ours.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from nof1.surveillance import places, scores
from nof1.surveillance.forecast import (
    climatology,
    members,
    pool,
    related,
    run,
    season,
    seir,
    training_nets,
    trees,
    windows,
)
from nof1.surveillance.forecast.learned import Learned
from nof1.surveillance.forecast.scaled import Scaled, scaled
from nof1.surveillance.hub.baseline import baseline
from nof1.surveillance.series import WEEK, Floats, Panel

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "surveillance"
STEPS, TESTED = 4, (10, 38)
PER = 1e5


def main(arguments: list[str]) -> None:
    """One line a season: the pool and each member alone, as ratios to the flat baseline."""
    parser = argparse.ArgumentParser(prog="./dev bench flusight_past", description=__doc__)
    parser.add_argument("--seasons", default="2012,2014,2017,2018")
    years = [int(one) for one in parser.parse_args(arguments).seasons.split(",")]
    signals = related.read(DATA / "ili", places.read(DATA / "locations.csv"))
    states = next(one for one in signals if one.signal == "ilinet_state")
    print(f"{'season':8} {'pool':>6} {'in 50 %':>8} {'in 95 %':>8}  alone: {', '.join(pool.PRIOR)}")
    ratios = []
    for year in years:
        start = time.process_time()
        learned = taught_without(signals, year)
        made = tested(states, learned, year)
        ratios.append(made[0])
        alone = "  ".join(f"{one:.3f}" for one in made[3:])
        print(
            f"{year}-{year % 100 + 1:02}  {made[0]:6.3f} {made[1]:8.3f} {made[2]:8.3f}  {alone}"
            f"   ({time.process_time() - start:.0f} CPU-s)",
            flush=True,
        )
    print(f"geometric mean {np.exp(np.mean(np.log(ratios))):.3f}")


def taught_without(signals: tuple[Panel, ...], year: int) -> Learned:
    """Members that saw every season but one."""
    lessons = windows.joined([windows.examples(scaled(one), STEPS) for one in signals])
    keep = lessons.season != year
    lessons = windows.Examples(
        lessons.inputs.take(keep), lessons.change[keep], lessons.season[keep]
    )
    before = [scaled(one.until(date(year, 7, 25))) for one in signals]
    return Learned(
        trees=trees.learn(lessons),
        nets=training_nets.learn(lessons),
        table=climatology.learn(before),
        curves=seir.bank(),
        steps=STEPS,
        until=date(year, 7, 25),
        examples=len(lessons),
        digest="",
    )


def tested(states: Panel, learned: Learned, year: int) -> list[float]:
    """Pool's ratio and coverage (50, 95 %), then each member's ratio, weighted by people."""
    years = season.seasons(states.dates)
    near = (years >= year - 2) & (years <= year)
    target = replace(states, dates=states.dates[near], values=states.values[near])
    rows = np.flatnonzero(
        (season.seasons(target.dates) == year) & season.within(target.dates, TESTED)
    )
    people = np.asarray(target.population)[:, None, None] / PER
    origins: list[members.Origin] = []
    made: dict[str, list[Floats]] = {name: [] for name in ("pool", "flat", *pool.PRIOR)}
    came = []
    for row in rows.tolist():
        last = target.dates[row].item()
        cut = replace(target.until(last), known_on=last)
        now = scaled(run.carried_on(cut)[0])
        said = members.answer(now, learned)
        mix = pool.tune([one.past(now) for one in origins], tuple(said.answers))
        made["pool"].append(_counts(pool.pooled(said.answers, mix), now) * people)
        for name in pool.PRIOR:
            empty = np.full_like(made["pool"][-1], np.nan)
            answer = said.answers.get(name)
            made[name].append(empty if answer is None else _counts(answer, now) * people)
        made["flat"].append(baseline(cut, range(STEPS)) * people)
        origins.append(said)
        came.append(_came(target, last) * people[:, :, 0])
    truth = np.array(came)
    wis = {name: scores.wis(truth, np.array(one)).total for name, one in made.items()}
    whole = np.array(made["pool"])
    return [
        _ratio(wis["pool"], wis["flat"]),
        scores.coverage(truth, whole, 0.5),
        scores.coverage(truth, whole, 0.95),
        *(_ratio(wis[name], wis["flat"]) for name in pool.PRIOR),
    ]


def _counts(units: Floats, now: Scaled) -> Floats:
    return np.sort(run.in_counts(units, now, {}), axis=-1)


def _came(target: Panel, last: date) -> Floats:
    row = {day: i for i, day in enumerate(target.dates.tolist())}
    days = [last + timedelta(days=WEEK * step) for step in range(1, STEPS + 1)]
    empty = np.full(len(target.places), np.nan)
    return np.stack([target.values[row[day]] if day in row else empty for day in days], axis=1)


def _ratio(one: Floats, other: Floats) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    return float(one[both].mean() / other[both].mean())
