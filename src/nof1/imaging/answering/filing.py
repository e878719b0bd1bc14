"""Filing pictures: whose each one is, when it was taken, and where its files lie.

Headers are read in the guarded process; nothing is copied, and no pixel is decoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.core.quiet import quiet
from nof1.imaging.answering import keeping, register
from nof1.imaging.answering.register import Filed, Lying
from nof1.imaging.image import Image
from nof1.imaging.reading import series
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.files import find
from nof1.imaging.reading.refusal import Refusal, Unreadable
from nof1.imaging.reading.series import Item

NO_PATIENT = "It names no patient."
OTHER_PATIENT = "It names another patient than the one it was filed for."
NO_TIME = "It does not say when it was taken."
SEVERAL = "It holds several pictures in one file."
NOTHING = np.zeros((1, 1), np.float32)


@dataclass(frozen=True)
class Done:
    """What came of filing a folder."""

    filed: tuple[Filed, ...]
    refused: tuple[Refusal, ...]


def add(
    images: Path,
    path: Path,
    *,
    patient: str | None = None,
    file_patient: str | None = None,
    site: str | None = None,
    decoder: Decoder | None = None,
) -> Done:
    """File every DICOM picture under ``path``; nothing is copied, and no pixel is decoded.

    Parameters
    ----------
    images : the workspace's ``images`` folder.
    patient : whose they are; None: whom each file names.
    file_patient : the patient's identifier in the files, if it is another one.
    site : where the patient's identifier is from.

    Raises
    ------
    InputError : there is no such file or folder.
    MissingExtra : the packages of the extra ``imaging`` are not installed.
    """
    if not path.exists():
        raise InputError("There is no such file or folder.", where=path.name)
    if decoder is None:
        with Decoder() as own:
            return add(images, path, patient=patient, file_patient=file_patient, site=site,
                       decoder=own)  # fmt: skip
    found = find(path, decoder.limits.files)
    refused, items = list(found.refused), list[Item]()
    for one in found.paths:
        try:
            items.append(Item(one, *decoder.describe(one)))
        except Unreadable as error:
            refused.append(Refusal(one.name, error.reason, error.next_step))
    filed = []
    for group in series.groups(items):
        try:
            filed.append(_filed(images, group, patient, file_patient, site))
        except Unreadable as error:
            refused.append(Refusal(group[0].path.name, error.reason, error.next_step))
    register.write(images, filed)
    return Done(tuple(filed), tuple(refused))


def _filed(
    images: Path,
    group: Sequence[Item],
    patient: str | None,
    file_patient: str | None,
    site: str | None,
) -> Filed:
    """One group of files as one picture.

    Raises
    ------
    Unreadable : it names no patient or another one, says no time, or its slices form no volume.
    """
    ordered = _ordered(group)
    first = ordered[0].description
    named, taken = _told(ordered[0])
    if patient is None and not named:
        raise Unreadable(NO_PATIENT, "File it with the patient's identifier.")
    if patient is not None and named and named != (file_patient or patient):
        raise Unreadable(OTHER_PATIENT, "Check whose picture it is.")
    if taken is None:
        raise Unreadable(NO_TIME, "A picture without a date could be used before it existed.")
    hashes = [one.description.sha256 for one in ordered]
    return Filed(
        patient=patient or named,
        picture=_hash(hashes),
        taken=taken,
        files=tuple(
            Lying(register.relative(images, item.path), item.description.sha256) for item in ordered
        ),
        shape=(len(ordered), *first.shape) if len(ordered) > 1 else first.shape,
        unit=first.unit,
        modality=first.header.modality,
        view=first.header.view,
        body_part=first.header.body_part,
        window=None if first.turned else first.window,
        range=_range(ordered[0]),
        site=site,
    )


def _ordered(group: Sequence[Item]) -> list[Item]:
    if len(group) == 1:
        if len(group[0].description.planes) > 1 or len(group[0].description.shape) > 2:
            raise Unreadable(SEVERAL, "Export it as single slices to see it on a page.")
        return list(group)
    stack = series.stack([item.description.planes[0] for item in group])
    return [group[place] for place in stack.order]


def _hash(hashes: Sequence[str]) -> str:
    """As a picture that was read has it (``Image.sha256``)."""
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _told(item: Item) -> tuple[str, datetime | None]:
    """Patient and time of a file's header, which the guarded process has parsed before."""
    if not item.header:
        return "", None
    pydicom = require("pydicom", "imaging")
    try:
        with quiet():  # warnings quote the file, and so the patient
            dataset = pydicom.dcmread(BytesIO(item.header), force=True)
            named = str(dataset.get("PatientID") or "").strip()
    except Exception:  # pydicom raises many kinds
        return "", None
    image = Image(pixels=NOTHING, datasets=(dataset,))
    moment = keeping.taken(image)
    return named, None if moment is None else moment.astimezone(UTC)


def _range(item: Item) -> tuple[float, float] | None:
    """Lowest and highest value that the header allows, in the picture's unit."""
    one = item.description
    plane = one.planes[0] if one.planes else None
    slope, intercept = (plane.slope, plane.intercept) if plane else (1.0, 0.0)
    ends = sorted(slope * end + intercept for end in one.stored)
    return (ends[0], ends[1]) if ends[1] > ends[0] else None
