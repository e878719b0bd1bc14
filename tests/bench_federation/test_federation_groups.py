import numpy as np
import pytest
from bench.federation_groups import cohort, draw, held_out, names

SIZES = (120, 90, 60)


def test_a_seed_draws_the_same_cohort_and_another_seed_another():
    one, again, other = (cohort(seed, SIZES, 50) for seed in (3, 3, 4))
    assert np.array_equal(one.X, again.X, equal_nan=True)
    assert not np.array_equal(one.X, other.X, equal_nan=True)
    assert [len(one.learn_rows(k)) for k in range(3)] == list(SIZES)
    assert [len(one.test_rows(k)) for k in range(3)] == [50, 50, 50]


def test_yes_no_and_time_tell_the_same():
    table = cohort(0, (2000, 300, 200), 100)
    by_horizon = (table.days <= table.horizon_days) & (table.cause == 1)
    assert np.array_equal(by_horizon, table.y == 1)
    assert (table.cause == 0).any()
    assert (table.days > 0).all()


def test_sites_differ_in_features_and_in_risk():
    table = cohort(0, (2000, 2000, 2000), 10)
    sites = range(3)
    means = [np.nanmean(table.X[table.learn_rows(k)], axis=0) for k in sites]
    assert np.abs(means[0] - means[1]).max() > 0.3
    shares = [table.y[table.learn_rows(k)].mean() for k in sites]
    assert max(shares) - min(shares) > 0.05


def test_a_third_of_each_site_is_held_out():
    site = np.repeat([0, 1, 2], [300, 90, 30])
    test = held_out(site, 1)
    assert [int(test[site == k].sum()) for k in range(3)] == [100, 30, 10]
    assert not np.array_equal(test, held_out(site, 2))


@pytest.fixture
def folder(tmp_path):
    parts = {
        "X": np.arange(12, dtype=np.float32).reshape(6, 2),
        "names": np.array(["a", "b"]),
        "y": np.array([0, 1, 0, 1, 0, 1]),
        "days": np.arange(1.0, 7.0),
        "cause": np.array([0, 1, 0, 1, 0, 1]),
        "site": np.array([0, 1, 1, 1, 2, 2]),
        "sites": np.array(["small", "large", "middle"]),
        "keys": np.arange(6),
        "horizon_days": np.array(5.0),
    }
    np.savez(tmp_path / "shared.npz", **parts)
    np.savez(tmp_path / "own@0.npz", **parts)
    np.savez(tmp_path / "own@1.npz", **(parts | {"y": 1 - parts["y"]}))
    return tmp_path


def test_sites_are_ordered_by_size(folder):
    table = draw("shared", 0, folder)
    assert table.sites == ("large", "middle", "small")
    assert table.site.tolist() == [2, 0, 0, 0, 1, 1]


def test_a_table_of_a_seed_goes_before_one_that_is_split_anew(folder):
    assert names(folder) == ["cohort", "own", "shared"]
    assert draw("own", 1, folder).y.tolist() == [1, 0, 1, 0, 1, 0]
    assert draw("own", 1, folder).independent
    assert not draw("shared", 1, folder).independent
