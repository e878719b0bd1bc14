"""Many rows of 200 features: CPU seconds and peak memory of the whole fit, and one patient."""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from bench.measured import measured
from nof1.learn.effect.analysis import analyse, fit
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.recipe import Recipe
from nof1.learn.effect.regions import lonely

FEATURES, NUMBERS = 200, 120
MILLION = 1_000_000
ASKED = 200
"""New people asked about, one at a time."""


def draw(rows: int, seed: int = 1) -> Arms:
    """120 numbers, 80 yes/no columns; a tenth of the numbers is missing."""
    rng = np.random.default_rng(seed)
    X = np.empty((rows, FEATURES))
    for j in range(FEATURES):
        if j < NUMBERS:
            X[:, j] = rng.normal(size=rows)
            if j >= 20:
                X[rng.random(rows) < 0.1, j] = np.nan
        else:
            X[:, j] = rng.random(rows) < 0.05 + 0.4 * (j - NUMBERS) / FEATURES
    risk = -1.6 + 0.6 * X[:, 0] + 0.4 * X[:, 1] + 0.5 * X[:, 150]
    gain = -0.4 + 0.5 * X[:, 160] - 0.4 * X[:, 2]
    arm = (rng.random(rows) < 1 / (1 + np.exp(-0.5 * X[:, 0] - 0.4 * X[:, 5]))).astype(float)
    y = (rng.random(rows) < 1 / (1 + np.exp(-risk - gain * arm))).astype(float)
    return Arms.of(X, arm, y)


def inside(rows: int) -> None:
    """Analysis and models of new people in this process; JSON of the CPU seconds by stage.

    Only the line of modifiers is tried: what ``nof1 effect`` does from five million cells on.
    """
    marks = [time.process_time()]
    arms = draw(rows)
    marks.append(time.process_time())
    made = analyse(arms, Recipe(learners=()))
    marks.append(time.process_time())
    models = fit(arms, made)
    marks.append(time.process_time())
    new = draw(ASKED, seed=2).X
    models.effect.effect(new[:1])
    start = time.process_time()
    for row in new:
        x = row[None, :]
        made.overlap.supported(models.propensity.mean(x))
        lonely(models.regions, x)
        raw = models.effect.effect(x)
        made.calibrated.interval(raw, models.effect.bags(x), 0.95)
        models.comparator.mean(x)
    one = (time.process_time() - start) / ASKED * 1000
    stages = dict(zip(("draw", "analyse", "fit"), np.diff(marks).round(1).tolist(), strict=True))
    print("\n" + json.dumps({"rows": rows, "cpu_s": stages, "patient_ms": round(one, 2)}))


def table(sizes: list[int]) -> None:
    """One fresh process a size; then a straight line to a million rows."""
    found = []
    for rows in sizes:
        cost = measured(
            [sys.executable, "-m", "bench", "effect", "large", "--inside", "--rows", rows]
        )
        said = json.loads(cost.output.strip().splitlines()[-1])
        spent = said["cpu_s"]["analyse"] + said["cpu_s"]["fit"]
        found.append((rows, spent, cost.peak_mb / 1024))
        print(
            f"{rows:>9,} x {FEATURES}: analyse {said['cpu_s']['analyse']:.0f} + fit "
            f"{said['cpu_s']['fit']:.0f} = {spent:.0f} CPU s, peak {cost.peak_mb / 1024:.2f} GiB "
            f"(the table itself {rows * FEATURES * 8 / 2**30:.2f}); one patient "
            f"{said['patient_ms']:.1f} ms; whole process {cost.cpu_s:.0f} CPU s",
            flush=True,
        )
    if len(found) > 1:
        _extrapolated(found[-2], found[-1])


def _extrapolated(small: tuple[int, float, float], large: tuple[int, float, float]) -> None:
    """A line through the last two sizes; an extrapolation is not a measurement."""
    share = (MILLION - large[0]) / (large[0] - small[0])
    seconds, memory = (big + share * (big - less) for less, big in zip(small[1:], large[1:],
                                                                       strict=True))  # fmt: skip
    print(
        f"{MILLION:,} rows, EXTRAPOLATED on a straight line: {seconds / 60:.0f} CPU minutes "
        f"(aim 10), {memory:.1f} GiB (aim 8)"
    )
