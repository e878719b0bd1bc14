"""Specifications as pages hold them: smaller, and the same chart."""

import json

from nof1.pictures import model_charts, theme
from nof1.pictures.lean import lean


def chart():
    rows = [{"predicted": 0.1, "observed": 0.1, "low": 0.0, "high": 0.2, "rows": 30, "other": "x"}]
    return model_charts.calibration(rows)


def test_columns_that_nobody_draws_and_the_look_of_the_house_are_left_out():
    whole = chart().spec()
    made = lean(whole)
    assert "other" in json.dumps(whole)
    assert "other" not in json.dumps(made)
    assert {*whole} - {*made} == {"config", "$schema"}
    rows = [row for part in made["datasets"].values() for row in part]
    assert {"predicted", "observed", "low", "high", "rows"} <= {
        name for row in rows for name in row
    }


def test_it_is_done_once():
    made = lean(chart().spec())
    assert lean(made) == made


def test_every_data_set_is_found_under_its_short_name():
    made = lean(chart().spec())
    named = [layer["data"]["name"] for layer in made["layer"] if "data" in layer]
    assert named
    assert {*named} <= {*made["datasets"]}


def test_a_look_of_its_own_stays():
    whole = {"config": {**theme.config(), "line": {"strokeWidth": 5}}, "mark": "line"}
    assert lean(whole) == {"config": {"line": {"strokeWidth": 5}}, "mark": "line"}


def test_the_house_look_is_the_whole_configuration_of_a_chart():
    assert lean({"config": chart().spec()["config"], "mark": "x"}) == {"mark": "x"}
