"""Roles: named sets of scopes, from ``roles.json`` beside this file.

A role is for persons or for programs, never for both. The file is data: a test holds it to what
``scopes`` understands, and docs/access.md shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from nof1.core.errors import UsageError
from nof1.web.access.scopes import Scope, parse_all


@dataclass(frozen=True)
class Role:
    """One role. ``program``: it is for programs, else for persons."""

    name: str
    title: str
    program: bool
    scopes: frozenset[Scope]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    scopes: tuple[str, ...]
    program: bool = False


@cache
def roles() -> dict[str, Role]:
    """All roles by name."""
    raw = files(__package__).joinpath("roles.json").read_bytes()
    found = msgspec.json.decode(raw, type=dict[str, _Entry])
    return {
        name: Role(name, one.title, one.program, parse_all(one.scopes))
        for name, one in found.items()
    }


def check(names: Iterable[str], *, person: bool) -> tuple[str, ...]:
    """The names, sorted, each once, when all are roles for persons (or for programs).

    Raises
    ------
    UsageError : there is none, or one is unknown or of the other sort.
    """
    given = tuple(sorted(set(names)))
    allowed = [name for name, one in roles().items() if one.program != person]
    wrong = [name for name in given if name not in allowed]
    if wrong or not given:
        what = f"There is no role {wrong[0]!r}" if wrong else "No role is given"
        sort = "a person" if person else "a program"
        raise UsageError(f"{what} for {sort}.", where="role", allowed=allowed)
    return given


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """All scopes of these roles; a name that is no role (any more) gives none."""
    found = (roles()[name].scopes for name in names if name in roles())
    return frozenset().union(*found)


def titles(names: Iterable[str]) -> list[str]:
    """What people call these roles."""
    return [roles()[name].title for name in names if name in roles()]
