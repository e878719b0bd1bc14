"""A finding is never silent: these tests try to build ones that are."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import msgspec
import pytest

from findings import risk
from nof1.core.errors import InputError
from nof1.core.finding import EventRef, Finding, Interval, Status, Value, schema, utc

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "docs" / "schema" / "finding-1.json"


def test_a_risk_survives_json():
    finding = risk()
    text = json.dumps(finding.to_dict())
    assert Finding.from_dict(json.loads(text)) == finding


def test_the_json_form_follows_the_published_schema():
    published = json.loads(SCHEMA_FILE.read_text())
    assert published == json.loads(json.dumps(schema())), "write the file again from schema()"
    jsonschema.validate(risk().to_dict(), published)
    withheld = risk(value=None, status=Status.WITHHELD, reason="Gate failed.", resolve="Retrain.")
    jsonschema.validate(withheld.to_dict(), published)


@pytest.mark.parametrize(
    "change",
    [
        {"value": None},
        {"value": None, "reason": "no number"},
        {"value": None, "status": Status.WITHHELD},
        {"value": None, "status": Status.WITHHELD, "reason": "outside its domain"},
        {"value": None, "status": Status.NOT_CHECKED, "resolve": "measure it"},
        {"status": Status.WITHHELD, "reason": "r", "resolve": "s"},
        {"as_of": datetime(2024, 1, 1)},
    ],
    ids=str,
)
def test_a_silent_finding_cannot_be_made(change):
    with pytest.raises(InputError, match="cannot be made"):
        risk(**change)


@pytest.mark.parametrize("amount", [0.05, 0.3, float("nan"), float("inf")])
def test_a_value_lies_in_its_interval(amount):
    with pytest.raises(InputError):
        Value(amount=amount, unit="1", interval=Interval(low=0.1, high=0.2, level=0.9))


@pytest.mark.parametrize(("low", "high", "level"), [(0.3, 0.2, 0.9), (0.1, 0.2, 1.0), (0, 1, 0)])
def test_an_interval_is_ordered_and_has_a_level(low, high, level):
    with pytest.raises(InputError):
        Interval(low=low, high=high, level=level)


def test_findings_do_not_change():
    with pytest.raises(AttributeError):
        risk().reason = "another"  # type: ignore[misc]


def test_unknown_fields_are_refused_by_name():
    with pytest.raises(InputError, match="colour"):
        Finding.from_dict(risk().to_dict() | {"colour": "red"})


def test_event_references_keep_the_way_back_to_the_source():
    ref = EventRef(
        code="LOINC//718-7", time=utc(datetime(2024, 1, 1)), source_file="a", source_row=3
    )
    assert msgspec.to_builtins(ref)["time"] == "2024-01-01T00:00:00Z"
    assert utc(datetime(2024, 1, 1, tzinfo=UTC)) == datetime(2024, 1, 1, tzinfo=UTC)
