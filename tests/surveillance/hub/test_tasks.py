"""What the hub asks for, from its tasks.json."""

import json
from datetime import date
from importlib.resources import files

import jsonschema
import pytest

from nof1.core.errors import InputError
from nof1.surveillance.hub import tasks
from nof1.surveillance.scores import LEVELS

OWN = json.loads(files("nof1.surveillance.hub").joinpath("tasks.json").read_text("utf-8"))
# The part of the hubverse's schema for tasks (v3) that a quantile target uses, in our words.
VALUES = {
    "type": "object",
    "required": ["required", "optional"],
    "properties": {
        name: {"type": ["array", "null"], "uniqueItems": True} for name in ("required", "optional")
    },
}
SCHEMA = {
    "type": "object",
    "required": ["schema_version", "rounds"],
    "properties": {
        "schema_version": {"pattern": r"/v\d+\.\d+\.\d+/tasks-schema\.json$"},
        "rounds": {
            "minItems": 1,
            "items": {
                "required": [
                    "round_id_from_variable",
                    "round_id",
                    "model_tasks",
                    "submissions_due",
                ],
                "properties": {
                    "model_tasks": {
                        "items": {
                            "required": ["task_ids", "output_type", "target_metadata"],
                            "properties": {
                                "task_ids": {
                                    "required": list(tasks.IDS),
                                    "additionalProperties": VALUES,
                                },
                                "output_type": {
                                    "required": ["quantile"],
                                    "properties": {
                                        "quantile": {
                                            "required": ["output_type_id", "value"],
                                            "properties": {"output_type_id": VALUES},
                                        }
                                    },
                                },
                            },
                        }
                    }
                },
            },
        },
    },
}


def test_our_file_keeps_the_hubverses_layout():
    jsonschema.validate(OWN, SCHEMA)
    ends = OWN["rounds"][0]["model_tasks"][0]["task_ids"]["target_end_date"]["optional"]
    assert all(date.fromisoformat(day).weekday() == 5 for day in ends)


def test_the_flusight_target():
    asked = tasks.flusight()
    assert asked.targets == ("wk inc flu hosp",)
    assert asked.horizons == (-1, 0, 1, 2, 3)
    assert len(asked.locations) == 53
    assert asked.levels == tuple(LEVELS)
    assert asked.minimum == 0
    assert asked.reference_dates is None


def test_a_hubs_own_file_lists_its_weeks(tmp_path):
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(OWN))
    asked = tasks.read(path)
    assert (asked.reference_dates[0], len(asked.reference_dates)) == (date(2023, 10, 14), 30)


def test_tasks_of_other_types_are_passed_over():
    data = json.loads(json.dumps(OWN))
    models = data["rounds"][0]["model_tasks"]
    models.append({**models[0], "output_type": {"pmf": {}}})
    assert tasks.from_dict(data, "x").targets == ("wk inc flu hosp",)
    models[:] = models[1:]
    with pytest.raises(InputError, match="ask for no quantiles"):
        tasks.from_dict(data, "x")


@pytest.mark.parametrize(
    ("change", "message", "where"),
    [
        (lambda d: d.pop("rounds"), "'rounds' is missing", "x"),
        (lambda d: d.update(rounds=3), "Not a list", "x, rounds"),
        (lambda d: d["rounds"][0].pop("model_tasks"), "'model_tasks' is missing", "x, rounds[0]"),
        (
            lambda d: d["rounds"][0]["model_tasks"][0]["task_ids"]["horizon"].update(
                optional=["1"]
            ),
            "not a whole number",
            "x, rounds[0], model_tasks[0]",
        ),
        (
            lambda d: d["rounds"][0]["model_tasks"][0]["task_ids"].update(location=[1]),
            "Not an object",
            "x, rounds[0], model_tasks[0], location",
        ),
    ],
)
def test_a_file_of_another_layout_is_refused(change, message, where):
    data = json.loads(json.dumps(OWN))
    change(data)
    with pytest.raises(InputError, match=message) as caught:
        tasks.from_dict(data, "x")
    assert caught.value.where == where


def test_no_json_and_no_file(tmp_path):
    path = tmp_path / "tasks.json"
    with pytest.raises(InputError, match="cannot be read"):
        tasks.read(path)
    path.write_text('{"rounds": [\n,')
    with pytest.raises(InputError, match="not JSON") as caught:
        tasks.read(path)
    assert caught.value.where == "tasks.json, line 2"
