"""``nof1 imaging train|audit|card|recalibrate``: models of pictures, and data sets."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import imaging_text
from nof1.cli.imaging_other import (
    film_document,
    mask_document,
    new_folder,
    told,
    trained_detector,
    trained_masks,
    workspace_or_none,
)
from nof1.cli.options import as_json as json_option
from nof1.cli.options import common, step, tell
from nof1.core import audit as log
from nof1.core.errors import UsageError

if TYPE_CHECKING:
    from nof1.imaging.training.task import ImagingTask, Table

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@common
@click.argument("task", type=FILE, metavar="TASK.yaml")
@click.option("--out", type=FOLDER, help="Folder of the model [default: in the workspace].")
@click.option("--checkpoints", type=FOLDER, help="Folder from which a stopped run goes on.")
@click.pass_context
def train(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    task: Path,
    out: Path | None,
    checkpoints: Path | None,
) -> None:
    """Train a model of pictures, put it through the gates, and write its card.

    TASK.yaml says what it learns: `findings` or `kinds` of films, `anomaly` (normal films only), or
    `masks` of volumes. Exit code 1: the model did not pass; it is stored as withheld and gives no
    answer.
    """
    from nof1.imaging.training.masktask import MaskTask, load_any

    asked = load_any(task)
    found = workspace_or_none(workspace)
    place = out or new_folder(found, asked.name)
    if isinstance(asked, MaskTask):
        _no_checkpoints(checkpoints)
        data, passed = trained_masks(asked, place)
    elif asked.anomaly:
        _no_checkpoints(checkpoints)
        data, passed = trained_detector(asked, place)
    else:
        data, passed = _trained(asked, place, checkpoints)
    if found is not None:
        log.append(found.audit, "imaging train", model=asked.name, sha256=data["sha256"])
    tell(data, told(data), as_json=as_json)
    ctx.exit(0 if passed else 1)


def _trained(
    asked: ImagingTask, place: Path, checkpoints: Path | None
) -> tuple[dict[str, Any], bool]:
    """Train a model of findings; its card, and whether it may speak."""
    from nof1.imaging.answering.building import build
    from nof1.imaging.training.progress import bar

    on_epoch = bar(len(asked.seeds))
    done = build(asked, place, checkpoints=checkpoints, on_epoch=on_epoch, say=step)
    return film_document(done.folder), done.passed


def _no_checkpoints(checkpoints: Path | None) -> None:
    if checkpoints is not None:
        raise UsageError(
            "Only models of findings or kinds can be stopped and go on.",
            where="--checkpoints",
            next_step="Leave it out.",
        )


@click.command()
@common
@click.argument("model")
@click.pass_context
def card(ctx: click.Context, workspace: str | None, as_json: bool, model: str) -> None:
    """The card of a model of pictures: figures, gates, limits.

    Exit code 1: the model is withheld.
    """
    from nof1.imaging.answering.opening import sort_of
    from nof1.imaging.answering.shelf import find
    from nof1.imaging.nets.folder import read_folder

    found = workspace_or_none(workspace)
    place = find(found.images if found else None, model)
    if sort_of(place) == "segmentation":
        data = mask_document(place)
    else:
        data = film_document(read_folder(place))
    tell(data, told(data), as_json=as_json)
    ctx.exit(0 if (data.get("may_speak") or {}).get("passed") else 1)


@click.command()
@json_option
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--finding", help="The label that counts as present.")
@click.option(
    "--column", "columns", multiple=True, metavar="NAME=COLUMN", help="What a column holds."
)
@click.option("--table", type=FILE, help="A CSV file that says more about an .npz's pictures.")
@click.option("--key", metavar="ARRAY=COLUMN", help="Array and column that hold their names.")
@click.option("--page", type=FILE, help="Write the audit as a page, and its JSON beside it.")
@click.pass_context
def audit(
    ctx: click.Context,
    as_json: bool,
    dataset: Path,
    finding: str | None,
    columns: tuple[str, ...],
    table: Path | None,
    key: str | None,
    page: Path | None,
) -> None:
    """Leaks, shortcuts, quality and population of a data set of pictures.

    DATASET is a folder of pictures, a CSV table of files, or an .npz of arrays. Exit code 1: a gate
    failed.
    """
    from nof1.imaging.gates.audit import audit as run_audit

    step("looking at every picture")
    more = _table(table, key)
    done = run_audit(dataset, columns=_columns(columns), finding=finding, table=more)
    data = done.to_dict()
    if page is not None:
        from nof1.cli.twins import write_page

        write_page("imaging-audit", data, page)
    tell(data, imaging_text.audited(data), as_json=as_json)
    ctx.exit(1 if done.failed else 0)


def _table(path: Path | None, key: str | None) -> Table | None:
    """The CSV file beside an npz file, and what joins the two."""
    from nof1.imaging.training.task import Table

    if (path is None) != (key is None):
        raise UsageError("A table needs a key.", allowed="--table FILE --key ARRAY=COLUMN")
    if path is None or key is None:
        return None
    (array, column), *_ = _columns((key,)).items()
    return Table(path, column, array)


def _columns(pairs: tuple[str, ...]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    if any(not (name and column) for name, _, column in split):
        raise UsageError("A column is not said.", where="--column", allowed="NAME=COLUMN")
    return {name: column for name, _, column in split}


@click.command()
@common
@click.argument("model")
@click.argument("task", type=FILE, metavar="CASES.yaml")
@click.pass_context
def recalibrate(
    ctx: click.Context, workspace: str | None, as_json: bool, model: str, task: Path
) -> None:
    """Fit a model's probabilities again on 200 or more cases of the site.

    CASES.yaml is a task file that names the pictures and their labels; its split is not used. The
    new calibration is taken only if it is better. Exit code 1: the old one stays.
    """
    from nof1.imaging.answering import recalibrating
    from nof1.imaging.answering.opening import open_model
    from nof1.imaging.answering.reader import Reader
    from nof1.imaging.answering.shelf import find

    found = workspace_or_none(workspace)
    folder = find(found.images if found else None, model)
    reader = open_model(folder)
    if not isinstance(reader, Reader):
        raise UsageError(
            "This model gives no probabilities.",
            where=model,
            allowed="a model of findings or kinds",
        )
    step("reading the cases")
    done = recalibrating.of_task(reader, task)
    if done.kept:
        site = found.site if found else "local"
        recalibrating.take(folder, done, site, f"{datetime.now(UTC):%Y-%m-%d}")
    data = {
        "schema": "nof1/imaging-recalibrate/1",
        "name": reader.about["name"],
        "cases": done.cases,
        "kept": done.kept,
        "verdict": done.verdict,
        "findings": [one.to_dict() for one in done.findings],
    }
    tell(data, imaging_text.recalibrated(data), as_json=as_json)
    ctx.exit(0 if done.kept else 1)
