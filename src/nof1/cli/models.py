"""``nof1 train``, ``nof1 evaluate`` and ``nof1 card``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import ENGINE, common, narrow, step, table, tell
from nof1.core import artefacts, audit
from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.predict.train import TrainResult

SHOWN = (
    ("auroc", "AUROC"),
    ("uno_c", "Uno's C"),
    ("harrell_c", "Harrell's C"),
    ("average_precision", "Average precision"),
    ("brier", "Brier score"),
    ("calibration_slope", "Calibration slope"),
    ("calibration_in_the_large", "Calibration in the large"),
    ("ece_debiased", "Calibration error"),
    ("conformal_coverage", "Conformal coverage"),
)
version_option = click.option("--version", type=int, help="Version [default: the newest].")


@click.command()
@common
@click.argument("task", type=click.Path(dir_okay=False), metavar="TASK.yaml")
@click.option("--engine", default="local", show_default=True, help=ENGINE)
@click.option(
    "--page", type=click.Path(dir_okay=False), help="Write the model card as a page here."
)
@click.pass_context
def train(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    task: str,
    engine: str,
    page: str | None,
) -> None:
    """Train a model for a task file, and put it through the gate.

    Exit code 1: the model did not pass; it is stored as withheld and gives no risk.
    """
    from nof1.core.engine import engine_from
    from nof1.predict.train import train_task

    found = open_workspace(workspace)
    done = train_task(found, Path(task), engine_from(engine), step)
    audit.append(
        found.audit,
        "train",
        model=done.artefact.name,
        version=done.artefact.version,
        content_hash=done.artefact.content_hash,
        passed=not done.model.withheld,
    )
    if page is not None:
        write_card(Path(page), done.artefact)
    tell(_train_json(done), _train_text(done), as_json=as_json)
    ctx.exit(1 if done.model.withheld else 0)


def _train_json(done: TrainResult) -> dict[str, Any]:
    card = done.card.to_dict()
    return {
        "schema": "nof1/train/1",
        "model": {
            "name": done.artefact.name,
            "version": done.artefact.version,
            "content_hash": done.artefact.content_hash,
        },
        "attrition": done.cohort.attrition.to_dict(),
        "splits": done.splits.to_dict(),
        "leakage": done.audit.to_dict(),
        "metrics": card["evaluation"]["figures"],
        "horizons": [
            {
                "horizon_days": one.horizon_days,
                "metrics": {name: f.to_dict() for name, f in one.evaluation.figures.items()},
                "gate": one.gate.to_dict(),
            }
            for one in done.verdicts
        ],
        "gate": card["gate"],
        "learners": [
            {"name": name, "metrics": figures, "kept": name == done.choice.kept}
            for name, figures in card["learners"].items()
        ],
        "ablation": card["ablation"],
    }


def _train_text(done: TrainResult) -> str:
    card = done.card.to_dict()
    name = f"{done.artefact.name} version {done.artefact.version}"
    lines = [done.cohort.attrition.text(), "", done.audit.text()]
    lines += [f"Note: {note}" for note in done.cohort.notes]
    lines += ["", _learners(card), *_ablation(card), "", *_figures(card), "", *_gate(card)]
    verdict = "may speak" if card["status"] == "speaks" else "is WITHHELD: it gives no risk"
    lines += ["", f"Model {name} {verdict}.", f"Next step: nof1 card {done.artefact.name}"]
    return "\n".join(lines)


def _learners(card: dict[str, Any]) -> str:
    kept = card["choice"]["kept"]
    first = "auroc" if card["evaluation"]["kind"] == "binary" else "harrell_c"
    rows = [
        [
            f"{name} *" if name == kept else name,
            *(_shown(figures.get(key)) for key in (first, "brier")),
            _shown(figures.get("calibration_slope"), digits=2),
        ]
        for name, figures in card["learners"].items()
    ]
    heads = {"auroc": "AUROC", "harrell_c": "Harrell's C"}
    head = ["learner", heads[first], "Brier score", "slope"]
    return f"{table(rows, head)}\n* kept. {card['choice']['reason']}"


def _ablation(card: dict[str, Any]) -> list[str]:
    """A table of the groups of information, where the task asks for it; one line each."""
    found = card.get("ablation")
    if not found:
        return []
    rows = [
        [
            one["group"],
            f"{one['columns']:,}",
            _shown(one["difference"]) or one["note"] or one["difference"]["note"],
        ]
        for one in found["groups"]
    ]
    name = {"auroc": "AUROC", "harrell_c": "Harrell's C"}[found["measure"]]
    head = [f"{name} added to the others", "columns", "all minus without"]
    return ["", *table(rows, head, right="1").splitlines()]


def _figures(card: dict[str, Any]) -> list[str]:
    found = card["evaluation"]
    span = "" if found["horizon_days"] is None else f" at {found['horizon_days']:g} days"
    head = f"{found['events']:,} outcomes in {found['rows']:,} rows{span}, with intervals:"
    rows = [[title, _shown(found["figures"].get(key))] for key, title in SHOWN]
    return [head, *table([row for row in rows if row[1]], ["figure", "value"]).splitlines()[1:]]


def _gate(card: dict[str, Any]) -> list[str]:
    lines = ["Gate"]
    for check in card["gate"]["checks"]:
        lines.append(f"  {'passed' if check['passed'] else 'FAILED':6}  {check['name']}")
        if not check["passed"]:
            lines.append(f"          {check['reason']} {check['next_step']}".rstrip())
    silent = card["gate"]["withheld_groups"]
    return lines + [f"  silent about {group}: {why}" for group, why in silent.items()]


def _shown(figure: dict[str, Any] | None, digits: int = 3) -> str:
    if figure is None or figure.get("value") is None:
        return ""
    if figure.get("low") is None:
        return f"{figure['value']:.{digits}f}"
    value, low, high = (f"{figure[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


@click.command()
@common
@click.argument("model")
@version_option
@click.pass_context
def evaluate(
    ctx: click.Context, workspace: str | None, as_json: bool, model: str, version: int | None
) -> None:
    """Figures and gate of a trained model, as they were measured at training."""
    found = open_workspace(workspace)
    if _folder(found, model) != found.models:
        raise UsageError(
            "This is no model of a risk: its figures stand on its card.",
            where=model,
            next_step=f"nof1 card {model}",
        )
    card = artefacts.load(found.models, model, version).json("card.json")
    data = {
        "schema": "nof1/evaluate/1",
        "model": {"name": card["name"], "version": card["version"]},
        "metrics": card["evaluation"]["figures"],
        "gate": card["gate"],
        "subgroups": card["evaluation"]["subgroups"],
    }
    tell(data, "\n".join([_learners(card), "", *_figures(card), "", *_gate(card)]), as_json=as_json)
    ctx.exit(0 if card["gate"]["passed"] else 1)


@click.command()
@common
@click.argument("model")
@version_option
@click.option("--page", type=click.Path(dir_okay=False), help="Write the card as a page here.")
def card(
    workspace: str | None, as_json: bool, model: str, version: int | None, page: str | None
) -> None:
    """The model card as text, JSON (--json) or page (--page FILE)."""
    found = open_workspace(workspace)
    folder = _folder(found, model)
    artefact = artefacts.load(folder, model, version)
    if page is not None and folder == found.laboratory and folder != found.models:
        raise UsageError(
            "The page shows models of a patient's risk, and effects; this one is another.",
            next_step=f"Read it as text: nof1 card {model}",
        )
    if page is not None:
        write_card(Path(page), artefact)
    tell(artefact.json("card.json"), narrow(artefact.files["card.md"].decode()), as_json=as_json)


def _folder(workspace: Workspace, model: str) -> Path:
    """Where a model lies: with risks, with effects, or else in the laboratory."""
    kept = (workspace.models, workspace.effects, workspace.laboratory)
    return next((root for root in kept if model in artefacts.names(root)), workspace.models)


def write_card(
    path: Path, artefact: artefacts.Artefact, links: dict[str, str] | None = None
) -> None:
    """Write the model card as a page, with the curves of a glass box; or that of an effect."""
    from nof1.cli.twins import write_page

    data = artefact.json("card.json")
    if "effect_model.json" in artefact.files:
        write_page("effect", {**data, "links": links or {}}, path)
        return
    if "shapes.json" in artefact.files:
        data["shapes"] = _readable(artefact)
    write_page("model", {**data, "links": links or {}}, path)


def _readable(artefact: artefacts.Artefact) -> dict[str, Any]:
    """The curves with their features in words, without the bags that only intervals need."""
    from nof1.predict.model import Model
    from nof1.predict.reasons import column_words

    model, shapes = Model.read(artefact), artefact.json("shapes.json")
    known = set(model.columns)
    shapes["names"] = [
        column_words(model.spec.field(name), model.codes) if name in known else name
        for name in shapes["names"]
    ]
    for term in shapes["terms"]:
        term.pop("bags")
    return dict(shapes)
