"""Alarms: speed, false alarms, discoveries, scan: ./dev bench alarms [speed|null|fdr|scan|nation].

All series are SIMULATED (negative binomial around a trend and a yearly wave, as in Noufaily et al.
2013). CPU seconds of one thread; compiled before the clock starts. Without a name, all parts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.measured import ONE_THREAD

os.environ.update(ONE_THREAD)

import numpy as np
from scipy import stats

from nof1.core.engine import LocalEngine
from nof1.surveillance.alarms import attainable, charts, discoveries, ears, farrington, scan
from nof1.surveillance.alarms.charts import Chart
from nof1.surveillance.alarms.ears import Ears
from nof1.surveillance.alarms.run import Settings, check
from nof1.surveillance.alarms.scan import Scan
from nof1.surveillance.series import Panel

R_MS = (7.0, 11.0)  # R surveillance 1.20.3, farringtonFlexible, CPU ms a weekly test
START = np.datetime64("2014-01-04")
PLAIN = replace(farrington.FLEXIBLE, threshold="nbPlugin")
NULLS = [  # mean cases a week, dispersion, slope a week, height of the yearly wave
    (0.05, 1.0, 0.0, 0.0),
    (0.1, 1.2, 0.0, 0.5),
    (0.1, 3.0, 0.0, 0.5),
    (0.3, 1.0, 0.0, 0.0),
    (0.3, 2.0, 0.0, 0.5),
    (1.0, 1.5, 0.0, 0.5),
    (1.0, 3.0, 0.0, 0.5),
    (5.0, 1.0, 0.0, 0.3),
    (5.0, 2.0, 0.001, 0.3),
    (5.0, 5.0, 0.0, 0.5),
    (50.0, 3.0, 0.001, 0.3),
    (50.0, 20.0, 0.0, 0.5),
    (200.0, 5.0, 0.0, 0.3),
]

WIDTHS = (9, 9, 9, 9, 9, 8, 8, 8, 8, 9, 8)
PLANTED = [  # share of the strata with an outbreak now, and its size in standard deviations
    (0.02, (2, 10)),
    (0.1, (2, 10)),
    (0.2, (2, 10)),
    (0.1, (5, 15)),
    (0.1, (8, 20)),
    (0.02, (8, 20)),
]


def dates(weeks: int) -> np.ndarray:
    """Saturdays."""
    days: np.ndarray = START + 7 * np.arange(weeks)
    return days


def drawn(rng: np.random.Generator, mean: np.ndarray, dispersion: Any) -> np.ndarray:
    """Counts with variance = dispersion x mean."""
    over = np.maximum(dispersion, 1 + 1e-9)
    binomial = rng.negative_binomial(mean / (over - 1), 1 / over)
    counts: np.ndarray = np.where(np.asarray(dispersion) > 1, binomial, rng.poisson(mean))
    return counts.astype(float)


def wave(weeks: int, mean: Any, slope: Any, height: Any, phase: Any = 1.0) -> np.ndarray:
    """(weeks, series or 1) means."""
    t = np.arange(weeks)[:, None]
    eta = np.log(mean) + slope * (t - weeks / 2) + height * np.cos(2 * np.pi * t / 52.18 + phase)
    means: np.ndarray = np.exp(eta)
    return means


def seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of one run, after a first one that compiles."""
    start = time.process_time()
    work()
    return time.process_time() - start


