"""``nof1 knowledge``: where the facts come from, whether they hold, and what is newer."""

from __future__ import annotations

import shutil
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.knowledge_rules import base_of, own, review, rules
from nof1.cli.options import DAY, WIDTH, common, step, table, tell
from nof1.core import audit
from nof1.core.errors import InputError, WorkspaceError
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.knowledge.base import Base
    from nof1.knowledge.check import Checked
    from nof1.knowledge.diff import Change
    from nof1.knowledge.renewal import Staged

SHOWN = 12
MARKS = {"critical": "CRITICAL", "warning": "warning", "info": "info"}


@click.group()
def knowledge() -> None:
    """The facts: sources, dates, check, what a newer release changes."""


@knowledge.command("list")
@common
def list_(workspace: str | None, as_json: bool) -> None:
    """Sources with their dates and number of facts, and the files in use."""
    from nof1.knowledge.base import sources, tables
    from nof1.knowledge.check import facts

    base, today = base_of(workspace), date.today()
    count = facts(base)
    rows = [
        {
            **{name: str(value) for name, value in source._asdict().items()},
            "expired": source.expired(today),
            "facts": count[source.id],
        }
        for source in sources(base).values()
    ]
    files = [{"file": name, "from": _origin(base, name)} for name in sorted(tables(base))]
    data = {"schema": "nof1/knowledge-list/1", "today": today.isoformat()}
    tell({**data, "sources": rows, "files": files}, _list_text(rows, files), as_json=as_json)


def _origin(base: Base, name: str) -> str:
    own = base.folder is not None and base.path(name).is_relative_to(base.folder)
    return "workspace" if own else "shipped"


def _list_text(rows: Sequence[Mapping[str, Any]], files: Sequence[Mapping[str, str]]) -> str:
    cells = [
        [
            row["id"],
            row["version"],
            row["published"],
            f"{row['valid_until']}{' EXPIRED' * row['expired']}",
            f"{row['facts']:,}",
        ]
        for row in rows
    ]
    from nof1.knowledge.agreement import some

    own = [file["file"] for file in files if file["from"] == "workspace"]
    lines = [table(cells, ["source", "version", "published", "valid until", "facts"], right="4")]
    lines += ["", f"{len(files)} files, {len(files) - len(own)} of them shipped with nof1."]
    lines += _wrapped(f"From the workspace: {some(own, SHOWN)}") if own else []
    return "\n".join([*lines, "Next step: nof1 knowledge check"])


@knowledge.command()
@common
@click.pass_context
def check(ctx: click.Context, workspace: str | None, as_json: bool) -> None:
    """Whether the facts in use are whole, dated, and can reach people.

    Exit code 1: something needs attention (a source is past its date, a file was changed, a rule
    can hold for nobody, a text is unread).
    """
    from nof1.advice.orders import links
    from nof1.knowledge.check import Problem
    from nof1.knowledge.check import check as run

    base = base_of(workspace)
    done = run(base, more=[lambda: (Problem(*fault) for fault in links.faults(base))])
    data = {"schema": "nof1/knowledge-check/1", **done.to_dict()}
    tell(data, _check_text(done), as_json=as_json)
    ctx.exit(1 if done.attention else 0)


def _check_text(done: Checked) -> str:
    lines = []
    infos = [problem for problem in done.problems if problem.severity == "info"]
    for problem in done.problems:
        if problem.severity != "info":
            lines += _wrapped(f"{MARKS[problem.severity]}: {problem.where}: {problem.what}")
            lines += _wrapped(f"Next step: {problem.next_step}", "    ")
    if infos:
        lines += [*([""] if lines else []), "Worth knowing:"]
        lines += [line for one in infos[:SHOWN] for line in _wrapped(f"{one.where}: {one.what}")]
        more = len(infos) - SHOWN
        lines += [f"  and {more} more (--json shows all)"] if more > 0 else []
    counts = ", ".join(f"{number} {name}" for name, number in done.counts().items())
    return "\n".join([*lines, "", f"Checked on {done.today}: {counts}."])


@knowledge.command()
@common
@click.argument("release", required=False, type=click.Path(file_okay=False))
def diff(workspace: str | None, as_json: bool, release: str | None) -> None:
    """What a release folder would change; without RELEASE, what the workspace changes.

    RELEASE is a folder with a PharmCAT release (alleles, phenotype, guidelines), or a checkout.
    """
    from nof1.knowledge.base import SHIPPED
    from nof1.knowledge.diff import diff as compare

    base = base_of(workspace)
    if release is None:
        changes, notes = compare(SHIPPED, base), {}
    else:
        with _staged(Path(release), base, None, None, None) as made:
            changes, notes = _changes(base, made), dict(made.compiled.notes)
    data = {"schema": "nof1/knowledge-diff/1", **_diff_json(changes, notes)}
    tell(data, _diff_text(changes, notes), as_json=as_json)


def _changes(base: Base, made: Staged) -> tuple[Change, ...]:
    from nof1.knowledge.base import Base
    from nof1.knowledge.diff import diff as compare

    return compare(base, Base(made.folder))


