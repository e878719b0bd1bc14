"""``nof1 academy``: the bank of cases, a learner's own figures and data, and the trial."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import common, step, tell
from nof1.core.errors import InputError, UsageError
from nof1.core.whole import write_whole
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.academy.cases import Case
    from nof1.academy.store import Store
    from nof1.academy.trial_size import Assumptions

FOLDER = "academy"  # in the workspace
PEOPLE = 96  # in each arm, of invented answers
NOTICE = (
    "Whether this training makes people read cards better is not proven; only a trial can show it "
    "(nof1 academy trial). Research and education use."
)


@click.group(invoke_without_command=True)
@common
@click.pass_context
def academy(ctx: click.Context, workspace: str | None, as_json: bool) -> None:
    """Training to read cards, on invented patients; some cards are wrong on purpose."""
    if ctx.invoked_subcommand is not None:
        return
    from nof1.cli.academy_text import overview

    cases = _cases(workspace)
    bank = {"cases": len(cases), "faulty": sum(one.faulty for one in cases)} if cases else None
    made = {"schema": "nof1/academy/1", "bank": bank, "page": "/academy", "notice": NOTICE}
    tell(made, overview(made), as_json=as_json)


@academy.command(short_help="Make the bank of cases.")
@common
@click.option(
    "--cases", default=144, show_default=True, type=click.IntRange(48, 2000), help="Cases to make."
)
@click.option("--seed", default=1, show_default=True, help="Which patients.")
@click.option(
    "--faulty", default=0.45, show_default=True, type=click.FloatRange(0.2, 0.8),
    help="Share of cases with a wrong card.",
)  # fmt: skip
@click.option(
    "--from", "source", type=click.Path(file_okay=False), metavar="DIR",
    help="The synthetic workspace to make it from [this one].",
)  # fmt: skip
@click.option(
    "--truth", type=click.Path(file_okay=False), metavar="DIR",
    help="The synthetic hospital's own files, which hold the true risks [found].",
)  # fmt: skip
def build(
    workspace: str | None,
    as_json: bool,
    cases: int,
    seed: int,
    faulty: float,
    source: str | None,
    truth: str | None,
) -> None:
    """Make the bank of cases anew: invented patients, real cards, faults put in on purpose."""
    from nof1.academy import bank
    from nof1.cli.academy_text import built

    found = open_workspace(workspace)
    step(f"making {cases} cases")
    made = bank.build(open_workspace(source) if source else found, cases, seed, faulty, truth)
    bank.write(found.root / bank.PLACE, made)
    shown = {
        "schema": "nof1/academy-build/1",
        "cases": len(made),
        "faulty": sum(one.faulty for one in made),
        "topics": dict(sorted(Counter(one.topic for one in made).items())),
        "seed": seed,
    }
    tell(shown, built(shown), as_json=as_json)


@academy.command(short_help="A learner's own figures; without a name, of all together.")
@common
@click.argument("name", required=False)
def scores(workspace: str | None, as_json: bool, name: str | None) -> None:
    """Over- and under-reliance with intervals. NAME: the learner's account.

    Without NAME all learners together, from ten learners on; nobody's own figures.
    """
    from nof1.cli import academy_text

    with _store(workspace) as store:
        if name is None:
            from nof1.academy.group import group

            found = group(store)
            tell(found.to_dict(), academy_text.group(found), as_json=as_json)
            return
        name = _learner(store, name)
        store.must_have(name)
        made = _figures(name, store)
        text = academy_text.learner(name, **made)
    told = {
        "schema": "nof1/academy-scores/1",
        "name": name,
        "tests": [one.to_dict() for one in made["exams"]],
        "all": made["everything"].to_dict(),
        "repeated": made["repeated"],
        "picture": made["picture"],
        "in_practice": made["practice"],
    }
    tell(told, text, as_json=as_json)


def _figures(name: str, store: Store) -> dict[str, Any]:
    """Everything that is shown of one learner."""
    from nof1.academy.answers import first_only
    from nof1.academy.history import all_scores, exams, pairs_of
    from nof1.academy.profiles import picture
    from nof1.academy.trees import practice_tree

    sittings = store.sittings(name)
    found, repeated = all_scores(sittings)
    return {
        "exams": exams(sittings),
        "everything": found,
        "repeated": repeated,
        "picture": picture(first_only(pairs_of(sittings))[0]),
        "practice": practice_tree(found),
    }


@academy.command(short_help="All that is kept of a learner, as JSON.")
@common
@click.argument("name")
@click.option("--out", type=click.Path(dir_okay=False), help="Into this file, not the screen.")
def export(workspace: str | None, as_json: bool, name: str, out: str | None) -> None:
    """All that is kept of a learner, as JSON."""
    with _store(workspace) as store:
        made = store.export(_learner(store, name))
    if out is None:
        click.echo(json.dumps(made, ensure_ascii=False, indent=None if as_json else 2))
        return
    write_whole(Path(out), json.dumps(made, ensure_ascii=False, indent=2) + "\n")
    told = {"schema": "nof1/academy-exported/1", "file": out, "sittings": len(made["sittings"])}
    tell(told, f"{len(made['sittings'])} sittings are in {out}.", as_json=as_json)


@academy.command(short_help="Delete everything of a learner.")
@common
@click.argument("name")
@click.option("--yes", is_flag=True, help="It cannot be undone.")
def forget(workspace: str | None, as_json: bool, name: str, yes: bool) -> None:
    """Delete everything of a learner: consent, sittings, lessons."""
    with _store(workspace) as store:
        name = _learner(store, name)
        if not yes:
            raise UsageError("Nothing is deleted yet: it cannot be undone.", where="--yes",
                             next_step="Export first, if wanted; then add --yes.")  # fmt: skip
        gone = store.forget(name)
    text = f"Deleted: the consent, {gone['sitting']} sittings and {gone['lesson']} lessons."
    text += "\nBackups made earlier still hold them."
    tell({"schema": "nof1/academy-forget/1", "deleted": gone}, text, as_json=as_json)


@academy.command(short_help="The protocol of a trial, or the analysis of one.")
@common
@click.option("--over", default=0.5, show_default=True, type=click.FloatRange(0.1, 0.9),
              help="Assumed over-reliance before the training.")  # fmt: skip
@click.option("--fall", default=0.2, show_default=True, type=click.FloatRange(0.06, 0.8),
              help="Assumed fall by the simulator; lessons alone: 0.05.")  # fmt: skip
@click.option("--dropout", default=0.2, show_default=True, type=click.FloatRange(0, 0.8),
              help="Assumed share without a second test.")  # fmt: skip
@click.option("--answers", type=click.Path(dir_okay=False), help="Analyse this file (JSON lines).")
@click.option("--example", "out", type=click.Path(dir_okay=False),
              help="Write invented answers, 96 people in each arm.")  # fmt: skip
@click.option("--export", "exported", type=click.Path(dir_okay=False),
              help="Turn a learner's export into lines of the answers file.")  # fmt: skip
@click.option("--person", help="With --export: the person's number in the trial, never a name.")
@click.option("--arm", type=click.Choice(["simulator", "lessons", "waiting"]),
              help="With --export: the arm drawn.")  # fmt: skip
def trial(
    workspace: str | None,
    as_json: bool,
    over: float,
    fall: float,
    dropout: float,
    answers: str | None,
    out: str | None,
    exported: str | None,
    person: str | None,
    arm: str | None,
) -> None:
    """The protocol of a trial with the people it needs, or the analysis of its answers."""
    from nof1.academy.trial_size import Assumptions

    assumed = Assumptions(over=over, falls=(fall, 0.05, 0.0), dropout=dropout)
    if answers is not None:
        _analysis(Path(answers), as_json)
    elif out is not None:
        _example(Path(out), assumed, as_json)
    elif exported is not None:
        _lines(Path(exported), person, arm)
    else:
        from nof1.academy.trial_protocol import protocol
        from nof1.cli.academy_text import protocol as shown

        step("simulating trials")
        made = protocol(assumed)
        tell(made.to_dict(), shown(made), as_json=as_json)


def _analysis(answers: Path, as_json: bool) -> None:
    from nof1.academy import trial as trials
    from nof1.cli.academy_text import analysis

    found = trials.analyse(trials.read(answers))
    tell(found.to_dict(), analysis(found), as_json=as_json)


def _example(out: Path, assumed: Assumptions, as_json: bool) -> None:
    from nof1.academy.trial_size import invented

    rows = list(invented(PEOPLE, assumed))
    write_whole(out, "".join(f"{_line(one)}\n" for one in rows))
    told = {"schema": "nof1/academy-example/1", "file": str(out), "answers": len(rows)}
    tell(told, f"{len(rows)} INVENTED answers are in {out}.", as_json=as_json)


def _lines(exported: Path, person: str | None, arm: Any) -> None:
    """A learner's export as lines of the answers file, on standard output."""
    from nof1.academy.trial import rows_of

    if not (person and arm):
        raise UsageError("A line of the trial needs a person's number and an arm.",
                         where="--export", allowed="--person NUMBER --arm ARM")  # fmt: skip
    try:
        data = json.loads(exported.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise InputError("The export cannot be read.", where="--export",
                         allowed="a file of nof1 academy export") from None  # fmt: skip
    for one in rows_of(data, person, arm):
        click.echo(_line(one))


def _line(row: Any) -> str:
    import msgspec

    return json.dumps(msgspec.to_builtins(row))


@academy.command(short_help="Is the test long enough? Simulated learners take it.")
@common
@click.option(
    "--seeds", default=200, show_default=True, type=click.IntRange(20, 5000), help="Forms to draw."
)
@click.option("--seed", default=1, show_default=True, help="The first seed.")
@click.option("--bank", is_flag=True, help="Forms from the workspace's bank, not plain ones.")
def simulate(workspace: str | None, as_json: bool, seeds: int, seed: int, bank: bool) -> None:
    """Simulated learners with known ways take the test: are they told apart, are they measured?

    Exit code 1: an archetype is told apart in fewer than 95 of 100 forms, or a mean error of
    recovery is above 0.10.
    """
    from nof1.academy.learners import plain_form
    from nof1.academy.recovery import report
    from nof1.cli import academy_text

    step(f"{seeds} forms, five learners each")
    forms: Any = _bank_forms(workspace) if bank else plain_form
    found = report(seeds, seed, forms)
    tell(found.to_dict(), academy_text.simulated(found), as_json=as_json)
    click.get_current_context().exit(0 if found.good else 1)


def _bank_forms(workspace: str | None) -> Any:
    from nof1.academy.bank import form

    cases = _cases(workspace)
    if not cases:
        raise UsageError("There is no bank of cases yet.", where="--bank",
                         next_step="nof1 academy build")  # fmt: skip
    return lambda number: form(cases, number)


def _cases(workspace: str | None) -> list[Case]:
    """The cases of the workspace's bank; none without one."""
    from nof1.academy import bank

    path = open_workspace(workspace).root / bank.PLACE
    return bank.read(path) if path.exists() else []


@contextmanager
def _store(workspace: str | None) -> Iterator[Store]:
    """The learners' file of a workspace; it is not made by asking."""
    from nof1.academy.store import Store

    found: Workspace = open_workspace(workspace)
    store = Store(found.root / FOLDER)
    try:
        yield store
    finally:
        store.close()


def _learner(store: Store, name: str) -> str:
    """The account that a name means: itself, or an account of this server."""
    return name if store.opted(name) is not None else next(
        (one for one in (f"local:{name}",) if store.opted(one) is not None), name
    )  # fmt: skip