def speed() -> None:
    """CPU time of one weekly test."""
    rng = np.random.default_rng(1)
    values = drawn(rng, wave(520, np.full(1000, 3.0), 0.0, 0.5), 2.0)
    tests, days = np.arange(468, 520), dates(520)
    rules: dict[str, Callable[[], Any]] = {
        f"farrington flexible {name}, noPeriods {periods}": (
            lambda name=name, periods=periods: farrington.judge(  # type: ignore[misc]
                days,
                values,
                tests,
                replace(PLAIN, threshold=name, windows=replace(PLAIN.windows, periods=periods)),
            )
        )
        for name in farrington.THRESHOLDS
        for periods in (1, 10)
    }
    rules["farrington original"] = lambda: farrington.judge(
        days, values, tests, farrington.ORIGINAL
    )
    rules["EARS C3"] = lambda: ears.judge(days, values, tests, Ears("C3"))
    rules["CUSUM"] = lambda: charts.judge(days, values, tests, Chart("cusum"))
    rules["NB-GLR, memory 26 weeks"] = lambda: charts.judge(days, values, tests, Chart("glr"))
    print(f"1,000 series of 520 weeks, 52 weeks tested (R farringtonFlexible {R_MS} ms a test)")
    print(f"{'':44}{'us a test':>10}{'x R':>14}")
    for name, work in rules.items():
        work()
        each = seconds(work) / (52 * 1000) * 1e6
        times = " to ".join(f"{one * 1000 / each:,.0f}" for one in R_MS)
        print(f"{name:44}{each:>10.1f}{times if 'flexible' in name else '':>14}")


def nation() -> None:
    """3,000 counties x 10 years: the last 5 years tested, with false discovery rate."""
    rng = np.random.default_rng(2)
    mean = rng.choice([0.3, 1, 3, 10, 30, 100], 3000)
    values = drawn(rng, wave(520, mean, 0.0, 0.5, rng.uniform(0, 6, 3000)), rng.uniform(1, 4, 3000))
    days = dates(520)
    panel = Panel("c", days, tuple(map(str, range(3000))), values, days[-1].item())
    check(panel.only(panel.places[:300]), Settings(fdr=0.1, history=2))
    for workers in (1, 2):
        cpu, wall = os.times(), time.perf_counter()
        done = check(panel, Settings(fdr=0.1, history=260), engine=LocalEngine(workers))
        wall = time.perf_counter() - wall
        spent = sum(os.times()[:4]) - sum(cpu[:4])
        print(
            f"3,000 series x 520 weeks, {done.tested.p.size:,} tests, {workers} workers: "
            f"{wall:.0f} s wall, {spent:.0f} CPU-s, {int(done.alarm.sum())} alarms"
        )


def null() -> None:
    """Share of false alarms where nothing special happens."""
    series, weeks = 5000, 416
    low, high = stats.binom.interval(0.95, series, 0.01) / np.float64(series)
    print(f"{series} series a row, one week tested; level .01, 95 % interval {low:.4f}-{high:.4f}")
    print(
        "false alarms of: predictive (p <= .01, random ties, mid-p, p <= .001 x 10), R's nbPlugin"
    )
    print(
        f"{'mean':>6}{'disp':>6}{'p<=.01':>9}{'random':>9}{'mid-p':>9}{'.001x10':>9}{'nbPlugin':>9}"
        f"{'orig':>8}{'C1':>8}{'C2':>8}{'C3':>8}{'CUSUM/y':>9}{'GLR/y':>8}"
    )
    rng = np.random.default_rng(3)
    for mean, dispersion, slope, height in NULLS:
        values = drawn(rng, wave(weeks, mean, slope, height) * np.ones(series), dispersion)
        print(f"{mean:>6}{dispersion:>6}" + _rates(values, weeks, rng))


