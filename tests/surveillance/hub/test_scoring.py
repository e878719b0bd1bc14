"""Forecast files against what came."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from hub_samples import forecast, weekly
from nof1.core.errors import InputError, UsageError
from nof1.surveillance import scores
from nof1.surveillance.hub import scoring

PLACES = ("01", "06", "US")
CAME = weekly(
    np.random.default_rng(6).poisson([200, 300, 100], size=(12, 3)), PLACES, last=date(2024, 1, 20)
)


def shifted(model, by, **more):
    one = forecast(model=model, **more)
    return replace(one, quantiles=one.quantiles + by)


def test_only_what_came_is_judged():
    (one,) = scoring.judge([forecast()], CAME)
    assert len(one.keys) == 3 * 3  # horizon 3 ends on 2024-01-27
    assert one.not_judged == 3
    assert one.keys[0] == (date(2024, 1, 6), "US", 0, "wk inc flu hosp")
    made = scoring.summary(one)
    total = scores.wis(one.truth, one.quantiles).total
    assert made["wis"] == pytest.approx(total.mean())
    parts = made["dispersion"] + made["underprediction"] + made["overprediction"]
    assert parts == pytest.approx(made["wis"])
    assert (made["n"], made["weeks"]) == (9, 1)
    assert [row["n"] for row in made["by_horizon"]] == [3, 3, 3]


def test_models_are_compared_on_shared_tasks():
    weeks = [date(2023, 12, 30), date(2024, 1, 6)]
    good = [shifted("a-good", 0, reference=day) for day in weeks]
    poor = [shifted("a-poor", 300, reference=weeks[0])]
    judged = scoring.judge([*good, *poor], CAME)
    assert [one.model for one in judged] == ["a-good", "a-poor"]
    table = {row["model"]: row for row in scoring.compare(judged, "a-good")}
    assert table["a-good"]["relative_skill"] == 1
    assert table["a-good"]["shared"] == 12 + 9
    poor_row = table["a-poor"]
    assert poor_row["shared"] == 12
    assert poor_row["ratio"] > 3
    assert (poor_row["ratio_low"], poor_row["ratio_high"]) == (None, None)
    # two models, so the skill is the plain ratio's square root, over its inverse's: the ratio
    assert poor_row["relative_skill"] == pytest.approx(poor_row["ratio"])
    assert poor_row["log_ratio"] > 1
    with pytest.raises(UsageError, match="no model 'b'"):
        scoring.compare(judged, "b")


def test_nothing_to_judge_and_forecasts_twice_are_refused():
    with pytest.raises(InputError, match="none of the forecasts"):
        scoring.judge([forecast(reference=date(2025, 1, 4))], CAME)
    with pytest.raises(InputError, match="has 9 forecasts twice"):
        scoring.judge([forecast(), forecast()], CAME)
