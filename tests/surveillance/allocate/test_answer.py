"""The answer of allocate: its keys, what-ifs, and what it could not check."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hub_samples import forecast, weekly
from nof1.core.errors import InputError
from nof1.surveillance.allocate.answer import Asked, Known, answer, from_answer, problem_of, units
from nof1.surveillance.allocate.regret import Regret
from nof1.surveillance.allocate.tables import Places
from nof1.surveillance.hub.rows import table
from nof1.surveillance.scores import LEVELS

PLACES = Places({"01": "North"}, {"01": 10.0, "06": 90.0})
ASKED = Asked("beds", "450", scenarios=60)
PANEL = weekly(np.random.default_rng(1).poisson(100, size=(40, 2)), ("01", "06"))
KEYS = {
    *("resource", "supply", "rows", "reserve", "expected_unmet", "cvar", "cvar_level"),
    *("objective", "bound", "gap", "alternatives", "transfers", "settings", "regret"),
    *("notes", "not_checked"),
}


def test_the_document():
    made = answer(ASKED, forecast(), Known(PLACES, PANEL))
    assert set(made) == KEYS
    json.dumps(made, allow_nan=False)
    rows = {row["place"]: row for row in made["rows"]}
    assert set(rows) == {"01", "06"}
    assert sum(row["allocated"] for row in rows.values()) == 450
    assert rows["06"]["need_median"] == 300
    assert rows["06"]["need_low"] == pytest.approx(300 - 60 * 1.645, abs=0.1)
    assert rows["01"]["share_of_need"] == rows["01"]["allocated"] / 200
    assert sum(row["expected_unmet"] for row in rows.values()) == pytest.approx(
        made["expected_unmet"]
    )
    assert [one["plan"] for one in made["alternatives"]] == [
        "by median",
        "by population",
        "by last week",
    ]
    assert all(one["expected_unmet"] >= made["expected_unmet"] for one in made["alternatives"])
    assert [one["what"] for one in made["not_checked"]] == ["the plan's regret on past weeks"]


def test_what_is_not_known_is_not_checked():
    made = answer(ASKED, forecast(), Known(Places({}, {"01": 3.0})))
    assert [one["what"] for one in made["not_checked"]][:2] == [
        "sharing out by last week",
        "sharing out by population",
    ]
    assert [one["plan"] for one in made["alternatives"]] == ["by median"]


def test_a_place_without_forecast_is_named():
    one = forecast()
    values = one.quantiles.copy()
    values[1] = np.nan
    made = answer(ASKED, replace(one, quantiles=values), Known(PLACES))
    assert made["not_checked"][0]["what"] == "1 places: 01"
    assert "they got nothing" in made["not_checked"][0]["reason"]
    with pytest.raises(InputError, match="No place has a forecast"):
        answer(ASKED, replace(one, quantiles=values * np.nan), Known(PLACES))


def test_units_for_a_case_and_shares_of_the_need():
    double = problem_of(replace(ASKED, per_case=2.0, supply="50%"), forecast(), Known(PLACES))
    assert double.supply == 500
    assert double.median == pytest.approx([400, 600], rel=0.01)
    assert units(" 12 ", 0) == 12
    assert units("70%", 10) == 7
    for bad in ("", "many", "-1", "1.5", "nan", "nan%", "-5%", "1e99"):
        with pytest.raises(InputError, match="supply cannot be read"):
            units(bad, 100)


def test_supply_zero_and_plenty_and_no_need_are_said():
    none = answer(replace(ASKED, supply="0"), forecast(), Known(PLACES))
    assert "The supply is 0" in none["notes"][1]
    plenty = answer(replace(ASKED, supply="5000"), forecast(), Known(PLACES))
    assert plenty["expected_unmet"] == 0
    assert "units are left in reserve" in plenty["notes"][1]
    calm = replace(forecast(), quantiles=np.zeros((3, 4, 23)))
    made = answer(ASKED, calm, Known(PLACES))
    assert "No scenario has any need" in made["notes"][1]
    assert {row["share_of_need"] for row in made["rows"]} == {None}


def test_full_capacity_is_told_with_the_reserve():
    known = Known(PLACES, capacity=np.array([50, 60]))
    made = answer(ASKED, forecast(), known)
    assert [row["allocated"] for row in made["rows"]] == [50, 60]
    assert made["notes"][1].endswith("or the capacity is full.")


def test_moves_are_listed():
    known = Known(PLACES, now=np.array([400, 50]), cost=np.full((2, 2), 0.01))
    made = answer(ASKED, forecast(), known)
    (move,) = made["transfers"]
    assert (move["from"], move["to"]) == ("01", "06")
    assert made["rows"][0]["allocated"] == 400 - move["amount"]
    assert move["cost"] == pytest.approx(0.01 * move["amount"])


def test_a_kept_forecast_is_read_back():
    one = forecast()
    rows = [
        {
            "place": place,
            "horizon": horizon,
            "target_end_date": "2024-01-06",
            "quantiles": {
                f"{level:g}": float(one.quantiles[i, k, j]) for j, level in enumerate(LEVELS)
            },
        }
        for i, place in enumerate(one.places)
        for k, horizon in enumerate(one.horizons)
    ]
    document = {"reference_date": "2024-01-06", "target": one.target, "rows": rows}
    back = from_answer(document)
    assert table(back).equals(table(one))
    rows[0]["quantiles"]["0.5"] = None
    assert np.isnan(from_answer(document).quantiles[0, 0, 11])
    with pytest.raises(InputError, match="no rows"):
        from_answer({**document, "rows": []})


def test_a_rule_that_did_better_on_past_weeks_is_told():
    rows = [Regret("plan", 5.0, 4.0, 6.0, 15.0, 9), Regret("by last week", 4.0, 3.0, 5.0, 14.0, 9)]
    made = answer(ASKED, forecast(), Known(PLACES), rows)
    assert any("sharing out by last week left less need unmet" in one for one in made["notes"])
    assert made["regret"][1] == {
        "plan": "by last week",
        "mean_regret": 4.0,
        "low": 3.0,
        "high": 5.0,
        "unmet": 14.0,
        "weeks": 9,
    }
    short = [replace(one, low=None, high=None, weeks=3) for one in rows]
    few = answer(ASKED, forecast(), Known(PLACES), short)
    assert any("so few weeks cannot tell" in one for one in few["notes"])
    assert few["regret"][0]["low"] is None
    calm = answer(ASKED, forecast(), Known(PLACES), rows[:1])
    assert not any("left less need unmet" in one for one in calm["notes"])
