"""A DICOM object as bytes: made the same from the same content, stamped with the caller's time."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from pydicom import Dataset
from pydicom.valuerep import DA, DT, TM

from nof1 import __version__
from nof1.core.errors import InputError
from nof1.core.finding import NOTICE

Made = TypeVar("Made")
MAKER = "nof1"
CHARACTERS = "ISO_IR 192"  # UTF-8, whatever the source used


@dataclass(frozen=True, eq=False, kw_only=True)
class Written:
    """One DICOM file.

    Attributes
    ----------
    content : the bytes of the file (DICOM PS3.10).
    notes : what of the source was left out.
    """

    content: bytes
    sop_instance_uid: str
    series_instance_uid: str
    notes: tuple[str, ...] = ()

    def save(self, path: str | Path) -> Path:
        """Write the file; returns its path."""
        target = Path(path)
        target.write_bytes(self.content)
        return target


def stamped(at: datetime) -> datetime:
    """The caller's time, with its zone.

    Raises
    ------
    InputError : without a zone.
    """
    if at.tzinfo is None:
        raise InputError("The time has no zone.", where="at", allowed="a UTC time")
    return at


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries from warning and logging: their words quote the patient's values."""
    logger = logging.getLogger("highdicom")
    others = logging.getLogger("pydicom")
    before = logger.level, others.level
    logger.setLevel(logging.CRITICAL + 1)
    others.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before[0])
        others.setLevel(before[1])


def built(make: Callable[[], Made]) -> Made:
    """What ``make`` returns, with a source that highdicom does not accept turned into a refusal.

    The library's own message may quote a patient's values, so it is not passed on.

    Raises
    ------
    InputError : when the object cannot be made.
    """
    try:
        return make()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"No DICOM answer can be made for this source ({type(error).__name__}): "
            "an attribute that it needs is missing or not valid.",
            where="the DICOM source",
            next_step="Check the source with a DICOM validator, or use the original files.",
        ) from None


def finished(dataset: Dataset, at: datetime, notes: tuple[str, ...]) -> Written:
    """The file of a dataset, with every time that the library took from the clock replaced."""
    dataset.InstanceCreationDate = DA(at.date())
    dataset.InstanceCreationTime = TM(at.time())
    dataset.TimezoneOffsetFromUTC = at.strftime("%z")
    for item in dataset.get("ContributingEquipmentSequence", ()):
        if item.get("Manufacturer") != dataset.Manufacturer and "ContributionDateTime" in item:
            item.ContributionDateTime = DT(at)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return Written(
        content=buffer.getvalue(),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        series_instance_uid=str(dataset.SeriesInstanceUID),
        notes=notes,
    )


def digest(*parts: bytes) -> str:
    """Hex SHA-256 over the lengths and contents of parts."""
    made = hashlib.sha256()
    for part in parts:
        made.update(len(part).to_bytes(8, "little"))
        made.update(part)
    return made.hexdigest()


def equipment(at: datetime) -> dict[str, Any]:
    """Arguments that name the maker, the notice and the time in every object."""
    return {
        "manufacturer": MAKER,
        "manufacturer_model_name": MAKER,
        "software_versions": __version__,
        "series_description": NOTICE,
        "content_date": at.date(),
        "content_time": at.time(),
        "series_date": at.date(),
        "series_time": at.time(),
        "specific_character_set": CHARACTERS,
    }
