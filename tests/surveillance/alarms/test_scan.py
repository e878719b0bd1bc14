"""The scan against an exhaustive search, known clusters, and its own null."""

import numpy as np
import pytest
from tests.surveillance.alarms import oracle

from nof1.core.errors import InputError
from nof1.surveillance.alarms import scan as scanning
from nof1.surveillance.alarms.scan import Scan, by_distance, scan

RNG = np.random.default_rng(4)
LAT, LON = RNG.uniform(40, 45, 25), RNG.uniform(-100, -90, 25)
ORDER = by_distance(LAT, LON, 10)
BASE = np.tile(RNG.gamma(2, 3, 25), (8, 1))


@pytest.mark.parametrize("seed", range(5))
def test_the_best_cylinder_is_the_best(seed):
    counts = np.random.default_rng(seed).poisson(BASE).astype(float)[-4:]
    base = BASE[-4:] * counts.sum() / BASE[-4:].sum()
    total = float(counts.sum())
    recent, usual = scanning.recent_sums(counts, 4), scanning.recent_sums(base, 4)
    best = scanning.best_cylinders(recent, usual, ORDER, total, 0.5 * total, np.zeros(25, bool))
    want = oracle.best_cylinder(counts, base, ORDER, 4, 0.5 * total)
    np.testing.assert_allclose(best[0].max(), want, rtol=1e-9)


@pytest.mark.parametrize("kind", ["poisson", "permutation"])
def test_a_planted_cluster_is_found_and_only_it(kind):
    counts = np.random.default_rng(1).poisson(BASE).astype(float)
    inside = ORDER[7, :4]
    counts[-2:, inside] = 3 * counts[-2:, inside] + 2
    found = scan(counts, BASE, ORDER, Scan(kind, replicates=99))
    assert found[0].p < 0.001
    assert found[0].weeks == 2
    assert set(inside.tolist()) <= set(found[0].places)
    assert len(found) == 1
    assert found[0].relative_risk > 1.5


def test_two_clusters_are_told_apart():
    counts = np.random.default_rng(1).poisson(BASE).astype(float)
    far = next(at for at in range(25) if not set(ORDER[at, :2]) & set(ORDER[7]))
    for centre in (7, far):
        counts[-1, ORDER[centre, :2]] += 40
    found = scan(counts, BASE, ORDER, Scan(replicates=99))
    assert len(found) == 2
    assert not set(found[0].places) & set(found[1].places)


def test_no_cluster_in_nothing_and_in_no_cases():
    counts = np.random.default_rng(12).poisson(BASE).astype(float)
    assert scan(counts, BASE, ORDER, Scan(replicates=99, alpha=0.01)) == []
    assert scan(np.zeros_like(counts), BASE, ORDER, Scan(replicates=19)) == []


def test_distances_go_over_the_date_line():
    near = by_distance(np.array([0.0, 0.0, 0.0]), np.array([179.5, -179.5, 170.0]), 3)
    assert near[0].tolist() == [0, 1, 2]


def test_missing_counts_are_refused():
    counts = BASE.copy()
    counts[0, 0] = np.nan
    with pytest.raises(InputError):
        scan(counts, BASE, ORDER, Scan())
    with pytest.raises(InputError):
        scan(BASE, None, ORDER, Scan())


def test_gumbel_p_is_near_the_counted_share():
    highest = np.random.default_rng(5).gumbel(4.0, 1.5, 4000)
    value = float(np.quantile(highest, 0.99))
    assert scanning.gumbel_p(value, highest) == pytest.approx(0.01, rel=0.15)
