"""Glass box: quality and CPU seconds of training beside interpret's EBM and LightGBM; federation.

``./dev bench glassbox`` takes about three minutes, nearly all of it the EBM's (8 outer bags, one
thread, otherwise its defaults); ``--without-ebm`` leaves it out. CPU seconds are of training alone,
after one warm-up fit has compiled the loops. SUPPORT2 needs ``../shared/data/records``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from bench.measured import ROOT

Table = tuple[Any, Any, Any, Any]
SUPPORT2 = ROOT.parent / "shared" / "data" / "records" / "support2.csv"
OUTCOME_NEAR = [
    *("surv2m", "surv6m", "prg2m", "prg6m", "dnr", "dnrday", "aps", "sps", "hospdead", "charges"),
    *("totcst", "totmcst", "slos", "avtisst", "sfdm2", "sno"),
]
HORIZONS_DAYS = [30, 180, 365]


def curves(n: int, seed: int) -> tuple[Any, Any]:
    """Twelve features: a wave, a parabola, a step, a product and a line; 5 % missing."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 12))
    score = np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] ** 2 + (X[:, 2] > 0.5) + 0.8 * X[:, 3] * X[:, 4]
    score += 0.5 * X[:, 5] - 1.5
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)


def record_like(n: int, n_features: int, seed: int) -> tuple[Any, Any]:
    """Correlated measurements with gaps, and nearly empty counts, from 20 hidden causes."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 20))
    X = hidden[:, np.arange(n_features) % 20] + 0.3 * rng.normal(size=(n, n_features))
    half = n_features // 2
    X[:, half:] = rng.poisson(np.exp(-3 + 0.8 * X[:, half:]))
    X[:, :half][rng.random((n, half)) < 0.3] = np.nan
    score = hidden[:, 0] - 0.8 * hidden[:, 1] + np.abs(hidden[:, 2]) + 0.5 * hidden[:, 3] - 2
    return X, (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)


def tables() -> dict[str, Table]:
    """Name -> features and outcomes to learn from, then to test on."""
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, 1 - y, test_size=0.3, random_state=0)
    found: dict[str, Table] = {"breast cancer 398 x 30": (X, y, X_test, y_test)}
    found["curves 3,000 x 12"] = (*curves(3000, 0), *curves(5000, 1))
    found["record-like 3,000 x 60"] = (*record_like(3000, 60, 0), *record_like(5000, 60, 1))
    found["record-like 10,000 x 200"] = (*record_like(10_000, 200, 0), *record_like(5000, 200, 1))
    return found


def ebm(X: Any, y: Any) -> Callable[[Any], Any]:
    from interpret.glassbox import ExplainableBoostingClassifier

    model = ExplainableBoostingClassifier(n_jobs=1, outer_bags=8).fit(X, y)
    return lambda rows: model.predict_proba(rows)[:, 1]


def registered(name: str) -> Callable[[Any, Any], Callable[[Any], Any]]:
    from nof1.learn.learners import learner

    return lambda X, y: learner(name).binary().fit(X, y).predict


def timed(train: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    start = time.process_time()
    return train(*arguments), time.process_time() - start


def binary(with_ebm: bool) -> None:
    """AUROC, log loss and CPU seconds on every table."""
    print(f"{'table':26} {'program':10} {'AUROC':>7} {'log loss':>9} {'CPU s':>7}")
    for table, (X, y, X_test, y_test) in tables().items():
        programs = {name: registered(name) for name in ("glassbox", "lightgbm", "linear")}
        if with_ebm and X.shape[1] < 200:
            programs["EBM"] = ebm
        for program, train in programs.items():
            predict, spent = timed(train, X, y)
            risk = predict(X_test)
            loss = -np.mean(np.log(np.where(y_test == 1, risk, 1 - risk)))
            auroc = roc_auc_score(y_test, risk)
            print(f"{table:26} {program:10} {auroc:7.4f} {loss:9.4f} {spent:7.2f}", flush=True)


def federation() -> None:
    """Rounds, bytes and the difference of five sites in fixed point from one site."""
    from nof1.learn.glassbox import GlassBoxClassifier
    from nof1.learn.sums import federate

    X, y = record_like(3000, 60, 0)
    keys = np.arange(len(X))
    pooled = GlassBoxClassifier().fit(X, y, keys=keys)

    def site(rows: Any) -> Callable[[Any], Any]:
        model = GlassBoxClassifier()
        return lambda add: model.fit(X[rows], y[rows], keys=keys[rows], secure_sum=add)

    sites = federate([site(keys % 5 == k) for k in range(5)], fixed_point=True)
    apart = np.abs(sites[0].decision_function(X) - pooled.decision_function(X)).max()
    megabytes = pooled.bytes_sent_ / 1e6
    print(f"\n5 sites, fixed point: {pooled.rounds_} rounds, {megabytes:.1f} MB from each site,")
    print(f"largest difference of a score from one site's model: {apart:.1e}")


def support2() -> None:
    """Five folds of SUPPORT2: mean concordance of the risk at each horizon."""
    import pandas as pd
    from lifelines.utils import concordance_index

    from nof1.learn.learners import REGISTRY

    if not SUPPORT2.exists():
        print("\nSUPPORT2 is not here; left out.")
        return
    frame = pd.read_csv(SUPPORT2)
    days, died = frame["d.time"].to_numpy(float), frame["death"].to_numpy(int)
    features = frame.drop(columns=[*OUTCOME_NEAR, "d.time", "death"])
    X = pd.get_dummies(features, dtype=float).to_numpy(float)
    fold = np.random.default_rng(0).integers(0, 5, len(X))
    print(f"\nSUPPORT2, 5 folds, C-index of the risk at {HORIZONS_DAYS} days; CPU s of one fit")
    for name, entry in REGISTRY.items():
        found, spent = [], 0.0
        for k in range(5):
            learn, test = fold != k, fold == k
            model, cost = timed(entry.survival().fit, X[learn], (days[learn], died[learn]))
            risks = model.predict_cumulative_incidence(X[test], HORIZONS_DAYS)[0]
            found.append([concordance_index(days[test], -risk, died[test]) for risk in risks.T])
            spent += cost / 5
        print(f"{name:10} {np.round(np.mean(found, axis=0), 4)} {spent:6.2f}", flush=True)


def main(arguments: list[str]) -> None:
    """Run all parts."""
    registered("glassbox")(*curves(300, 5))
    binary("--without-ebm" not in arguments)
    federation()
    support2()
