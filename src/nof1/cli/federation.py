"""``nof1 federation``: one model of several hospitals, without a row leaving any of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.federation_privacy import privacy_of, privacy_options
from nof1.cli.lazy import Lazy
from nof1.cli.options import as_json as json_option
from nof1.cli.options import step, tell
from nof1.core.errors import InputError, UsageError
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.federation.algorithms import Algorithm, Result
    from nof1.federation.link import Link
    from nof1.federation.manifest import Privacy

LONGEST = 86_400  # seconds that a site or coordinator may be told to wait

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
    "egress": ("federation_egress", "Site: what a privacy officer must know of a model."),
}


@click.group(cls=Lazy, table=COMMANDS)
def federation() -> None:
    """One model of several hospitals, without a row leaving any of them."""


algorithm_option = click.option(
    "--algorithm", default="glassbox", show_default=True, metavar="NAME",
    help="What the sites compute together (docs/federation.md lists all).",
)  # fmt: skip


def _seconds(ctx: click.Context, option: click.Parameter, value: float) -> float:
    if not 1 <= value <= LONGEST:  # false for NaN, too, with which nobody would ever stop waiting
        raise UsageError(
            f"A wait of {value:g} seconds is none.",
            where="--patience",
            allowed=f"1 to {LONGEST:,}",
            next_step="Leave --patience out: then it is 600.",
        )
    return value


patience_option = click.option(
    "--patience", type=float, default=600.0, show_default=True, callback=_seconds,
    help="Seconds to wait for a site.",
)  # fmt: skip


@federation.command()
@click.argument("task", type=click.Path(dir_okay=False), metavar="TASK.yaml")
@click.option(
    "--site", "sites", multiple=True, metavar="NAME=FOLDER", help="A site's workspace (3 or more)."
)
@algorithm_option
@privacy_options
@patience_option
@json_option
@click.pass_context
def train(
    ctx: click.Context,
    /,
    task: str,
    sites: tuple[str, ...],
    algorithm: str,
    patience: float,
    as_json: bool,
    **noise: Any,
) -> None:
    """Train one model over workspaces on this machine, each a site with masked sums.

    Every site's workspace gets the same model. With --algorithm the sites compute something else.
    Exit code 1: the model did not pass the gate.
    """
    from nof1.federation import local

    named = named_sites(sites)
    entry, text, _ = asked_for(task, algorithm)  # refused before any site starts
    privacy = privacy_of(entry, **noise)
    step(f"{algorithm} over {len(named)} sites")
    runs = {name: _run(found, text, entry, privacy) for name, found in named.items()}
    done = local.run(runs, job=Path(task).stem, patience=patience)
    first = next(iter(done.values()))
    tell(_json(entry, done, named), _text(entry, done, named), as_json=as_json)
    ctx.exit(1 if first.figures.get("withheld") else 0)


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


def named_sites(sites: tuple[str, ...]) -> dict[str, Workspace]:
    """Workspaces by the site's name.

    Raises
    ------
    UsageError : a name stands twice, or a workspace: its patients would count double.
    """
    named = dict(named_site(one) for one in sites)
    if len(named) < len(sites):
        raise UsageError(
            "A site is named twice.", where="--site", next_step="Give each site a name of its own."
        )
    if len({one.root.resolve() for one in named.values()}) < len(named):
        raise UsageError(
            "Two sites have the same workspace: its patients would count double.",
            where="--site",
            next_step="Give each site a workspace of its own.",
        )
    return named


def asked_for(path: str, algorithm: str) -> tuple[Algorithm, str, str]:
    """The algorithm, the text of the task file, and the task's name in small letters.

    Raises
    ------
    Refused : an unknown algorithm. InputError : a file that the algorithm cannot read.
    """
    from nof1.core import yaml_lines
    from nof1.federation.algorithms import algorithm as entry_of

    entry, root = entry_of(algorithm), yaml_lines.load(path)
    text = Path(path).read_text(encoding="utf-8-sig")
    try:
        entry.read(text)
    except InputError as error:
        where = (error.where or "task").replace("task", path, 1)
        raise InputError(
            error.message, where=where, allowed=error.allowed, next_step=error.next_step
        ) from None
    name = root.mapping()["name"].text() if "name" in root.mapping() else Path(path).stem
    return entry, text, re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("._-")[:60] or "job"


def _run(
    found: Workspace, text: str, entry: Algorithm, privacy: Privacy | None
) -> Callable[[Link], Result]:
    from nof1.federation.algorithms import Asked
    from nof1.federation.policy import of_workspace

    policy = of_workspace(found.root)
    return lambda link: entry.run(Asked(link, found, text, policy, "all", privacy))


def _json(
    entry: Algorithm, done: Mapping[str, Result], named: Mapping[str, Workspace]
) -> dict[str, Any]:
    first = next(iter(done.values()))
    return {
        "schema": "nof1/federation-train/1",
        "algorithm": entry.name,
        "sites": sorted(done),
        "model": {"name": first.name, "content_hash": first.content_hash},
        "versions": {name: one.version for name, one in done.items()},
        **first.figures,
        **_from_card(named[next(iter(done))], first),
        "own": {name: _note(named[name], made, "own-site.json") for name, made in done.items()},
    }


def _from_card(found: Workspace, made: Result) -> dict[str, Any]:
    """All figures of a model that is stored with a card; they are on this machine anyway."""
    card = _note(found, made, "card.json")
    return {key: card[key] for key in ("evaluation", "gate") if key in card}


def _note(found: Workspace, made: Result, file: str) -> dict[str, Any]:
    """A JSON file of what a job has stored in a workspace; empty when there is none."""
    from nof1.core import artefacts

    versions = artefacts.versions(found.models, made.name) if made.content_hash else []
    if int(made.version) not in versions:
        return {}
    stored = artefacts.load(found.models, made.name, int(made.version))
    noted: dict[str, Any] = stored.json(file) if file in stored.files else {}
    return noted


def _text(entry: Algorithm, done: Mapping[str, Result], named: Mapping[str, Workspace]) -> str:
    from nof1.cli.federation_text import gain_lines, result_lines

    first = next(iter(done.values()))
    lines = result_lines(entry, first.name, first.content_hash, first.figures, len(done))
    own = {name: _note(named[name], made, "own-site.json") for name, made in sorted(done.items())}
    return "\n".join(
        [f"Sites: {', '.join(sorted(done))}", "", *lines[:-2], *gain_lines(own), *lines[-2:]]
    )
