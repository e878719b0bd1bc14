"""``nof1 imaging``: read pictures, train models of them, audit a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import imaging_text
from nof1.cli.imaging_models import audit, card, recalibrate, train
from nof1.cli.imaging_other import adopt, convert, workspace_or_none
from nof1.cli.options import common, step, tell
from nof1.core import audit as log
from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace

if TYPE_CHECKING:
    from nof1.imaging.answering.study import AnyReader, Picture, StudyAnswer

FILE = click.Path(dir_okay=False, path_type=Path)
UNKNOWN = "unknown"


@click.group()
def imaging() -> None:
    """Pictures: read films, CT and MRI; train; audit a data set."""


@imaging.command()
@common
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--model", "models", multiple=True, help="A model's name or folder (repeatable).")
@click.option("--patient", help="Whom the pictures show; needed to keep the answer.")
@click.option("--site", help="The patient's site, where several sites have this identifier.")
@click.option("--file-patient", help="The patient's id in the files, if it is another one.")
@click.option(
    "--taken",
    type=click.DateTime(),
    metavar="TIME",
    help="When they were taken, UTC, such as 2024-05-01T14:30:00, if no file says.",
)
@click.option("--modality", help="What made pictures that do not say so, for example CT.")
@click.option("--keep", is_flag=True, help="Put the answers into the workspace's record.")
@click.option("--readings", type=FILE, help="Add the answers to a .ndjson that ingest takes.")
@click.option("--sr", type=FILE, help="Write a DICOM Structured Report of one picture.")
@click.option("--seg", type=FILE, help="Write a DICOM Segmentation of one picture.")
@click.option("--masks", type=FILE, help="Write a volume's masks as NIfTI (.nii.gz).")
@click.option("--overlay", type=FILE, help="Write the film with its evidence as PNG.")
@click.option("--page", type=FILE, help="Write a page, and its JSON beside it.")
@click.option("--cache", type=click.Path(file_okay=False), help="Folder for decoded pixels.")
@click.pass_context
def read(
    ctx: click.Context, /, workspace: str | None, as_json: bool, path: Path, **options: Any
) -> None:
    """What models and measurements say about the pictures of a file or folder.

    PATH is DICOM, NIfTI, PNG or JPEG. Films are asked of every model of films in the workspace,
    volumes of every model of masks; CT volumes are measured. Exit code 1: nothing was answered, or
    a file was refused.
    """
    if (options["keep"] or options["readings"]) and not options["patient"]:
        raise UsageError("Whose pictures are they?", next_step="Name the patient: --patient ID")
    found = workspace_or_none(workspace)
    at = datetime.now(UTC).replace(microsecond=0)  # advise asks in whole seconds: known at once
    done, readers = _read(path, found, at, options)
    if found is not None and not options["keep"]:
        _log(found, done)
    data = document(path.name, done, readers)
    data["written"] = _outputs(done, options, at, found)
    if options["keep"] and found is not None:
        data["written"] += _filed(found, path, options)
    if options["page"]:
        data["written"].append(_page(data, done, options["page"]))
    tell(data, imaging_text.read(data), as_json=as_json)
    ctx.exit(0 if done.answered and not done.refused else 1)


imaging.add_command(train)
imaging.add_command(audit)
imaging.add_command(card)
imaging.add_command(recalibrate)
imaging.add_command(adopt)
imaging.add_command(convert)


def _read(
    path: Path, workspace: Workspace | None, at: datetime, options: Mapping[str, Any]
) -> tuple[StudyAnswer, list[AnyReader]]:
    """The answers, after a check whom the files name."""
    from nof1.imaging.reading.decoder import Decoder

    with Decoder() as decoder:  # it starts while the rest is imported and the models are opened
        from nof1.core.finding import Subject
        from nof1.imaging.answering.keeping import check_patient
        from nof1.imaging.answering.study import read_study

        readers = _readers(workspace, options["models"])
        step("reading")
        done = read_study(
            path,
            readers,
            subject=Subject(id=options["patient"] or UNKNOWN),
            at=at,
            cache=options["cache"],
            decoder=decoder,
            modality=options["modality"],
        )
    if options["patient"]:
        check_patient(done.pictures, options["file_patient"] or options["patient"])
    return done, readers


def _readers(workspace: Workspace | None, names: Sequence[str]) -> list[AnyReader]:
    """The named models; without names all of the workspace, and ours for SYNTHETIC films."""
    from nof1.imaging.answering import shelf
    from nof1.imaging.answering.opening import open_model

    folder = workspace.images if workspace else None
    paths = [shelf.find(folder, name) for name in names] or shelf.all_models(folder)
    return [open_model(one) for one in paths]


def _log(workspace: Workspace, done: StudyAnswer) -> None:
    """The audit log says which models saw which pictures, and whether they answered."""
    log.append(
        workspace.audit,
        "imaging read",
        models=sorted({one.basis.id for one in done.findings}),
        pictures=[one.image.sha256 for one in done.pictures],
        statuses=[str(one.status) for one in done.findings],
    )


def document(name: str, done: StudyAnswer, readers: Sequence[AnyReader]) -> dict[str, Any]:
    """The JSON form, ``nof1/imaging-read/1``."""
    return {
        "schema": "nof1/imaging-read/1",
        "path": name,
        "status": "ok" if done.answered else "refused",
        "reason": done.reason,
        "models": [{"name": one.about["name"], "sha256": one.sha256} for one in readers],
        "findings": [one.to_dict() for one in done.findings],
        "pictures": [_picture(one) for one in done.pictures],
        "refused": [
            {
                "file": one.source,
                "files": one.files,
                "reason": one.reason,
                "next_step": one.next_step,
            }
            for one in done.refused
        ],
    }


def _picture(one: Picture) -> dict[str, Any]:
    image, head = one.image, one.image.header
    return {
        "sources": list(image.sources),
        "sha256": image.sha256,
        "shape": list(image.pixels.shape),
        "unit": image.unit,
        "modality": head.modality,
        "view": head.view,
        "body_part": head.body_part,
        "spacing_mm": list(image.spacing_mm) if image.spacing_mm else None,
        "notes": list(image.notes),
        "answers": [
            {
                "model": reader.about["name"],
                "gates": [verdict.to_dict() for verdict in answer.verdicts],
                "labels": [mark.to_dict() for mark in answer.marks],
            }
            for reader, answer in one.answers
        ],
        "findings": [finding.to_dict() for finding in one.findings],
    }


def _outputs(
    done: StudyAnswer, options: Mapping[str, Any], at: datetime, workspace: Workspace | None
) -> list[str]:
    """Write what was asked for; the names of the files, and what was kept."""
    from nof1.imaging.answering import files, keeping

    written = []
    for key, write in files.WRITERS.items():
        if options[key]:
            write(_only(done, key), options[key], at)
            written.append(options[key].name)
    if options["keep"] or options["readings"]:
        if not options["patient"]:
            raise UsageError("Whose pictures are they?", next_step="Name the patient: --patient ID")
        readings = keeping.readings(done.pictures, options["patient"], options["taken"])
        written += _kept(readings, done.pictures, options, workspace)
    return written


def _only(done: StudyAnswer, key: str) -> Picture:
    """The one picture that a file can be written for."""
    if len(done.pictures) != 1:
        raise UsageError(
            f"There are {len(done.pictures)} pictures; --{key} is for one.",
            next_step="Name the file or folder of one film or series.",
        )
    return done.pictures[0]


def _kept(
    readings: Sequence[Any],
    pictures: Sequence[Picture],
    options: Mapping[str, Any],
    workspace: Workspace | None,
) -> list[str]:
    from nof1.imaging.answering import keeping
    from nof1.imaging.readings import append

    said = []
    if options["readings"]:
        append(options["readings"], readings)
        said.append(options["readings"].name)
    if options["keep"]:
        if workspace is None:
            raise UsageError("There is no workspace to keep the answers in.", where="--keep")
        place = replace(workspace, site=options["site"] or workspace.site)
        keeping.keep(place, readings, pictures)
        said.append("the workspace's record")
    return said


def _filed(workspace: Workspace, path: Path, options: Mapping[str, Any]) -> list[str]:
    """Where the pictures lie, for the pages of ``nof1 serve``; only DICOM says enough for that."""
    from nof1.imaging.answering import filing

    made = filing.add(
        workspace.images,
        path,
        patient=options["patient"],
        file_patient=options["file_patient"],
        site=options["site"] or workspace.site,
    )
    return ["the register of pictures"] if made.filed else []


def _page(data: Mapping[str, Any], done: StudyAnswer, path: Path) -> str:
    from nof1.cli.twins import write_page
    from nof1.imaging.answering.files import drawings, films

    shown = {"drawings": drawings(done.pictures), "films": films(done.pictures)}
    write_page("imaging", {**data, **shown}, path)
    return path.name
