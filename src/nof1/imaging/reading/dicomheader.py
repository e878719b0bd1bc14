"""What a DICOM header says about the patient and the view: never a name, never a date.

Source: DICOM PS3.3 C.7.1 (patient), C.7.6.1 (general image), C.8.11 (DX); PS3.5 6.2 (age string).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from nof1.imaging.image import Header
from nof1.imaging.reading.dicomfile import uid

CODE = re.compile(r"[A-Z0-9][A-Z0-9 _/-]{0,31}")
AGE = re.compile(r"(\d{1,3})([DWMY])")
YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
OLDEST = 120.0
STUDY_DATES = ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate")
VIEWS = {
    "postero-anterior": "PA",
    "antero-posterior": "AP",
    "left lateral": "LL",
    "right lateral": "RL",
    "lateral": "LATERAL",
    "cranio-caudal": "CC",
    "medio-lateral oblique": "MLO",
}
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SHOWS_TEXT = ("US", "XC", "ES", "GM", "OT")  # modalities whose machines draw text into the picture
LOSSY = {  # transfer syntaxes that are never, or need not be, lossless
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLSNearLossless,
}


def header(dataset: Any, syntax: str) -> tuple[Header, tuple[str, ...]]:
    """The header as the room sees it, and notes about it."""
    age, notes = _age(dataset)
    sex = text(dataset, "PatientSex")
    return (
        Header(
            modality=text(dataset, "Modality"),
            body_part=_body_part(dataset),
            view=_view(dataset),
            position=position(dataset),
            laterality=text(dataset, "ImageLaterality") or text(dataset, "Laterality"),
            age_years=age,
            sex=sex if sex in ("M", "F") else None,
            burned_in={"YES": True, "NO": False}.get(text(dataset, "BurnedInAnnotation") or ""),
            photometric=text(dataset, "PhotometricInterpretation"),
            transfer_syntax=syntax or None,
        ),
        notes + _warnings(dataset, syntax),
    )


def text(dataset: Any, keyword: str) -> str | None:
    """A code string of the data set in capitals, or None where it is absent or no code."""
    value = dataset.get(keyword)
    if value is None or not isinstance(value, str):
        return None
    value = value.strip().upper()
    return value if CODE.fullmatch(value) else None


def values(dataset: Any, keyword: str) -> tuple[str, ...]:
    """The parts of an element with several values, as text."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return ()
    several = isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue"
    return tuple(str(v).strip() for v in (value if several else [value]))


def position(dataset: Any) -> tuple[str, ...] | None:
    """Patient Orientation: where the rows and the columns run to, such as ("L", "F")."""
    parts = values(dataset, "PatientOrientation")
    letters = set("LRAPHF")
    good = len(parts) == 2 and all(part and set(part) <= letters for part in parts)
    return parts if good else None


def is_localizer(dataset: Any) -> bool:
    """Whether the picture is a scout for planning."""
    return any("LOCALIZER" in part.upper() for part in values(dataset, "ImageType"))


def is_secondary(dataset: Any) -> bool:
    """Whether the picture is a secondary capture (a screen copy, a scan, a photograph)."""
    return str(dataset.get("SOPClassUID", "")).startswith(SECONDARY_CAPTURE)


def _body_part(dataset: Any) -> str | None:
    said = text(dataset, "BodyPartExamined")
    if said or not dataset.get("SharedFunctionalGroupsSequence"):
        return said
    anatomy = dataset.SharedFunctionalGroupsSequence[0].get("FrameAnatomySequence")
    region = anatomy[0].get("AnatomicRegionSequence") if anatomy else None
    meaning = str(region[0].get("CodeMeaning", "")).strip().upper() if region else ""
    return meaning if CODE.fullmatch(meaning) else None


def _view(dataset: Any) -> str | None:
    said = text(dataset, "ViewPosition")
    if said or not dataset.get("ViewCodeSequence"):
        return said
    return VIEWS.get(str(dataset.ViewCodeSequence[0].get("CodeMeaning", "")).strip().lower())


def _age(dataset: Any) -> tuple[float | None, tuple[str, ...]]:
    """Years, from Patient's Age or else from the birth date and the date of the study."""
    said = AGE.fullmatch(str(dataset.get("PatientAge") or "").strip().upper())
    notes: tuple[str, ...] = () if said else ("The age was counted from two dates.",)
    years = int(said[1]) * YEARS[said[2]] if said else _age_by_dates(dataset)
    if years is None:
        return None, ()
    if not 0 <= years <= OLDEST:
        return None, ("The age in the file is impossible and was not used.",)
    return round(years, 2), notes


def _age_by_dates(dataset: Any) -> float | None:
    born = _date(dataset.get("PatientBirthDate"))
    studied = next((d for k in STUDY_DATES if (d := _date(dataset.get(k)))), None)
    return (studied - born).days / 365.25 if born and studied else None


def _date(value: Any) -> date | None:
    found = re.match(r"(\d{4})[.]?(\d\d)[.]?(\d\d)", str(value or ""))
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def _warnings(dataset: Any, syntax: str) -> tuple[str, ...]:
    notes = []
    flag = text(dataset, "BurnedInAnnotation")
    if flag == "YES":
        notes.append("The file says that text is burned into the picture: it may name the patient.")
    elif flag is None and (
        is_secondary(dataset) or text(dataset, "Modality") in (None, *SHOWS_TEXT)
    ):
        notes.append("The file does not say whether text is burned into the picture.")
    if text(dataset, "RecognizableVisualFeatures") == "YES":
        notes.append("The file says that the patient can be recognised in the picture.")
    if dataset.get("LossyImageCompression") == "01" or syntax in LOSSY:
        notes.append("The picture was compressed with loss: fine detail may be changed.")
    if is_localizer(dataset):
        notes.append("This is a localizer for planning, not a picture for diagnosis.")
    if is_secondary(dataset):
        notes.append("This is a secondary capture: its values may not be those of the machine.")
    if any(0x6000 <= element.group <= 0x60FF for element in tuple(dataset.keys())):
        notes.append("The file holds drawings beside the picture (overlays); they are left out.")
    return tuple(notes)
