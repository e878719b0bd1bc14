"""One resource cleaned: what stays, what is moved, what is dropped and counted."""

import json

import pytest

from deidentify_samples import AS_OF, KEY, PATIENT, context, only, run
from nof1.record.deidentify.dates import shift_iso
from nof1.record.deidentify.fhir import deidentified
from nof1.record.deidentify.fhir_people import gather
from nof1.record.deidentify.fhir_rules import DATATYPES, resource_types, rules

DAYS = KEY.days("M5550123")


def cleaned(node, **choices):
    state = context(**choices)
    gather(PATIENT, state)
    gather(node, state)
    return deidentified(node, state), state


def observation(**more):
    subject = {"reference": "Patient/pat-77", "display": "Ottoline Quillfeather"}
    return {"resourceType": "Observation", "id": "o", "status": "final", "subject": subject} | more


def test_a_patient_keeps_sex_state_and_moved_dates_and_nothing_else(tmp_path):
    address = PATIENT["address"][0] | {"state": "MA", "country": "US"}
    new, state = cleaned(PATIENT | {"address": [address]})
    assert set(new) == {"resourceType", "id", "identifier", "gender", "birthDate", "address"}
    assert new["birthDate"] == shift_iso("1951-03-04", DAYS)
    assert new["address"] == [{"state": "MA", "postalCode": "021", "country": "US"}]
    assert new["identifier"][0]["value"] == KEY.letters("identifier", "M5550123")
    assert state.tally.dropped["Patient.name"] == 1
    assert state.tally.dropped["Patient.telecom"] == 1


def test_a_zip_area_with_few_people_becomes_000():
    new, _ = cleaned(PATIENT | {"address": [{"postalCode": "03601"}]})
    assert new["address"][0]["postalCode"] == "000"


@pytest.mark.parametrize(
    ("born", "died", "stays"),
    [
        ("1936-01-01", None, False),  # 90 on the as-of day
        ("1936-01-02", None, True),  # 89
        ("1936", None, False),  # a year alone: could be 90
        ("1900-05-01", "1950-01-01T00:00:00Z", True),  # died at 49
        ("1900-05-01", "1990-06-01", False),  # died at 90
        ("not a date", None, False),
    ],
)
def test_a_birth_date_that_tells_an_age_over_89_is_dropped(born, died, stays):
    node = PATIENT | {"birthDate": born} | ({"deceasedDateTime": died} if died else {})
    state = context()
    gather(node, state)
    assert ("birthDate" in deidentified(node, state)) is stays
    assert AS_OF.year == 2026


def test_ages_over_89_become_90_in_every_quantity_of_years():
    years = {"value": 93, "unit": "years", "code": "a", "system": "http://unitsofmeasure.org"}
    new, _ = cleaned(observation(valueQuantity=years))
    assert new["valueQuantity"]["value"] == 90
    months = years | {"unit": "months", "code": "mo"}
    assert cleaned(observation(valueQuantity=months))[0]["valueQuantity"]["value"] == 93
    condition = {"resourceType": "Condition", "id": "c", "onsetAge": years,
                 "subject": {"reference": "Patient/pat-77"}}  # fmt: skip
    assert cleaned(condition)[0]["onsetAge"]["value"] == 90


def test_intervals_between_dates_stay():
    new, _ = cleaned(observation(effectivePeriod={"start": "2020-01-30", "end": "2020-02-03"}))
    from datetime import date

    start, end = (date.fromisoformat(new["effectivePeriod"][n]) for n in ("start", "end"))
    assert (end - start).days == 4
    assert (date(2020, 1, 30) - start).days == -DAYS


def test_a_resource_without_a_patient_keeps_no_date():
    node = {"resourceType": "Condition", "id": "c", "recordedDate": "2020-01-01"}
    new, state = cleaned(node)
    assert "recordedDate" not in new
    assert state.tally.dropped["Condition.recordedDate"] == 1


def test_references_of_every_kind_stay_consistent():
    targets = ["Patient/pat-77", "http://s.example/fhir/Patient/pat-77/_history/2",
               "urn:uuid:pat-77", "#pat-77", "Patient?identifier=x|M5550123",
               "Secret/pat-77"]  # fmt: skip
    new, _ = cleaned(observation(performer=[{"reference": one} for one in targets]))
    own = KEY.letters("id", "pat-77")
    said = [one["reference"] for one in new["performer"]]
    assert said[:4] == [
        f"Patient/{own}",
        f"Patient/{own}",
        f"urn:uuid:{KEY.uuid('pat-77')}",
        f"#{own}",
    ]
    assert said[4].startswith("Patient/")
    assert len(said) == 5


def test_codes_of_public_systems_stay_and_local_codes_only_when_five_patients_share_them():
    local = {"system": "http://x.example/labs", "code": "GLU", "display": "Glucose"}
    public = {"system": "http://loinc.org", "code": "2345-7", "display": "Glucose"}
    code = {"coding": [public, local], "text": "Glucose"}
    alone, _ = cleaned(observation(code=code))
    assert alone["code"]["coding"][0] == {"system": "http://loinc.org", "code": "2345-7"}
    assert (
        alone["code"]["coding"][1]["code"] == KEY.letters("code", "http://x.example/labs|GLU")[:16]
    )
    assert "text" not in alone["code"]


