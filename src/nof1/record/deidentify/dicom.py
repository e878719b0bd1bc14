"""One DICOM file cleaned by the action table of PS3.15, and closed beyond it.

The profile says nothing about elements outside its table; here they are not trusted either: text
stays only where at least five patients share it, short codes only without long numbers, other text
and binary values not at all. Elements that pydicom does not know are removed.

Options taken: modified dates (113107), patient characteristics for sex, age, size and weight
(113108), and clean descriptors (113105) when free text is scrubbed.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from nof1.core.extras import require
from nof1.record.deidentify import dicom_file
from nof1.record.deidentify.codestream import refuse_comments
from nof1.record.deidentify.context import Context
from nof1.record.deidentify.dates import TIME, shift_dicom
from nof1.record.deidentify.dicom_gate import refuse
from nof1.record.deidentify.dicom_people import DEEPEST, patient_key, texts
from nof1.record.deidentify.dicom_rules import (
    BINARY,
    CODE_SCHEME,
    CODE_SCHEMES,
    CODE_VALUE,
    IDENTIFIERS,
    KEPT_CHARACTERISTICS,
    LOOKUP_TABLES,
    PATIENT_NAME,
    Row,
    group_action,
    table,
    terms,
)
from nof1.record.deidentify.people import OLDEST, Person
from nof1.record.deidentify.tally import Refused

METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
CLEANED = ("113105", "Clean Descriptors Option")
NUMBERS = frozenset(("US", "SS", "UL", "SL", "UV", "SV", "DS", "IS"))
LARGE_NUMBERS = frozenset({0x00181074, 0x00181075, 0x00181077})  # becquerels of a PET tracer
LARGEST_BODY = 700  # kilograms; metres are fewer: a larger number is no size or weight
DUMMIES: dict[str, Any] = {
    **dict.fromkeys(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"), 0),
    **dict.fromkeys(("DS", "IS"), "0"),
    **dict.fromkeys(("OB", "OW", "OD", "OF", "OL", "OV", "UN"), b""),
    **dict.fromkeys(("DA", "DT"), "19000101"),
    "TM": "000000",
    "AS": "000Y",
    "PN": "REMOVED",
    "UR": "",
    "AT": 0x00080018,
}
_CHARACTERS = re.compile(r"ISO_IR \d{1,3}|ISO 2022 IR \d{1,3}|GB18030|GBK")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]?-?[A-Z0-9]{1,8}|\d{1,18}|\d{1,6}-\d")


class Cleaner:
    """Cleans one data set in place."""

    def __init__(self, dataset: Any, context: Context) -> None:
        key = patient_key(dataset)
        self.context = context
        self.person: Person | None = context.register.find(key)
        self.days = context.days(self.person, key)
        self.patient = context.pseudonym("identifier", key) if key else ""

    def clean(self, dataset: Any, depth: int = 0) -> None:
        """Do to each element what the table, or distrust, says.

        Raises
        ------
        Refused : sequences are nested deeper than 32 levels.
        """
        if depth > DEEPEST:
            raise Refused("Its sequences are nested too deeply.")
        known_code = _known_code(dataset)
        for tag in list(dataset.keys()):
            group = group_action(int(tag))
            if group:
                self._remove(dataset, tag, group)
                continue
            try:
                element = dataset[tag]
                self._one(dataset, element, int(tag), known_code, depth)
            except Refused:
                raise
            except Exception:  # a damaged value: pydicom raises anything
                self._remove(dataset, tag, "element that cannot be read")

    def _one(self, dataset: Any, element: Any, tag: int, known_code: bool, depth: int) -> None:
        row = table().get(tag)
        if tag in IDENTIFIERS:
            self._identifier(element)
        elif tag == PATIENT_NAME:
            element.value = self.patient
            self.context.tally.did("DICOM: name replaced by the pseudonym")
        elif tag in KEPT_CHARACTERISTICS:
            self._characteristic(dataset, element)
        elif row is not None:
            self._by_row(dataset, element, row, depth)
        else:
            self._unlisted(dataset, element, tag, known_code, depth)

    def _identifier(self, element: Any) -> None:
        values = [text.strip() for text in texts(element) if text.strip()]
        new = self.context.pseudonym("identifier", values[0]) if values else ""
        element.value = new[:16] if element.VR == "SH" else new  # PS3.5: SH holds 16 characters
        self.context.tally.did("DICOM: identifier: pseudonym")

    def _characteristic(self, dataset: Any, element: Any) -> None:
        """Sex as a code, age with 90 as the highest, size and weight as numbers."""
        text = "".join(texts(element)).strip()
        age = re.fullmatch(r"(\d{3})([DWMY])", text)
        if element.VR == "AS" and age:
            old = age[2] == "Y" and int(age[1]) > OLDEST
            element.value = "090Y" if old else text
            self.context.tally.did("age over 89: set to 90" if old else "DICOM: kept")
        elif (element.VR == "CS" and text in ("M", "F", "O", "")) or (
            element.VR == "DS" and _is_number(text) and 0 <= float(text or 0) <= LARGEST_BODY
        ):
            self.context.tally.did("DICOM: kept")
        else:
            self._remove(dataset, element.tag, "characteristic that cannot be read")

    def _by_row(self, dataset: Any, element: Any, row: Row, depth: int) -> None:
        if row.dates and element.VR in ("DA", "DT", "TM") and self._moved(element):
            return
        if row.descriptors and element.VR != "SQ" and self._described(element, row):
            return
        action = row.action
        if action == "X":
            self._remove(dataset, element.tag, None)
        elif action == "R" and element.VR == "SQ":
            self._items(element, depth)
        elif action == "U" and element.VR == "UI":
            self._uids(element)
        elif action == "D":
            self._dummy(dataset, element)
        else:
            self._empty(dataset, element)

    def _moved(self, element: Any) -> bool:
        values = texts(element)
        if element.VR == "TM":
            good = all(TIME.fullmatch(text.strip()) or not text.strip() for text in values)
            self.context.tally.did("DICOM: time kept", int(good))
            return good
        if self.days is None:
            return False
        new = [shift_dicom(text, self.days) for text in values if text.strip()]
        if any(text is None for text in new):
            return False
        element.value = new[0] if len(new) == 1 else new or ""
        self.context.tally.did("DICOM: date moved")
        return True

    def _described(self, element: Any, row: Row) -> bool:
        """A descriptor scrubbed, where free text is not dropped."""
        if self.context.scrubber is None or self.person is None:
            return False
        text = " ".join(texts(element))
        clean = self.context.free(row.name, text, self.person, self.days)
        if not clean:
            return False
        element.value = clean[:64] if element.VR in ("LO", "SH", "CS") else clean
        return element.VR not in ("SH", "CS")

    def _remove(self, dataset: Any, tag: Any, why: str | None) -> None:
        del dataset[tag]
        self.context.tally.drop(f"DICOM: {why}" if why else "DICOM: removed by the table")

    def _empty(self, dataset: Any, element: Any) -> None:
        element.value = [] if element.VR == "SQ" else b"" if element.VR in ("OB", "UN") else ""
        self.context.tally.did("DICOM: emptied by the table")

    def _dummy(self, dataset: Any, element: Any) -> None:
        self.context.tally.did("DICOM: replaced by a value that says nothing")
        if element.VR == "UI":
            self._uids(element)
        elif element.VR == "SQ":
            element.value = [_new_item()]
        else:
            element.value = DUMMIES.get(element.VR, "REMOVED")

    def _uids(self, element: Any) -> None:
        new = [self.context.uid(text.strip()) for text in texts(element) if text.strip()]
        element.value = new[0] if len(new) == 1 else new or ""
        self.context.tally.did("UID: pseudonym", len(new))

    def _items(self, element: Any, depth: int) -> None:
        for item in element.value:
            self.clean(item, depth + 1)

    def _unlisted(self, dataset: Any, element: Any, tag: int, known_code: bool, depth: int) -> None:
        vr = element.VR
        if not _in_dictionary(tag):
            self._remove(dataset, tag, "element that is not in the dictionary")
        elif vr == "SQ":
            self._items(element, depth)
        elif vr == "UI":
            self._uids(element)
        elif vr in ("DA", "DT", "TM"):
            if not self._moved(element):
                self._remove(dataset, tag, "date that cannot be moved")
        elif _is_lookup_table(dataset, element, tag) or self._stays(element, tag, known_code):
            self.context.tally.did("DICOM: kept")
        else:
            self._remove(dataset, tag, "value outside the table that is not trusted")

    def _stays(self, element: Any, tag: int, known_code: bool) -> bool:
        vr, values = element.VR, [text.strip() for text in texts(element)]
        if tag in BINARY or vr in ("FL", "FD", "AT"):
            return True
        if vr in NUMBERS:
            return all(_is_number(text) and not self._is_own_number(text, tag) for text in values)
        if tag in (CODE_VALUE, CODE_SCHEME):
            return known_code
        if vr == "CS" and all(_is_code_string(text) for text in values):
            return not any(self.context.tells(text, self.person) for text in values)
        if vr in ("LO", "SH", "CS"):
            shared = all(self.context.common.shared("dicom", f"{tag:08x}", t) for t in values if t)
            return shared and not any(self.context.tells(text, self.person) for text in values)
        return False

    def _is_own_number(self, text: str, tag: int) -> bool:
        """A number of nine or more digits, or one of the patient's own, is no measurement."""
        whole = re.sub(r"\D", "", text.partition(".")[0])
        if len(whole) >= 9 and tag not in LARGE_NUMBERS:
            return True
        known = self.person.numbers | self.person.keys if self.person else ()
        return len(text) > 4 and text in known


