"""Writing the chart as FHIR R4 bulk data: one NDJSON file per resource type and site.

Sites write in their own way: SNOMED or ICD-10 or both, customary or SI units, the medicine as a
concept, contained or referenced. Every resource carries the security label HTEST (test health
data), so no consumer can take it for a real record.

Reference: HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from nof1.synthetic import codes
from nof1.synthetic.people import Site

Resource = dict[str, Any]
Row = dict[str, Any]

_ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_ENCODER = msgspec.json.Encoder()
_TIME_FORMATS = {0: "%Y-%m-%dT%H:%M:%SZ", 2: "%Y-%m-%dT%H:%M:%S+02:00"}


def write_resources(folder: Path, site: Site, kind: str, rows: Iterable[Row]) -> int:
    """Write one NDJSON file; returns the number of resources.

    Parameters
    ----------
    kind : FHIR resource type, a key of ``BUILDERS``.
    rows : rows of the chart with column ``patient_id``, times already as FHIR text.
    """
    build = BUILDERS[kind]
    lines = [_ENCODER.encode(build(row, site)) for row in rows]
    content = b"\n".join(lines) + (b"\n" if lines else b"")
    folder.mkdir(parents=True, exist_ok=True)
    if site.compressed:
        content = gzip.compress(content, compresslevel=2, mtime=0)
    name = f"{kind}.ndjson.gz" if site.compressed else f"{kind}.ndjson"
    (folder / name).write_bytes(content)
    return len(lines)


def as_fhir_times(table: pl.DataFrame, site: Site) -> Iterator[Row]:
    """Rows of a table with every time as FHIR text, in the site's time zone."""
    local = pl.selectors.datetime() + pl.duration(hours=site.utc_offset_hours)
    written = local.dt.strftime(_TIME_FORMATS[site.utc_offset_hours])
    return table.with_columns(written).iter_rows(named=True)


def _resource(kind: str, row: Row) -> Resource:
    return {
        "resourceType": kind,
        "id": row["id"],
        "meta": {"security": [{"system": _ACT_REASON, "code": "HTEST"}]},
    }


def _about(kind: str, row: Row, **more: Any) -> Resource:
    """A resource with a subject and, where known, an encounter."""
    resource = _resource(kind, row) | {"subject": _patient_reference(row)}
    if row.get("encounter"):
        resource["encounter"] = {"reference": f"Encounter/{row['encounter']}"}
    return resource | more


def _patient_reference(row: Row) -> Resource:
    return {"reference": f"Patient/{row['patient_id']}"}


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def _status_concept(name: str, code: str) -> Resource:
    return {"coding": [{"system": f"{_TERMINOLOGY}/{name}", "code": code}]}


def _patient(row: Row, site: Site) -> Resource:
    patient = _resource("Patient", row) | {
        "identifier": [{"system": f"urn:nof1:synthetic:{site.name}", "value": row["id"]}],
        "name": [{"use": "official", "text": row["id"], "family": row["id"]}],
        "gender": "male" if row["male"] else "female",
        "birthDate": row["birth"].isoformat(),
        "address": [{"use": "home", "district": row["region"]}],
    }
    if row["death"]:
        patient["deceasedDateTime"] = row["death"]
    return patient


def _encounter(row: Row, site: Site) -> Resource:
    kind = "AMB" if row["reason"] == "office" else "IMP"
    return _about(
        "Encounter",
        row,
        status="finished",
        **{"class": {"system": _ACT_CODE, "code": kind}},
        period={"start": row["start"], "end": row["end"]},
    )


def _observation(row: Row, site: Site) -> Resource:
    test = codes.TESTS[row["test"]]
    loinc = test.loinc
    if site.molar_codes and row["unit"] in ("mmol/L", "umol/L"):
        loinc = codes.MOLAR_CODES.get(row["test"], loinc)
    observation = _about(
        "Observation",
        row,
        status=row["status"],
        category=[_status_concept("observation-category", test.category)],
        code=_concept(codes.LOINC, loinc, test.display),
        effectiveDateTime=row["time"],
    )
    if row["choice"] is not None:
        code, display = codes.SMOKING[row["choice"]]
        observation["valueCodeableConcept"] = _concept(codes.LOINC, code, display)
    elif row["test"] == "blood_pressure":
        observation["component"] = [
            _component(codes.SYSTOLIC, row["value"], row["unit"]),
            _component(codes.DIASTOLIC, row["second_value"], row["unit"]),
        ]
    else:
        observation["valueQuantity"] = _quantity(row["value"], row["unit"])
    return observation


def _component(code: tuple[str, str], value: float, unit: str) -> Resource:
    return {"code": _concept(codes.LOINC, *code), "valueQuantity": _quantity(value, unit)}


