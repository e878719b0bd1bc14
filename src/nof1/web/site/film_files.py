"""A film as files, for a viewer such as OHIF or Weasis: DICOM, and what was answered as SR and SEG.

A viewer of DICOM shows a Structured Report and a Segmentation beside the film when all are in one
study; each file here names the film that it is about. Every download is in the audit log.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request, Response
from msgspec.structs import replace
from starlette.responses import StreamingResponse

from nof1.core import audit
from nof1.core.errors import InputError
from nof1.core.finding import Status, utc
from nof1.imaging.answering import register
from nof1.imaging.answering.register import Filed
from nof1.web.access import guard
from nof1.web.site.film_room import Film, FilmRoom, films
from nof1.web.site.house import House
from nof1.web.site.page import HEADERS, Missing
from nof1.web.site.subject import Subject, subject

KIND = "ImagingStudy"
DICOM, ZIP = "application/dicom", "application/zip"
MOST_SLICES = 64  # of a series whose report is made here: each slice is opened for it


def add(app: FastAPI, house: House, room: FilmRoom) -> None:
    """Put the addresses into the application."""

    @app.get("/patients/{patient:id}/films/{film}/dicom", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def dicom(request: Request, patient: str, film: str, slice: int = 1) -> Response:
        """One DICOM file, as it lies on the disk."""
        asked, found, filed = _asked(house, request, patient, film)
        if not 1 <= slice <= filed.slices:
            raise Missing("There is no such slice.")
        content = register.unchanged(house.workspace.images, filed.files[slice - 1])
        _log(house, asked, filed, "dicom")
        return _file(content, f"{found.id}-{slice}.dcm")

    @app.get("/patients/{patient:id}/films/{film}/series", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def series(request: Request, patient: str, film: str) -> Response:
        """All DICOM files of a volume in one ZIP."""
        asked, found, filed = _asked(house, request, patient, film)
        register.unchanged(house.workspace.images, filed.files[0])  # told now, not half-way
        _log(house, asked, filed, "series")
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{found.id}.zip"'}
        return StreamingResponse(zipped(house, filed), 200, headers, ZIP)

    @app.get("/patients/{patient:id}/films/{film}/report", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def report(request: Request, patient: str, film: str) -> Response:
        """The answers as a DICOM Structured Report."""
        asked, found, filed = _asked(house, request, patient, film)
        content = made_report(room, found, filed)
        _log(house, asked, filed, "report")
        return _file(content, f"{found.id}-report.dcm")

    @app.get("/patients/{patient:id}/films/{film}/segmentation", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def segmentation(request: Request, patient: str, film: str) -> Response:
        """Where the model looked, as a DICOM Segmentation."""
        asked, found, filed = _asked(house, request, patient, film)
        content = made_segmentation(room, found, filed)
        _log(house, asked, filed, "segmentation")
        return _file(content, f"{found.id}-evidence.dcm")


def _asked(
    house: House, request: Request, patient: str, film: str
) -> tuple[Subject, Film, Filed]:  # fmt: skip
    asked = subject(house, request, patient)
    for one in films(house, asked):
        if one.id == film and one.filed is not None:
            return asked, one, one.filed
    raise Missing("There is no such picture of this patient here.", "See the list of films.")


def offers(room: FilmRoom, asked: Subject, one: Film) -> list[dict[str, str]]:
    """The files that this film has, in words and with their addresses."""
    filed = one.filed
    if filed is None:
        return []
    found = [("DICOM", "dicom", "The film as it was taken.")]
    if filed.slices > 1:
        found = [("DICOM, all slices", "series", f"{filed.slices} files in one ZIP.")]
    if one.findings and filed.slices <= MOST_SLICES:
        found.append(("DICOM report (SR)", "report", "Every answer with its interval, withheld "
                      "ones too. A device wrote it; nobody has verified it."))  # fmt: skip
    if filed.slices == 1 and any(room.evidence(each) is not None for each in one.findings):
        found.append(("DICOM segmentation (SEG)", "segmentation", "Where the model looked. It is "
                      "no outline of a lesion."))  # fmt: skip
    return [
        {"name": name, "says": says, "address": asked.address("films", one.id, tail)}
        for name, tail, says in found
    ]


def made_report(room: FilmRoom, one: Film, filed: Filed) -> bytes:
    """The Structured Report of a film's kept answers.

    Raises
    ------
    Missing : nothing was answered. InputError, MissingExtra : it cannot be made here.
    """
    if not one.findings or filed.slices > MOST_SLICES:
        raise Missing("There is no report of this picture.")
    from nof1.imaging.output.sr import write_sr

    # The last reason names our record's own event; it says nothing to a viewer.
    told = [replace(each, evidence=each.evidence[:-1]) for each in one.findings]
    made: bytes = write_sr(_whole(room, filed), told, at=utc(one.findings[0].as_of)).content
    return made


def made_segmentation(room: FilmRoom, one: Film, filed: Filed) -> bytes:
    """The Segmentation of where models looked on a film.

    Raises
    ------
    Missing : no evidence is kept. InputError, MissingExtra : it cannot be made here.
    """
    from nof1.imaging.answering import layers

    kept = [(each, room.evidence(each)) for each in one.findings if each.status is Status.FOUND]
    maps = [
        (each, layers.supporting(layers.decode(path))) for each, path in kept if path is not None
    ]
    marked = [(each, values) for each, values in maps if values.any()]
    if not marked or filed.slices > 1:
        raise Missing("No evidence of this picture is kept that speaks for a finding.")
    from nof1.imaging.output.seg import heatmap, write_seg

    segments = [heatmap(each.what.display, values, each.basis) for each, values in marked]
    image = room.image(filed)
    if any(values.shape != image.pixels.shape for _, values in marked):
        raise InputError("The kept evidence has another size than the film.")
    made: bytes = write_seg(image, segments, at=utc(one.findings[0].as_of)).content
    return made


def _whole(room: FilmRoom, filed: Filed) -> Any:
    """The picture with the headers of all its slices; only the first one's pixels are needed."""
    first = room.image(filed)
    if filed.slices == 1:
        return first
    from dataclasses import replace as changed

    import numpy as np

    slices = [room.image(filed, number) for number in range(1, filed.slices + 1)]
    return changed(
        first,
        pixels=np.stack([one.pixels for one in slices]),
        datasets=tuple(part for one in slices for part in one.datasets),
        sources=tuple(name for one in slices for name in one.sources),
        sha256=filed.picture,
    )


class _Sink(io.RawIOBase):
    """Where a ZIP is written: what was written since is taken away at once."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        """It takes what comes."""
        return True

    def write(self, data: Any) -> int:
        """Keep a part until it is taken."""
        self.parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since."""
        found, self.parts = b"".join(self.parts), []
        return found


def zipped(house: House, filed: Filed) -> Iterator[bytes]:
    """The files of a volume as a ZIP, one after another; none is held longer than needed."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for number, one in enumerate(filed.files, 1):
            info = zipfile.ZipInfo(f"{filed.id}/{number:04d}.dcm", (1980, 1, 1, 0, 0, 0))
            archive.writestr(info, register.unchanged(house.workspace.images, one))
            yield sink.taken()
    yield sink.taken()


def _file(content: bytes, name: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, 200, headers, DICOM)


def _log(house: House, asked: Subject, filed: Filed, what: str) -> None:
    """The audit log says which picture left, and as what; the patient under a pseudonym."""
    folder = house.workspace.audit
    audit.append(folder, "film downloaded", what=what, picture=filed.picture,
                 patient=audit.pseudonym(folder, asked.subject_id))  # fmt: skip
