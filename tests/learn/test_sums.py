import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.learn.sums import CountedSum, federate, local_sum, to_fixed_point


def site(vectors):
    def train(secure_sum):
        return [secure_sum(vector) for vector in vectors]

    return train


@pytest.mark.parametrize("fixed_point", [False, True])
def test_all_sites_get_the_same_total(fixed_point):
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(5, 20, 7))
    results = federate([site(part) for part in parts], fixed_point=fixed_point)
    for result in results:
        np.testing.assert_allclose(
            result, parts.sum(axis=0), atol=5 * 2.0**-25 if fixed_point else 0
        )
        assert np.array_equal(result, results[0])


def test_an_error_at_one_site_releases_the_others():
    def broken(secure_sum):
        secure_sum(np.ones(2))
        raise ValueError("site 2 fails")

    with pytest.raises(ValueError, match="site 2"):
        federate([site([np.ones(2), np.ones(2)]), broken])


def test_different_lengths_are_refused():
    with pytest.raises(ModelError, match="different lengths"):
        federate([site([np.ones(2)]), site([np.ones(3)])])


@pytest.mark.parametrize("value", [np.nan, np.inf, 2.0**39])
def test_fixed_point_refuses_what_it_cannot_carry(value):
    with pytest.raises(ModelError):
        to_fixed_point(np.array([1.0, value]))


def test_counted_sum_counts_rounds_and_bytes_and_keeps_shapes():
    total = CountedSum(local_sum)
    a, b = total.together(np.ones((2, 3)), np.arange(4.0))
    assert (a.shape, b.tolist()) == ((2, 3), [0, 1, 2, 3])
    assert (total.rounds, total.bytes_sent) == (1, 80)


def test_sum_of_another_shape_is_refused():
    with pytest.raises(ModelError, match="shape"):
        CountedSum(lambda vector: vector[:1])(np.ones(3))
