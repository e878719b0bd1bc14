"""``nof1 federation``: one model of several hospitals, without a row leaving any of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.lazy import Lazy
from nof1.cli.options import as_json as json_option
from nof1.cli.options import step, table, tell
from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.federation.job import Trained
    from nof1.federation.link import Link

FIGURES = (
    ("auroc", "AUROC"),
    ("brier", "Brier score"),
    ("calibration_slope", "Calibration slope"),
    ("conformal_coverage", "Conformal coverage"),
)


COMMANDS = {
    "train": ("federation", "Train over workspaces on this machine."),
    "rehearse": ("federation_jobs", "The same over a network of processes on this machine."),
    "init": ("federation_network", "Coordinator: make a project and a kit for each site."),
    "serve": ("federation_network", "Coordinator: run it."),
    "renew": ("federation_network", "Coordinator: new certificates and kits."),
    "join": ("federation_network", "Site: unpack a kit."),
    "roster": ("federation_network", "Site: compare and accept the list of sites."),
    "site": ("federation_network", "Site: wait for jobs; the own policy decides."),
    "policy": ("federation_rules", "Site: what is allowed here."),
    "budget": ("federation_rules", "Site: what each cohort's privacy budget has left."),
    "submit": ("federation_jobs", "Lead: hand a signed job in and follow it."),
    "status": ("federation_jobs", "Lead: who is there, and how the job stands."),
}


@click.group(cls=Lazy, table=COMMANDS)
def federation() -> None:
    """One model of several hospitals, without a row leaving any of them."""


@federation.command()
@click.argument("task", type=click.Path(dir_okay=False), metavar="TASK.yaml")
@click.option(
    "--site", "sites", multiple=True, metavar="NAME=FOLDER", help="A site's workspace (3 or more)."
)
@click.option("--patience", default=600.0, show_default=True, help="Seconds to wait for a site.")
@json_option
@click.pass_context
def train(
    ctx: click.Context, task: str, sites: tuple[str, ...], patience: float, as_json: bool
) -> None:
    """Train one model over workspaces on this machine, each a site with masked sums.

    Every site's workspace gets the same model. Exit code 1: it did not pass the gate.
    """
    from nof1.federation import local
    from nof1.predict.task import Task

    named = dict(named_site(one) for one in sites)
    if len(named) < len(sites):
        raise UsageError("A site is named twice.", where="--site")
    Task.load(task)  # refused before any site starts
    text = Path(task).read_text(encoding="utf-8")
    step(f"Training over {len(named)} sites")
    runs = {name: _run(found, text) for name, found in named.items()}
    done = local.run(runs, job=Path(task).stem, patience=patience)
    first = next(iter(done.values()))
    tell(_json(done), _text(done), as_json=as_json)
    ctx.exit(1 if first.model.withheld else 0)


def named_site(text: str) -> tuple[str, Workspace]:
    """A site's name and workspace from ``NAME=FOLDER``.

    Raises
    ------
    UsageError : the text is not of this form. WorkspaceError : there is no workspace.
    """
    name, equals, folder = text.partition("=")
    if not equals or not name or not folder:
        raise UsageError(
            "A site is a name and the folder of its workspace.",
            where="--site",
            allowed="NAME=FOLDER",
            next_step="nof1 federation train TASK.yaml --site a=A --site b=B --site c=C",
        )
    return name, open_workspace(folder)


def _run(found: Workspace, text: str) -> Callable[[Link], Trained]:
    from nof1.federation.job import train as take_part
    from nof1.federation.policy import of_workspace

    policy = of_workspace(found.root)
    return lambda link: take_part(link, found, text, policy)


def _json(done: dict[str, Trained]) -> dict[str, Any]:
    first = next(iter(done.values()))
    card = first.card.to_dict()
    return {
        "schema": "nof1/federation-train/1",
        "sites": sorted(done),
        "model": {"name": first.artefact.name, "content_hash": first.artefact.content_hash},
        "versions": {name: one.artefact.version for name, one in done.items()},
        "patients": first.federated.patients,
        "rows": first.federated.rows,
        "events": first.federated.events,
        "rounds": first.federated.rounds,
        "bytes_sent_by_each_site": first.federated.bytes_sent,
        "withheld": list(first.model.withheld),
        "evaluation": card["evaluation"],
        "gate": card["gate"],
        "synthetic": first.model.synthetic,
    }


def _text(done: dict[str, Trained]) -> str:
    first = next(iter(done.values()))
    made, figures = first.federated, first.card.evaluation.figures
    rows = [
        [
            words,
            f"{figures[name].value:.3f}",
            f"{figures[name].low:.3f} to {figures[name].high:.3f}",
        ]
        for name, words in FIGURES
        if name in figures
    ]
    verdict = "passed the gate; it may speak" if not first.model.withheld else "WITHHELD"
    lines = [
        *(["SYNTHETIC DATA: no real patient is behind any number.", ""] * first.model.synthetic),
        f"{first.artefact.name}: {verdict}",
        "",
        f"{made.patients:,} patients, {made.events:,} with the outcome, at {len(done)} sites:",
        f"  {', '.join(sorted(done))}",
        "",
        table(rows, ["figure", "value", "95 % interval"], right="1"),
        "",
        *(f"Withheld: {why}" for why in first.model.withheld),
        f"{made.rounds:,} masked sums; each site sent {made.bytes_sent / 1e6:.1f} MB.",
        "No row left a site. The sums carry no added noise: the model is not",
        "differentially private.",
        "",
        "The same model is now in every site's workspace. Research and education use;",
        "not a medical device.",
        f"Next step: nof1 card {first.artefact.name} -w FOLDER",
    ]
    return "\n".join(lines)
