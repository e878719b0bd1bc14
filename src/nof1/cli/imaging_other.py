"""``nof1 imaging adopt|convert``, and how detectors and models of masks are trained and told."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import imaging_text
from nof1.cli.options import WIDTH, common, step, table, tell
from nof1.cli.options import as_json as json_option
from nof1.core import audit as log
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.finding import NOTICE
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.imaging.nets.folder import ModelFolder
    from nof1.imaging.training.masktask import MaskTask
    from nof1.imaging.training.task import ImagingTask

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
ANYTHING = click.Path(path_type=Path)
KEPT = ("name", "description", "created", "question", "labels", "dice", "counts", "spacing_mm")
ALSO = ("scaling", "population", "synthetic", "set_aside", "may_speak", "limits")


def new_folder(workspace: Workspace | None, name: str) -> Path:
    """Where a new model of a workspace lies.

    Raises
    ------
    UsageError : there is no workspace.
    """
    if workspace is None:
        raise UsageError(
            "There is no workspace here to put the model into.",
            next_step="Make one with nof1 init, or name a folder with --out.",
        )
    from nof1.imaging.answering.shelf import MODELS

    return workspace.images / MODELS / name


def workspace_or_none(path: str | None) -> Workspace | None:
    """The workspace, or None when there is none and none was named."""
    try:
        return open_workspace(path)
    except WorkspaceError:
        if path is not None:
            raise
        return None


def film_document(folder: ModelFolder) -> dict[str, Any]:
    """The JSON form of the card of a model of films, ``nof1/imaging-card/1``."""
    about = folder.about
    kept = ("name", "created", "question", "classes", "size", "members", "pictures", "may_speak")
    return {
        "schema": "nof1/imaging-card/1",
        **{name: about[name] for name in kept if name in about},
        "synthetic": bool(about.get("synthetic", False)),
        "model": str(folder.path.name),
        "sha256": folder.sha256,
        "population": about.get("gates", {}).get("population"),
        "recalibrated": about.get("recalibrated"),
        "card": about.get("card"),
    }


def mask_document(folder: Path) -> dict[str, Any]:
    """The JSON form of the card of a model of masks, ``nof1/imaging-masks-card/1``.

    Raises
    ------
    ModelError : no model of masks, or one of its files was changed.
    """
    from nof1.imaging.answering.segmenting import VolumeReader

    reader = VolumeReader.open(folder)
    return {
        "schema": "nof1/imaging-masks-card/1",
        **{name: reader.about[name] for name in (*KEPT, *ALSO) if name in reader.about},
        "model": folder.name,
        "sha256": reader.sha256,
    }


def trained_detector(asked: ImagingTask, place: Path) -> tuple[dict[str, Any], bool]:
    """Train a detector of unusual films; its card, and whether it may speak."""
    from nof1.imaging.answering.detecting import build

    line = _line()

    def show(seed: int, number: int, loss: float) -> None:
        line(f"net {seed}, pass {number + 1}, loss {loss:.3f}")

    done = build(asked, place, on_pass=show, say=step)
    return film_document(done.folder), done.passed


def trained_masks(asked: MaskTask, place: Path) -> tuple[dict[str, Any], bool]:
    """Train a model of masks; its card, and whether any of its labels may be told."""
    from nof1.imaging.answering.marking import build

    line = _line()
    done = build(asked, place, progress=lambda at, of: line(f"step {at} of {of}"), say=step)
    return mask_document(done.folder), done.passed


def _line() -> Callable[[str], None]:
    """One line on standard error that is written over, on a terminal only."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(text: str) -> None:
        sys.stderr.write(f"\r{text:<{WIDTH - 1}}")
        sys.stderr.flush()

    return show


def told(data: Mapping[str, Any]) -> str:
    """The card of a model of any kind as text."""
    return mask_card(data) if data["question"] == "masks" else imaging_text.card(data)


