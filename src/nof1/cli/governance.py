"""``nof1 governance``: which rules and models may be heard, who said so, what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import governance_text as texts
from nof1.cli.audit import LEDGER_FILE, database, has_ledger
from nof1.cli.options import DAY, common, step, tell
from nof1.core.errors import UsageError
from nof1.core.extras import require
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.advice.governance.acceptance import Ledgered
    from nof1.advice.governance.decisions import Decision
    from nof1.advice.governance.overview import Overview
    from nof1.advice.governance.proposals import Bounds, Proposal
    from nof1.advice.ledger.store import Ledger

Command = Callable[..., Any]


def signed(command: Command) -> Command:
    """Give a command ``--by`` and ``--why``: who decides, and the reason."""
    why = click.option("--why", required=True, help="The reason, without a word about a patient.")
    return click.option(
        "--by", required=True, help="Role that decides, such as: head of pharmacy."
    )(why(command))


@click.group(invoke_without_command=True)
@common
@click.option("--all", "everything", is_flag=True, help="List rules that were never shown, too.")
@click.option("--page", type=click.Path(dir_okay=False), help="Write the overview as a page.")
@database
@click.pass_context
def governance(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    everything: bool,
    page: str | None,
    database: str | None,
) -> None:
    """Which rules and models may be heard, and what became of their cards.

    Exit code 1: the decisions are not those of the audit log, and are not followed.
    """
    if ctx.invoked_subcommand is not None:
        if workspace or as_json or everything or page:
            raise UsageError(
                "Options of the overview stand before a command, where they do nothing.",
                where=f"nof1 governance {ctx.invoked_subcommand}",
                next_step="Give them behind the command.",
            )
        return
    made = _overview(open_workspace(workspace), database)
    data = made.to_dict()
    if page is not None:
        from nof1.cli.twins import write_page

        write_page("governance", data, Path(page))
    tell(data, texts.overview(made, everything), as_json=as_json)
    ctx.exit(1 if made.fault else 0)


@governance.command("set")
@common
@click.argument("name", metavar="RULE|MODEL")
@click.argument("state", type=click.Choice(["on", "shadow", "off"]))
@signed
@click.option("--confirm", is_flag=True, help="Needed to take an interrupting rule away.")
def set_(
    workspace: str | None,
    as_json: bool,
    name: str,
    state: str,
    by: str,
    why: str,
    confirm: bool,
) -> None:
    """Set a rule or model on, in shadow (worked out, kept, not shown) or off.

    Every answer says which rules are not on.
    """
    from nof1.advice.governance import registry

    found = open_workspace(workspace)
    rule = registry.find(found, name)
    made = registry.switch(found, rule, state, by=by, why=why, confirmed=confirm)
    tell(_decision(made), texts.switched(made, rule.tier), as_json=as_json)


@governance.command()
@common
@click.argument("name", metavar="[RULE|MODEL]", required=False)
@click.option("--days", default=90, show_default=True, type=click.IntRange(min=1),
              help="Without past requests: orders of the record's last days.")  # fmt: skip
@click.option("--most", default=300, show_default=True, type=click.IntRange(min=1),
              help="Requests that are asked again at most.")  # fmt: skip
@database
def burden(
    workspace: str | None,
    as_json: bool,
    name: str | None,
    days: int,
    most: int,
    database: str | None,
) -> None:
    """Forecast the alerts of a rule [default: of all rules] before it is switched on.

    Past requests of the ledger are asked again with the rule on; without any, the orders of the
    record's last days are checked as if they were drafts.
    """
    from nof1.advice.governance import registry

    found = open_workspace(workspace)
    rule = None if name is None else registry.find(found, name)
    step(f"Asking up to {most:,} past requests again")
    if has_ledger(found, database):
        from nof1.advice.governance.asking import burden as asked

        with _ledger(found, database) as kept:
            made = asked(found, rule, kept, days=days, most=most)
    else:
        require("sqlalchemy", "service")
        from nof1.advice.governance.asking import burden as asked

        made = asked(found, rule, None, days=days, most=most)
    data = {"schema": "nof1/governance-burden/1", **made.to_dict()}
    tell(data, texts.burden(made), as_json=as_json)


@governance.command()
@common
@click.argument("name", metavar="[RULE|MODEL]", required=False)
@click.option("--months", is_flag=True, help="A row for each month.")
@database
def acceptance(
    workspace: str | None, as_json: bool, name: str | None, months: bool, database: str | None
) -> None:
    """What became of the cards of each rule: accepted, overridden with which reason, no answer."""
    from nof1.advice.governance import registry

    found = open_workspace(workspace)
    told = _needed(found, database)
    rule = None if name is None else registry.find(found, name).id
    rows = [one for one in told.rules() if rule in (None, one.rule)]
    by_month = {
        month: [one for one in some if rule in (None, one.rule)]
        for month, some in told.months().items()
    }
    data = {
        "schema": "nof1/governance-acceptance/1",
        "rules": [one.to_dict() for one in rows],
        "months": {month: [one.to_dict() for one in some] for month, some in by_month.items()},
        "feedback_on_unknown_cards": told.strays,
    }
    text = texts.months(by_month) if months else texts.acceptance(rows, told.strays)
    tell(data, text, as_json=as_json)


def bounded(command: Command) -> Command:
    """Give a command the bounds of a proposal."""
    options = (
        click.option("--below", default=0.10, show_default=True, type=click.FloatRange(0, 1),
                     help="Acceptance that puts a rule in question."),
        click.option("--answers", default=50, show_default=True, type=click.IntRange(min=1),
                     help="Fewer answered cards decide nothing."),
    )  # fmt: skip
    for option in options:
        command = option(command)
    return command


@governance.command()
@common
@bounded
@database
def proposals(
    workspace: str | None, as_json: bool, below: float, answers: int, database: str | None
) -> None:
    """Rules that are credibly overridden: tier 2 to 3, or a review of a rule that interrupts."""
    made = _proposals(open_workspace(workspace), database, below, answers)
    data = {
        "schema": "nof1/governance-proposals/1",
        "proposals": [one.to_dict() for one in made],
    }
    tell(data, texts.proposals(made), as_json=as_json)


@governance.command()
@common
@click.argument("proposal")
@click.option("--accept/--reject", "accepted", required=True, help="What is decided.")
@signed
@bounded
@database
def decide(
    workspace: str | None,
    as_json: bool,
    proposal: str,
    accepted: bool,
    by: str,
    why: str,
    below: float,
    answers: int,
    database: str | None,
) -> None:
    """Decide about a proposal; only an accepted demotion changes anything."""
    from nof1.advice.governance.proposals import decide as decided

    found = open_workspace(workspace)
    made = decided(
        found,
        _proposals(found, database, below, answers),
        proposal,
        accept=accepted,
        by=by,
        why=why,
    )
    tell(_decision(made), texts.decided(made), as_json=as_json)


@governance.command()
@common
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--since", type=DAY, help="Compare predictions after this day [default: the end of training]."
)
@click.pass_context
def drift(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    models: tuple[str, ...],
    since: datetime | None,
) -> None:
    """Look whether models' inputs, risks or calibration have moved; keep the verdicts.

    A model that drifted is paused. Exit code 1: at least one drifted or could not be checked.
    """
    from nof1.advice.governance import drift as looking
    from nof1.core import artefacts

    found = open_workspace(workspace)
    names = [one.removeprefix("models/") for one in models] or artefacts.names(found.models)
    looks = []
    for name in names:
        step(f"Looking at {name}")
        looks.append(looking.look(found, name, since))
    for one in looks:
        looking.keep(found, one)
    data = {"schema": "nof1/governance-drift/1", "models": [one.to_dict() for one in looks]}
    tell(data, texts.drift(looks), as_json=as_json)
    ctx.exit(0 if all(one.state == "steady" for one in looks) else 1)


@governance.command()
@common
@click.argument("name", metavar="[RULE|MODEL]", required=False)
@click.option("--page", type=click.Path(dir_okay=False), help="Write the answers as a page.")
@click.pass_context
def attributes(
    ctx: click.Context, workspace: str | None, as_json: bool, name: str | None, page: str | None
) -> None:
    """Source attributes (45 CFR 170.315(b)(11)) of a rule or model [default: how complete all are].

    Exit code 1: one is blank.
    """
    from nof1.advice.governance import source_attributes

    found = open_workspace(workspace)
    made = source_attributes.of(found, name)
    rows = [one.to_dict() for one in made]
    data = {
        "schema": "nof1/governance-attributes/1",
        "as_of": f"{_now():%Y-%m-%dT%H:%M:%SZ}",
        "synthetic": found.synthetic,
        "subjects": rows,
    }
    if page is not None:
        from nof1.cli.twins import write_page

        write_page("attributes", data, Path(page))
    text = texts.completeness(made) if name is None else texts.attributes(made[0])
    tell(data, text, as_json=as_json)
    ctx.exit(1 if any(one.blank for one in made) else 0)


@governance.command()
@common
def history(workspace: str | None, as_json: bool) -> None:
    """All decisions, oldest first: who, when, why."""
    from nof1.advice.governance import decisions

    made = decisions.read(decisions.path(open_workspace(workspace)))
    data = {
        "schema": "nof1/governance-history/1",
        "decisions": [one.to_dict() for one in made],
    }
    tell(data, texts.history(made), as_json=as_json)


@governance.command()
@common
@signed
def adopt(workspace: str | None, as_json: bool, by: str, why: str) -> None:
    """Sign off a file of decisions that the audit log does not know, as it is.

    Look at ``nof1 governance history`` first: its decisions take force.
    """
    from nof1.advice.governance import decisions

    made = decisions.decide(
        open_workspace(workspace), "adopted", "governance", "adopted", by=by, why=why
    )
    tell(_decision(made), f"Signed off: {made.number - 1} decisions are followed.", as_json=as_json)


def _decision(made: Decision) -> dict[str, Any]:
    return {"schema": "nof1/governance-decision/1", **made.to_dict()}


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@contextmanager
def _ledger(found: Workspace, database: str | None) -> Iterator[Ledger]:
    require("sqlalchemy", "service")
    from nof1.advice.ledger.store import read_ledger

    with read_ledger(found.audit, database) as kept:
        yield kept


def _told(found: Workspace, database: str | None) -> Ledgered | None:
    """What the ledger says about cards; None where there is none."""
    if not has_ledger(found, database):
        return None
    from nof1.advice.governance.acceptance import of_entries

    with _ledger(found, database) as kept:
        return of_entries(kept.entries())


def _needed(found: Workspace, database: str | None) -> Ledgered:
    told = _told(found, database)
    if told is None:
        raise UsageError(
            "There is no ledger yet, so nothing is known of any card.",
            where=f"audit/{LEDGER_FILE}",
            next_step="Let the service run: nof1 serve. Or name the ledger with --database.",
        )
    return told


def _overview(found: Workspace, database: str | None) -> Overview:
    from nof1.advice.governance.overview import overview

    return overview(found, _now(), _told(found, database))


def _proposals(
    found: Workspace, database: str | None, below: float, answers: int
) -> tuple[Proposal, ...]:
    from nof1.advice.governance.overview import overview

    bounds = _bounds(below, answers)
    return overview(found, _now(), _needed(found, database), bounds).proposals


def _bounds(below: float, answers: int) -> Bounds:
    from nof1.advice.governance.proposals import Bounds

    return Bounds(threshold=below, answers=answers)
