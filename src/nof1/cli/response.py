"""``nof1 medicines response train|evaluate|predict``: what cell lines say, or why they do not."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import WIDTH, common, narrow, step, table, tell
from nof1.core import artefacts, audit
from nof1.core.errors import ModelError, UsageError
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.medicines.response.speaking import Answer, DrugAnswer

FILE = click.Path(dir_okay=False)
NAME_WIDTH, LINE_WIDTH = 20, 11
ALL_SPLITS = "pairs,cell-line,tissue,drug"
version_option = click.option("--version", type=int, help="Version [default: the newest].")


@click.group()
def response() -> None:
    """Responses of cell lines to drugs: a laboratory hypothesis, or openly withheld."""


@response.command()
@common
@click.argument("name")
@click.option("--response", "responses", type=FILE, required=True, help="Responses, wide or long.")
@click.option("--unit", help="ln_uM, log10_uM, nM, uM or AUC; long tables may have a column unit.")
@click.option("--omics", type=FILE, required=True, help="Samples x features; first column the id.")
@click.option("--annotations", type=FILE, required=True, help="Tissue of each line.")
@click.option("--tissue-column", help="Column of the tissue [found by its name].")
@click.option("--subtype-column", help="Column of a finer tissue; naive predictors get it too.")
@click.option("--drugs", type=FILE, help="List of drugs: names, classes, substance ids.")
@click.option("--compounds", type=FILE, help="SMILES or descriptors by drug or substance id.")
@click.option("--only-with-structure", is_flag=True, help="Leave out drugs without structure.")
@click.option("--splits", default=ALL_SPLITS, show_default=True, help="Splits to judge on.")
@click.option(
    "--folds", type=click.IntRange(2, 20), default=5, show_default=True, help="Held-out parts."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Which lines each part holds.",
)
@click.option("--trees", is_flag=True, help="Let LightGBM take part; slower.")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    workspace: str | None,
    as_json: bool,
    name: str,
    splits: str,
    folds: int,
    seed: int,
    trees: bool,
    **files: Any,
) -> None:
    """Train NAME, race it against averages on four splits, and store it with its card.

    Exit code 1: no better than the average of the tissue for a new cell line; it is stored as
    withheld and ranks nothing.
    """
    from nof1.medicines.response.card import card_text
    from nof1.medicines.response.crossing import Plan
    from nof1.medicines.response.joining import join
    from nof1.medicines.response.training import train as fit

    found = open_workspace(workspace)
    step("reading the tables")
    joined = join(_sources(files))
    wanted = [one.strip() for one in splits.split(",") if one.strip()]
    done = fit(joined, name, wanted, Plan(folds, seed, trees), step)
    kept = artefacts.save(found.laboratory, name, done.files(), done.notes())
    audit.append(
        found.audit,
        "medicines response train",
        model=kept.name,
        version=kept.version,
        content_hash=kept.content_hash,
        passed=not done.model.withheld,
    )
    data = {
        "schema": "nof1/medicines-response-train/1",
        "model": {"name": kept.name, "version": kept.version, "content_hash": kept.content_hash},
        **{key: value for key, value in done.card.items() if key not in ("schema", "name")},
    }
    verdict = f"{kept.name} version {kept.version}: {_verdict(done.card)}"
    text = f"{narrow(card_text(done.card))}\n\n{verdict}"
    tell(data, text, as_json=as_json)
    ctx.exit(1 if done.model.withheld else 0)


def _sources(files: dict[str, Any]) -> Any:
    from nof1.medicines.response.joining import Sources

    def path(key: str) -> Path | None:
        return Path(files[key]) if files[key] else None

    return Sources(
        response=Path(files["responses"]),
        omics=Path(files["omics"]),
        annotations=Path(files["annotations"]),
        unit=files["unit"],
        drugs=path("drugs"),
        compounds=path("compounds"),
        tissue_column=files["tissue_column"],
        subtype_column=files["subtype_column"],
        only_with_structure=files["only_with_structure"],
    )


def _verdict(card: dict[str, Any]) -> str:
    if card["status"] == "withheld":
        return "WITHHELD; it ranks no drug."
    own = next(one for one in card["splits"] if one["split"] == "cell-line")
    return f"speaks about {own['drugs_that_speak']:,} drugs for a new cell line."


@response.command()
@common
@click.argument("name")
@version_option
@click.pass_context
def evaluate(
    ctx: click.Context, workspace: str | None, as_json: bool, name: str, version: int | None
) -> None:
    """The four-split table of a trained model, as it was measured at training.

    Exit code 1: the model is withheld.
    """
    found = open_workspace(workspace)
    artefact = artefacts.load(found.laboratory, name, version)
    _check(artefact)
    card = artefact.json("card.json")
    data = {
        "schema": "nof1/medicines-response-evaluate/1",
        "model": {"name": artefact.name, "version": artefact.version},
        "status": card["status"],
        "reason": card["reason"],
        "splits": card["splits"],
        "tables": card["tables"],
        "notice": card["notice"],
    }
    tell(data, narrow(artefact.files["card.md"].decode()), as_json=as_json)
    ctx.exit(1 if card["status"] == "withheld" else 0)


def _check(artefact: artefacts.Artefact) -> None:
    if artefact.files.get("card.json", b"").find(b"nof1/response-card/1") < 0:
        raise ModelError(
            "This is no response model.",
            where=artefact.name,
            next_step="Train one: nof1 medicines response train NAME ...",
        )


@response.command()
@common
@click.argument("name")
@version_option
@click.option(
    "--profile", type=FILE, required=True, help="Tumours x features; first column the id."
)
@click.option("--tissue", required=True, help="Tissue of the tumour, as the annotations name it.")
@click.option("--subtype", default="", help="Finer tissue, where the model has it.")
@click.option("--top", type=click.IntRange(1), default=15, show_default=True, help="Rows to print.")
@click.pass_context
def predict(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    name: str,
    version: int | None,
    profile: str,
    tissue: str,
    subtype: str,
    top: int,
) -> None:
    """Rank drugs for tumour profiles: laboratory hypothesis, cell lines are not patients.

    Exit code 1: withheld for at least one profile; the reason is told.
    """
    from nof1.medicines.response.joining import read_omics
    from nof1.medicines.response.model import ResponseModel
    from nof1.medicines.response.speaking import Profile, answer

    found = open_workspace(workspace)
    artefact = artefacts.load(found.laboratory, name, version)
    _check(artefact)
    model = ResponseModel.read(artefact)
    names, values, features = read_omics(Path(profile))
    if not tissue.strip():
        raise UsageError("The tissue is empty.", where="--tissue")
    answers = [
        answer(model, Profile(who, features, row, tissue.strip(), subtype.strip()))
        for who, row in zip(names, values, strict=True)
    ]
    audit.append(
        found.audit,
        "medicines response predict",
        model=artefact.name,
        version=artefact.version,
        content_hash=artefact.content_hash,
        profiles=len(answers),
    )
    data = {
        "schema": "nof1/medicines-response-predict/1",
        "model": {"name": artefact.name, "version": artefact.version},
        "measure": model.screen.measure,
        "answers": [one.to_dict() for one in answers],
    }
    text = "\n\n".join(_told(one, model.screen.measure, top) for one in answers)
    tell(data, text, as_json=as_json)
    ctx.exit(1 if any(one.status == "withheld" for one in answers) else 0)


def _told(one: Answer, measure: str, top: int) -> str:
    from nof1.medicines.response.card import MEASURES
    from nof1.medicines.response.speaking import silent_reason

    counts = one.counts
    lines = [
        f"Tumour {one.profile}",
        "LABORATORY HYPOTHESIS: cell lines are not patients.",
        f"Features: {counts['features_given']:,} given, {counts['features_missing']:,} missing, "
        f"{counts['features_unknown']:,} unknown to the model.",
    ]
    if one.neighbours:
        lines.append("Nearest cell lines: " + ", ".join(n.line for n in one.neighbours[:3]))
    if one.status == "withheld":
        lines += [
            f"WITHHELD: {one.reason}.",
            f"What would resolve it: {one.resolve}",
        ]
        return "\n".join([*map(_wrapped, lines), "", _wrapped(one.notice)])
    lines += ["", f"{MEASURES[measure]}; SD: how much more sensitive than usual for this drug"]
    rows = [_row(row) for row in one.ranked[:top]]
    head = ["drug", "SD", "90 % interval", "said", "tissue", "gain", "loudest line"]
    lines.append(table(rows, head, right="1345"))
    if len(one.ranked) > top:
        lines.append(f"... {len(one.ranked) - top:,} more; see --top")
    lines.append("Loudest line: the cell line that says most, + for more sensitive.")
    return "\n".join([*lines, "", silent_reason(one.silent), _wrapped(one.notice)])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="  ")


def _name(row: DrugAnswer) -> str:
    """The title in 20 characters; the id that tells two drugs of one name apart is kept whole."""
    own = f" ({row.drug})"
    if not row.title.endswith(own):
        return row.title[:NAME_WIDTH]
    return row.title.removesuffix(own)[: max(NAME_WIDTH - len(own), 0)] + own[-NAME_WIDTH:]


def _row(row: DrugAnswer) -> list[str]:
    gain = row.gain["value"] if row.gain else None
    loudest = "-"
    if row.voices:
        loudest = ("+" if row.voices[0].shift < 0 else "-") + row.voices[0].line[:LINE_WIDTH]
    return [
        _name(row),
        f"{row.sensitivity:+.2f}",
        f"{row.low:.2f} to {row.high:.2f}",
        f"{row.predicted:.2f}",
        f"{row.naive:.2f}",
        "-" if gain is None else f"{gain:.3f}",
        loudest,
    ]