def test_a_label_that_five_patients_share_stays_unless_it_names_the_patient(tmp_path):
    nodes = []
    for number in range(6):
        name = "Glucose" if number == 5 else f"Name{number}"
        nodes.append(PATIENT | {"id": f"p{number}", "identifier": [], "name": [{"family": name}]})
        code = {
            "text": "Glucose level",
            "coding": [{"system": "http://loinc.org", "code": "2345-7"}],
        }
        subject = {"reference": f"Patient/p{number}"}
        nodes.append(observation(id=f"o{number}", code=code, subject=subject))
    report, out = run(tmp_path, {"a.ndjson": "\n".join(map(json.dumps, nodes))})
    assert report.clean
    (content,) = out.values()
    kept = [json.loads(line) for line in content.splitlines()]
    texts = [node["code"].get("text") for node in kept if node["resourceType"] == "Observation"]
    assert texts == 5 * ["Glucose level"] + [None]


def test_an_element_of_the_wrong_shape_is_dropped_not_trusted():
    bad = {
        "status": {"x": "Quillfeather"},
        "effectiveDateTime": ["Quillfeather", 7, None],
        "valueQuantity": "Quillfeather",
        "valueInteger": "Quillfeather",
        "valueBoolean": "Quillfeather",
        "component": [[["Quillfeather"]]],
        "code": {"coding": {"system": ["Quillfeather"], "code": {"a": 1}}},
        "extension": [{"url": {"a": "Quillfeather"}}, "Quillfeather"],
        "contained": "Quillfeather",
        "meta": ["Quillfeather"],
        "subject": {"reference": {"x": "Quillfeather"}},
    }
    new, _ = cleaned(observation(**bad))
    assert "Quillfeather" not in json.dumps(new)


def test_the_name_of_an_unknown_element_is_not_told():
    _, state = cleaned(observation(Quillfeather="x"))
    assert state.tally.dropped["Observation: element not in the list"] == 1
    assert "Quillfeather" not in json.dumps(state.tally.dropped)


def test_a_type_that_is_not_in_the_list_is_dropped(tmp_path):
    for kind in ("Binary", "Coverage", "Quillfeather", ["Patient"], {"a": 1}, None):
        new, state = cleaned({"resourceType": kind, "id": "1", "data": "UXVpbGw="})
        assert new is None
        assert state.tally.dropped["resource of a type that is not in the list"] == 1


def test_race_stays_as_a_code_and_other_extensions_go():
    race = {
        "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
        "extension": [
            {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238",
                                                   "code": "2106-3", "display": "White"}},
            {"url": "text", "valueString": "Quillfeather"},
        ],
    }  # fmt: skip
    new, state = cleaned(PATIENT | {"extension": [race, {"url": "x", "valueString": "y"}]})
    inner = new["extension"][0]["extension"]
    assert inner == [{"url": "ombCategory", "valueCoding": {
        "system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}}]  # fmt: skip
    assert state.tally.dropped["Patient.extension"] == 2


def test_notes_are_scrubbed_when_asked_for():
    note = [{"text": "Quillfeather phoned 617 555 0142 on 2020-05-06; Bea's mother is fine."}]
    condition = {"resourceType": "Condition", "id": "c", "note": note,
                 "subject": {"reference": "Patient/pat-77"}}  # fmt: skip
    assert "note" not in cleaned(condition)[0] or "text" not in cleaned(condition)[0]["note"][0]
    new, _ = cleaned(condition, free_text="scrub")
    moved = shift_iso("2020-05-06", DAYS)
    assert new["note"][0]["text"] == f"[NAME] phoned [CONTACT] on {moved}; [NAME] mother is fine."


def test_the_table_of_elements_is_whole():
    assert len(rules()) == 490
    assert {"Patient", "Observation", "Bundle"} <= resource_types()
    assert not resource_types() & DATATYPES
    for path in rules():
        assert not path.endswith(
            (".name", ".telecom", ".photo", ".div", ".attachment", ".display2")
        )


def test_our_own_importer_reads_the_output(tmp_path):
    from nof1.record.importers import fhir as importer

    coded = {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]}
    value = {
        "value": 5.5,
        "unit": "mmol/L",
        "system": "http://unitsofmeasure.org",
        "code": "mmol/L",
    }
    node = observation(code=coded, valueQuantity=value, effectiveDateTime="2020-01-01T08:00:00Z")
    bundle = {"resourceType": "Bundle", "type": "collection",
              "entry": [{"resource": PATIENT}, {"resource": node}]}  # fmt: skip
    report, out = run(tmp_path, {"a.json": bundle})
    assert report.clean
    assert only(out)["resourceType"] == "Bundle"
    (batch,) = importer.read(tmp_path / "out", {})
    assert 5.5 in batch.events["numeric_value"].to_list()


def leaves_of(node, path=()):
    """The way to every text of a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from leaves_of(value, (*path, name))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from leaves_of(value, (*path, place))
    else:
        yield path


def changed(node, path, value):
    if not path:
        return value
    copy = node.copy()
    copy[path[0]] = changed(node[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("canary", ["Karnakova", "KARNAKOVA 17"])
def test_a_name_in_the_place_of_any_value_of_a_bundle_does_not_stay(canary):
    from bench.canaries import fhir_bundle

    bundle, _ = fhir_bundle(4)
    paths = list(leaves_of(bundle))
    assert len(paths) > 300
    for path in paths:
        node = changed(bundle, path, canary)
        state = context()
        gather(node, state)
        assert "karnakova" not in json.dumps(deidentified(node, state)).lower(), path
