"""Gates from sums, beside those fitted on all films in one place."""

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.federation.averaging import doors
from nof1.federation.averaging.joint import Joint
from nof1.imaging.gates.domain import Domain
from nof1.imaging.gates.population import Population
from nof1.imaging.gates.quality import Quality


@pytest.fixture
def each(films, together):
    """Run a function on each site's films: ``each(lambda films, joint: ...)``."""
    return lambda function: together(lambda joint, at: function(films[at], joint))["north"]


def test_quality_limits_are_those_of_all_films(each, pooled):
    made = each(doors.quality)
    known = Quality.learned(
        [pooled.looks.measures[row] for row in pooled.taught], min(pooled.looks.sides)
    )
    assert made.least_side == known.least_side
    for name, (low, high) in known.limits.items():
        step = 2 * float(np.diff(doors.SCALES[name])[0])
        assert made.limits[name] == pytest.approx((low, high), abs=2 * step)


def test_a_film_that_all_sites_know_passes_and_a_blurred_one_does_not(each, pooled):
    made = each(doors.quality)
    assert made.check(pooled.data.images[3]).passed
    flat = np.full((32, 32), 90, np.uint8)
    assert not made.check(flat).passed


def test_ages_and_words_are_those_of_all_films(each, films, pooled):
    said = [doors.words(one) for one in films]
    made = each(lambda one, joint: doors.population(one, said, joint))
    known = Population.fit([pooled.data.headers[row] for row in pooled.taught])
    assert made.sexes == known.sexes == {"M", "F"}
    assert made.age_years == pytest.approx(known.age_years, abs=1.0)


def test_the_check_for_foreign_pictures_is_that_of_all_films(each, films, pooled):
    codes, most = doors.patterns(pooled)
    made = each(
        lambda one, joint: doors.domain(
            one.features, doors.patterns(one)[0], one, joint, doors.patterns(one)[1]
        )
    )
    known = Domain.fit(
        pooled.features[:, pooled.train], pooled.features[:, pooled.inner], codes[pooled.train]
    )
    assert most == 3
    assert made.means == pytest.approx(known.means, abs=1e-5)
    test = pooled.features[:, pooled.test]
    assert made.distances(test) == pytest.approx(known.distances(test), abs=1e-3)
    assert made.p_values(test) == pytest.approx(known.p_values(test), abs=0.02)
    assert made.ranks.counts.sum() == len(pooled.inner)


def test_the_shrunk_covariance_is_scikit_learns(pooled):
    from sklearn.covariance import ledoit_wolf

    rest = pooled.features[0] - pooled.features[0].mean(axis=0)
    # scikit-learn 1.9.1, ledoit_wolf(assume_centered=True)
    known, _ = ledoit_wolf(rest, assume_centered=True)
    fourth = (np.square(rest).sum(axis=1) ** 2).sum()
    made = doors._shrunk(rest.T @ rest, len(rest), fourth)
    assert made == pytest.approx(known, rel=1e-9, abs=1e-12)


def test_too_few_inner_films_are_said(films, together):
    from dataclasses import replace

    few = [replace(one, inner=one.inner[:5]) for one in films]
    codes = [doors.patterns(one) for one in few]
    with pytest.raises(ModelError, match="Only 15 calibration pictures"):
        together(lambda joint, at: doors.domain(few[at].features, codes[at][0], few[at], joint, 3))


def test_quantiles_of_counts(films):
    scale = np.linspace(0, 1, 11)
    table = np.bincount(np.searchsorted(scale, np.linspace(0.001, 0.999, 1000)), minlength=12)
    assert doors.quantile(scale, table.astype(float), 0.5) == pytest.approx(0.5)
    assert doors.quantile(scale, table.astype(float), 0.99) == pytest.approx(1.0)
    assert doors._limits(scale, table.astype(float))[0] < 0


def test_without_a_check_in_the_frozen_network_orientation_is_said_to_be_unknown(films, tmp_path):
    notes = []
    assert doors.borrowed(films[0], Joint(True), tmp_path, notes) is None
    assert notes == ["orientation cannot be checked: the frozen network has no such check"]
