import numpy as np
import pytest

from nof1.core.errors import UsageError
from nof1.learn.challenger import train_trees
from nof1.learn.tree_hazards import train_tree_hazards
from planted import binary_table, survival_table


def test_contributions_and_base_add_up_to_the_score():
    X, y = binary_table(600)
    model = train_trees(X, y)
    rest = model.decision(X) - model.contributions(X).sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-9)


def test_monotone_direction_is_kept():
    X, y = binary_table(600)
    model = train_trees(X, y, monotone={"x0": 1})
    line = np.repeat(X[:1], 50, axis=0)
    line[:, 0] = np.linspace(-3, 3, 50)
    assert np.all(np.diff(model.decision(line)) >= 0)


@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_several_sites_are_refused(kind):
    X, y = binary_table(100) if kind == "binary" else survival_table(100)
    train = train_trees if kind == "binary" else train_tree_hazards
    with pytest.raises(UsageError, match="sites"):
        train(X, y, secure_sum=lambda vector: 2 * vector)
