"""Bundles of every type, deletions, versions."""

import json

import pytest

from fhir_samples import converted, imported, observation, reasons, resource, rows

TYPES = ["document", "message", "transaction", "transaction-response", "batch", "batch-response",
         "history", "searchset", "collection"]  # fmt: skip
PATIENT = {"resourceType": "Patient", "birthDate": "1960"}


def bundle(*entries, kind="collection", **more):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)} | more


def entry(it, url=None, **more):
    return {"resource": it} | ({"fullUrl": url} if url else {}) | more


def written(folder, it, indent=None, name="bundle.json"):
    (folder / name).write_text(json.dumps(it, indent=indent))
    return imported(folder)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("indent", [None, 2])
def test_every_type_of_bundle_is_opened(tmp_path, kind, indent):
    it = observation(subject={"reference": "urn:uuid:p"}, valueInteger=1, id=None)
    batch = written(tmp_path, bundle(entry(it), entry(PATIENT, "urn:uuid:p"), kind=kind), indent)
    assert batch.events.select("patient", "code", "source_row").rows() == [
        ("p", "LOINC//2345-7", 1),
        ("p", "MEDS_BIRTH", 2),
    ]


def test_full_urls_lead_to_the_patients_own_id(tmp_path):
    it = observation(subject={"reference": "urn:uuid:p"}, valueInteger=1)
    batch = written(tmp_path, bundle(entry(it), entry(PATIENT | {"id": "p7"}, "urn:uuid:p")))
    assert set(batch.events["patient"]) == {"p7"}


def test_medications_by_urn(tmp_path):
    order = resource("MedicationRequest", status="active", intent="order", authoredOn="2020")
    order["medicationReference"] = {"reference": "urn:uuid:m"}
    medication = {"resourceType": "Medication", "code": {"text": "Aspirin"}}
    batch = written(tmp_path, bundle(entry(order), entry(medication, "urn:uuid:m")))
    assert [code for code, _ in rows(batch)] == ["TEXT//aspirin"]


def test_deletions_withdraw(tmp_path):
    gone = {"request": {"method": "DELETE", "url": "Observation/o9"}}
    batch = converted(tmp_path, bundle(gone, kind="transaction"))
    assert batch.retracted == ["Observation/o9"]


def test_a_conditional_deletion_is_refused(tmp_path):
    gone = {"request": {"method": "DELETE", "url": "Observation?identifier=secret"}}
    batch = converted(tmp_path, bundle(gone, kind="transaction"))
    assert reasons(batch) == ["a deletion does not name one resource as Type/id"]


def history(*moments):
    """A history of Observation/o1: a value is a version, None a deletion."""
    entries = []
    for moment, value in moments:
        if value is None:
            request = {"method": "DELETE", "url": "Observation/o1"}
            entries.append({"request": request, "response": {"lastModified": moment}})
        else:
            meta = {"lastUpdated": moment}
            entries.append(entry(observation(valueInteger=value, meta=meta)))
    return bundle(*entries, kind="history")


@pytest.mark.parametrize(
    ("moments", "value", "retracted"),
    [
        ([("2020-01-02T00:00:00Z", 2), ("2020-01-01T00:00:00Z", 1)], 2, []),
        ([("2020-01-01T00:00:00Z", 1), ("2020-01-02T00:00:00Z", None)], None, ["Observation/o1"]),
        ([("2020-01-03T00:00:00Z", 3), ("2020-01-02T00:00:00Z", None)], 3, []),
    ],
)
def test_the_newest_of_a_history_wins(tmp_path, moments, value, retracted):
    batch = written(tmp_path, history(*moments))
    assert batch.events["numeric_value"].to_list() == ([] if value is None else [value])
    assert batch.retracted == retracted
    assert batch.excluded == {"another version of the same resource is newer": 1}


def test_version_numbers_break_ties_and_the_last_wins_without_any(tmp_path):
    def version(number, value):
        meta = {"versionId": number, "lastUpdated": "2020-01-01T00:00:00Z"}
        return observation(valueInteger=value, meta=meta)

    batch = converted(tmp_path, version("10", 10), version("9", 9))
    assert batch.events["numeric_value"].to_list() == [10]
    batch = converted(tmp_path, observation(valueInteger=1), observation(valueInteger=2))
    assert batch.events["numeric_value"].to_list() == [2]


def test_versions_win_across_files(tmp_path):
    for name, day, value in (("b", 1, 1), ("a", 2, 2)):
        meta = {"lastUpdated": f"2020-01-0{day}T00:00:00Z"}
        it = observation(valueInteger=value, meta=meta)
        (tmp_path / f"{name}.ndjson").write_text(json.dumps(it))
    assert imported(tmp_path).events["numeric_value"].to_list() == [2]


def test_nested_bundles_are_opened_and_too_deep_ones_refused(tmp_path):
    it = bundle(entry(observation(valueInteger=1)))
    assert len(rows(written(tmp_path, bundle(entry(it))))) == 1
    for _ in range(10):
        it = bundle(entry(it))
    assert reasons(written(tmp_path, it)) == ["Bundles are nested deeper than 4"]


def test_entries_without_a_resource_are_counted(tmp_path):
    batch = written(tmp_path, bundle({"fullUrl": "urn:uuid:x"}, {"resource": None}))
    assert batch.excluded == {"Bundle entry without a resource": 2}


def test_one_bad_entry_does_not_spoil_the_others(tmp_path):
    bad = [entry({"id": "no type"}), entry(observation(id=["x"])), {"resource": "text"}]
    batch = written(tmp_path, bundle(*bad, entry(observation(valueInteger=1))))
    assert batch.events.height == 1
    assert [item.row for item in batch.quarantined] == [1, 2, 3]


def test_a_state_without_date_stands_at_the_timestamp_of_its_bundle(tmp_path):
    it = resource("Condition", code={"text": "gout"})
    batch = written(tmp_path, bundle(entry(it), timestamp="2020-01-01T00:00:00Z"))
    assert rows(batch) == [("TEXT//gout", "2020-01-01T00:00:00")]
