"""The evaluation holds every figure, for yes/no and for time to event, and is plain JSON."""

import json

import numpy as np
import pytest
from scipy.special import expit

from nof1.core.errors import InputError
from nof1.learn.censoring import horizon_labels
from nof1.learn.conformal import Conformal, coverage
from nof1.learn.evaluate import evaluate, evaluate_survival
from shared_data import needs

BINARY = {
    "prevalence", "auroc", "average_precision", "brier", "brier_skill", "calibration_slope",
    "calibration_intercept", "calibration_in_the_large", "observed_expected", "ece",
    "ece_debiased",
}  # fmt: skip
CONFORMAL = {
    "conformal_coverage", "conformal_coverage_no", "conformal_coverage_yes", "atypical_share",
}  # fmt: skip


def sample(rows, seed):
    rng = np.random.default_rng(seed)
    decision = rng.normal(-1.2, 1.2, rows)
    return (rng.random(rows) < expit(decision)).astype(float), decision


def test_binary_evaluation_is_complete_and_reproducible():
    y, decision = sample(800, 0)
    table = Conformal.fit(*sample(500, 1)[::-1])
    sex = np.where(np.arange(800) % 2, "F", "M")

    def run():
        found = evaluate(
            y, expit(decision), decision=decision, conformal=table, groups={"sex": sex}
        )
        return json.dumps(found.to_dict(), allow_nan=False)

    found = json.loads(run())
    assert set(found["figures"]) == BINARY | CONFORMAL
    assert found["rows"] == 800
    assert len(found["subgroups"]) == 2
    for figure in found["figures"].values():
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert run() == run()


def test_survival_evaluation_adds_the_concordances():
    rng = np.random.default_rng(2)
    x = rng.normal(size=600)
    event, lost = rng.exponential(np.exp(1 - x)), rng.exponential(4, 600)
    days, cause = np.minimum(event, lost), (event <= lost).astype(int)
    found = evaluate_survival(days, cause, 1 - np.exp(-np.exp(x - 1)), 1.0, score=x)
    assert set(found.figures) == BINARY | {"harrell_c", "uno_c"}
    assert found.kind == "survival"
    y, weight = horizon_labels(days, cause, 1.0)
    assert found.rows == (weight > 0).sum()
    assert found.events == y.sum()
    assert found.figures["calibration_slope"].contains(1.0)


def test_a_hopeless_test_set_says_what_is_missing_instead_of_failing():
    found = evaluate([0.0] * 40, np.linspace(0.1, 0.9, 40)).to_dict()
    assert found["figures"]["auroc"]["value"] is None
    assert found["figures"]["auroc"]["note"]
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("y", "risk", "weight"),
    [([], [], None), ([0, 1], [0.1, 0.2], [0, 0]), ([0, 1], [0.1, 1.2], None)],
)
def test_no_known_outcome_or_no_probability_is_refused(y, risk, weight):
    with pytest.raises(InputError):
        evaluate(y, risk, weight=weight)


@pytest.mark.parametrize("risk", [0.3, "y", "noise"])
def test_degenerate_risks_give_strict_json(risk):
    y = np.tile([0.0, 1.0, 0.0], 40)
    risks = {"y": y, "noise": np.random.default_rng(0).random(120)}.get(risk, np.full(120, 0.3))
    groups = {"all": np.zeros(120), "one each": np.arange(120)}
    json.dumps(evaluate(y, risks, groups=groups, resamples=20).to_dict(), allow_nan=False)


def test_support2_coverage_under_censoring_is_ninety_percent():
    """1-year death in SUPPORT2 (9,105 critically ill adults), age and physiology, 20 splits."""
    import polars as pl
    from sklearn.linear_model import LogisticRegression

    frame = pl.read_csv(needs("records/support2.csv"), infer_schema=False)
    names = ["age", "num.co", "scoma", "meanbp", "hrt", "resp", "temp", "crea", "d.time", "death"]
    table = frame.select(
        pl.col(names).str.strip_chars().cast(pl.Float64, strict=False)
    ).drop_nulls()
    x, days, death = table.to_numpy()[:, :-2], table["d.time"].to_numpy(), table["death"].to_numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y, weight = horizon_labels(days, death, 365)
    shares = []
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(x))
        train, calibration, test = np.split(order, [len(x) * 6 // 10, len(x) * 8 // 10])
        model = LogisticRegression().fit(x[train], y[train], sample_weight=weight[train])
        decision = model.decision_function(x)
        fitted = Conformal.fit(decision[calibration], y[calibration], weight[calibration])
        shares.append(coverage(y[test], fitted.sets(decision[test]), weight[test]).value)
    assert np.mean(shares) == pytest.approx(0.90, abs=0.008)
    assert np.mean(np.abs(np.array(shares) - 0.9) <= 0.015) >= 0.8
