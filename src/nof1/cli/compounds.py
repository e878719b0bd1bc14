"""``nof1 compounds``: models of properties and toxicity, and libraries of compounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import compounds_text, library
from nof1.cli.options import common, step, tell
from nof1.core import artefacts, audit
from nof1.core.errors import UsageError
from nof1.core.whole import write_whole
from nof1.core.workspace import open_workspace
from nof1.learn.files import read_json

if TYPE_CHECKING:
    from nof1.core.artefacts import Artefact
    from nof1.medicines.chemistry.reading import Batch
    from nof1.medicines.properties.model import Prediction, PropertyModel

LISTED = 1_000  # predictions and unusable rows in the output; --table holds all
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def compounds() -> None:
    """Property and toxicity models of compounds; libraries: index, search, screen."""


for _command in (library.index, library.search, library.screen):
    compounds.add_command(_command)


@compounds.command()
@common
@click.argument("file", type=FILE)
@click.option(
    "--label", "labels", multiple=True, required=True, help="Column to learn (repeatable)."
)
@click.option("--smiles", help="Column of SMILES [default: smiles, or a like name].")
@click.option("--name", help="Name of the model [default: the file's].")
@click.option(
    "--kind",
    help="regression or classification [default: classification where there are only yes and no].",
)
@click.option(
    "--repeats",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="Random and balanced-scaffold splits to make.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which splits are made.")
@click.option("--challenger", help="Race this on the same splits: chemprop. Ours is kept.")
@click.option("--page", type=FILE, help="Write a page about the model, and its JSON beside it.")
@click.pass_context
def train(
    ctx: click.Context, /, workspace: str | None, as_json: bool, file: Path, **options: Any
) -> None:
    """Learn properties or toxicity from a table of compounds.

    FILE is CSV, TSV or SDF, also gzipped. Exit code 1: a label's model is no better than the naive
    answer; it is stored as withheld.
    """
    from nof1.medicines.properties.race import challenger
    from nof1.medicines.properties.train import train as learn

    rival = None if options["challenger"] is None else challenger(options["challenger"])
    found = open_workspace(workspace)
    done = learn(
        found.laboratory,
        file,
        options["labels"],
        name=options["name"] or _name(file),
        smiles=options["smiles"],
        kind=options["kind"],
        repeats=options["repeats"],
        seed=options["seed"],
        rival=rival,
        tell=step,
    )
    model = {
        "name": done.artefact.name,
        "version": done.artefact.version,
        "content_hash": done.artefact.content_hash,
    }
    audit.append(
        found.audit,
        "compounds-train",
        model=model["name"],
        version=model["version"],
        content_hash=model["content_hash"],
        passed=not done.model.failed,
    )
    kept = ("source", "rows", "set_aside", "labels", "challenger", "meaning")
    shown = {key: done.card[key] for key in kept}
    if options["page"] is not None:
        _write_page(options["page"], done.card, done.artefact.version, None)
    data = {"schema": "nof1/compounds-train/1", "model": model, **shown}
    tell(data, compounds_text.trained(data), as_json=as_json)
    ctx.exit(1 if done.model.failed else 0)


@compounds.command()
@common
@click.argument("model")
@click.argument("file", type=FILE, required=False)
@click.option("--smiles", multiple=True, help="A SMILES (repeatable); with FILE, its column.")
@click.option("--version", type=int, help="Version of the model [default: the newest].")
@click.option("--label", help="Label that --explain and --page draw [default: the first].")
@click.option("--explain", type=FILE, help="Draw what speaks for it here, an SVG (one SMILES).")
@click.option("--table", "table_file", type=FILE, help="Write all predictions here, a CSV.")
@click.option("--page", type=FILE, help="Write a page with drawings, and its JSON beside it.")
@click.pass_context
def predict(
    ctx: click.Context, /, workspace: str | None, as_json: bool, model: str, **options: Any
) -> None:
    """Predict with interval, domain and nearest training compound.

    Exit code 1: a compound could not be used, or its prediction is withheld.
    """
    from nof1.medicines.properties.model import PropertyModel

    if options["file"] is None and not options["smiles"]:
        raise UsageError("There is nothing to predict.", allowed="FILE, or --smiles SMILES")
    if options["file"] is not None and len(options["smiles"]) > 1:
        raise UsageError("A FILE has one column of SMILES.", allowed="--smiles COLUMN, once")
    if options["explain"] is not None and (options["file"] or len(options["smiles"]) > 1):
        raise UsageError("A drawing is made of one compound.", allowed="--explain with --smiles")
    found = open_workspace(workspace)
    artefact = artefacts.load(found.laboratory, model, options["version"])
    property_model = PropertyModel.read(artefact)
    data = {
        "schema": "nof1/compounds-predict/1",
        "model": {"name": artefact.name, "version": artefact.version},
        "labels": [{"name": one.name, "kind": one.kind} for one in property_model.labels],
        **_predicted(property_model, options),
    }
    if options["explain"] is not None:
        data["explanation"] = _explain(property_model, options)
    if options["page"] is not None:
        _page(property_model, artefact, data, options)
    tell(data, compounds_text.predicted(data), as_json=as_json)
    ctx.exit(1 if data["counts"]["unusable"] or data["counts"]["withheld"] else 0)


def _name(file: Path) -> str:
    stem = file.name.split(".")[0].lower()
    return re.sub(r"[^a-z0-9_-]+", "-", stem).strip("-_")[:80] or "compounds"


def _predicted(model: PropertyModel, options: dict[str, Any]) -> dict[str, Any]:
    """Predictions and unusable rows with their counts; all of them into the table, if asked."""
    from nof1.medicines.properties.answers import Sheet, to_dict

    predictions: list[dict[str, Any]] = []
    unusable: list[dict[str, Any]] = []
    reasons: dict[str, int] = {}
    counts = {"rows": 0, "predicted": 0, "withheld": 0, "unusable": 0}
    with Sheet(options["table_file"], model.labels) as sheet:
        for row, problem, notes, one in _each(model, options):
            counts["rows"] += 1
            if one is None:
                counts["unusable"] += 1
                reasons[str(problem)] = reasons.get(str(problem), 0) + 1
                unusable += [{"row": row, "reason": problem}] * (len(unusable) < LISTED)
            else:
                silent = all(answer.value is None for answer in one.answers)
                counts["withheld" if silent else "predicted"] += 1
                if len(predictions) < LISTED:
                    predictions.append({"row": row, **to_dict(one), "notes": list(notes)})
            sheet.write(row, problem, one)
    return {
        "counts": counts,
        "reasons": dict(sorted(reasons.items(), key=lambda pair: -pair[1])),
        "predictions": predictions,
        "unusable": unusable,
        "table": None if options["table_file"] is None else options["table_file"].name,
    }


def _each(
    model: PropertyModel, options: dict[str, Any]
) -> Iterator[tuple[int, str | None, tuple[str, ...], Prediction | None]]:
    """Row, problem, notes and prediction of each compound in order."""
    from nof1.medicines.chemistry.molecules import standardise

    for batch in _batches(options):
        done = standardise(batch.smiles)
        keep = done.usable()
        found = model.predict(
            [str(done.smiles[place]) for place in keep], [done.molecules[place] for place in keep]
        )
        by_place = dict(zip(keep, found, strict=True))
        for place, row in enumerate(batch.rows):
            problem = batch.problems[place] or done.problems[place]
            yield row, problem, done.notes[place], by_place.get(place)


def _batches(options: dict[str, Any]) -> Iterator[Batch]:
    from nof1.medicines.chemistry.reading import Batch, batches

    if options["file"] is None:
        asked = list(options["smiles"])
        yield Batch(list(range(1, len(asked) + 1)), asked, [None] * len(asked), {})
        return
    column = next(iter(options["smiles"]), None)
    for number, batch in enumerate(batches(options["file"], smiles=column, size=2_000)):
        step(f"rows from {number * 2_000 + 1:,}")
        yield batch


def _page(
    model: PropertyModel, artefact: Artefact, data: dict[str, Any], options: dict[str, Any]
) -> None:
    """The page of these predictions: the first ones drawn, with their atoms coloured."""
    from nof1.medicines.properties import explain
    from nof1.pictures.views.compounds import DRAWN

    card = read_json(artefact.files, "card.json")
    names = [one.name for one in model.labels]
    asked = _label(names, options["label"])
    step("drawing")
    shown = {
        **data,
        "drawn_label": asked,
        "predictions": [
            {**one, **explain.drawn(model, one, names.index(asked))}
            for one in data["predictions"][:DRAWN]
        ],
    }
    _write_page(options["page"], card, artefact.version, shown)


def _write_page(
    path: Path, card: dict[str, Any], version: int, asked: dict[str, Any] | None
) -> None:
    from nof1.cli.twins import write_page
    from nof1.pictures.views.compounds import SCHEMA

    data = {"schema": SCHEMA, "version": version, "card": card, "asked": asked}
    write_page("compounds", data, path)


def _label(names: list[str], asked: str | None) -> str:
    if asked is not None and asked not in names:
        raise UsageError("The model has no such label.", where="--label", allowed=names)
    return asked or names[0]


def _explain(model: PropertyModel, options: dict[str, Any]) -> dict[str, Any] | None:
    """Draw the atoms' contributions; None when the compound cannot be used or is withheld."""
    from nof1.medicines.chemistry.molecules import standardise
    from nof1.medicines.properties import explain

    names = [one.name for one in model.labels]
    asked = _label(names, options["label"])
    done = standardise(options["smiles"])
    if done.molecules[0] is None:
        return None
    answer = model.predict([str(done.smiles[0])], done.molecules)[0].answers[names.index(asked)]
    if answer.value is None:
        return None
    parts = explain.contributions(model, done.molecules[0], names.index(asked))
    legend = f"{asked}: {answer.value:.3g}. Blue atoms raise it, orange ones lower it."
    write_whole(options["explain"], explain.drawing(done.molecules[0], parts, legend))
    return {
        "label": asked,
        "smiles": done.smiles[0],
        "file": options["explain"].name,
        "contributions": [float(one) for one in parts],
        "strongest": explain.strongest(done.molecules[0], parts),
    }