def _quantity(value: float, unit: str | None) -> Resource:
    number = int(value) if value == int(value) else value
    if unit is None:
        return {"value": number}
    return {"value": number, "unit": unit, "system": codes.UCUM, "code": unit}


def _condition(row: Row, site: Site) -> Resource:
    diagnosis = codes.DIAGNOSES[row["diagnosis"]]
    coding = [
        {"system": codes.SNOMED, "code": diagnosis.snomed, "display": diagnosis.display},
        {"system": codes.ICD10CM, "code": diagnosis.icd10, "display": diagnosis.display},
    ]
    chosen = {"snomed": coding[:1], "icd10": coding[1:], "both": coding}[site.coding]
    condition = _about(
        "Condition",
        row,
        verificationStatus=_status_concept("condition-ver-status", row["verification"]),
        code={"coding": chosen, "text": diagnosis.display},
        onsetDateTime=row["onset"],
        recordedDate=row["recorded"],
    )
    if row["verification"] == "confirmed":
        condition["clinicalStatus"] = _status_concept("condition-clinical", "active")
    return condition


def _medication_request(row: Row, site: Site) -> Resource:
    rxnorm, name = codes.MEDICINES[row["medicine"]]
    concept = _concept(codes.RXNORM, rxnorm, name)
    request = _about(
        "MedicationRequest",
        row,
        status="active" if row["stop"] is None else "stopped",
        intent="order",
        authoredOn=row["start"],
    )
    period = {"start": row["start"]} | ({"end": row["stop"]} if row["stop"] else {})
    request["dosageInstruction"] = [{"timing": {"repeat": {"boundsPeriod": period}}}]
    if site.medication_style == "concept":
        return request | {"medicationCodeableConcept": concept}
    if site.medication_style == "referenced":
        return request | {"medicationReference": {"reference": f"Medication/syn-{name}"}}
    contained = {"resourceType": "Medication", "id": "medicine", "code": concept}
    return request | {"contained": [contained], "medicationReference": {"reference": "#medicine"}}


def _medication(row: Row, site: Site) -> Resource:
    rxnorm, name = codes.MEDICINES[row["medicine"]]
    return _resource("Medication", row) | {"code": _concept(codes.RXNORM, rxnorm, name)}


def _procedure(row: Row, site: Site) -> Resource:
    snomed, icd10, display = codes.PROCEDURES[row["procedure"]]
    coded = _concept(codes.SNOMED, snomed, display)
    if site.coding == "icd10":
        coded = _concept(codes.ICD10PCS, icd10, display)
    return _about("Procedure", row, status="completed", code=coded, performedDateTime=row["time"])


def _immunization(row: Row, site: Site) -> Resource:
    code, display = codes.VACCINES[row["vaccine"]]
    return _resource("Immunization", row) | {
        "status": "completed",
        "vaccineCode": _concept(codes.CVX, code, display),
        "patient": _patient_reference(row),
        "occurrenceDateTime": row["time"],
    }


def _allergy(row: Row, site: Site) -> Resource:
    code, display = codes.ALLERGIES[row["allergy"]]
    return _resource("AllergyIntolerance", row) | {
        "clinicalStatus": _status_concept("allergyintolerance-clinical", "active"),
        "verificationStatus": _status_concept("allergyintolerance-verification", "confirmed"),
        "category": ["medication"],
        "code": _concept(codes.RXNORM, code, display),
        "patient": _patient_reference(row),
        "recordedDate": row["recorded"],
    }


def _family_member(row: Row, site: Site) -> Resource:
    father = {"system": f"{_TERMINOLOGY}/v3-RoleCode", "code": "FTH", "display": "father"}
    return _resource("FamilyMemberHistory", row) | {
        "status": "completed",
        "patient": _patient_reference(row),
        "date": row["recorded"],
        "relationship": {"coding": [father]},
        "condition": [{"code": _concept(codes.SNOMED, *codes.FAMILY_HISTORY)}],
    }


def _diagnostic_report(row: Row, site: Site) -> Resource:
    report = _about(
        "DiagnosticReport",
        row,
        status="final",
        category=[_status_concept("v2-0074", "LAB")],
        code=_concept(codes.LOINC, *codes.PANEL),
        effectiveDateTime=row["time"],
        issued=row["time"],
    )
    if row["results"]:
        report["result"] = [{"reference": f"Observation/{result}"} for result in row["results"]]
    return report


BUILDERS: dict[str, Callable[[Row, Site], Resource]] = {
    "Patient": _patient,
    "Encounter": _encounter,
    "Condition": _condition,
    "Observation": _observation,
    "MedicationRequest": _medication_request,
    "Medication": _medication,
    "Procedure": _procedure,
    "Immunization": _immunization,
    "AllergyIntolerance": _allergy,
    "FamilyMemberHistory": _family_member,
    "DiagnosticReport": _diagnostic_report,
}
