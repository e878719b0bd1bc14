"""The share of own pictures that are called foreign is what the level says; others are found."""

import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError
from nof1.imaging.gates.domain import Domain, statistics
from nof1.imaging.gates.ranks import Ranks
from nof1.synthetic.films import film_set


def cloud(rng, rows, centre=0.0):
    spread = np.array([1.0, 3.0, 0.2, 1.0])
    mixed = np.array([[1, 0.9, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    return centre + (rng.normal(size=(rows, 4)) * spread) @ mixed


@pytest.fixture(scope="module")
def domain():
    rng = np.random.default_rng(0)
    training = np.concatenate([cloud(rng, 400), cloud(rng, 400, 8.0)])
    kind = np.repeat([0, 1], 400)
    calibration = np.concatenate([cloud(rng, 500), cloud(rng, 500, 8.0)])
    return Domain.fit(training, calibration, kind)


def test_own_pictures_are_called_foreign_as_often_as_the_level_says(domain):
    rng = np.random.default_rng(1)
    own = np.concatenate([cloud(rng, 2000), cloud(rng, 2000, 8.0)])
    for level in (0.01, 0.05, 0.2):
        assert np.mean(domain.p_values(own) <= level) == pytest.approx(level, abs=0.025)


def test_distance_is_that_of_the_nearest_class(domain):
    between, far = np.full((1, 4), 4.0), np.full((1, 4), 40.0)
    middle = np.zeros((1, 4))
    assert domain.distances(middle)[0] < domain.distances(between)[0] < domain.distances(far)[0]
    assert domain.p_values(far)[0] <= 1 / 1001 + 1e-9


def test_distance_is_the_slow_formula(domain):
    rows = cloud(np.random.default_rng(2), 5)
    for row, found in zip(rows, domain.distances(rows), strict=True):
        away = [row - mean for mean in domain.means[0]]
        squared = min(one @ domain.inverse[0].astype(float) @ one for one in away)
        assert found == pytest.approx(np.log10(squared / 4), abs=1e-6)


def test_members_are_asked_together():
    rng = np.random.default_rng(3)
    features = np.stack([cloud(rng, 200), cloud(rng, 200)])
    found = Domain.fit(features[:, :100], features[:, 100:])
    each = [Domain.fit(one[:100], one[100:]).distances(one[:9]) for one in features]
    assert found.distances(features[:, :9]) == pytest.approx(np.mean(each, axis=0))


def test_a_stored_domain_answers_the_same(domain):
    rows = cloud(np.random.default_rng(4), 50)
    again = Domain.from_arrays(domain.arrays("x"), "x")
    assert np.array_equal(again.p_values(rows), domain.p_values(rows))


def test_statistics_find_noise_and_ignore_exposure():
    adults = film_set(300, size=64, seed=1)
    table = np.stack([statistics(one) for one in adults.images])
    domain = Domain.fit(table[:150], table[150:250])
    assert np.mean(domain.p_values(table[250:]) <= 0.05) < 0.2
    noisy = np.random.default_rng(0).integers(0, 255, (20, 64, 64))
    assert (domain.p_values(np.stack([statistics(one) for one in noisy])) <= 0.01).all()
    brighter = np.stack([statistics(one) for one in [adults.images[0] / 2.0 + 40]])
    assert brighter[0] == pytest.approx(table[0], abs=0.05)


def test_too_few_or_broken_features_are_refused():
    with pytest.raises(ModelError):
        Ranks.fit(np.arange(3.0), [1.0] * 99, 0.01)
    with pytest.raises(InputError):
        Domain.fit(np.full((200, 2), np.nan), np.zeros((200, 2)))


def test_ranks_are_counts_of_those_at_least_as_strange():
    ranks = Ranks.fit(np.arange(0.5, 100), np.arange(100), 0.01)
    assert ranks.p_values([99.0, 50.0, 200.0]) == pytest.approx([2 / 101, 51 / 101, 1 / 101])
