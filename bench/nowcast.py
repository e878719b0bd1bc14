"""Nowcasts of German COVID-19 admissions beside baselinenowcast's: ./dev bench nowcast

The 23 national nowcasts (0 to 14 days back) of baselinenowcast in ../shared/data: every one is
made from the reports known on its day only and scored against the count of 0 to 40 days' delay.
Then one nowcast of 40 places x 400 days x 30 delays in a process of its own: CPU seconds, memory.
--dates other | early shows the days on which the design was chosen. Needs ../shared/data.
--small shows nowcasts of small places instead: the synthetic epidemic; needs no data.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from bench.measured import ONE_THREAD, ROOT, measured

os.environ.update(ONE_THREAD)

import numpy as np
import polars as pl

from nof1.surveillance import scores
from nof1.surveillance.nowcast.estimate import Nowcast, nowcast
from nof1.surveillance.nowcast.performance import held
from nof1.surveillance.nowcast.spreading import of_nowcast, spreading
from nof1.surveillance.transmission import SerialInterval
from nof1.synthetic.epidemic import Plan, simulate
from nof1.synthetic.notification import CaseFaults, notify

DATA = ROOT.parent / "shared" / "data" / "surveillance"
FIRST = date(2021, 4, 6)
BACK = 15  # reference days 0 to 14 days back
LONGEST = 40  # days of delay that make the final count, as in the peer's table
PEERS = tuple(range(131, 198, 3))  # days since FIRST on which baselinenowcast was run
DATES = {
    "peer": PEERS,
    "other": tuple(day for day in range(131, 200) if day not in PEERS),
    "early": tuple(range(75, 131, 2)),
}


def german(stratum: bool = False) -> pl.DataFrame:
    """The German triangle as a table of reports; ``00+`` is the total, stratum ``""``."""
    table = pl.read_csv(DATA / "nowcast" / "germany_covid19_hosp.csv.gz", try_parse_dates=True)
    rows = table.select(
        pl.col("location").alias("place"),
        pl.col("age_group").replace("00+", "").alias("stratum"),
        pl.col("reference_date").alias("date"),
        pl.col("report_date").alias("reported"),
        "count",
    )
    return rows.filter((pl.col("stratum") != "") == stratum)


def peer() -> dict[str, np.ndarray]:
    """baselinenowcast's table, (nowcasts, days back) each."""
    table = pl.read_csv(DATA / "r-reference" / "baselinenowcast_de.csv")
    return {name: table[name].to_numpy().reshape(-1, BACK) for name in table.columns}


def nowcasts(days: Iterable[int], strata: bool = False) -> dict[str, np.ndarray]:
    """Scores of the nowcasts made on these days, (nowcasts, days back) each."""
    reports = german(strata)
    final = dict(reports.group_by("date").agg(pl.col("count").sum()).iter_rows())
    found: dict[str, list[np.ndarray]] = {}
    for day in days:
        as_of = FIRST + timedelta(days=day)
        start = time.process_time()
        known = reports.filter(pl.col("reported") <= as_of)
        made = nowcast(known, as_of, strata=strata, max_delay=LONGEST)
        spent = time.process_time() - start
        draws = made.draws.sum(axis=1)[:, ::-1][:, :BACK]
        levels = np.quantile(draws, scores.LEVELS, axis=0).T
        truth = np.array([final[as_of - timedelta(days=back)] for back in range(BACK)], float)
        now = made.reported.sum(axis=0)[::-1][:BACK]
        row = {
            "y": truth,
            "raw": np.abs(truth - now),
            "wis": scores.wis(truth, levels).total,
            "ae": scores.absolute_error(truth, levels),
            "c50": scores.covered(truth, levels, 0.5),
            "c95": scores.covered(truth, levels, 0.95),
            "cpu_s": np.full(BACK, spent),
        }
        for name, values in row.items():
            found.setdefault(name, []).append(values)
    return {name: np.array(values) for name, values in found.items()}


def show(name: str, table: dict[str, np.ndarray]) -> None:
    """One line of means, and the score by days back."""
    cpu = f"{table['cpu_s'].mean():5.2f}" if "cpu_s" in table else "    -"
    print(
        f"{name:26}{table['wis'].mean():6.2f}{table['ae'].mean():7.2f}{table['raw'].mean():7.1f}"
        f"{table['c50'].mean():7.3f}{table['c95'].mean():7.3f}  {cpu}"
    )
    print("    WIS 0-14 days back:", *(f"{one:.0f}" for one in table["wis"].mean(axis=0)))


