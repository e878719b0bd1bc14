"""Can one tell from released curves that a patient was in? Likelihood ratios on canaries.

Each model is trained on the same patients and on half of the canaries; its partner on the other
half. A canary is a patient who is alone in a corner: two of the features far out, the outcome by a
coin. Models of other pairs are the references of the attack (Carlini et al., IEEE S&P 2022), as in
``nof1.federation.egress.attack``. Run with and without the rule of the smallest group.

    python -m bench.federation_members
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from bench.federation_groups import FEATURES, FloatArray, cohort
from nof1.federation.egress import attack
from nof1.federation.egress.attack import References
from nof1.learn.glassbox import GlassBoxClassifier

CANARIES = 200
FAR = 0.995  # quantile of the two features


def canaries(X: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """(CANARIES, p) rows and their outcomes."""
    rows = X[rng.integers(0, len(X), CANARIES)].copy()
    for row in rows:
        for feature in rng.choice(FEATURES, 2, replace=False):
            side = FAR if rng.random() < 0.5 else 1 - FAR
            row[feature] = np.nanquantile(X[:, feature], side) + rng.normal(scale=0.01)
    return rows, rng.integers(0, 2, CANARIES).astype(np.float64)


def references(
    X: FloatArray, y: FloatArray, pairs: int, smallest: int, max_pairs: int, seed: int
) -> References:
    """Models in pairs of complements, and what each says of every canary."""
    rng = np.random.default_rng([17, seed])
    rows, outcome = canaries(X, rng)
    scores, inside = np.empty((2 * pairs, CANARIES)), np.empty((2 * pairs, CANARIES), bool)
    for pair in range(pairs):
        half = rng.permutation(CANARIES) < CANARIES // 2
        for side, chosen in enumerate((half, ~half)):
            model = GlassBoxClassifier(smallest_group=smallest, max_pairs=max_pairs, seed=seed)
            model.fit(np.vstack([X, rows[chosen]]), np.r_[y, outcome[chosen]])
            number = 2 * pair + side
            scores[number] = (2 * outcome - 1) * model.decision_function(rows)
            inside[number] = chosen
    return References(scores, inside)


def main(arguments: list[str]) -> None:
    """Print one line for each setting, seed and attack."""
    parser = argparse.ArgumentParser(prog="python -m bench.federation_members")
    parser.add_argument("--site", type=int, default=1, help="of the drawn cohort: 0 is the largest")
    parser.add_argument("--pairs", type=int, default=6, help="of models")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    asked = parser.parse_args(arguments)
    print("| patients | seed | smallest group | planes | attack | AUC | hits at 1 % |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for seed in asked.seeds:
        table = cohort(seed)
        rows = table.learn_rows(asked.site)
        for smallest, planes in ((1, 64), (10, 64), (10, 0)):
            made = references(
                table.X[rows], table.y[rows], asked.pairs, smallest, planes, seed
            )  # fmt: skip
            known = np.ones(CANARIES, bool)
            for one in attack.by_recipe(made, known, np.arange(CANARIES)):
                told = f"| {len(rows):,} | {seed} | {smallest} | {'yes' if planes else 'no'} "
                print(f"{told}| {one.name} | {one.auc} | {one.hits} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
