"""``nof1 federation``, the lead: hand a job in, follow it, rehearse it on one machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.federation import algorithm_option, asked_for, named_sites
from nof1.cli.federation_privacy import privacy_of, privacy_options
from nof1.cli.federation_text import line as _line
from nof1.cli.federation_text import result_lines
from nof1.cli.options import as_json as json_option
from nof1.cli.options import step, table, tell
from nof1.core.errors import InputError
from nof1.core.extras import require

if TYPE_CHECKING:
    from nof1.federation.algorithms import Algorithm
    from nof1.federation.network.board import Decision, Done, State
    from nof1.federation.network.coordinator import View


@click.command()
@click.argument("task", type=click.Path(dir_okay=False), metavar="TASK.yaml")
@click.option("--project", required=True, type=click.Path(file_okay=False), help="Its folder.")
@click.option("--purpose", default="", help="Why, for the people at the sites.")
@click.option("--cohort", default="all", show_default=True, help="The sites' name for the people.")
@click.option("--resume", default="", metavar="JOB", help="Go on with a job that broke off.")
@algorithm_option
@privacy_options
@json_option
@click.pass_context
def submit(
    ctx: click.Context,
    /,
    task: str,
    project: str,
    purpose: str,
    cohort: str,
    resume: str,
    algorithm: str,
    as_json: bool,
    **noise: Any,
) -> None:
    """Sign a job, hand it to the coordinator and follow it to its end.

    Each site decides by its own policy. Exit code 1: refused, failed, or the model did not pass
    the gate.
    """
    require("cryptography", "federation")
    from nof1.federation.network import lead
    from nof1.federation.network.project import Project

    entry, text, name = asked_for(task, algorithm)
    privacy = privacy_of(entry, **noise)
    made = Project(Path(project))
    line = lead.call(made)
    try:
        asked = lead.manifest_for(
            made, text, name, lead.look(line), purpose=purpose, cohort=cohort,
            algorithm=algorithm, resumes=resume, privacy=privacy,
        )  # fmt: skip
        step(f"Job {asked.job}")
        state = lead.submit(line, lead.signed(made, asked), _progress())
    finally:
        line.close()
    _tell(ctx, entry, state, "nof1/federation-submit/1", as_json)


@click.command()
@click.argument("task", type=click.Path(dir_okay=False), metavar="TASK.yaml")
@click.option(
    "--site", "sites", multiple=True, metavar="NAME=FOLDER", help="A site's workspace (3 or more)."
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False),
    help="Keep project, keys and logs in this new folder [default: deleted].",
)
@algorithm_option
@privacy_options
@json_option
@click.pass_context
def rehearse(
    ctx: click.Context,
    /,
    task: str,
    sites: tuple[str, ...],
    keep: str | None,
    algorithm: str,
    as_json: bool,
    **noise: Any,
) -> None:
    """A federation of processes on this machine that talk over TLS, from the keys to the model.

    It makes a project, starts a coordinator and every site as a process of its own, trains, and
    stops them. Exit code 1: refused, failed, or the model did not pass the gate.
    """
    require("cryptography", "federation")
    from nof1.federation.network.rehearsal import rehearse as play

    named = named_sites(sites)
    entry, text, name = asked_for(task, algorithm)
    privacy = privacy_of(entry, **noise)
    if keep is not None:
        state = play(Path(keep), text, name, named, step, algorithm, privacy)
    else:
        with tempfile.TemporaryDirectory(prefix="nof1-federation-") as folder:
            state = play(Path(folder), text, name, named, step, algorithm, privacy)
    _tell(ctx, entry, state, "nof1/federation-rehearse/1", as_json)


@click.command()
@click.argument("project", type=click.Path(file_okay=False), metavar="PROJECT")
@json_option
def status(project: str, as_json: bool) -> None:
    """Who is connected, and how the last job stands."""
    require("cryptography", "federation")
    from nof1.federation.network import lead
    from nof1.federation.network.project import Project

    made = Project(Path(project))
    view = lead.status(made)
    sites = made.read_lead().sites
    data = {"schema": "nof1/federation-status/1", **_plain(view)}
    tell(data, _status_text(view, sites), as_json=as_json)


def _progress() -> Any:
    told = [""]

    def tell_state(state: State) -> None:
        text = f"{_line(state.step)}, {state.sums} sums"
        if text != told[0]:
            step(text)
        told[0] = text

    return tell_state


def _plain(content: object) -> dict[str, Any]:
    import msgspec

    made: dict[str, Any] = msgspec.to_builtins(content)
    return made


def _tell(ctx: click.Context, entry: Algorithm, state: State, schema: str, as_json: bool) -> None:
    data = {"schema": schema, "algorithm": entry.name, **_plain(state)}
    tell(data, "\n".join(_state_lines(state, entry)), as_json=as_json)
    withheld = any(one.figures.get("withheld") for one in state.done.values())
    ctx.exit(0 if state.step == "finished" and not withheld else 1)


def _state_lines(state: State, entry: Algorithm | None = None) -> list[str]:
    lines = [f"Job {_line(state.job)}: {_line(state.step)}"]
    if state.why:
        lines += ["", _line(state.why)]
    if state.decisions:
        rows = [
            [
                _line(site),
                "yes" if one.accepted else "NO",
                _line(f"{one.rule}: {one.why}" * bool(one.why)),
            ]
            for site, one in sorted(state.decisions.items())
        ]
        lines += ["", table(rows, ["site", "takes part", "why not"])]
    if state.step == "failed" and state.sums:
        lines += ["", f"Next step: submit the same job again with --resume {_line(state.job)}"]
    if state.step == "finished" and entry is not None:
        one = next(iter(state.done.values()))
        sites = len(state.done)
        lines += ["", *_result(entry, one, sites)]
    return lines


def _why(said: Decision) -> list[str]:
    """Which rule forbids it, and why; one cell, empty for a yes."""
    return [_line(f"{said.rule}: {said.why}") if said.why else ""]


def _result(entry: Algorithm, one: Done, sites: int) -> list[str]:
    """What a site reported, which another machine wrote: it may be of any form.

    Raises
    ------
    InputError : it is not of the algorithm's form.
    """
    try:
        return result_lines(entry, one.model, one.content_hash, one.figures, sites)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        raise InputError(
            "What the sites report is not of the form of the algorithm.",
            where=f"figures of {entry.name}",
            next_step="A site or the coordinator runs another program. Compare the card at a site.",
        ) from None


def _status_text(view: View, sites: tuple[str, ...]) -> str:
    known = {one.name: one.identity for one in view.members}
    rows = [
        [
            site,
            "yes" if site in view.here else "no",
            "idle" if site in view.idle else "busy" if site in view.here else "",
            _line(known.get(site, "not announced")),
        ]
        for site in sites
    ]
    lines = [
        f"Project {_line(view.project)}",
        "",
        table(rows, ["site", "connected", "", "identity key"]),
        "",
        f"Refused callers since the start: {view.refused}",
    ]
    if view.job:
        lines += ["", *_state_lines(view.job)]
    return "\n".join(lines)
