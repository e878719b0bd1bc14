"""Any JSON in any place: no crash, no value in a reason, and no resource vanishes silently."""

import copy
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_samples import LOINC, RXNORM, coded, converted, observation, resource

PERIOD = {"start": "2020-01-01", "end": "2020-01-02T00:00:00Z"}
QUANTITY = {"value": 1.5, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
MEDICINE = {"medicationCodeableConcept": coded("1191", RXNORM, "Aspirin")}
ORDER = resource("MedicationRequest", status="active", intent="order", authoredOn="2020")
META = {"lastUpdated": "2020-01-01T00:00:00Z", "versionId": "2"}
SAMPLES = [
    observation(valueQuantity=QUANTITY, issued="2020-01-01T00:00:00Z", meta=META),
    observation(valueCodeableConcept=coded("LA18976-3", LOINC, "x"), effectivePeriod=PERIOD),
    observation(component=[{"code": coded("8480-6", LOINC), "valueRange": {"low": QUANTITY}}]),
    observation(valueRatio={"numerator": QUANTITY, "denominator": QUANTITY}),
    ORDER | MEDICINE | {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": PERIOD}}}]},
    ORDER
    | {"medicationReference": {"reference": "#m"}}
    | {"contained": [{"resourceType": "Medication", "id": "m", "code": coded("1")}]},
    resource("MedicationAdministration", status="completed", effectivePeriod=PERIOD)
    | MEDICINE
    | {"dosage": {"dose": QUANTITY}},
    resource("Condition", code=coded("1"), onsetDateTime="2019", abatementPeriod=PERIOD),
    resource("Encounter", status="finished", period=PERIOD, type=[coded("1")]),
    resource("DiagnosticReport", status="final", code=coded("1"), issued="2020"),
    resource(
        "FamilyMemberHistory",
        status="completed",
        date="2020",
        relationship=coded("MTH"),
        condition=[{"code": coded("1"), "onsetAge": QUANTITY}],
    ),
    {
        "resourceType": "Patient",
        "id": "1",
        "birthDate": "1960",
        "deceasedDateTime": "2020",
        "gender": "male",
        "identifier": [{"system": "a", "value": "b"}],
        "address": [{"country": "US", "state": "KS", "period": PERIOD}],
        "link": [{"type": "refer"}],
    },
    {"resourceType": "Bundle", "timestamp": "2020", "entry": [{"resource": observation()}]},
    {
        "resourceType": "Bundle",
        "entry": [{"request": {"method": "DELETE", "url": "Observation/1"}}],
    },
]
CANARY = "CANARY7731"
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=True)
    | st.sampled_from(
        [CANARY, "", " ", "2020-13", "0001", "//", "#", "urn:uuid:", "|", "\ud800", "\0"]
    )
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(it, path=()):
    """All paths into a JSON object, except its type."""
    pairs = it.items() if isinstance(it, dict) else enumerate(it) if isinstance(it, list) else ()
    for key, inner in pairs:
        if key != "resourceType":
            yield (*path, key)
            yield from places(inner, (*path, key))


def replaced(it, path, value):
    """A copy with another value at a path."""
    it = copy.deepcopy(it)
    inner = it
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return it


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), sample=st.sampled_from(SAMPLES), value=ANY)
def test_any_value_in_any_place(tmp_path: Path, data, sample, value):
    path = data.draw(st.sampled_from(list(places(sample))))
    line = json.dumps(replaced(sample, path, value)).encode("utf-8", "surrogatepass")
    batch = converted(tmp_path, line)
    told = [*(item.reason for item in batch.quarantined), *batch.excluded, *batch.notes]
    assert batch.events.height or told or batch.retracted or path[0] == "entry"
    assert not [text for text in told if CANARY in text]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(sample=st.sampled_from(SAMPLES), cut=st.floats(0, 1), noise=st.binary(max_size=3))
def test_any_damage_in_any_place(tmp_path: Path, sample, cut, noise):
    line = json.dumps(sample).encode()
    at = int(cut * len(line))
    damaged = line[:at] + noise.replace(b"\n", b"") + line[at + 1 :]
    good = [observation(id=name, valueInteger=1) for name in ("good", "fine")]
    batch = converted(tmp_path, good[0], damaged, good[1])
    assert {"Observation/good", "Observation/fine"} <= set(batch.events["record"])
