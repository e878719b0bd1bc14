"""Splits: nobody on two sides, stable under growth, even folds."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.core.errors import ModelError
from nof1.predict.modelling import SplitPlan
from nof1.predict.splits import split
from nof1.record.events import stable_key


def frame(n, rows_each=1, prevalence=0.3, sites=("a", "b", "c"), seed=0):
    random = np.random.default_rng(seed)
    subject = np.repeat([stable_key("x", str(number)) for number in range(n)], rows_each)
    label = (random.random(n * rows_each) < prevalence).astype(np.int8)
    times = [
        datetime(2020, 1, 1) + timedelta(days=int(d))
        for d in random.integers(0, 1000, n * rows_each)
    ]
    return pl.DataFrame(
        {
            "subject_id": subject,
            "prediction_time": times,
            "label": label,
            "duration_days": np.full(n * rows_each, 10.0),
            "cause": label,
            "site": np.repeat(random.choice(sites, n), rows_each),
        }
    )


PLANS = [
    SplitPlan(),
    SplitPlan(method="time", at=date(2021, 10, 1)),
    SplitPlan(method="site"),
    SplitPlan(seed=9, folds=3),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.method)
def test_every_row_in_one_part_and_no_patient_in_two(plan):
    rows = frame(600, rows_each=2)
    found = split(rows, plan, end_days=30)
    everything = np.concatenate([found.train, found.test, found.unused])
    assert sorted(everything) == list(range(rows.height))
    subject = rows["subject_id"].to_numpy()
    parts = [set(subject[part]) for part in (found.train, found.test)]
    assert len(set.union(*parts)) == sum(len(part) for part in parts)
    for fit, judged in found.rounds():
        assert not set(subject[fit]) & set(subject[judged])
    for fold in np.unique(found.folds[found.train]):
        here = found.folds == fold
        assert not set(subject[here]) & set(subject[~here & (found.folds >= 0)])


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.method)
def test_every_judged_row_is_judged_once(plan):
    found = split(frame(600), plan)
    judged = np.concatenate([rows for _, rows in found.rounds()])
    wanted = found.test if plan.method == "time" else found.train
    assert sorted(judged) == sorted(wanted)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 10))
def test_folds_are_even_within_strata(seed, folds):
    rows = frame(3_000, prevalence=0.1)
    found = split(rows, SplitPlan(folds=folds, seed=seed))
    label, site = rows["label"].to_numpy(), rows["site"].to_numpy()
    for name in "abc":
        counts = [np.sum(label[(found.folds == k) & (site == name)]) for k in range(folds)]
        assert max(counts) - min(counts) <= 1


def test_seed_changes_the_folds_and_order_does_not():
    rows = frame(500)
    subject = rows["subject_id"].to_numpy()
    one, two = split(rows, SplitPlan(seed=1)), split(rows, SplitPlan(seed=2))
    assert (one.folds != two.folds).any()
    turned = rows.reverse()
    again = split(turned, SplitPlan(seed=1))
    folds = dict(zip(subject, one.folds, strict=True))
    assert all(
        folds[who] == fold
        for who, fold in zip(turned["subject_id"].to_numpy(), again.folds, strict=True)
    )


def test_time_split_trains_on_nothing_that_was_still_open():
    rows = frame(800, rows_each=2)
    at = date(2021, 10, 1)
    found = split(rows, SplitPlan(method="time", at=at), end_days=90)
    times = rows["prediction_time"].to_numpy()
    limit = np.datetime64(at)
    assert (times[found.test] >= limit).all()
    assert (times[found.train] + np.timedelta64(90, "D") <= limit).all()
    assert len(found.unused) > 0
    assert "left out" in found.note


def test_leave_one_site_out():
    rows = frame(900)
    found = split(rows, SplitPlan(method="site"))
    site = rows["site"].to_numpy()
    judged_sites = []
    for fit, judged in found.rounds():
        (name,) = set(site[judged])
        assert name not in set(site[fit])
        judged_sites.append(name)
    assert judged_sites == ["a", "b", "c"]


def test_a_patient_of_two_sites_belongs_to_one():
    rows = frame(300).with_columns(pl.lit("b").alias("site"))
    twice = rows.head(50).with_columns(pl.lit("a").alias("site"))
    both = pl.concat([rows, twice])
    found = split(both, SplitPlan(method="site"))
    subject = both["subject_id"].to_numpy()
    for fit, judged in found.rounds():
        assert not set(subject[fit]) & set(subject[judged])


def test_refusals():
    with pytest.raises(ModelError, match="at least two sites"):
        split(frame(100, sites=("a",)), SplitPlan(method="site"))
    with pytest.raises(ModelError, match="0 people with the outcome"):
        split(frame(100, prevalence=0.0), SplitPlan())
    with pytest.raises(ModelError, match="and 0 without"):
        split(frame(100, prevalence=1.1), SplitPlan())
    survival = frame(100, prevalence=1.1).with_columns(pl.lit(None, pl.Int8).alias("label"))
    assert len(split(survival, SplitPlan()).train) == 100
