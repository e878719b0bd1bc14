import numpy as np
import polars as pl
import pytest

from nof1.synthetic.causes import CASE_FATALITY
from nof1.synthetic.risks import COMPARISONS, had_they_taken, monthly_chances, one_year_risk
from nof1.synthetic.truth import Truth


def causes_at_start(truth: Truth, group: str) -> dict[str, np.ndarray]:
    starts = truth.course.starts.filter(group=group)
    numbers = [name for name in starts.columns if starts[name].dtype.is_float()]
    return {name: starts[name].to_numpy() for name in numbers}


def slow_risk(
    attack: float, bleed: float, death: float, outcome: str, months: list[float]
) -> float:
    """Follow one person month by month, keeping the chance of being alive and free of outcome."""
    free, happened = 1.0, 0.0
    for early in months:
        a = 1 - (1 - attack) ** early
        if outcome == "heart_attack":
            happened += free * a
            free *= (1 - a) * (1 - bleed * CASE_FATALITY["major_bleed"]) * (1 - death)
        else:
            alive = 1 - a * CASE_FATALITY["heart_attack"]
            happened += free * alive * bleed
            free *= alive * (1 - bleed) * (1 - death)
    return happened


@pytest.mark.parametrize("group", list(COMPARISONS))
def test_the_closed_sum_equals_following_one_person(large: Truth, group: str) -> None:
    causes = {name: values[:40] for name, values in causes_at_start(large, group).items()}
    outcome, stent = COMPARISONS[group][1], group == "antiplatelet"
    fast = one_year_risk(causes, outcome, recent_stent=stent)
    attack, bleed, death = monthly_chances(causes, recent_stent=False)
    early = [2.2, 1.6, 1.3, 1.1, *[1.0] * 8] if stent else [1.0] * 12
    slow = [
        slow_risk(a, b, d, outcome, early)
        for a, b, d in zip(attack[0], bleed[0], death[0], strict=True)
    ]
    assert fast == pytest.approx(slow, rel=1e-10)


@pytest.mark.parametrize("group", list(COMPARISONS))
def test_the_true_risk_is_what_happens(large: Truth, group: str) -> None:
    """Calibration of the truth: in every fifth of the risk, events come as often as promised."""
    left = (pl.col("exit") == "left") & (pl.col("observed_days") < 365)
    whole_year = pl.col("time") < pl.datetime(2022, 12, 31)
    table = large.index_dates.filter(whole_year, ~left.fill_null(False), group=group)
    risk = table["risk"].to_numpy()
    days = (table["outcome_time"] - table["time"]).dt.total_seconds() / 86_400
    happened = (days <= 365.25).fill_null(False).to_numpy()
    order = np.argsort(risk)
    for fifth in np.array_split(order, 5):
        expected = risk[fifth].sum()
        spread = np.sqrt((risk[fifth] * (1 - risk[fifth])).sum())
        assert abs(happened[fifth].sum() - expected) < 4 * spread


def test_everybody_can_be_asked_about_both_medicines(large: Truth) -> None:
    causes = causes_at_start(large, "antiplatelet")
    taken = had_they_taken(causes, "ticagrelor", "antiplatelet")
    assert taken["ticagrelor"].min() == 1
    assert taken["clopidogrel"].max() == 0
    assert causes["clopidogrel"].max() == 1  # the question leaves the facts alone