def _diff_json(changes: Sequence[Change], notes: Mapping[str, int]) -> dict[str, Any]:
    from nof1.knowledge.diff import counts

    rows = [change.to_dict() for change in changes]
    return {"counts": counts(changes), "changes": rows, "notes": dict(notes)}


def _diff_text(changes: Sequence[Change], notes: Mapping[str, int]) -> str:
    from nof1.knowledge.diff import counts

    lines = ["Nothing changes."] if not changes else []
    for kind, number in counts(changes).items():
        lines += ["", f"{kind.upper()}: {number:,}"]
        shown = [change for change in changes if change.kind == kind][:SHOWN]
        lines += [line for one in shown for line in _wrapped(f"{one.where}: {one.what}")]
        lines += [f"  and {number - SHOWN} more (--json shows all)"] if number > SHOWN else []
    if notes:
        lines += ["", "Not taken, or kept as it is:"]
        lines += [line for why, n in notes.items() for line in _wrapped(f"{n:,} x {why}")]
    return "\n".join(lines).lstrip("\n")


@knowledge.command("import")
@common
@click.argument("release", type=click.Path(file_okay=False))
@click.option(
    "--published", type=DAY, required=True, help="Day of the release, such as 2026-05-05."
)
@click.option(
    "--valid-until",
    type=DAY,
    help="Last day on which it is not called old [default: 18 months later].",
)
def import_(
    workspace: str | None,
    as_json: bool,
    release: str,
    published: datetime,
    valid_until: datetime | None,
) -> None:
    """Bring a newer PharmCAT release into the workspace, and show what it changes.

    RELEASE is a folder that you downloaded: a checkout of PharmCAT, or its folders alleles,
    phenotype and guidelines. The facts that came with nof1 are never written to. A release that
    cannot be used is refused by name and changes nothing.
    """
    from nof1.knowledge.base import Base
    from nof1.knowledge.renewal import install

    found = open_workspace(workspace)
    base, last = Base(found.knowledge), valid_until.date() if valid_until else None
    step("Compiling")
    with _staged(Path(release), base, published.date(), last, found) as made:
        changes, ids = _changes(base, made), [source.id for source in made.sources]
        # the entry comes first: no fact is used that the log does not know
        audit.append(
            found.audit,
            "knowledge import",
            sources=ids,
            published=published.date().isoformat(),
            changes=_diff_json(changes, {})["counts"],
            content_hash=_hash(Base(made.folder)),
        )
        install(made.folder, found.knowledge)
    _tell_import(made, changes, ids, found, as_json=as_json)


def _tell_import(
    made: Staged, changes: Sequence[Change], ids: list[str], found: Workspace, *, as_json: bool
) -> None:
    from nof1.knowledge.agreement import some
    from nof1.knowledge.release import PREVIOUS

    notes, unread = dict(made.compiled.notes), made.compiled.unread
    data = {
        "schema": "nof1/knowledge-import/1",
        "sources": ids,
        "files": dict(sorted(made.compiled.files.items())),
        "unread": [{"key": one.key, "rows": one.rows, "drugs": list(one.drugs)} for one in unread],
        **_diff_json(changes, notes),
    }
    names = some(sorted({drug for one in unread for drug in one.drugs}), SHOWN)
    lines = [_diff_text(changes, notes), ""]
    lines += _wrapped(f"In use now: {', '.join(ids) or 'facts of sources that were known'}.")
    if unread:
        what = f"UNREAD: {len(unread)} guideline texts are newer than nof1's encoding of them. For"
        lines += _wrapped(f"{what} these medicines nof1 says 'read the source': {names}.")
    previous = found.knowledge.with_name(PREVIOUS)
    if previous.is_dir():
        lines += _wrapped(f"What was there before is kept: {previous}")
    tell(data, "\n".join([*lines, "Next step: nof1 knowledge check"]), as_json=as_json)


def _hash(base: Base) -> str:
    from nof1.knowledge.base import tables

    return base.hash(*tables(base))


@contextmanager
def _staged(
    release: Path, base: Base, published: date | None, last: date | None, found: Workspace | None
) -> Iterator[Staged]:
    """The release compiled into a folder of its own, which is gone afterwards."""
    from nof1.knowledge.renewal import stage

    try:
        place = Path(tempfile.mkdtemp(prefix=".knowledge-", dir=found.root if found else None))
    except OSError as error:
        raise WorkspaceError(
            f"No folder can be made for the new facts: {error.strerror}.",
            where=str(found.root) if found else None,
            next_step="Check the rights and the free space; nothing was changed.",
        ) from None
    try:
        yield stage(release, place / "new", base, published=published, valid_until=last)
    except OSError as error:
        raise InputError(
            f"The release cannot be read or compiled: {error.strerror}.",
            where=release.name,
            next_step="Check the rights and the free space; nothing was changed.",
        ) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _wrapped(text: str, start: str = "  ") -> list[str]:
    """Lines of at most 80 characters; what a hostile name could do to a terminal is cut."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return textwrap.wrap(clean, WIDTH, initial_indent=start, subsequent_indent=f"{start}  ")


for _command in (rules, own, review):
    knowledge.add_command(_command)
