"""``nof1 users``: who may sign in to ``nof1 serve``, and with which roles."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import common, table, tell
from nof1.core.errors import UsageError
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.web.access.accounts import Account
    from nof1.web.access.desk import Desk
    from nof1.web.access.tokens import Token

from_input = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, not a prompt."
)


@click.group()
def users() -> None:
    """Accounts of nof1 serve: people with roles, programs with tokens."""


@users.command(short_help="Add an account; a password is asked for.")
@common
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="A role (several times).")
@click.option("--program", is_flag=True, help="A program: no password, tokens only.")
@click.option("--every-patient", is_flag=True, help="All patients, not only those of a list.")
@from_input
def add(
    workspace: str | None,
    as_json: bool,
    name: str,
    roles: tuple[str, ...],
    program: bool,
    every_patient: bool,
    password_stdin: bool,
) -> None:
    """Add an account; a person's password is asked for."""
    with _desk(workspace) as desk:
        from nof1.web.access.roles import check

        check(roles, person=not program)  # before anybody types a password
        password = None if program else _password(password_stdin)
        made = desk.accounts.add(name, roles, password=password, every_patient=every_patient)
        _told(made, f"{made.name} is added.", as_json)


@users.command("list")
@common
def list_(workspace: str | None, as_json: bool) -> None:
    """All accounts with roles, patients and tokens."""
    with _desk(workspace) as desk:
        found = sorted(desk.accounts.all(), key=lambda one: (one.name, one.account))
        tokens = {one.account: len(desk.tokens.all(one.account)) for one in found}
    rows = [
        (one.name, one.account.partition(":")[0], ", ".join(one.roles) or "none",
         "all" if one.patients is None else one.patients, tokens[one.account])
        for one in found
    ]  # fmt: skip
    head = ("name", "kind", "roles", "patients", "tokens")
    text = table(rows, head, right="34") if rows else "No account yet: nof1 users add NAME --role R"
    accounts = [_data(one) | {"tokens": tokens[one.account]} for one in found]
    tell({"schema": "nof1/users-list/1", "accounts": accounts}, text, as_json=as_json)


@users.command(short_help="Give an account other roles.")
@common
@click.argument("name")
@click.argument("roles", nargs=-1, required=True)
def role(workspace: str | None, as_json: bool, name: str, roles: tuple[str, ...]) -> None:
    """Give an account these roles instead of those it has; its sessions end."""
    with _desk(workspace) as desk:
        made = desk.accounts.set_roles(desk.accounts.find(name).account, roles)
        _told(made, f"{made.name} has the roles: {', '.join(made.roles)}.", as_json)


@users.command(short_help="Set another password.")
@common
@click.argument("name")
@from_input
def password(workspace: str | None, as_json: bool, name: str, password_stdin: bool) -> None:
    """Set another password; sessions end, and a locked account is open again."""
    with _desk(workspace) as desk:
        found = desk.accounts.find(name)
        desk.accounts.set_password(found.account, _password(password_stdin), by="nof1 users")
        desk.throttle.forgive(found.account)
        _told(found, f"{found.name} has a new password.", as_json)


@users.command(short_help="Remove an account.")
@common
@click.argument("name")
def remove(workspace: str | None, as_json: bool, name: str) -> None:
    """Remove an account with its sessions and tokens."""
    with _desk(workspace) as desk:
        found = desk.accounts.find(name)
        desk.accounts.remove(found.account)
        _told(found, f"{found.name} is removed.", as_json)