def mask_card(data: Mapping[str, Any]) -> str:
    """The card of a model of masks as text."""
    gate = data["may_speak"]
    verdict = "The model may speak." if gate["passed"] else "The model is WITHHELD."
    weak = f" Withheld: {'; '.join(gate['reasons'])}." if gate["reasons"] else ""
    rows = [[name, _figure(one)] for name, one in data["dice"].items()]
    counts = data["counts"]
    notes = [
        f"Learnt from {counts['volumes']} volumes of {counts['patients']} patients, measured on "
        f"{counts['held_out_volumes']} of {counts['held_out_patients']} others.",
        *(f"Set aside: {count} ({reason})" for reason, count in data["set_aside"].items()),
        *data["limits"],
    ]
    lines = [
        data["name"],
        *textwrap.wrap(f"Model {data['sha256'][:16]}. {verdict}{weak}", WIDTH),
        "",
        table(rows, ["label", "Dice (95 % interval)"]),
        "",
        *(one for note in notes for one in textwrap.wrap(f"- {note}", WIDTH)),
    ]
    return "\n".join([*lines, "", NOTICE])


def _figure(one: Mapping[str, Any]) -> str:
    if one.get("value") is None:
        return f"not known: {one.get('note', '')}"
    return f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"


@click.command()
@common
@click.argument("weights", type=ANYTHING)
@click.argument("task", type=FILE, metavar="TASK.yaml")
@click.option("--out", type=FOLDER, help="Folder of the model [default: in the workspace].")
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="NAME=NUMBER",
    help="Which output of the network is which finding, counted from 0 (repeatable).",
)
@click.pass_context
def adopt(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    weights: Path,
    task: Path,
    out: Path | None,
    outputs: tuple[str, ...],
) -> None:
    """Make a model of weights from elsewhere: calibrate, test and gate them on the site's films.

    WEIGHTS is a local file (safetensors or a plain torch file; DenseNet121 under torchxrayvision's,
    torchvision's or MONAI's names, MONAI's ResNet18) or the folder of a MONAI bundle. Exit code 1:
    the model did not pass; it is stored as withheld and gives no answer.
    """
    from nof1.imaging.answering.adoption import adopt as run_adopt
    from nof1.imaging.training.task import ImagingTask

    asked = ImagingTask.load(task)
    found = workspace_or_none(workspace)
    place = out or new_folder(found, asked.name)
    done = run_adopt(weights, asked, place, outputs=_numbers(outputs), say=step)
    if found is not None:
        log.append(found.audit, "imaging adopt", model=asked.name, sha256=done.folder.sha256)
    data = film_document(done.folder)
    tell(data, imaging_text.card(data), as_json=as_json)
    ctx.exit(0 if done.passed else 1)


def _numbers(pairs: tuple[str, ...]) -> dict[str, int]:
    split = [pair.rpartition("=") for pair in pairs]
    if any(not name or not (number.isascii() and number.isdigit()) for name, _, number in split):
        raise UsageError("An output is not said.", where="--output", allowed="NAME=NUMBER")
    return {name: int(number) for name, _, number in split}


@click.command()
@json_option
@click.argument("file", type=FILE)
@click.option("--out", type=FILE, required=True, help="The new .safetensors file; needed.")
@click.option("--opt-in", is_flag=True, help="You trust the source of FILE; needed.")
def convert(as_json: bool, file: Path, out: Path, opt_in: bool) -> None:
    """Turn a full pickle of a network into safetensors, in a locked-down process of its own.

    The pickle is followed on paper and never run; a name in it that is not part of a network's
    weights is refused.
    """
    from nof1.imaging.nets.convert import convert as run_convert

    if not opt_in:
        raise UsageError(
            "Converting a full pickle must be asked for.",
            where=file.name,
            next_step="Do it only for a file whose source you trust: --opt-in",
        )
    step("converting in a process of its own")
    done = run_convert(file, out, opt_in=True)
    data = {
        "schema": "nof1/imaging-convert/1",
        "file": out.name,
        "tensors": done.tensors,
        "texts": [list(one) for one in done.texts],
        "without_network": done.without_network,
        "source_sha256": done.source_sha256,
        "sha256": done.sha256,
    }
    tell(data, _converted(data), as_json=as_json)


def _converted(data: Mapping[str, Any]) -> str:
    cut = "" if data["without_network"] else " This system did not let the process be cut off from "
    lines = [
        f"{data['file']}: {data['tensors']} tensors.{cut}{'' if not cut else 'the network.'}",
        f"SHA-256 {data['sha256']} (of the source: {data['source_sha256']})",
    ]
    for texts in data["texts"]:
        named = ", ".join(f"{number} {text}" for number, text in enumerate(texts))
        lines += textwrap.wrap(f"A list of texts beside the weights: {named}", WIDTH)
    return "\n".join([*lines, "Next step: nof1 imaging adopt FILE TASK.yaml", "", NOTICE])
