"""Error rates of the gate by simulation: good models pass, wrong ones are caught."""

import json
from collections import Counter
from functools import cache

import numpy as np
import pytest
from scipy.special import expit

from nof1.learn.conformal import Conformal
from nof1.learn.evaluate import evaluate
from nof1.learn.gate import GateLimits, gate


def judge(seed, rows=2000, slope=1.0, shift=0.0, spread=1.2, group_shift=0.0, leakage=True):
    """Gate of a model whose risks need ``slope`` and ``shift`` to become right; 20 % events."""
    rng = np.random.default_rng(seed)
    centre = -1.75 if spread > 1 else -1.5
    group = rng.integers(0, 4, rows)

    def draw(count, extra):
        truth = rng.normal(centre, spread, count)
        y = (rng.random(count) < expit(truth + extra)).astype(float)
        return centre + (truth - centre - shift) / slope, y

    calibration = draw(1000, 0.0)
    decision, y = draw(rows, group_shift * (group == 0))
    found = evaluate(
        y,
        expit(decision),
        decision=decision,
        conformal=Conformal.fit(*calibration),
        groups={"ward": np.array(["a", "b", "c", "d"])[group]},
        thresholds=(0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4),
        resamples=60,
        seed=seed,
    )
    return gate(found, leakage_passed=leakage)


@cache
def failures(runs, **settings):
    results = [judge(seed, **settings) for seed in range(runs)]
    counts = Counter(name for one in results for name in one.failed)
    return sum(one.passed for one in results) / runs, counts


def test_a_right_model_passes():
    share, _ = failures(100)
    assert share >= 0.95


@pytest.mark.parametrize(
    ("settings", "check"),
    [
        ({"slope": 0.7}, "calibration slope"),
        ({"slope": 1.4}, "calibration slope"),
        ({"shift": 0.5}, "calibration in the large"),
        ({"shift": -0.5}, "calibration in the large"),
    ],
)
def test_a_miscalibrated_model_is_caught(settings, check):
    share, counts = failures(30, **settings)
    assert share <= 0.1
    assert counts[check] >= 27


def test_a_model_without_information_is_caught():
    share, counts = failures(30, spread=0.03)
    assert share == 0
    assert counts["better than the prevalence"] >= 27
    assert counts["net benefit"] >= 27


def test_a_small_test_set_does_not_pass_by_noise():
    share, counts = failures(30, rows=150)
    assert share <= 0.1
    assert counts["enough outcomes"] == 30


def test_a_group_that_is_off_is_silenced_alone():
    results = [judge(seed, group_shift=1.0) for seed in range(15)]
    assert sum("ward=a" in one.withheld_groups for one in results) >= 14
    assert all(set(one.withheld_groups) <= {"ward=a"} for one in results)
    assert all("groups" not in one.failed for one in results)
    assert results[0].withheld_groups["ward=a"] == "risks too low here"


def test_leakage_not_audited_is_not_passed():
    assert judge(0, leakage=None).failed == ("leakage",)
    assert judge(0, leakage=False).failed == ("leakage",)


def test_every_failed_check_says_why_and_what_next():
    result = judge(0, rows=120, slope=0.5, shift=1.0, leakage=None)
    assert not result.passed
    for check in result.checks:
        assert check.reason
        assert check.allowed
        assert bool(check.next_step) == (not check.passed)
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data["failed"] == list(result.failed)


def test_one_outcome_only_fails_without_an_error():
    found = evaluate([0.0] * 400, np.linspace(0.01, 0.5, 400))
    result = gate(found, leakage_passed=True)
    assert {"enough outcomes", "discrimination", "calibration slope"} <= set(result.failed)


def test_limits_can_be_changed():
    rng = np.random.default_rng(1)
    decision = rng.normal(-1.75, 1.2, 2000)
    y = (rng.random(2000) < expit(decision)).astype(float)
    table = Conformal.fit(decision[:1000], y[:1000])
    found = evaluate(y[1000:], expit(decision[1000:]), decision=decision[1000:], conformal=table)
    assert gate(found, leakage_passed=True).passed
    strict = GateLimits(min_events=100_000)
    assert gate(found, leakage_passed=True, limits=strict).failed == ("enough outcomes",)
    nowhere = GateLimits(thresholds=(0.985, 0.989))
    assert gate(found, leakage_passed=True, limits=nowhere).failed == ("net benefit",)
