"""The race of effects per person: nof1 against EconML's causal forest and forest of DR scores.

Every program runs in a process of its own, on the same table, the same five folds by patient and
the same people (those with counterparts by nof1's propensity, so nof1 runs first). Fit: CPU seconds
until everybody has an effect with limits from models that have not seen the person. A row: one
person asked alone, effect and limits, from a trained model.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.effect_hospital import COMPARISONS, FOLDER, LEVEL, Case, Told, cases, ours
from bench.measured import measured
from nof1.learn.effect import forest
from nof1.learn.effect.analysis import Analysis, fit
from nof1.learn.effect.recipe import Recipe

PROGRAMS = ("nof1", "forest", "dr")
NAMES = {"nof1": "nof1", "forest": "EconML CausalForestDML", "dr": "EconML ForestDRLearner"}
ASKED = 50
RECIPE = Recipe(folds=5, seed=1)


def race(seeds: list[int], patients: int, programs: tuple[str, ...] = PROGRAMS) -> None:
    """Print one line for each comparison and program."""
    print("| seed, comparison | program | sqrt(PEHE) | r | covers 95 % | mean width | fit, CPU s | "
          "a row, CPU ms | peak, GiB |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for seed in seeds:
        list(cases(seed, patients))  # made before the programs are measured
        for name in COMPARISONS:
            for program in programs:
                cost = measured(
                    [sys.executable, "-m", "bench", "effect", "econml", "--inside", "--seeds", seed,
                     "--patients", patients, "--program", program, "--comparison", name]
                )  # fmt: skip
                found = json.loads(cost.output.strip().splitlines()[-1])
                _line(f"{seed} {name}", program, found, cost.peak_mb / 1024)


def _line(what: str, program: str, found: dict[str, Any], peak: float) -> None:
    print(
        f"| {what} | {NAMES[program]} | {found['pehe']:.4f} | {found['r']:.2f} | "
        f"{found['covers']:.3f} | {found['width']:.3f} | {found['fit_s']:.1f} | "
        f"{found['row_ms']:.2f} | {peak:.2f} |",
        flush=True,
    )
    if "flat" in found:
        print(f"| {what} | the average for all | {found['flat']:.4f} | | | | | | |", flush=True)


def inside(seed: int, patients: int, program: str, name: str) -> None:
    """One program in this process; JSON of its figures."""
    case = next(one for one in cases(seed, patients) if one.name == name)
    shared = FOLDER / f"people-{name}@{seed}-{patients}.npz"
    if program == "nof1":
        told, row_ms, made = _nof1(case, shared)
        extra = {"flat": _off(made.effect.value or 0.0, case, made.rows > 0)}
    else:
        told, row_ms = _econml(case, shared, program)
        extra = {}
    rows = np.load(shared)["rows"] > 0
    print("\n" + json.dumps(_figures(told, case, rows) | {"row_ms": row_ms} | extra))


def _nof1(case: Case, shared: Path) -> tuple[Told, float, Analysis]:
    made, told = ours(case.arms, RECIPE)
    np.savez(shared, rows=made.rows, folds=made.nuisance.folds)
    models = fit(case.arms, made)

    def one(x: np.ndarray) -> None:
        raw = models.effect.effect(x)
        made.calibrated.interval(raw, models.effect.bags(x), LEVEL)

    return told, _row_ms(one, case), made


def _econml(case: Case, shared: Path, program: str) -> tuple[Told, float]:
    kept = np.load(shared)
    rows, folds, arms = kept["rows"], kept["folds"], case.arms
    effect, low, high = (np.zeros(len(rows)) for _ in range(3))
    start = time.process_time()
    for fold in range(RECIPE.folds):
        here = folds == fold
        grown = forest.grow(arms, rows * ~here, fold + 1, program)
        effect[here] = grown.effect(arms.X[here])
        low[here], high[here] = grown.limits(arms.X[here], LEVEL)
    told = Told(effect, low, high, time.process_time() - start)

    def one(x: np.ndarray) -> None:
        grown.effect(x)
        grown.limits(x, LEVEL)

    return told, _row_ms(one, case)


def _row_ms(one: Any, case: Case) -> float:
    one(case.arms.X[:1])
    start = time.process_time()
    for row in case.arms.X[:ASKED]:
        one(row[None, :])
    return (time.process_time() - start) / ASKED * 1000


def _off(effect: Any, case: Case, rows: np.ndarray) -> float:
    chosen = rows & ~np.isnan(case.true)
    return float(np.sqrt(np.mean((effect - case.true)[chosen] ** 2)))


def _figures(told: Told, case: Case, rows: np.ndarray) -> dict[str, float]:
    chosen = rows & ~np.isnan(case.true)
    inside = (told.low <= case.true) & (case.true <= told.high)
    return {
        "pehe": _off(told.effect, case, rows),
        "r": float(np.corrcoef(told.effect[chosen], case.true[chosen])[0, 1]),
        "covers": float(inside[chosen].mean()),
        "width": float((told.high - told.low)[chosen].mean()),
        "fit_s": told.cpu_s,
    }
