import numpy as np

from nof1.federation.private import guards
from nof1.federation.private.bins import private_bins
from nof1.learn.domain import Domain
from private_samples import GRIDS, NAMES, alone, fast, nothing, patients


def made(n=4000, noise=1e-3, draw=nothing):
    X, _, _ = patients(1, n)
    binned = private_bins(X, GRIDS, alone(draw), noise)
    return X, binned, guards.domain_of(binned, NAMES, n, X[: n // 3], alone(draw), noise)


def test_people_like_those_seen_are_inside_and_others_are_not():
    X, _, domain = made()
    outside = domain.p_values(X) <= 0.01
    assert outside.mean() < 0.02
    far = X[:1].copy()
    far[0] = [np.nan, 900.0, 1.0, 3.9]
    assert not domain.check(far[0]).inside
    assert Domain.from_dict(domain.to_dict()).p_values(far)[0] == domain.p_values(far)[0]


def test_noise_calls_more_people_unusual_and_not_all():
    X, _, domain = made(noise=8.0, draw=fast(np.random.default_rng(0)))
    assert (domain.p_values(X) <= 0.01).mean() < 0.2


def test_with_few_people_nobody_can_be_called_unusual():
    assert made(n=300)[2] is None


def test_the_drift_baseline_says_that_nothing_has_moved_between_the_same_people():
    _, binned, _ = made()
    risk = np.linspace(0.02, 0.5, 12)
    drift = guards.drift_of(binned, NAMES, 4000, risk, np.full(12, 100.0))
    now = drift.compare(patients(2, 4000)[0], np.repeat(risk, 334)[:4000])
    assert not any(row.drifted for row in now)
    moved = patients(3, 4000)[0]
    moved[:, 0] += 25
    first = next(row for row in drift.compare(moved, np.full(4000, 0.2)) if row.name == "age")
    assert first.drifted
