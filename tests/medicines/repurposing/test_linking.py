"""The logistic regression against scikit-learn's, and what it may learn from."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from nof1.medicines.repurposing.likeness import Likeness, chapters, stems
from nof1.medicines.repurposing.linking import fit, learnable
from nof1.medicines.repurposing.pairs import pairs


@pytest.fixture(scope="module")
def fitted():
    known = pairs()
    likeness = Likeness(stems(known.medicines), chapters(known.diseases))
    return known, *fit(known.used, likeness)


def test_weights_are_those_of_scikit_learn(fitted):
    known, linker, values = fitted
    rows = learnable(known.used, cold=False)
    design = (values[rows] - linker.mean) / linker.scale
    other = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(design, known.used[rows])
    assert linker.weights == pytest.approx(other.coef_[0], abs=2e-3)
    assert linker.intercept == pytest.approx(other.intercept_[0], abs=5e-3)


def test_parts_add_up_to_the_score(fitted):
    _, linker, values = fitted
    some = values[:5, :7]
    assert np.allclose(linker.parts(some).sum(axis=-1) + linker.intercept, linker.score(some))


def test_a_pair_that_is_its_medicines_only_use_teaches_nothing():
    used = np.array([[1, 0], [1, 1], [0, 0]], dtype=bool)
    assert learnable(used, cold=True).tolist() == [[False, True], [True, True], [False, False]]
    # The second disease has one medicine: its pair would be known only through itself.
    assert learnable(used, cold=False).tolist() == [[False, True], [True, False], [False, False]]