def _rates(values: np.ndarray, weeks: int, rng: np.random.Generator) -> str:
    days, last = dates(weeks), np.array([weeks - 1])
    ours = farrington.judge(days, values, last, farrington.FLEXIBLE)
    more = farrington.judge(days, np.vstack([values[:-1], values[-1:] + 1]), last)
    good = ours.reason[0] == 0
    p, above = ours.p[0, good], more.p[0, good]
    random = above + rng.uniform(size=len(p)) * (p - above)
    shares = [
        np.mean(p <= 0.01),
        np.mean(random <= 0.01),
        np.mean(p + above <= 0.02),
        10 * np.mean(p <= 0.001),
    ]
    shares.append(farrington.judge(days, values, last, PLAIN).alarm[0, good].mean())
    original = replace(farrington.ORIGINAL, alpha=0.02)  # two-sided
    shares.append(farrington.judge(days, values, last, original).alarm[0, good].mean())
    shares += [ears.judge(days, values, last, Ears(m)).alarm.mean() for m in ears.METHODS]
    year = np.arange(weeks - 52, weeks)
    few = values[:, :1000]
    shares += [
        charts.judge(days, few, year, Chart(kind)).alarm.any(axis=0).mean()
        for kind in ("cusum", "glr")
    ]
    return "".join(f"{share:>{width}.4f}" for share, width in zip(shares, WIDTHS, strict=True))


