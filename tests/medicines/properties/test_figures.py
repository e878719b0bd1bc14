"""Figures against scikit-learn's, and their intervals."""

import numpy as np
import pytest
from sklearn import metrics

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from nof1.medicines.properties import figures

RNG = np.random.default_rng(2)
Y = RNG.normal(size=300)
GUESS = Y + RNG.normal(size=300)
CLASS = (Y > 0.5).astype(float)
SCORE = GUESS.round(1)  # with ties
WEIGHT = RNG.integers(0, 4, size=(5, 300)).astype(float)


@pytest.mark.parametrize(
    ("ours", "oracle", "y", "guess"),
    [
        (figures.rmse, metrics.root_mean_squared_error, Y, GUESS),
        (figures.mae, metrics.mean_absolute_error, Y, GUESS),
        (figures.r2, metrics.r2_score, Y, GUESS),
        (figures.auroc, metrics.roc_auc_score, CLASS, SCORE),
    ],
)
def test_they_agree_with_scikit_learn_for_weights_too(ours, oracle, y, guess):
    expected = [oracle(y, guess, sample_weight=weight) for weight in WEIGHT]
    assert ours(y, guess, WEIGHT) == pytest.approx(np.array(expected))
    assert ours(y, guess, np.ones(300)) == pytest.approx(oracle(y, guess))


def held(rows, y, guess, covered):
    n = len(rows)
    zones = np.array(["inside", "edge"] * n)[:n]
    return figures.Held(
        np.asarray(rows), y, guess, np.zeros(n), np.zeros(n), zones, covered, covered
    )


def test_a_summary_has_interval_naive_answer_and_coverage():
    covered = RNG.random(300) < 0.9
    one = held(np.arange(300), Y, GUESS, covered)
    found = figures.summarise([one, one], 400, classify=False)
    main = found["metrics"]["rmse"]
    assert main["value"] == pytest.approx(figures.rmse(Y, GUESS, np.ones(300)))
    assert main["low"] < main["value"] < main["high"]
    # the same compounds twice say no more than once
    alone = figures.summarise([one], 400, classify=False)["metrics"]["rmse"]
    assert main["high"] - main["low"] == pytest.approx(alone["high"] - alone["low"])
    assert found["naive"] == pytest.approx(np.sqrt((Y**2).mean()))
    assert found["coverage"]["all"]["covered"] == pytest.approx(covered.mean())
    assert found["coverage"]["outside"] == {
        "predictions": 0,
        "covered": None,
        "low": None,
        "high": None,
    }


def test_a_test_set_of_one_class_gives_no_figure():
    one = held(np.arange(5), np.ones(5), np.ones(5), np.ones(5, bool))
    assert figures.summarise([one], 5, classify=True)["repeats"] == 0
