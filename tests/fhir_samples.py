"""Small FHIR resources for tests, and the shortest way to convert them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from nof1.record.importers import Batch, fhir

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
SUBJECT = {"reference": "Patient/1"}


def coded(code: str, system: str = SNOMED, display: str | None = None) -> dict[str, Any]:
    """A CodeableConcept with one coding."""
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]}


def observation(**more: Any) -> dict[str, Any]:
    """A final Observation of patient 1 at a known moment."""
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": coded("2345-7", LOINC),
        "subject": SUBJECT,
        "effectiveDateTime": "2020-01-01T00:00:00Z",
    } | more


def resource(kind: str, **more: Any) -> dict[str, Any]:
    """Any resource of patient 1."""
    patient = (
        "patient"
        if kind in ("AllergyIntolerance", "Immunization", "FamilyMemberHistory")
        else "subject"
    )
    return {"resourceType": kind, "id": "x1", patient: SUBJECT} | more


def ndjson(folder: Path, *resources: Any, name: str = "all.ndjson") -> Path:
    """Write resources (objects, or raw bytes) as lines."""
    lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in resources]
    (folder / name).write_bytes(b"\n".join(lines) + b"\n")
    return folder


def imported(folder: Path, **settings: Any) -> Batch:
    """The one batch of a small import."""
    (batch,) = fhir.read(folder, settings)
    return batch


def converted(folder: Path, *resources: Any, **settings: Any) -> Batch:
    """Resources through files and back."""
    return imported(ndjson(folder, *resources), **settings)


def rows(batch: Batch) -> list[tuple[str, str | None]]:
    """Code and time of each event, as text."""
    time = pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
    return batch.events.select("code", time).rows()


def reasons(batch: Batch) -> list[str]:
    """Why rows were quarantined."""
    return [item.reason for item in batch.quarantined]
