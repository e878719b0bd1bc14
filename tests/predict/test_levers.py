"""What can be changed: only what the model looks at, only to what is possible."""

from datetime import datetime
from types import SimpleNamespace

import polars as pl
import pytest

from nof1.core.errors import UsageError
from nof1.predict.levers import chosen, factors, levers, sources
from nof1.predict.spec import FeatureSpec
from nof1.record.events import SCHEMA

AT = datetime(2024, 5, 1)
NEVER, CURRENT = "LIFESTYLE//smoking//never", "LIFESTYLE//smoking//current"
LDL, STATIN, OTHER = "LOINC//13457-7", "RxNorm//83367", "RxNorm//1191"


def scorer(*codes):
    spec = FeatureSpec(codes, windows=("365d",), aggregates=("count", "value_last"))
    return SimpleNamespace(model=SimpleNamespace(spec=spec, columns=spec.columns))


def events(*rows):
    made = [
        {"subject_id": 1, "time": time, "code": code, "numeric_value": value, "unit": unit}
        for time, code, value, unit in rows
    ]
    return pl.DataFrame(made, schema=SCHEMA)


def of(model, rows):
    return {one.name: one for one in levers(model, rows, AT, {STATIN: "atorvastatin"})}


def test_the_table_names_a_source_for_every_factor():
    assert {one.source for one in factors()} <= set(sources())
    assert all(one.low < one.high for one in factors() if one.kind == "number")
    assert len({one.name for one in factors()}) == len(factors())


def test_only_what_the_model_looks_at_is_a_lever():
    rows = events((AT, LDL, 100.0, "mg/dL"), (AT, "LOINC//8480-6", 130.0, "mm[Hg]"))
    assert set(of(scorer(LDL), rows)) == {"ldl"}
    assert of(scorer("LOINC//718-7"), rows) == {}


def test_a_number_is_the_latest_one_in_its_own_unit():
    rows = events((datetime(2024, 1, 1), LDL, 90.0, "mg/dL"), (AT, LDL, 101.0, "mg/dL"))
    assert of(scorer(LDL), rows)["ldl"].now == "101"
    other = events((AT, LDL, 2.6, "mmol/L"))
    assert "unit" in of(scorer(LDL), other)["ldl"].why_not
    assert "not measured" in of(scorer(LDL), events())["ldl"].why_not
    wild = events((AT, LDL, 9000.0, "mg/dL"))
    assert "plausible" in of(scorer(LDL), wild)["ldl"].why_not


def test_who_ever_smoked_cannot_become_one_who_never_did():
    smokes = of(scorer(NEVER, CURRENT), events((AT, CURRENT, None, None)))["smoking"]
    assert [value for value, _ in smokes.choices] == ["keep", "former"]
    never = of(scorer(NEVER, CURRENT), events((AT, NEVER, None, None)))["smoking"]
    assert [value for value, _ in never.choices] == ["keep", "former", "current"]


def test_a_medicine_can_be_added_stopped_or_not_begun():
    model = scorer(STATIN, f"END//{STATIN}", OTHER)
    earlier = datetime(2023, 1, 1)
    name, aspirin = "medicine-RxNorm-83367", "medicine-RxNorm-1191"
    nothing = of(model, events())
    assert [v for v, _ in nothing[name].choices] == ["keep", "added"]
    assert nothing[name].label == "atorvastatin"
    taken = of(model, events((earlier, STATIN, None, None), (earlier, OTHER, None, None)))
    assert [v for v, _ in taken[name].choices] == ["keep", "stopped"]
    assert "no column" in taken[aspirin].why_not
    ended = events((earlier, STATIN, None, None), (AT, f"END//{STATIN}", None, None))
    assert [v for v, _ in of(model, ended)[name].choices] == ["keep", "added"]
    today = of(model, events((AT, STATIN, None, None)))
    assert [v for v, _ in today[name].choices] == ["keep", "undone"]


def test_what_equals_the_record_is_no_change():
    found = levers(scorer(LDL), events((AT, LDL, 107.102, "mg/dL")), AT, {})
    for same in ("", "107.102", "107", "107.4"):
        assert list(chosen(found, {"ldl": same})) == []
    assert [value for _, value in chosen(found, {"ldl": "108"})] == ["108"]


@pytest.mark.parametrize("value", ["nan", "inf", "-5", "9", "401", "many", "1e400", "<b>"])
def test_impossible_values_are_refused(value):
    found = levers(scorer(LDL), events((AT, LDL, 100.0, "mg/dL")), AT, {})
    with pytest.raises(UsageError) as refused:
        list(chosen(found, {"ldl": value}))
    assert refused.value.where == "ldl"


@pytest.mark.parametrize(
    "wanted", [{"age": "3"}, {"smoking": "never"}, {"smoking": "sometimes"}, {"ldl": "90"}]
)
def test_what_cannot_be_changed_is_refused(wanted):
    model = scorer(NEVER, CURRENT, LDL)
    found = levers(model, events((AT, CURRENT, None, None)), AT, {})
    with pytest.raises(UsageError):
        list(chosen(found, wanted))
