"""value[x] in all its forms; fhir.resources reads the same JSON as an independent check."""

import pytest
from fhir.resources.R4B.observation import Observation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_samples import LOINC, UCUM, coded, converted, observation, reasons, rows


def values(batch):
    return batch.events.select("code", "numeric_value", "text_value", "unit").rows()


def mg(value, **more):
    return {
        "value": value,
        "unit": "milligram per decilitre",
        "system": UCUM,
        "code": "mg/dL",
    } | more


GLUCOSE = "LOINC//2345-7"
CASES = {
    "quantity": ({"valueQuantity": mg(99.5)}, (GLUCOSE, 99.5, None, "mg/dL")),
    "comparator": ({"valueQuantity": mg(5, comparator="<")}, (GLUCOSE, 5.0, "<", "mg/dL")),
    "zero": ({"valueQuantity": mg(0)}, (GLUCOSE, 0.0, None, "mg/dL")),
    "negative": ({"valueQuantity": mg(-2.5)}, (GLUCOSE, -2.5, None, "mg/dL")),
    "no UCUM": (
        {"valueQuantity": {"value": 1, "unit": "grains", "code": "gr"}},
        (GLUCOSE, 1.0, None, "grains"),
    ),
    "no unit": ({"valueQuantity": {"value": 1}}, (GLUCOSE, 1.0, None, None)),
    "integer": ({"valueInteger": 7}, (GLUCOSE, 7.0, None, None)),
    "string": ({"valueString": "trace"}, (GLUCOSE, None, "trace", None)),
    "boolean": ({"valueBoolean": False}, (GLUCOSE + "//false", None, "false", None)),
    "coded": (
        {"valueCodeableConcept": coded("LA6576-8", LOINC, "Positive")},
        (GLUCOSE + "//LA6576-8", None, "Positive", None),
    ),
    "coded text": ({"valueCodeableConcept": {"text": "pos"}}, (GLUCOSE, None, "pos", None)),
    "range": (
        {"valueRange": {"low": {"value": 2, "unit": "/HPF"}, "high": {"value": 5, "unit": "/HPF"}}},
        (GLUCOSE, None, "2..5", "/HPF"),
    ),
    "titre": (
        {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}},
        (GLUCOSE, None, "1:128", None),
    ),
    "ratio": (
        {
            "valueRatio": {
                "numerator": {"value": 30, "unit": "mg"},
                "denominator": {"value": 4, "unit": "mmol"},
            }
        },
        (GLUCOSE, 7.5, "30:4", "mg/mmol"),
    ),
    "time": ({"valueTime": "10:30:00"}, (GLUCOSE, None, "10:30:00", None)),
    "dateTime": ({"valueDateTime": "2019-12"}, (GLUCOSE, None, "2019-12", None)),
    "period": ({"valuePeriod": {"start": "2019"}}, (GLUCOSE, None, "2019/", None)),
}


@pytest.mark.parametrize("name", CASES)
def test_each_value_type(tmp_path, name):
    given_value, expected = CASES[name]
    it = observation(**given_value)
    Observation.model_validate(it)  # the sample is valid FHIR R4B
    batch = converted(tmp_path, it)
    assert values(batch) == [expected]
    assert not batch.quarantined


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    value=st.decimals(-(10**9), 10**9, places=3), comparator=st.sampled_from([None, "<", ">=", ">"])
)
def test_quantities_agree_with_fhir_resources(tmp_path, value, comparator):
    quantity = mg(float(value)) | ({"comparator": comparator} if comparator else {})
    theirs = Observation.model_validate(observation(valueQuantity=quantity)).valueQuantity
    ((_, number, text, unit),) = values(converted(tmp_path, observation(valueQuantity=quantity)))
    assert (number, text, unit) == (float(theirs.value), theirs.comparator, theirs.code)


def test_components_are_events_of_their_own(tmp_path):
    part = {"code": coded("8480-6", LOINC), "valueQuantity": mg(120)}
    absent = {"code": coded("8462-4", LOINC), "dataAbsentReason": coded("unknown")}
    batch = converted(tmp_path, observation(component=[part, absent]))
    assert values(batch) == [("LOINC//8480-6", 120.0, None, "mg/dL")]
    assert batch.excluded == {"Observation component without a value": 1}


def test_absent_is_not_zero(tmp_path):
    batch = converted(tmp_path, observation(dataAbsentReason=coded("unknown")))
    assert batch.events.is_empty()
    assert batch.excluded == {"Observation value is absent (dataAbsentReason)": 1}
    assert batch.retracted == ["Observation/o1"]


def test_sampled_data_is_counted(tmp_path):
    sampled = {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2 3"}
    batch = converted(tmp_path, observation(valueSampledData=sampled))
    assert batch.events.is_empty()
    assert batch.excluded == {"Observation values of type SampledData are not imported": 1}


def test_an_observation_without_value_is_the_fact_that_it_was_made(tmp_path):
    assert values(converted(tmp_path, observation())) == [(GLUCOSE, None, None, None)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"valueQuantity": mg("5")}, "Expected `float | null`, got `str`"),
        ({"valueQuantity": mg(1e39)}, "too large"),
        ({"valueQuantity": mg(1, comparator="~")}, "comparator"),
        ({"valueString": "a", "valueInteger": 1}, "more than one value"),
        ({"status": "bananas"}, "does not know"),
        ({"status": None}, "missing"),
        ({"effectiveDateTime": "2020-02-31"}, "does not exist"),
        ({"effectiveDateTime": None}, "no place in time"),
        ({"code": None}, "neither a code nor a text"),
        ({"code": [coded("x")]}, "got `array`"),
        ({"modifierExtension": [{"url": "http://x.example/negated"}]}, "modifierExtension"),
        ({"implicitRules": "http://x.example/rules"}, "implicitRules"),
    ],
)
def test_refused_with_a_reason(tmp_path, change, reason):
    batch = converted(tmp_path, observation(**change))
    assert batch.events.is_empty()
    assert [reason in text for text in reasons(batch)] == [True]


def test_time_is_the_end_of_the_observed_span(tmp_path):
    effective = {"start": "2020-01-01T06:00:00Z", "end": "2020-01-02T06:00:00Z"}
    it = observation(effectiveDateTime=None, effectivePeriod=effective)
    assert rows(converted(tmp_path, it)) == [(GLUCOSE, "2020-01-02T06:00:00")]


def test_timing_takes_its_last_event(tmp_path):
    timing = {"event": ["2020-01-03T00:00:00Z", "2020-01-01T00:00:00Z"]}
    it = observation(effectiveDateTime=None, effectiveTiming=timing)
    assert rows(converted(tmp_path, it)) == [(GLUCOSE, "2020-01-03T00:00:00")]


def test_a_day_is_placed_at_its_issue_when_issued_that_day(tmp_path):
    it = observation(effectiveDateTime="2020-01-01", issued="2020-01-01T09:00:00Z")
    batch = converted(tmp_path, it)
    assert rows(batch) == [(GLUCOSE, "2020-01-01T09:00:00")]
    assert batch.events["recorded"][0] == batch.events["time"][0]


def test_entered_in_error_is_withdrawn(tmp_path):
    batch = converted(tmp_path, observation(status="entered-in-error", valueInteger=1))
    assert batch.events.is_empty()
    assert batch.retracted == ["Observation/o1"]
