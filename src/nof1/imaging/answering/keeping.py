"""Answers that stay: whose picture it is, when it was taken, and the way into the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from nof1.core import audit
from nof1.core.errors import InputError, UsageError
from nof1.core.workspace import Workspace
from nof1.imaging.answering import album
from nof1.imaging.answering.study import Picture
from nof1.imaging.image import Image
from nof1.imaging.readings import Reading, append, naive

TIMES = (("AcquisitionDate", "AcquisitionTime"), ("ContentDate", "ContentTime"))
FOLDER = "readings"


def check_patient(pictures: Iterable[Picture], expected: str) -> None:
    """Refuse pictures whose files name another patient.

    Raises
    ------
    InputError : a file's PatientID differs; neither id is repeated.
    """
    for picture in pictures:
        for dataset in picture.image.datasets:
            named = str(dataset.get("PatientID") or "").strip()
            if named and named != expected:
                raise InputError(
                    "A file names another patient than the one asked about.",
                    where=picture.image.sources[0],
                    next_step="Check whose picture this is. If the archive uses another number "
                    "for this patient, give it with --file-patient.",
                )


def taken(image: Image) -> datetime | None:
    """When the picture was taken (UTC where the file has an offset, else its clock); or None."""
    if not image.datasets:
        return None
    first = image.datasets[0]
    for day, clock in (*TIMES, ("StudyDate", "StudyTime")):
        found = _moment(str(first.get(day) or ""), str(first.get(clock) or ""))
        if found is not None:
            return found
    return None


def _moment(day: str, clock: str) -> datetime | None:
    digits = (clock.partition(".")[0] + "000000")[:6]
    try:
        return datetime.strptime(day + digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def readings(
    pictures: Sequence[Picture], patient: str, otherwise: datetime | None = None
) -> list[Reading]:
    """One reading for each finding.

    Parameters
    ----------
    otherwise : when the pictures were taken, for files that do not say (UTC).

    Raises
    ------
    InputError : nobody says when a picture was taken: it could be used before it existed.
    """
    made = []
    for picture in pictures:
        moment = taken(picture.image) or otherwise
        if moment is None:
            raise InputError(
                "Nobody says when this picture was taken.",
                where=picture.image.sources[0],
                next_step="Give the time with --taken.",
            )
        made += [_reading(picture, one, patient, moment) for one in picture.findings]
    return made


def _reading(picture: Picture, finding: Any, patient: str, moment: datetime) -> Reading:
    image = picture.image
    return Reading(
        patient=patient,
        taken=moment.replace(tzinfo=moment.tzinfo or UTC),
        picture=image.sha256,
        sources=image.sources,
        finding=replace(finding, subject=replace(finding.subject, id=patient)),
    )


def keep(workspace: Workspace, made: Sequence[Reading], pictures: Sequence[Picture] = ()) -> None:
    """Put readings into the workspace's record, and say so in its audit log.

    Parameters
    ----------
    pictures : whose evidence is drawn and kept beside, for the pages of advice.

    Raises
    ------
    UsageError : there is nothing to keep.
    InputError : the record did not take it, for example because it lies in the future.
    """
    if not made:
        raise UsageError("There is no answer to keep.")
    from nof1.record.ingest import ingest  # slow to import; only keeping needs it

    name = f"{made[0].picture[:16]}.ndjson"
    path = workspace.images / FOLDER / name
    path.unlink(missing_ok=True)
    append(path, made)
    album.save(workspace.images, pictures)
    shards = {} if (workspace.record / "current").exists() else {"shards": workspace.shards}
    done = ingest(workspace.record, [path], site=workspace.site, settings=shards)
    if done.quarantined_rows:
        raise InputError(
            f"The record did not take the answers: {done.quarantined[0].reason}.",
            where=made[0].sources[0],
            next_step="Check the date that the file gives.",
        )
    audit.append(
        workspace.audit,
        "imaging read",
        models=sorted({one.finding.basis.id for one in made}),
        picture=made[0].picture,
        taken=f"{naive(made[0].taken):%Y-%m-%d}",
        statuses=[str(one.finding.status) for one in made],
    )
