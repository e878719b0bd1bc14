"""Small inputs for the tests of de-identification, and the shortest way to run it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from nof1.record.deidentify.context import Choices, Context
from nof1.record.deidentify.key import Key
from nof1.record.deidentify.report import Report
from nof1.record.deidentify.run import deidentify

KEY = Key(b"a test key of thirty-two bytes..")
AS_OF = date(2026, 1, 1)
PATIENT = {
    "resourceType": "Patient",
    "id": "pat-77",
    "identifier": [
        {
            "type": {"coding": [{"code": "MR"}]},
            "system": "http://hospital.example/mrn",
            "value": "M5550123",
        }
    ],
    "name": [{"family": "Quillfeather", "given": ["Ottoline", "Bea"]}],
    "telecom": [{"system": "phone", "value": "617-555-0142"}],
    "address": [{"line": ["12 Thistledown Road"], "city": "Wexcombe", "postalCode": "02139"}],
    "gender": "female",
    "birthDate": "1951-03-04",
}


def context(**choices: Any) -> Context:
    """A run's state with the test key."""
    return Context(KEY, Choices(**({"as_of": AS_OF} | choices)))


def write(folder: Path, files: dict[str, Any]) -> Path:
    """Files of texts, bytes or JSON documents."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else json.dumps(content)
            path.write_text(text, encoding="utf-8")
    return folder


def run(folder: Path, files: dict[str, Any], **more: Any) -> tuple[Report, dict[str, bytes]]:
    """De-identify files; the report, and the output without the report's own file."""
    names = ("settings", "people", "mapping_file")
    others = {name: more.pop(name) for name in names if name in more}
    source = write(folder / "in", files)
    target = folder / "out"
    report = deidentify(source, target, KEY, Choices(**({"as_of": AS_OF} | more)), **others)
    paths = [p for p in sorted(target.rglob("*")) if p.is_file()]
    read = {p.relative_to(target).as_posix(): p.read_bytes() for p in paths}
    read.pop("deidentification.json")
    return report, read


def only(files: dict[str, bytes]) -> Any:
    """The one JSON document of an output."""
    (content,) = files.values()
    return json.loads(content)
