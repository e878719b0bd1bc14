"""DICOM files that are refused before anything else: what cannot be cleaned by its elements.

Text that is drawn into pixels cannot be seen here; files that often carry it are let through only
after a person has looked at them. Reports and documents are refused always.

Source: DICOM PS3.3 C.7.6.1 (Burned In Annotation), C.8.6.1 (Conversion Type), PS3.4 B.5 (classes).
"""

from __future__ import annotations

from typing import Any

from nof1.record.deidentify.tally import Refused

STORAGE = "1.2.840.10008.5.1.4.1.1."
NEVER = {
    "88.": "a structured report",
    "104.": "an encapsulated document",
    "66.": "raw data of a device",
    "66": "raw data of a device",
}
LOOK_FIRST = ("7", "7.", "6.", "6", "3.", "3", "12.2", "77.1.")
LOOK_FIRST_MODALITIES = frozenset(
    ["US", "IVUS", "BDUS", "RF", "SC", "OT", "XC", "ES", "GM", "DOC", "OP", "OPT", "OAM", "SM"]
)
CAPTURED = frozenset(
    ["DV", "DI", "DF", "WSD", "SD", "SI", "DRW"]
)  # all ways to make a secondary capture
REVIEW = (
    "Look at the picture; if it shows no name or number, put its SOP Instance UID in a file and "
    "name that with --reviewed-pixels."
)


def refuse(dataset: Any, reviewed: frozenset[str]) -> None:
    """Let a data set pass, or raise with the reason.

    Parameters
    ----------
    reviewed : SOP Instance UIDs of pictures that a person has looked at.

    Raises
    ------
    Refused : a report, a document, a directory, an unknown class, or pixels to look at first.
    """
    sop_class = _text(dataset, "SOPClassUID")
    if not sop_class.startswith(STORAGE):
        raise Refused("It is no object of a DICOM storage class of the standard.")
    rest = sop_class.removeprefix(STORAGE)
    for start, what in NEVER.items():
        if rest == start or (start.endswith(".") and rest.startswith(start)):
            raise Refused(f"It is {what}.", "Such objects are not de-identified.")
    if _text(dataset, "Modality").upper() in ("SR", "KO", "DOC", "PLAN"):
        raise Refused("It is a report or document.", "Such objects are not de-identified.")
    if "EncapsulatedDocument" in dataset:
        raise Refused("It is an encapsulated document.", "Such objects are not de-identified.")
    reason = _to_look_at(dataset, rest)
    if reason and _text(dataset, "SOPInstanceUID") not in reviewed:
        raise Refused(reason, REVIEW)


def _to_look_at(dataset: Any, sop_class: str) -> str | None:
    if _text(dataset, "BurnedInAnnotation").upper() not in ("", "NO"):
        return "Text is burned into the pixels, or may be."
    if _text(dataset, "RecognizableVisualFeatures").upper() not in ("", "NO"):
        return "The patient can be recognised in the picture."
    if any(sop_class == c or (c.endswith(".") and sop_class.startswith(c)) for c in LOOK_FIRST):
        return "Pictures of this class often show the patient's name."
    if _text(dataset, "Modality").upper() in LOOK_FIRST_MODALITIES:
        return "Pictures of this modality often show the patient's name."
    if _text(dataset, "ConversionType").upper() in CAPTURED:
        return "It is a copy of a screen, a film or a document."
    kinds = _text(dataset, "ImageType").upper()
    if "SCREEN" in kinds or "CAPTURE" in kinds:
        return "It is a copy of a screen."
    return None


def _text(dataset: Any, keyword: str) -> str:
    value = dataset.get(keyword)
    if value is None:
        return ""
    several = not isinstance(value, str) and hasattr(value, "__iter__")
    return " ".join(map(str, value)) if several else str(value).strip()