def ratio(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
    """Ratio of the mean scores, 95 % interval: bootstrap of blocks of 4 nowcasts (12 days)."""
    rng = np.random.default_rng(1)
    starts = rng.integers(0, len(ours) - 3, (4000, -(-len(ours) // 4)))
    rows = (starts[..., None] + np.arange(4)).reshape(4000, -1)
    a, b = ours.mean(axis=1), theirs.mean(axis=1)
    drawn = a[rows].sum(axis=1) / b[rows].sum(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(a.mean() / b.mean()), float(low), float(high)


def simulated(places: int = 40, days: int = 400, delays: int = 30) -> tuple[pl.DataFrame, date]:
    """SYNTHETIC reports: gamma-Poisson counts on a slow wave, geometric delays."""
    rng = np.random.default_rng(1)
    share = np.exp(-np.arange(delays + 1) / 6)
    size = np.exp(rng.normal(3, 1, places))[:, None] * np.exp(0.8 * np.sin(np.arange(days) / 40))
    cells = rng.gamma(10, size / 10)[..., None] * (share / share.sum())
    counts = rng.poisson(cells)
    place, day, delay = np.nonzero(counts)
    first = np.datetime64("2023-01-01")
    table = {
        "place": [f"p{one:02}" for one in place],
        "date": (first + day).astype("datetime64[ms]"),
        "reported": (first + day + delay).astype("datetime64[ms]"),
        "count": counts[place, day, delay],
    }
    reports = pl.DataFrame(table).with_columns(pl.col("date", "reported").cast(pl.Date))
    return reports, date(2023, 1, 1) + timedelta(days=days - 1)


def waves() -> Iterable[tuple[Nowcast, np.ndarray]]:
    """Nowcasts of the SYNTHETIC epidemic on 48 days of four winters, and the final counts."""
    told = notify(simulate(Plan()), CaseFaults.none()).linelist
    day = pl.col("onset", "report").str.to_date()
    reports = told.with_columns(day).group_by("place", date="onset", reported="report")
    reports = reports.agg(pl.len().cast(pl.Int64).alias("count"))
    sums = reports.group_by("place", "date").agg(pl.col("count").sum())
    final = {(place, day): count for place, day, count in sums.iter_rows()}
    for year in (2018, 2020, 2022, 2023):
        for step in range(12):
            as_of = date(year, 12, 1) + timedelta(days=9 * step)
            recent = pl.col("date").is_between(as_of - timedelta(days=400), as_of)
            made = nowcast(reports.filter(recent & (pl.col("reported") <= as_of)), as_of, draws=500)
            days = made.dates.tolist()
            counts = [[final.get((place, one), 0) for one in days] for place, _ in made.units]
            yield made, np.array(counts, float)


def small() -> None:
    """How near to the truth the nowcasts of small places and of their total are."""
    weeks, daily = [], []
    for made, truth in waves():
        newest = made.draws[..., -BACK:]
        if np.isnan(newest).any():
            continue  # a place that stopped reporting: no total
        came = truth[:, -BACK:]
        levels = np.moveaxis(np.quantile(newest, scores.LEVELS, axis=0), 0, -1)
        total = newest[..., -7:].sum(axis=(1, 2))
        week = np.asarray(came[:, -7:].sum())
        levels_week = np.quantile(total, scores.LEVELS)[None]
        weeks.append(
            [
                week,
                made.reported[:, -7:].sum(),
                np.median(total),
                scores.wis(week[None], levels_week).total[0],
                held(total[:, None], week[None], 0.5)[0],
                held(total[:, None], week[None], 0.95)[0],
            ]
        )
        daily.append(
            [
                came.mean(),
                newest.mean(),
                np.median(newest, axis=0).mean(),
                scores.wis(came, levels).total.mean(),
                held(newest, came, 0.5).mean(),
                held(newest, came, 0.95).mean(),
            ]
        )
    table = np.array(weeks)
    logs = np.log(table[:, 2] / table[:, 0])
    large = table[:, 0] > np.median(table[:, 0])
    least, most = table[:, 0].min(), table[:, 0].max()
    print(f"{len(table)} nowcasts; cases in the week {least:.0f} to {most:.0f}")
    print("week's total: truth, reported, median, WIS, in 50 %, in 95 %:", table.mean(0).round(3))
    for name, chosen in (("larger", large), ("smaller", ~large)):
        print(f"  median / truth, geometric mean, {name} half: {np.exp(logs[chosen].mean()):.2f}")
    print("days of places: truth, mean, median, WIS, in 50 %, in 95 %:", np.mean(daily, 0).round(3))


def spend(large: bool) -> None:
    """One nowcast and the transmission on it, for the process that is measured."""
    if large:
        reports, as_of = simulated()
    else:
        reports, as_of = german(), FIRST + timedelta(days=PEERS[-1])
    start = time.process_time()
    made = nowcast(reports, as_of, max_delay=30 if large else LONGEST)
    print(f"the nowcast alone {time.process_time() - start:.2f} CPU-s", end="")
    start = time.process_time()
    rows, _ = spreading(of_nowcast(made), SerialInterval.gamma(2.6, 1.5), 7)
    print(f"; {len(rows)} rows of transmission {time.process_time() - start:.2f} CPU-s")


def main(arguments: Sequence[str]) -> None:
    """Print the table of one set of days beside the peer's, then the cost of a large nowcast."""
    parser = argparse.ArgumentParser(prog="./dev bench nowcast", description=__doc__)
    parser.add_argument("--dates", choices=list(DATES), default="peer")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--cost-only", choices=["large", "german"], help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.cost_only:
        spend(chosen.cost_only == "large")
        return
    if chosen.small:
        small()
        return
    print(f"{'':26}   WIS    MAE    raw   in50   in95  CPU-s")
    ours = nowcasts(DATES[chosen.dates])
    show("nof1, total", ours)
    show("nof1, sum of age groups*", nowcasts(DATES[chosen.dates], strata=True))
    if chosen.dates == "peer":
        theirs = peer()
        if not np.array_equal(ours["y"], theirs["y"]) or not np.array_equal(
            ours["raw"], theirs["raw"]
        ):
            raise SystemExit("The days or final counts are not those of the peer's table.")
        show("baselinenowcast", theirs)
        value, low, high = ratio(ours["wis"], theirs["wis"])
        print(f"WIS ratio {value:.3f} (95 % interval {low:.3f} to {high:.3f})")
    print("* against the sum of the groups' counts, which differs a little from the total's")
    print("Cost in a fresh process, imports and reading included:")
    for name, text in (
        ("german", "one German nowcast, total"),
        ("large", "40 places x 400 days x 30 delays (SYNTHETIC)"),
    ):
        cost = measured([sys.executable, "-m", "bench", "nowcast", "--cost-only", name])
        print(f"  {text}: {cost.cpu_s:.2f} CPU-s, {cost.peak_mb:.0f} MB; {cost.output.strip()}")
