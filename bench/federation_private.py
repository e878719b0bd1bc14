"""Private glass box of five sites without a trusted centre against DP-EBM with one, on pooled data.

Both get the same patients, the same public ranges, the same epsilon and delta for adding or
removing one patient. DP-EBM (interpret, its defaults) sees all rows in one place. The sites add
their shares of discrete noise inside the sum; ``private`` holds its promise while fewer than half
of them are dishonest (so honest sites add more noise than a centre would), ``all honest`` adds as
much as a centre. Hyperparameters were chosen on other cohorts (docs/private-training.md).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.federation_groups import (
    COHORT,
    COHORT_HORIZON_DAYS,
    COHORT_SIZES,
    COHORT_TEST,
    FEATURES,
    Table,
    draw,
)
from bench.federation_intervals import paired
from bench.federation_prepare import FOLDER
from nof1.federation.private.bins import even
from nof1.federation.private.glassbox import Recipe
from nof1.federation.private.noise import NoisySum, may_collude
from nof1.federation.private.plan import Plan
from nof1.federation.private.site import divided
from nof1.federation.private.training import Fitted, fit
from nof1.learn.discrimination import auroc
from nof1.learn.sums import FloatArray, SecureSum, federate

DELTA = 1e-5
EPSILONS = (1.0, 3.0, 8.0)
ADDITIVE = "additive"
SETS = (ADDITIVE, COHORT, "support2-disease")
PEER, PRIVATE, HONEST, OPEN = "DP-EBM, trusted centre", "private", "private, all honest", "no noise"
ARMS = (PEER, PRIVATE, HONEST, OPEN)
WIDE = (-5.0, 5.0)
RANGES: dict[str, tuple[float, float]] = {
    "age": (18, 105), "num.co": (0, 10), "edu": (0, 30), "scoma": (0, 100), "meanbp": (0, 200),
    "wblc": (0, 60), "hrt": (0, 250), "resp": (0, 80), "temp": (31, 42), "pafi": (0, 800),
    "alb": (0, 7), "bili": (0, 40), "crea": (0, 15), "sod": (110, 180), "ph": (6.8, 7.8),
    "glucose": (0, 800), "bun": (0, 200), "urine": (0, 7000), "adlp": (0, 7), "adls": (0, 7),
}  # fmt: skip
"""Usual values in intensive care, not taken from the table."""
NORMAL = {
    "alb": 3.5, "pafi": 333.3, "bili": 1.01, "crea": 1.01, "bun": 6.51, "wblc": 9.0,
    "urine": 2502.0, "edu": 12.0, "glucose": 120.0, "ph": 7.4, "adlp": 0.0, "adls": 0.0,
}  # fmt: skip
"""DP-EBM takes no missing values: it gets these (the first seven are those that SUPPORT's authors
recommend for filling in), or the middle of the public range."""


@dataclass(frozen=True)
class Cell:
    """One fit: data set, seed, arm and epsilon (0 for the arm without noise)."""

    data: str
    seed: int
    arm: str
    epsilon: float


def additive(seed: int) -> Table:
    """A cohort like the race's own, but of curves alone, with related features and rarer outcome.

    Hyperparameters were chosen on its seeds 100 to 131 and 200 to 207, never on those reported.
    """
    rng = np.random.default_rng(np.random.SeedSequence([53, seed]))
    sizes = np.array(COHORT_SIZES) + COHORT_TEST
    site = np.repeat(np.arange(len(sizes)), sizes)
    within = np.concatenate([np.arange(size) for size in sizes])
    near = np.eye(FEATURES) + 0.35 * (np.eye(FEATURES, k=1) + np.eye(FEATURES, k=-1))
    X = rng.standard_normal((len(site), FEATURES)) @ np.linalg.cholesky(near).T
    X += rng.normal(0, 0.4, (len(sizes), FEATURES))[site]
    curves = 0.9 * np.tanh(1.2 * X[:, 0]) + 0.3 * (X[:, 1] ** 2 - 1) + 0.7 * np.sin(1.5 * X[:, 2])
    lines_ = 0.6 * (X[:, 3] > 0.5) - 0.5 * X[:, 4] + 0.35 * X[:, 5] + 0.4 * np.maximum(X[:, 6], 0)
    pair = 0.125 * X[:, 7] * X[:, 0] + 0.2 * np.abs(X[:, 8])
    level = np.array([-0.3, 0.0, 0.3, 0.5, -0.6])[site]
    odds = 1.45 * (curves + lines_ + pair) - 2.75 + level
    y = (rng.random(len(site)) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    return Table(
        ADDITIVE, X, tuple(f"x{j}" for j in range(FEATURES)), y, np.ones(len(y)),
        y.astype(np.int64), site.astype(np.int64), tuple(f"site {k}" for k in range(len(sizes))),
        np.arange(len(y), dtype=np.int64), within >= np.array(COHORT_SIZES)[site],
        COHORT_HORIZON_DAYS, True,
    )  # fmt: skip


def ranges_of(table: Table) -> list[tuple[float, float]]:
    """Public range of each column; a column that is not named is a flag."""
    if table.name in (COHORT, ADDITIVE):
        return [WIDE] * len(table.names)
    return [RANGES.get(name, (0.0, 1.0)) for name in table.names]


def private(table: Table, epsilon: float, dishonest: int | None, seed: int) -> FloatArray:
    """Risks of the judged rows by the sites' private model."""
    sites = len(table.sites)
    held = may_collude(sites) if dishonest is None else dishonest
    grids = [np.array([0.5]) if limits == (0.0, 1.0) else even(*limits)
             for limits in ranges_of(table)]  # fmt: skip
    plan, recipe = Plan.of(epsilon, DELTA), Recipe.of(epsilon)

    def one(site: int) -> Any:
        rows = table.learn_rows(site)
        keys = table.keys[rows].astype(np.uint64)
        own = divided(table.X[rows], table.y[rows], keys, seed)

        def run(secure_sum: SecureSum) -> Fitted:
            total = NoisySum(secure_sum, sites, held)
            return fit(own, table.names, grids, (), {}, plan, total, recipe,
                       table.horizon_days, seed)  # fmt: skip

        return run

    found = federate([one(site) for site in range(sites)], fixed_point=True)[0]
    decision = found.private.shapes.decision(table.X[table.test_rows()])
    return found.verdict.voice.interval.risk(decision)


