"""A panel from end to end: what is tested and refused, delays, engines, documents, findings."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from nof1.core.engine import LocalEngine
from nof1.core.errors import UsageError
from nof1.core.finding import Finding, Status
from nof1.surveillance.alarms import answer, farrington, predictive, run, sayings
from nof1.surveillance.alarms.completeness import weekly_share
from nof1.surveillance.alarms.run import METHODS, Settings, check
from nof1.surveillance.alarms.tested import Reason
from nof1.surveillance.series import Panel

WEEKS = 364
DATES = np.arange(np.datetime64("2016-01-02"), np.datetime64("2016-01-02") + 7 * WEEKS, 7)
ALARMS = Settings(fdr=0.1, history=8)


def panel(seed: int = 1, places: int = 6, mean: float = 8.0) -> Panel:
    values = np.random.default_rng(seed).poisson(mean, (WEEKS, places)).astype(float)
    names = tuple(f"p{at}" for at in range(places))
    return Panel("cases", DATES, names, values, DATES[-1].item())


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_a_plain_outbreak_and_says_what_it_cannot_judge(method):
    data = panel()
    data.values[-2:, 0] += 40
    data.values[-1, 1] = np.nan
    data.values[-1, 2] = -3
    data.values[:-1, 3] = np.nan  # a new place
    data.values[-6:, 4] = 0  # it stopped
    done = check(data, Settings(method=method, history=30))
    assert done.alarm[-2:, 0].any()
    assert done.tested.reason[-1, 1] == Reason.NO_REPORT
    assert done.tested.reason[-1, 2] in (Reason.NEGATIVE, Reason.TOO_FEW, Reason.CHECKED)
    assert done.tested.reason[-1, 3] in (Reason.SHORT, Reason.TOO_FEW)
    assert done.tested.reason[-6:, 4].max() == Reason.STOPPED or method.startswith("ears")
    assert not done.alarm[done.tested.reason > 0].any()
    rows = answer.rows(done)
    assert [row["status"] for row in rows[1:2]] == ["not_checked"]
    assert all(row["reason"] for row in rows if row["status"] == "not_checked")


def test_nothing_after_the_tested_week_changes_it():
    data = panel()
    later = replace(data, values=data.values.copy())
    later.values[-1] = 500.0
    first = check(data, replace(ALARMS, fdr=None)).tested
    second = check(later, replace(ALARMS, fdr=None)).tested
    np.testing.assert_array_equal(first.upper[:-1], second.upper[:-1])
    np.testing.assert_array_equal(first.p[:-1], second.p[:-1])


def test_blocks_and_workers_change_nothing(monkeypatch):
    monkeypatch.setattr(run, "BLOCK", 2)
    blocks = check(panel(places=5), ALARMS, engine=LocalEngine(1))
    monkeypatch.setattr(run, "BLOCK", 250)
    whole = check(panel(places=5), ALARMS)
    np.testing.assert_array_equal(blocks.p, whole.p)
    np.testing.assert_array_equal(blocks.tested.upper, whole.tested.upper)


def test_a_known_outbreak_leaves_the_baseline_and_skipped_years_too():
    data = panel()
    data.values[WEEKS - 52 - 3 : WEEKS - 52 + 3] += 30
    marks = np.zeros(data.values.shape, bool)
    marks[WEEKS - 52 - 3 : WEEKS - 52 + 3] = True
    with_it = check(data, ALARMS).tested.expected[-1]
    without = check(data, ALARMS, known_outbreaks=marks).tested.expected[-1]
    assert (without < with_it).all()
    year = (DATES[WEEKS - 60].item(), DATES[WEEKS - 45].item())
    skipped = check(data, replace(ALARMS, skipped=(year,))).tested
    assert (skipped.expected[-1] < with_it).all()
    assert (skipped.parts["weeks_used"][-1] < without.size * 1000).all()


def test_a_late_report_is_not_a_false_calm():
    """Half of 24 cases is in where 8 are usual: 12 of 4 expected, not 12 of 8."""
    data = panel(places=3)
    data.values[-1] = 12
    share = np.full(data.values.shape, np.nan)
    share[-1] = [1.0, 0.5, 0.1]
    done = check(data, replace(ALARMS, fdr=None, alpha=0.01), complete=share)
    assert done.tested.p[-1, 1] < done.tested.p[-1, 0] / 10
    assert not done.alarm[-1, 0]
    assert done.alarm[-1, 1]
    assert done.tested.reason[-1, 2] == Reason.TOO_EARLY
    row = answer.rows(done)[1]
    assert row["two_weeks"] is None
    assert row["estimate"] == 24
    assert sayings.SHARE in row["false_if"]


def test_draws_of_a_nowcast_are_tested_and_a_sure_nowcast_is_the_count():
    data = panel(places=2)
    data.values[-2:, 0] = 12
    tests = np.arange(WEEKS - 2, WEEKS)
    plain = farrington.judge(DATES, data.values, tests)
    sure = farrington.judge(DATES, data.values, tests, draws=data.values[tests][None])
    np.testing.assert_allclose(sure.p, plain.p)
    draws = np.stack([data.values[tests] + more for more in (0, 10, 20, 30)])
    later = farrington.judge(DATES, data.values, tests, draws=draws)
    assert (later.p < plain.p).all()
    assert later.alarm[-1, 0] == (later.p[-1, 0] <= 0.01)
    with pytest.raises(UsageError):
        farrington.judge(DATES, data.values, tests, draws=draws, share=np.ones((2, 2)))


def test_weekly_share_weighs_days_by_their_nowcast():
    week = panel(places=1)
    last = DATES[-1].item()
    rows = [
        {"place": "p0", "stratum": "", "date": str(last), "estimate": 9.5, "complete": 0.2},
        {"place": "p0", "date": str(DATES[-1] - 1), "estimate": 9.5, "complete": 0.6},
        {"place": "p0", "date": str(DATES[-1] - 2), "estimate": 1.0, "complete": None},
        {"place": "elsewhere", "date": str(last), "estimate": 1.0, "complete": 0.1},
    ]
    share = weekly_share(rows, week)
    assert share[-1, 0] == pytest.approx(0.4)
    assert (share[:-1] == 1).all()


def test_first_cases_ever_are_not_calm():
    data = panel(places=2)
    data.values[:, 0] = 0
    data.values[:-1, 1] = 0
    done = check(data, ALARMS)
    assert done.tested.reason[-1].tolist() == [Reason.ALL_ZERO, Reason.FIRST_CASES]
    document = {"rows": answer.rows(done), "clusters": []}
    assert answer.needs_attention(document)
    assert not answer.needs_attention({"rows": document["rows"][:1], "clusters": []})


def test_findings_are_never_silent():
    data = panel()
    data.values[-1, 0] += 60
    data.values[-1, 1] = np.nan
    made = answer.findings(check(data, ALARMS), synthetic=True)
    assert [one.status for one in made[:3]] == [
        Status.FOUND,
        Status.NOT_CHECKED,
        Status.EXCLUDED,
    ]
    assert made[0].value is not None
    assert made[0].value.interval.high >= made[0].value.amount
    assert any("facility" in note for note in made[0].notes)
    assert made[1].resolve
    assert all(Finding.from_dict(one.to_dict()) == one for one in made)


def test_a_short_history_is_said_with_the_alarm():
    data = panel(places=1)
    data = replace(data, dates=data.dates[-200:], values=data.values[-200:])
    data.values[-1] += 60
    row = answer.rows(check(data, ALARMS))[0]
    assert row["status"] == "alarm"
    assert sayings.FEW_YEARS in row["false_if"]


def test_what_would_make_an_alarm_false():
    expected = np.full(12, 10.0)
    calm = np.r_[np.full(9, 9.0), 1.0, 0.0, 60.0]
    found = sayings.false_if(calm, expected, date(2023, 12, 30), date(2024, 1, 2))
    assert found == [sayings.BATCH, sayings.LATE, sayings.HOLIDAY, sayings.FACILITY]
    shifted = np.full(12, 15.0)
    found = sayings.false_if(shifted, expected, date(2023, 7, 1), date(2024, 1, 2))
    assert found == [sayings.DEFINITION, sayings.FACILITY]


def test_two_weeks_together_can_be_too_many():
    data = panel(places=1)
    data.values[-2:, 0] = 15
    done = check(data, ALARMS)
    row = answer.rows(done)[0]
    assert row["status"] == "alarm"
    assert row["observed"] <= row["upper"]
    assert row["two_weeks"]["observed"] == 30
    assert row["two_weeks"]["p"] < row["p"] < 0.01


def test_settings_that_promise_too_much_are_refused():
    for wrong in ({"method": "ears-c1", "fdr": 0.1}, {"method": "x"}, {"fdr": 2.0}):
        with pytest.raises(UsageError):
            Settings(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="percent"):
        check(replace(panel(), unit="%"), ALARMS)
    with pytest.raises(UsageError):
        check(panel(), ALARMS, complete=np.ones((2, 2)))


@pytest.mark.parametrize(("mean", "over"), [(0.3, 2.0), (1.0, 3.0), (20.0, 4.0)])
def test_p_holds_far_out_where_nothing_happens(mean, over):
    """At most 3 of 1,000 at .001 (4 would be beyond the 95 % interval of a true .001)."""
    rng = np.random.default_rng(7)
    wave = np.exp(0.4 * np.cos(2 * np.pi * np.arange(WEEKS) / 52.18))[:, None]
    means = mean * wave * np.ones(2500)
    values = rng.negative_binomial(means / (over - 1), 1 / over).astype(float)
    done = farrington.judge(DATES, values, np.array([WEEKS - 1]))
    p = done.p[0][~np.isnan(done.p[0])]
    assert np.mean(p <= 0.001) <= 0.0026
    assert np.mean(p <= 0.05) <= 0.059
    assert np.mean(p <= 0.05) >= 0.02


def test_the_correction_undoes_the_weights():
    for mean, over in ((0.5, 2.0), (5.0, 1.5), (60.0, 8.0)):
        _, seen = predictive.expected_estimates(mean, over, 2.58)
        found = predictive.corrections(np.array([mean]), np.array([seen]), 2.58)[1][0]
        assert found == pytest.approx(over, rel=0.06)
        assert seen < over


@pytest.mark.parametrize("alpha", [0.0, -0.1, 0.5, 2.0, float("nan")])
@pytest.mark.parametrize("method", ["farrington-flexible", "ears-c1"])
def test_a_level_that_is_no_level_is_refused_by_name(method, alpha):
    with pytest.raises(UsageError, match="Level") as caught:
        Settings(method=method, alpha=alpha)
    assert caught.value.where == "--alpha"
