"""A second look at what was written, with other eyes: is anything left that points to a patient?

Every file of the output is read again. All identifiers of all patients are looked for in all its
texts, the patient's own single names and short numbers in his or her records, and patterns
(e-mail, telephone, SSN, addresses) everywhere. A file with a hit does not stay in the output.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from nof1.record.deidentify import dicom_file, table_files
from nof1.record.deidentify.context import Context
from nof1.record.deidentify.dates import ISO, parse_day
from nof1.record.deidentify.dicom_people import elements, texts
from nof1.record.deidentify.dicom_rules import group_action, table
from nof1.record.deidentify.fhir_people import resources
from nof1.record.deidentify.finder import Finder
from nof1.record.deidentify.inventory import Item
from nof1.record.deidentify.leaves import Leaf, leaves
from nof1.record.deidentify.patterns import strict_hits
from nof1.record.deidentify.people import Person
from nof1.record.deidentify.spellings import folded
from nof1.record.importers import fhir_files

QUIET_ROLES = frozenset({"id", "person", "number", "whole", "date", "time", "birth_date", "death"})
TEXT_VRS = frozenset(["LO", "SH", "LT", "ST", "UT", "UC", "PN", "UR", "AE", "CS", "AS", "UN"])
PUBLIC_PATTERNS = frozenset({"phone", "number", "ssn"})  # codes of public systems are numbers too
_NUMERIC = re.compile(r"[-+]?[\d.]{1,12}")
_READABLE = bytes(byte if 32 <= byte < 127 else 32 for byte in range(256))


class Residual:
    """Looks for what is left in the files of an output."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._finder = Finder([*context.register.people(), context.register.staff])
        self._by_output: dict[str, Person] = {}
        letters = context.key.letters
        for person in context.register.people():
            for key in person.keys:
                self._by_output[letters("id", key)] = person
                self._by_output[letters("identifier", key)] = person
                if key.startswith("omop:"):
                    self._by_output[str(context.key.number("person", key[5:]))] = person

    def hits(self, path: Path, item: Item) -> Counter[str]:
        """What is left in one file: kind of identifier -> how often."""
        found: Counter[str] = Counter()
        if self._finder.found([path.name]):
            found["identifier in the file's name"] += 1
        look = {"fhir": self._fhir, "dicom": self._dicom, "table": self._table}
        try:
            look.get(item.kind, self._text)(path, item, found)
        except Exception:  # whatever it is: a file that cannot be looked at does not stay
            found["a file that cannot be read again"] += 1
        return found

    def _fhir(self, path: Path, item: Item, found: Counter[str]) -> None:
        for document in fhir_files.documents(path):
            for node in resources(msgspec.json.decode(document.raw)):
                inner = {n: v for n, v in node.items() if n != "contained"}
                texts = list(leaves(inner))
                self._judge_leaves(texts, self._person(texts, inner), found)
            known = [leaf.text for leaf in leaves(msgspec.json.decode(document.raw))]
            found["identifier of a patient"] += self._finder.found(known)

    def _person(self, texts: list[Leaf], node: dict[str, Any]) -> Person | None:
        own = node.get("id") if node.get("resourceType") == "Patient" else None
        for name in ("subject", "patient", "beneficiary"):
            reference = node.get(name)
            if isinstance(reference, dict):
                own = str(reference.get("reference", "")).rsplit("/", 1)[-1]
        return self._by_output.get(str(own))

    def _judge_leaves(
        self, found_texts: list[Leaf], person: Person | None, found: Counter[str]
    ) -> None:
        for leaf in found_texts:
            if leaf.name == "birthDate" and person and parse_day(leaf.text) in person.births:
                found["birth date that was not moved"] += 1
            elif leaf.name != "birthDate":
                self._judge(leaf.text, person, found, public=leaf.public)

    def _judge(
        self, text: str, person: Person | None, found: Counter[str], *, public: bool = False
    ) -> None:
        """One value: the patient's own spellings, and patterns."""
        own = self._context.own(person)
        if own is not None and not public:
            hit = own.search(folded(text))
            found.update([f"the patient's own {str(hit.lastgroup).lower()}"] if hit else [])
        skip = PUBLIC_PATTERNS if public else frozenset()
        found.update(f"pattern: {name}" for name in strict_hits(text) if name not in skip)

    def _dicom(self, path: Path, item: Item, found: Counter[str]) -> None:
        content = path.read_bytes()
        dataset = dicom_file.read(content, pixels=False)
        found["preamble that is not empty"] += int(any(content[:128]))
        with dicom_file.silent():
            said = [str(dataset.get(name, "")) for name in ("PatientID", "PatientName")]
            person = next((p for one in said if (p := self._by_output.get(one))), None)
            for element in elements(dataset):
                self._element(element, person, found)
            header = _before_pixels(content, dataset)
        found["identifier of a patient"] += self._finder.found(
            [header.translate(_READABLE).decode("ascii")]
        )

    def _element(self, element: Any, person: Person | None, found: Counter[str]) -> None:
        row = table().get(int(element.tag))
        if group_action(int(element.tag)):
            found["private element, curve or overlay"] += 1
        elif row is not None and row.action == "X" and not (row.dates or row.descriptors):
            kept = int(element.tag) in (0x00101010, 0x00101020, 0x00101030)
            found["element that the table removes"] += int(not kept)
        if element.VR in TEXT_VRS:
            values = texts(element)
            if isinstance(element.value, bytes):
                values = [element.value.decode("latin-1")]
            for text in values:
                if text not in self._by_output:
                    self._judge(text, person, found, public=not text or text.startswith("1.2."))
            found["identifier of a patient"] += self._finder.found(values)

    def _table(self, path: Path, item: Item, found: Counter[str]) -> None:
        assert item.plan is not None
        roles = item.plan.roles
        looked = [c for c in item.plan.kept() if roles[c] not in QUIET_ROLES]
        key = item.plan.column("person" if item.plan.omop else "patient")
        for row in table_files.rows(path):
            person = self._by_output.get(row.get(key, "")) if key else None
            cells = [row.get(c, "") for c in looked]
            cells = [
                c for c in cells if c and c not in self._by_output and not _NUMERIC.fullmatch(c)
            ]
            for cell in cells:
                if not ISO.fullmatch(cell):
                    self._judge(cell, person, found)
            found["identifier of a patient"] += self._finder.found(cells)

    def _text(self, path: Path, item: Item, found: Counter[str]) -> None:
        text = path.read_text(encoding="utf-8")
        found["identifier of a patient"] += self._finder.found([text])
        found.update(f"pattern: {name}" for name in strict_hits(text))


def total(found: Iterable[Counter[str]]) -> Counter[str]:
    """The sum of several counts, without zeros."""
    whole: Counter[str] = Counter()
    for one in found:
        whole.update(one)
    return +whole


def _before_pixels(content: bytes, dataset: Any) -> bytes:
    """The header's bytes: what stands before the pixel element, everything without one."""
    at = max(content.find(mark) for mark in (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"))
    return content if at < 0 else content[:at]