def deidentified(content: bytes, context: Context) -> bytes:
    """A DICOM file without identifiers.

    Raises
    ------
    Refused : what it is, or what its pixels may show, is not let through.
    """
    dataset = dicom_file.read(content, pixels=True)
    with dicom_file.silent() as pydicom:
        syntax = dicom_file.syntax_of(dataset)
        refuse(dataset, context.choices.reviewed)
        if pydicom.uid.UID(syntax).is_encapsulated:
            refuse_comments(dataset)
        Cleaner(dataset, context).clean(dataset)
        _say_so(dataset, context, pydicom)
    context.tally.did("DICOM file cleaned")
    return dicom_file.write(dataset, syntax)


def _say_so(dataset: Any, context: Context, pydicom: Any) -> None:
    """State what was done (PS3.15 E.1.1, PS3.3 C.7.1.1)."""
    methods = (*METHODS, *((CLEANED,) if context.scrubber else ()))
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "nof1: PS3.15 basic profile, closed beyond its table"
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"
    items = []
    for value, meaning in methods:
        item = pydicom.Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        items.append(item)
    dataset.DeidentificationMethodCodeSequence = items


def _known_code(item: Any) -> bool:
    """Whether an item is a code of a public scheme whose value looks like one."""
    try:
        scheme, value = str(item[CODE_SCHEME].value), str(item[CODE_VALUE].value)
    except Exception:  # absent, or damaged
        return False
    return scheme in CODE_SCHEMES and _CODE.fullmatch(value) is not None


@cache
def _in_dictionary(tag: int) -> bool:
    return bool(require("pydicom.datadict", "imaging").dictionary_has_tag(tag))


def _new_item() -> Any:
    return require("pydicom", "imaging").Dataset()


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?[\d.]+([eE][+-]?\d{1,3})?|", text) is not None


def _is_code_string(text: str) -> bool:
    return text == "" or "_".join(text.split()) in terms() or bool(_CHARACTERS.fullmatch(text))


def _is_lookup_table(dataset: Any, element: Any, tag: int) -> bool:
    """Whether binary values are as many as the descriptor beside them says."""
    descriptor = LOOKUP_TABLES.get(tag)
    if descriptor is None or descriptor not in dataset:
        return False
    entries = int(dataset[descriptor].value[0]) or 65_536
    size = len(element.value) if isinstance(element.value, bytes) else 2 * len(element.value)
    return size in (entries, entries + entries % 2, 2 * entries)
