"""Planted outliers are found and named; ordinary people are called atypical at the level."""

import json
from itertools import pairwise

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.learn.domain import MISSING_COUNT, Domain
from nof1.learn.sums import federate

NAMES = [f"f{one}" for one in range(20)]


def people(rng, rows):
    """20 features: f1 follows f0, f2 is yes/no, f4 is always there, the others miss 10 %."""
    table = rng.normal(size=(rows, 20))
    table[:, 1] = table[:, 0] + 0.3 * table[:, 1]
    table[:, 2] = table[:, 2] > 1
    missing = rng.random((rows, 20)) < 0.1
    missing[:, [0, 1, 4]] = False
    table[missing] = np.nan
    return table


def cuts_of(table):
    cuts = [np.unique(np.nanquantile(column, np.linspace(0.02, 0.98, 20))) for column in table.T]
    cuts[2] = np.array([0.5])
    return cuts


@pytest.fixture(scope="module")
def domain():
    rng = np.random.default_rng(0)
    training = people(rng, 4000)
    return Domain.fit(training, people(rng, 2000), cuts_of(training), NAMES)


@pytest.mark.parametrize("level", [0.01, 0.05, 0.2])
def test_false_alarms_are_as_many_as_the_level(domain, level):
    share = np.mean(domain.p_values(people(np.random.default_rng(1), 20_000)) <= level)
    assert share == pytest.approx(level, abs=0.003 + 0.25 * level)


def plant(name):
    def far(row):
        row[7] = 40.0

    def below(row):
        row[7] = -40.0

    def pair(row):
        row[[0, 1]] = 2.0, -2.0

    def gone(row):
        row[4] = np.nan

    def empty(row):
        row[5:] = np.nan

    return {"far": far, "below": below, "pair": pair, "gone": gone, "empty": empty}[name]


@pytest.mark.parametrize(
    ("name", "features", "words"),
    [
        ("far", {"f7"}, "far above what was seen"),
        ("below", {"f7"}, "far below what was seen"),
        ("pair", {"f0", "f1"}, "rare together with f"),
        ("gone", {"f4"}, "missing, though nearly always present"),
        ("empty", {MISSING_COUNT}, "few people"),
    ],
)
def test_planted_outliers_are_found_and_named(domain, name, features, words):
    found = []
    for row in people(np.random.default_rng(2), 100):
        plant(name)(row)
        check = domain.check(row)
        named = {one.feature for one in check.unusual}
        found.append(
            not check.inside
            and 1 <= len(check.unusual) <= 3
            and bool(named & features)
            and any(words in one.reason for one in check.unusual)
        )
    assert np.mean(found) >= 0.95


def test_a_single_check_equals_the_batch(domain):
    rows = people(np.random.default_rng(3), 50)
    batch = domain.p_values(rows)
    assert [domain.check(row).p_value for row in rows] == batch.tolist()
    assert all(domain.check(row, level=1e-9).inside for row in rows)


def test_sites_together_give_the_pooled_domain():
    rng = np.random.default_rng(4)
    training, calibration = people(rng, 900), people(rng, 600)
    cuts = cuts_of(training)
    parts = ((slice(0, 300), slice(0, 100)), (slice(300, 900), slice(100, 600)))
    found = federate(
        [
            lambda total, one=one, two=two: Domain.fit(
                training[one], calibration[two], cuts, NAMES, secure_sum=total
            )
            for one, two in parts
        ]
    )
    pooled = Domain.fit(training, calibration, cuts, NAMES)
    assert found[0].parent == pooled.parent
    new = people(rng, 200)
    assert found[0].p_values(new) == pytest.approx(pooled.p_values(new))


def test_round_trip_and_small_calibration(domain):
    again = Domain.from_dict(json.loads(json.dumps(domain.to_dict())))
    rows = people(np.random.default_rng(5), 300)
    assert again.p_values(rows) == pytest.approx(domain.p_values(rows), abs=0.01)
    with pytest.raises(ModelError, match="calibration rows"):
        Domain.fit(rows, rows[:99], cuts_of(rows), NAMES)


def test_one_feature_alone_works():
    table = np.random.default_rng(6).normal(size=(500, 1))
    domain = Domain.fit(table, table[:200], [np.quantile(table, [0.1, 0.5, 0.9])], ["a"])
    assert not domain.check([99.0]).inside


def test_no_person_is_in_the_file():
    """A value that one patient had (a canary) cannot be read from the model."""
    table = np.random.default_rng(7).normal(size=(500, 3))
    table[17] = 1234.5678
    domain = Domain.fit(table, table, [[-1.0, 0.0, 1.0]] * 3, ["a", "b", "c"])
    assert "1234.5" not in json.dumps(domain.to_dict())


@pytest.mark.parametrize("rows", [120, 400])
def test_the_tables_tell_of_ten_rows_together_and_strangers_are_still_told(rows):
    table = np.random.default_rng(rows).normal(size=(2000, 6))
    cuts = [np.quantile(column, [0.1, 0.3, 0.5, 0.7, 0.9]) for column in table.T]
    names = [f"x{j}" for j in range(6)]
    domain = Domain.fit(table, table[:rows], cuts, names)
    for part in domain.tables:
        assert part.sum() == pytest.approx(rows, abs=0.2)
        edges = np.flatnonzero(np.r_[True, np.diff(part) != 0, True])
        runs = [part[a:b] for a, b in pairwise(edges) if part[a] > 0]
        thinning = [run for run in runs if run.sum() < 9.9]  # the most unusual ten, cell by cell
        assert not thinning or sum(run.sum() for run in thinning) > 9.8
        assert all(a is b for a, b in zip(thinning[::-1], runs[::-1], strict=False))
    assert not domain.check(np.full(6, np.nan)).inside
    assert domain.p_values(np.random.default_rng(1).normal(size=(500, 6))).mean() > 0.3