def peer(table: Table, epsilon: float, seed: int) -> FloatArray:
    """Risks of the judged rows by DP-EBM on all rows in one place."""
    from interpret.privacy import DPExplainableBoostingClassifier

    rows, X = table.learn_rows(), filled(table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = DPExplainableBoostingClassifier(
            feature_types=["continuous"] * len(table.names),
            epsilon=epsilon, delta=DELTA, random_state=seed,
            privacy_bounds=np.array(ranges_of(table), dtype=np.float64),
        ).fit(X[rows], table.y[rows].astype(int))  # fmt: skip
        risk: FloatArray = model.predict_proba(X[table.test_rows()])[:, 1]
    return risk


def filled(table: Table) -> FloatArray:
    """The features with public values where one is missing."""
    middle = [(low + high) / 2 for low, high in ranges_of(table)]
    usual = [NORMAL.get(name, value) for name, value in zip(table.names, middle, strict=True)]
    return np.where(np.isnan(table.X), np.array(usual), table.X)


def openly(table: Table, seed: int) -> FloatArray:
    """Risks of the judged rows by the glass box without noise, on all rows in one place."""
    from nof1.learn.glassbox import GlassBoxClassifier

    rows = table.learn_rows()
    model = GlassBoxClassifier(seed=seed).fit(table.X[rows], table.y[rows])
    risk: FloatArray = model.predict_proba(table.X[table.test_rows()])[:, 1]
    return risk


def measure(cell: Cell, folder: Path = FOLDER) -> dict[str, Any]:
    """AUROC and Brier score of one fit on the judged rows of all sites."""
    table = additive(cell.seed) if cell.data == ADDITIVE else draw(cell.data, cell.seed, folder)
    if cell.arm == PEER:
        risk = peer(table, cell.epsilon, cell.seed)
    elif cell.arm == OPEN:
        risk = openly(table, cell.seed)
    else:
        risk = private(table, cell.epsilon, 0 if cell.arm == HONEST else None, cell.seed)
    y = table.y[table.test_rows()]
    share = 0.0 if table.independent else len(y) / len(table.learn_rows())
    return {
        "data": cell.data, "seed": cell.seed, "arm": cell.arm, "epsilon": cell.epsilon,
        "auroc": float(auroc(y, risk).value), "brier": float(np.mean((risk - y) ** 2)),
        "prevalence": float(y.mean()), "test_to_learn": share,
    }  # fmt: skip


def cells(sets: Sequence[str], seeds: Sequence[int], epsilons: Sequence[float]) -> list[Cell]:
    """All fits of a race."""
    return [
        Cell(data, seed, arm, epsilon)
        for data in sets
        for seed in seeds
        for arm in ARMS
        for epsilon in ([0.0] if arm == OPEN else epsilons)
    ]


def lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A table of means, and of differences to DP-EBM with their intervals."""
    said = []
    by = {(one["data"], one["arm"], one["epsilon"], one["seed"]): one for one in rows}
    for data, arm, epsilon in dict.fromkeys(key[:3] for key in by):
        own = [one for key, one in by.items() if key[:3] == (data, arm, epsilon)]
        text = f"{data:18} {arm:24} eps {epsilon:g}  n={len(own):2}"
        for figure in ("auroc", "brier"):
            text += f"  {figure} {np.mean([one[figure] for one in own]):.4f}"
            pairs = [(one[figure], by.get((data, PEER, epsilon, one["seed"]))) for one in own]
            gaps = [value - other[figure] for value, other in pairs if other is not None]
            if gaps and arm != PEER:
                found = paired(gaps, own[0]["test_to_learn"])
                text += f" ({found.mean:+.4f}, {found.low:+.4f} to {found.high:+.4f})"
        said.append(text)
    return said


def main(arguments: list[str]) -> None:
    """Run the race and print it; --out keeps each fit as a line of JSON."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(prog="./dev bench federation_private")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--epsilon", type=float, nargs="+", default=list(EPSILONS))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    missing = [
        one
        for one in asked.sets
        if one not in (ADDITIVE, COHORT) and not (FOLDER / f"{one}.npz").exists()
    ]
    if missing:
        print(f"Not prepared: {', '.join(missing)}. Run: ./dev bench federation prepare")
        asked.sets = [one for one in asked.sets if one not in missing]
    wanted = cells(asked.sets, range(asked.first, asked.first + asked.seeds), asked.epsilon)
    rows = []
    with ProcessPoolExecutor(asked.workers) as pool:
        for one in pool.map(measure, wanted):
            rows.append(one)
            if asked.out:
                with asked.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(one) + "\n")
    print("\n".join(lines(rows)))


if __name__ == "__main__":
    main(sys.argv[1:])
