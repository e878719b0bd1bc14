"""The judge: no pair leaks, average precision, noise is not called better."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from nof1.medicines.repurposing.judging import SPLITS, average_precision, folds, judge
from nof1.medicines.repurposing.likeness import Likeness, chapters, stems
from nof1.medicines.repurposing.pairs import Pairs, pairs


@pytest.fixture(scope="module")
def known():
    return pairs(curated=True)


@pytest.fixture(scope="module")
def likeness(known):
    return Likeness(stems(known.medicines), chapters(known.diseases))


@pytest.mark.parametrize("split", SPLITS)
def test_every_use_is_hidden_once(known, likeness, split):
    hidden = np.sum([fold for fold in folds(known, likeness, split)], axis=0)
    assert (hidden == known.used).all()


def test_a_class_is_hidden_together(known, likeness):
    column = known.diseases.index("hypertension")
    rows = [known.medicines.index(name) for name in ("captopril", "lisinopril", "ramipril")]
    for fold in folds(known, likeness, "leave-class"):
        assert fold[rows, column].sum() in (0, 3)


def test_a_disease_is_hidden_whole(known, likeness):
    for fold in folds(known, likeness, "leave-disease"):
        touched = fold.any(axis=0)
        assert (fold[:, touched] == known.used[:, touched]).all()


def test_average_precision_without_ties_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    for _ in range(50):
        answer = rng.random(40) < 0.2
        answer[0] = True
        score = rng.permutation(40).astype(float)
        expected = average_precision_score(answer, score)
        assert average_precision(answer, score) == pytest.approx(expected)


def test_average_precision_with_ties_is_the_mean_over_all_their_orders():
    answer = np.array([1, 0, 1, 0, 0, 1], dtype=bool)
    score = np.array([2, 2, 1, 1, 1, 0], dtype=float)
    orders = [
        average_precision_score(answer, score + np.argsort(order) / 10)
        for order in itertools.permutations(range(6))
    ]
    assert average_precision(answer, score) == pytest.approx(np.mean(orders))


@pytest.mark.parametrize("split", SPLITS)
def test_the_model_beats_popularity_on_the_indications(known, likeness, split):
    judged = judge(known, likeness, split)
    assert judged.better
    assert judged.low < judged.difference < judged.high
    assert judged.hidden + judged.unreachable <= known.used.sum()
    assert judged.to_dict()["average_precision"]["model"] == judged.mean("model")


def test_what_is_used_for_what_by_chance_is_not_called_better():
    rng = np.random.default_rng(4)
    popular = np.linspace(0.02, 0.3, 120)[:, None]
    used = rng.random((120, 30)) < popular
    names = tuple(f"{number:03}" for number in range(120)), tuple(map(str, range(30)))
    noise = Pairs(*names, used, np.zeros_like(used))
    nothing = Likeness(np.zeros((120, 120)), np.zeros((30, 30)))
    assert not judge(noise, nothing, "leave-pairs").better


def test_without_a_hidden_use_nothing_is_better():
    used = np.eye(6, dtype=bool)
    names = tuple("abcdef")
    single = Pairs(names, names, used, np.zeros_like(used))
    judged = judge(single, Likeness(np.zeros((6, 6)), np.zeros((6, 6))), "leave-pairs")
    assert not judged.better
    assert judged.unreachable == 6
