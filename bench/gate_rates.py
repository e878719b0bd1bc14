"""How often the gate passes right and wrong models: the table of docs/decisions/0003-gate.md.

Run: ``./dev bench gate_rates [runs]``. Outcomes are drawn from known risks, 20 % events; the
model's log odds need ``slope`` and ``shift`` to become right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from nof1.learn.conformal import Conformal
from nof1.learn.evaluate import evaluate
from nof1.learn.gate import gate

CENTRE = {1.2: -1.75, 0.7: -1.5, 0.02: -1.386}  # mean log odds that gives 20 % events
MODELS = {
    "right, AUROC 0.78": (1.2, 1.0, 0.0),
    "right, AUROC 0.69": (0.7, 1.0, 0.0),
    "slope 0.85, AUROC 0.78": (1.2, 0.85, 0.0),
    "slope 0.7, AUROC 0.78": (1.2, 0.7, 0.0),
    "slope 0.7, AUROC 0.69": (0.7, 0.7, 0.0),
    "slope 1.4, AUROC 0.78": (1.2, 1.4, 0.0),
    "shift +0.25": (1.2, 1.0, 0.25),
    "shift +0.5": (1.2, 1.0, 0.5),
    "shift -0.5": (1.2, 1.0, -0.5),
    "no information": (0.02, 1.0, 0.0),
}


def passes(rows: int, spread: float, slope: float, shift: float, seed: int) -> tuple[str, ...]:
    """Names of the failed checks of one simulated model."""
    rng = np.random.default_rng(seed)
    centre = CENTRE[spread]
    truth = rng.normal(centre, spread, rows + max(rows // 2, 250))
    y = (rng.random(len(truth)) < expit(truth)).astype(float)
    decision = centre + (truth - centre - shift) / slope
    test, calibration = slice(0, rows), slice(rows, None)
    found = evaluate(
        y[test],
        expit(decision[test]),
        decision=decision[test],
        conformal=Conformal.fit(decision[calibration], y[calibration]),
        thresholds=(0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4),
        resamples=100,
        seed=seed,
    )
    return gate(found, leakage_passed=True).failed


def main(arguments: Sequence[str]) -> None:
    """Print the table; one argument: the number of runs (200)."""
    runs = int(arguments[0]) if arguments else 200
    sizes = (300, 500, 1000, 2000, 5000)
    print(f"Share of {runs} runs that pass, by number of test rows")
    print(
        f"{'model':<26}"
        + "".join(f"{size:>7,}" for size in sizes)
        + "   most often failed at 2,000"
    )
    for name, settings in MODELS.items():
        failed = {n: [passes(n, *settings, seed) for seed in range(runs)] for n in sizes}
        shares = [sum(not one for one in failed[size]) / runs for size in sizes]
        common = Counter(check for one in failed[2000] for check in one).most_common(1)
        cells = "".join(f"{share:7.2f}" for share in shares)
        print(f"{name:<26}{cells}   {common[0][0] if common else '-'}", flush=True)