def world(
    rng: np.random.Generator, share: float, sizes: tuple[float, float], strata: int = 1000
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Counts (364, strata), outbreak weeks, strata with an outbreak now, and its first week.

    An outbreak has k x (standard deviation of a week) cases more, k uniform in ``sizes``, spread
    over weeks after a log-normal (0, 0.5). Every stratum also had 2 outbreaks in the past, on
    average, that nobody marked.
    """
    weeks = 364
    mean = rng.choice([0.1, 0.3, 1, 3, 10, 30, 100, 300], strata)
    over = np.minimum(rng.choice([1, 1.2, 1.5, 2, 3, 5], strata), 1.2 + 2 * np.sqrt(mean))
    slope, height = rng.choice([0, 0, 0.0005, 0.001], strata), rng.choice([0, 0.3, 0.6], strata)
    means = wave(weeks, mean, slope, height, rng.uniform(0, 6, strata))
    values, outbreak = drawn(rng, means, over), np.zeros((weeks, strata), bool)

    def plant(at: int, first: int) -> None:
        cases = rng.poisson(rng.uniform(*sizes) * np.sqrt(means[first, at] * over[at]))
        week = first + np.floor(rng.lognormal(0, 0.5, cases)).astype(int)
        np.add.at(values[:, at], week[week < weeks], 1)
        outbreak[week[week < weeks], at] = True

    now = weeks - 8
    for at in range(strata):
        for _ in range(rng.poisson(2)):
            plant(at, int(rng.integers(0, weeks - 60)))
    chosen = rng.choice(strata, int(share * strata), replace=False)
    for at in chosen.tolist():
        plant(at, now)
    return values, outbreak, chosen, now


def fdr() -> None:
    """False discovery rate over 1,000 strata, and detection against R's rule."""
    print("1,000 strata, 10 worlds a row, 5 weeks from the outbreaks' first week; rate asked: 10 %")
    print(
        "R's rule: flexible nbPlugin, alpha .01. false = no outbreak in the week or the one before"
    )
    print(
        f"{'planted':>8}{'size (sd)':>10}{'FDR ours':>10}{'s.e.':>7}{'BH':>7}{'BY':>7}{'FDR R':>7}"
        f"{'R false':>9}{'found R':>9}{'ours':>7}{'of R':>7}{'BH':>7}{'delay R':>8}{'ours':>6}"
    )
    for share, sizes in PLANTED:
        rng = np.random.default_rng(4)
        each = np.array([_discovered(*world(rng, share, sizes)) for _ in range(10)])
        m = np.nanmean(each, axis=0)
        error = each[:, 0].std() / np.sqrt(len(each))
        print(
            f"{share:>8}{f'{sizes[0]}-{sizes[1]}':>10}{m[0]:>10.3f}{error:>7.3f}"
            f"{m[1]:>7.3f}{m[2]:>7.3f}{m[3]:>7.2f}{m[4]:>9.1f}{m[5]:>9.3f}{m[6]:>7.3f}"
            f"{m[7]:>7.3f}{m[8]:>7.3f}{m[9]:>8.2f}{m[10]:>6.2f}"
        )


def _discovered(
    values: np.ndarray, outbreak: np.ndarray, chosen: np.ndarray, now: int
) -> list[float]:
    days, tests = dates(len(values)), np.arange(now - 1, now + 5)
    theirs = farrington.judge(days, values, tests, PLAIN).alarm[1:]
    alarm, plain, cautious = np.zeros((3, *theirs.shape), bool)
    for at, week in enumerate(tests[1:].tolist()):
        ours = farrington.judge(days, values, np.array([week - 1, week]))
        p = np.where(ours.few, 1.0, ours.parts["p_recent"])[1]
        chance = ours.attainable
        assert chance is not None
        alarm[at] = discoveries.discrete(p, chance, attainable.LEVELS) <= 0.1
        plain[at] = discoveries.adjusted(p) <= 0.1
        cautious[at] = discoveries.adjusted(p, "by") <= 0.1
    true = outbreak[tests[1:]] | outbreak[tests[:-1]]
    found, found_r = alarm[:, chosen].any(axis=0), (theirs & true)[:, chosen].any(axis=0)

    def share_false(raised: np.ndarray) -> float:
        pairs = zip(raised, true, strict=True)
        return float(np.mean([(a & ~t).sum() / max(a.sum(), 1) for a, t in pairs]))

    both = found & found_r
    plainly = plain[:, chosen].any(axis=0) & found_r
    return [
        share_false(alarm),
        share_false(plain),
        share_false(cautious),
        share_false(theirs),
        (theirs & ~true).sum() / len(theirs),
        found_r.mean(),
        found.mean(),
        both.sum() / max(found_r.sum(), 1),
        plainly.sum() / max(found_r.sum(), 1),
        theirs[:, chosen].argmax(axis=0)[both].mean(),
        alarm[:, chosen].argmax(axis=0)[both].mean(),
    ]


def scans() -> None:
    """False clusters of the scan, one planted cluster, and the time for 3,000 places."""
    rng = np.random.default_rng(6)
    lat, lon = rng.uniform(30, 48, 100), rng.uniform(-120, -75, 100)
    order = scan.by_distance(lat, lon, 25)
    base = np.tile(rng.gamma(2, 3, 100), (12, 1))
    for kind in ("poisson", "permutation"):
        rule, false = Scan(kind, replicates=99), 0  # type: ignore[arg-type]
        for number in range(200):
            counts = rng.poisson(base).astype(float)
            false += bool(scan.scan(counts, base, order, replace(rule, seed=number)))
        low, high = stats.binom.interval(0.95, 200, 0.05)
        print(
            f"{kind}: {false} of 200 null maps have a cluster (level .05: {low:.0f} to {high:.0f})"
        )
    clumped = drawn(rng, np.tile(base, (1, 1)), 2.0)
    false = sum(
        bool(scan.scan(drawn(rng, base, 2.0), base, order, Scan(replicates=99, seed=n)))
        for n in range(100)
    )
    print(
        f"poisson with clumped counts (dispersion 2): {false} of 100 ({clumped.size} counts a map)"
    )
    lat, lon = rng.uniform(25, 49, 3000), rng.uniform(-124, -67, 3000)
    base = np.tile(rng.gamma(1, 5, 3000), (4, 1))
    start = time.process_time()
    order = scan.by_distance(lat, lon, 50)
    found = scan.scan(rng.poisson(base).astype(float), base, order, Scan(replicates=199))
    spent = time.process_time() - start
    print(f"3,000 places x 50 x 4 weeks, 199 random maps: {spent:.1f} CPU-s, {len(found)} found")


PARTS = {"speed": speed, "null": null, "fdr": fdr, "scan": scans, "nation": nation}


def main(arguments: list[str]) -> None:
    """Run the named parts, or all."""
    unknown = set(arguments) - set(PARTS)
    if unknown:
        raise SystemExit(f"Parts: {', '.join(PARTS)}")
    for name in arguments or PARTS:
        print(f"\n== {name}")
        PARTS[name]()
