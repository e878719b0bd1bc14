"""``nof1 compounds index|search|screen``: libraries of compounds, without a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import library_text
from nof1.cli.options import ENGINE, as_json, common, on_terminal, step, tell
from nof1.core.errors import UsageError
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.medicines.library.index import Library
    from nof1.medicines.library.screening import Screened

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
LISTED = 1_000  # so many hits stand in the JSON unless --top says otherwise; a table holds all
TOP = 20
LIABILITIES = ("pains", "brenk", "lipinski", "synthesis")
Progress = Callable[[str, int, int | None], None]

smiles_column = click.option("--smiles-column", help="Column of a table with SMILES.")
id_column = click.option("--id-column", help="Column of a table with ids.")


@click.command()
@as_json
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--out", required=True, type=FOLDER, help="Folder of the index.")
@click.option("--engine", default="local", show_default=True, help=ENGINE)
@smiles_column
@id_column
@click.option("--no-substructures", is_flag=True, help="Leave out what --smarts needs: faster.")
@click.option("--replace", is_flag=True, help="Replace an index that stands there.")
@click.option("--restart", is_flag=True, help="Drop an unfinished build and begin anew.")
@click.pass_context
def index(ctx: click.Context, /, as_json: bool, **options: Any) -> None:
    """Make an index of a library of compounds, for search and screen.

    FILE is SMILES (.smi), CSV, TSV or SDF, also gzipped, of any size. Stopped and run again, it
    goes on where it was. Exit code 1: rows were set aside that are no usable molecules.
    """
    from nof1.core.engine import engine_from
    from nof1.medicines.library.building import Order, build
    from nof1.medicines.library.merging import SAME
    from nof1.medicines.library.reading import Columns

    order = Order(
        options["files"],
        options["out"],
        Columns(options["smiles_column"], options["id_column"]),
        substructures=not options["no_substructures"],
        replace=options["replace"],
        restart=options["restart"],
    )
    with _progress() as progress:
        about = build(order, engine_from(options["engine"]), progress)
    kept = ("files", "counts", "first", "substructures", "chemistry", "content")
    data = {
        "schema": "nof1/compounds-index/1",
        "index": str(options["out"]),
        **{name: about[name] for name in kept},
    }
    tell(data, library_text.indexed(data), as_json=as_json)
    ctx.exit(1 if set(about["counts"]["set_aside"]) - {SAME} else 0)


@click.command()
@as_json
@click.argument("library", type=FOLDER)
@click.option("--smiles", help="Find molecules similar to this one.")
@click.option("--smarts", help="Find molecules that hold this substructure.")
@click.option("--threshold", type=float, help="Least Tanimoto similarity, 0 to 1.")
@click.option(
    "--top",
    type=click.IntRange(1),
    help="So many of the most similar [default: 20 without --threshold].",
)
@click.option("--seconds", default=60.0, show_default=True, help="Time limit of --smarts.")
@click.option("--engine", default="local", show_default=True, help=ENGINE)
@click.option("--table", "table_file", type=FILE, help="Write all hits to a .tsv.")
@click.pass_context
def search(ctx: click.Context, /, library: Path, as_json: bool, **options: Any) -> None:
    """Similar molecules, or those with a substructure, in an index.

    Both are exact. LIBRARY is a folder made by nof1 compounds index. Exit code 1: the time was not
    enough to test every molecule for the substructure.
    """
    from nof1.medicines.library.index import open_library

    if (options["smiles"] is None) == (options["smarts"] is None):
        raise UsageError(
            "A search needs one question.",
            where="nof1 compounds search",
            allowed="either --smiles SMILES or --smarts PATTERN",
        )
    opened = open_library(library)
    step(f"searching {len(opened):,} molecules")
    found = _containing(opened, options) if options["smiles"] is None else _similar(opened, options)
    molecules, values = found.pop("molecules"), found.pop("values")
    if options["table_file"] is not None:
        library_text.write_table(opened, molecules, values, options["table_file"])
    listed = molecules[: options["top"] or LISTED]
    data = {
        "schema": "nof1/compounds-search/1",
        "library": {"name": library.name, "molecules": len(opened), **_basis(opened)},
        **found,
        "found": len(molecules),
        "listed": len(listed),
        "hits": library_text.hits(opened, listed, values),
    }
    opened.unchanged()
    tell(data, library_text.searched(data), as_json=as_json)
    ctx.exit(0 if data["complete"] else 1)


def _similar(opened: Library, options: Mapping[str, Any]) -> dict[str, Any]:
    from nof1.core.engine import engine_from
    from nof1.medicines.library import similarity

    asked = similarity.query(options["smiles"])
    threshold, top = options["threshold"], options["top"]
    engine = engine_from(options["engine"])
    if threshold is not None and not 0 < threshold <= 1:
        raise UsageError(
            f"{threshold:g} is no threshold.", where="--threshold", allowed="above 0, at most 1"
        )
    if threshold is not None and top is None:
        hits = similarity.above(opened, asked, threshold, engine)
    else:
        hits = similarity.most(opened, asked, top if top is not None else TOP, threshold or 0.0)
    return {
        "query": {"smiles": asked.smiles, "given": asked.given, "notes": list(asked.notes)},
        "kind": "similarity",
        "threshold": threshold,
        "complete": True,
        "untested": 0,
        "molecules": hits.molecules,
        "values": [round(float(value), 6) for value in hits.similarity],
    }


def _containing(opened: Library, options: Mapping[str, Any]) -> dict[str, Any]:
    from nof1.core.engine import LocalEngine, engine_from
    from nof1.medicines.library import substructure

    if options["threshold"] is not None:
        raise UsageError("A substructure has no threshold.", where="--threshold")
    engine = engine_from(options["engine"])
    workers = engine.workers if isinstance(engine, LocalEngine) else 1
    found = substructure.containing(
        opened, options["smarts"], seconds=options["seconds"], workers=workers
    )
    return {
        "query": {"smarts": options["smarts"]},
        "kind": "substructure",
        "complete": found.complete,
        "candidates": found.candidates,
        "untested": found.untested,
        "unreadable": found.unreadable,
        "molecules": found.molecules,
        "values": None,
    }


@click.command()
@common
@click.argument("library", type=FOLDER)
@click.option("--for", "target", required=True, type=FILE, help="File of known actives.")
@click.option("--label-column", help="Column of 1 (active) and 0 (inactive) in that file.")
@smiles_column
@click.option("--top", default=TOP, show_default=True, help="So many compounds, each of a cluster.")
@click.option(
    "--allow", multiple=True, type=click.Choice(LIABILITIES), help="Do not set these aside."
)
@click.option("--model", help="A property model of the workspace has its say (higher is better).")
@click.option("--model-label", help="Which of its labels.")
@click.option("--seed", default=0, show_default=True, help="Which molecules stand for inactives.")
@click.option("--page", type=FILE, help="Write a page with drawings, and its JSON beside it.")
@click.pass_context
def screen(
    ctx: click.Context, /, library: Path, workspace: str | None, as_json: bool, **options: Any
) -> None:
    """Rank a library for a target by similarity to its known actives.

    Known actives are held back first: a ranking that finds them no better than chance or molecular
    weight is withheld. Exit code 1: it was withheld. A similarity is a hypothesis about a compound,
    never a reason to give it to anybody.
    """
    from nof1.medicines.library.actives import read_known
    from nof1.medicines.library.index import open_library
    from nof1.medicines.library.reading import Columns
    from nof1.medicines.library.screening import screen as run

    opened = open_library(library)
    columns = Columns(smiles=options["smiles_column"], label=options["label_column"])
    step("reading known actives")
    known = read_known(options["target"], columns)
    model = None
    if options["model"] is not None:
        from nof1.medicines.library.modelled import property_model

        models = open_workspace(workspace).laboratory
        model = property_model(models, options["model"], options["model_label"])
    step("holding back, ranking")
    done = run(
        opened,
        known,
        count=options["top"],
        allowed=options["allow"],
        model=model,
        seed=options["seed"],
    )
    data = {
        "schema": "nof1/compounds-screen/1",
        "target": known.name,
        "library": {"name": library.name, "molecules": len(opened), **_basis(opened)},
        **done.to_dict(),
    }
    if options["page"] is not None:
        _write_page(data, done, options["page"])
    tell(data, library_text.screened(data), as_json=as_json)
    ctx.exit(0 if done.status == "found" else 1)


def _write_page(data: dict[str, Any], done: Screened, path: Path) -> None:
    from nof1.cli.twins import write_page
    from nof1.medicines.library.drawing import drawing

    picks = [
        {**row, "drawing": drawing(one.entry.smiles)}
        for row, one in zip(data["picks"], done.picks, strict=True)
    ]
    write_page("screen", {**data, "picks": picks}, path)


def _basis(opened: Library) -> dict[str, Any]:
    """What an answer rests on: the index, by its hash, and the version of the chemistry."""
    return {
        "content": opened.about["content"],
        "rdkit": opened.about["chemistry"]["rdkit"],
        "files": [one["name"] for one in opened.about["files"]],
        "indexed": opened.date,
    }


@contextmanager
def _progress() -> Iterator[Progress]:
    """A progress bar when a person is watching; otherwise nothing."""
    if not on_terminal():
        yield lambda stage, done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    words = {"read": "Reading molecules", "merge": "Writing the index"}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, of: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(words[stage], total=of)
            bar.update(tasks[stage], completed=done, total=of)

        yield show