@users.command(short_help="Change whose record an account may see.")
@common
@click.argument("name")
@click.option("--add", "more", multiple=True, metavar="PATIENT", help="Put on the list.")
@click.option("--take", "fewer", multiple=True, metavar="PATIENT", help="Take off the list.")
@click.option("--every/--listed", "every", default=None, help="All patients, or only the list.")
def patients(
    workspace: str | None,
    as_json: bool,
    name: str,
    more: tuple[str, ...],
    fewer: tuple[str, ...],
    every: bool | None,
) -> None:
    """Change the list of an account's patients, by their identifiers in the record."""
    if not more and not fewer and every is None:
        raise UsageError("There is nothing to change.", where="nof1 users patients",
                         allowed="--add, --take, --every or --listed")  # fmt: skip
    with _desk(workspace) as desk:
        from nof1.web.access.emergency import mark

        found = desk.accounts.find(name)
        added, taken = ([mark(desk.workspace.audit, one) for one in some] for some in (more, fewer))
        made = desk.accounts.set_patients(found.account, add=added, remove=taken, every=every)
        count = "all patients" if made.patients is None else f"{made.patients} patients"
        _told(made, f"{made.name} may see {count}.", as_json)


@users.command(short_help="Make a token for a program; shown once.")
@common
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, help="A scope (several times) [default: all of its roles]."
)
@click.option("--days", default=90, show_default=True, help="Days until it ends.")
@click.option("--label", default="", help="What it is for.")
@click.option("--revoke", metavar="NUMBER", help="Remove this token instead of making one.")
def token(
    workspace: str | None,
    as_json: bool,
    name: str,
    scopes: tuple[str, ...],
    days: int,
    label: str,
    revoke: str | None,
) -> None:
    """Make a token for a program or a script; it is shown this once.

    It goes into the header: Authorization: Bearer TOKEN
    """
    with _desk(workspace) as desk:
        found = desk.accounts.find(name)
        if revoke is not None:
            desk.tokens.remove(found.account, revoke, by="nof1 users")
            _told(found, f"The token {revoke} is removed.", as_json)
            return
        secret, made = desk.tokens.make(
            found.account, found.roles, " ".join(scopes), label=label, days=days, by="nof1 users"
        )
        data = {"schema": "nof1/users-token/1", "secret": secret, **_token(made)}
        text = f"{secret}\nShown this once. Number {made.number}, until {_day(made.until)}."
        tell(data, text, as_json=as_json)


@users.command(short_help="Emergency accesses, newest first.")
@common
@click.option(
    "--last",
    default=20,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many to show.",
)
def emergencies(workspace: str | None, as_json: bool, last: int) -> None:
    """Emergency accesses, newest first, with the words of who asked for them.

    The words may tell of a patient: they are shown here and are not in the log.
    """
    with _desk(workspace) as desk:
        found = desk.emergencies.all(last)
    rows = [(_day(one.begun), one.account, one.patient, one.reason, one.words) for one in found]
    text = table(rows, ("begun (UTC)", "account", "patient", "reason", "words"))
    data = [
        {"number": one.number, "account": one.account, "patient": one.patient,
         "reason": one.reason, "words": one.words, "begun": _day(one.begun),
         "until": _day(one.until)}
        for one in found
    ]  # fmt: skip
    told = {"schema": "nof1/users-emergencies/1", "emergencies": data}
    tell(told, text if rows else "No emergency access yet.", as_json=as_json)


@contextmanager
def _desk(workspace: str | None) -> Iterator[Desk]:
    """The accounts of a workspace."""
    from nof1.core.extras import require

    require("starlette", "service")
    from nof1.web.access.desk import open_desk

    found = open_desk(open_workspace(workspace))
    try:
        yield found
    finally:
        found.close()


def _password(from_stdin: bool) -> str:
    """A new password: never an argument, which other users of the machine could read."""
    if from_stdin:
        return sys.stdin.readline(4096).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError(
            "There is nobody to ask for a password.",
            where="standard input",
            next_step="Use a terminal, or --password-stdin.",
        )
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


def _told(account: Account, text: str, as_json: bool) -> None:
    tell({"schema": "nof1/users/1", **_data(account)}, text, as_json=as_json)


def _data(account: Account) -> dict[str, Any]:
    return {
        "account": account.account,
        "name": account.name,
        "roles": list(account.roles),
        "every_patient": account.patients is None,
        "patients": account.patients,
    }


def _token(token: Token) -> dict[str, Any]:
    from nof1.web.access.scopes import written

    return {
        "number": token.number,
        "account": token.account,
        "scopes": written(token.scopes),
        "label": token.label,
        "until": _day(token.until),
    }


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
