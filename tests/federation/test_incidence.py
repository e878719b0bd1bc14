"""The curve of three hospitals is that of all their patients in one record."""

import math

import numpy as np
import polars as pl
import pytest

from nof1.federation import local, veil
from nof1.federation.incidence import ALL, HOW, JOINED, OUTCOME, Curve, Grid, tellable, words
from nof1.federation.people import People
from nof1.learn.censoring import incidence_curve
from nof1.predict.cohort import compile_cohort
from nof1.predict.task import Task
from nof1.record.store import Record

K = 10


def people(n, seed):
    rng = np.random.default_rng(seed)
    days = rng.exponential(200, n)
    cause = rng.choice(3, n, p=[0.5, 0.35, 0.15])
    cause[days > 365], days[days > 365] = 0, 365.0
    return People(pl.Series(range(n)), np.full(n, ""), np.full(n, 50.0), days, cause)


GRID = Grid(365, (30, 180, 365))


def curve_of(*parts):
    return Curve.of(np.sum([GRID.leavers(one) for one in parts], axis=0))


def test_the_masked_sum_of_unequal_sites_is_the_pooled_curve():
    parts = {"north": people(150, 1), "south": people(400, 2), "west": people(60, 3)}

    def site(own):
        return lambda link: Curve.of(veil.opened(link)(GRID.leavers(own).ravel()).reshape(3, -1))

    found = local.run({name: site(own) for name, own in parts.items()})
    days = np.concatenate([one.days for one in parts.values()])
    cause = np.concatenate([one.cause for one in parts.values()])
    exact = incidence_curve(np.ceil(days), cause)
    for one in found.values():
        np.testing.assert_allclose(one.outcome[1:366], exact.at(np.arange(1, 366)), atol=1e-6)


def test_everything_adds_up_to_one():
    curve = curve_of(people(900, 4))
    np.testing.assert_allclose(curve.outcome + curve.competing + curve.free, 1, atol=1e-12)


def test_kaplan_meier_by_hand():
    days = np.array([10.0, 20, 20, 30, 50, 60])
    cause = np.array([1, 1, 0, 1, 0, 0])
    one = People(pl.Series(range(6)), np.full(6, ""), np.full(6, 50.0), days, cause)
    curve = Curve.of(Grid(60, (60,)).leavers(one))
    assert curve.free[10] == pytest.approx(5 / 6)
    assert curve.free[20] == pytest.approx(5 / 6 * 4 / 5)
    assert curve.free[30] == pytest.approx(5 / 6 * 4 / 5 * 2 / 3)
    assert curve.variance[20] == pytest.approx(1 / 30 + 1 / 20)  # Greenwood's sum
    half = 1.959964 * math.sqrt(1 / 30 + 1 / 20) / abs(math.log(2 / 3))
    line = curve.line(20, ALL, K)
    assert (line["low"], line["high"]) == pytest.approx(
        ((2 / 3) ** math.exp(half), (2 / 3) ** math.exp(-half)), abs=1e-4
    )


def test_between_two_told_days_nobody_or_many_leave():
    curve = curve_of(people(900, 5))
    days, how = tellable(curve, tuple(range(5, 366, 5)), K)
    assert how == ALL
    assert 3 < len(days) < 40
    for start, end in zip([-1, *days], days, strict=False):
        leavers = curve.left[:, start + 1 : end + 1].sum(axis=1)
        assert all(one == 0 or one >= K for one in leavers)
        assert curve.at_risk[end] - curve.left[:, end].sum() >= K


@pytest.mark.parametrize(("rare", "how"), [(12, JOINED), (4, OUTCOME)])
def test_rare_ways_to_leave_are_told_together_or_not_at_all(rare, how):
    days = np.linspace(1, 364, 400)
    cause = np.ones(400, dtype=int)
    cause[200:] = 0
    days[200:] = 400
    cause[2 : 2 + rare // 2], cause[10 : 10 + rare // 2] = 2, 0
    one = People(pl.Series(range(400)), np.full(400, ""), np.full(400, 50.0), days, cause)
    curve = Curve.of(GRID.leavers(one))
    found, told = tellable(curve, tuple(range(30, 366, 30)), K)
    assert told == how
    assert found
    line = curve.line(found[-1], told, K)
    assert line["competing"] is None
    assert line["free"] is None
    assert (line["followed_after"] is None) == (how == OUTCOME)


def test_a_told_job_agrees_with_the_joint_record(asked, fresh, hospitals):
    done = [one.figures for one in asked("survival", fresh, hospitals.task).values()]
    assert done[0] == done[1] == done[2]
    figures = done[0]
    record = Record(hospitals.together.record)
    own = People.of(record, compile_cohort(Task.parse(hospitals.task), record))
    exact = incidence_curve(np.ceil(own.days), own.cause)
    assert figures["curve"]
    assert figures["told"] in HOW
    for line in figures["curve"]:
        assert line["outcome"] == pytest.approx(float(exact.at(line["day"])), abs=6e-5)
        assert line["outcomes"] >= K
    assert max(map(len, words(figures))) <= 80


def test_asked_again_no_other_day_is_told(asked, fresh, hospitals):
    first = next(iter(asked("survival", fresh, hospitals.task).values())).figures
    again = next(iter(asked("survival", fresh, hospitals.task, job="job-2").values())).figures
    assert again == first


def test_the_grid_ends_with_the_task():
    task = Task.parse(
        "name: t\nkind: survival\ncode_sets: {a: [X//1], b: [X//2]}\nindex: {of: a}\n"
        "outcome: {of: b}\ntime_at_risk: {end_days: 100}\nhorizons_days: [20, 50]\n"
    )
    assert Grid.of(task) == Grid(50, (*range(5, 50, 5), 50))
