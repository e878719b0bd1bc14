"""What changes in the tables of rules: a rule that is new, gone, or asks for something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nof1.knowledge.base import Base
from nof1.knowledge.facts import STEPS, step
from nof1.knowledge.rows import BASICS, RULES

Row = Mapping[str, str]
Said = tuple[str, str, str]  # kind of change (``diff.KINDS``), where, what


def rules(old: Base, new: Base) -> Iterator[Said]:
    """All changes of rules, table by table. Without a word about how text was set.

    Raises
    ------
    InputError : a table cannot be read.
    """
    for table, columns in {**RULES, **BASICS}.items():
        if old.path(table) == new.path(table):
            continue
        before, after = (_rows(base, table, columns) for base in (old, new))
        for name in sorted(before.keys() - after.keys()):
            yield "rule removed", f"{table}, {name}", _asks(before[name]) or "it is gone"
        for name in sorted(after.keys() - before.keys()):
            yield "rule added", f"{table}, {name}", _asks(after[name]) or "it is new"
        for name in sorted(before.keys() & after.keys()):
            if before[name] != after[name]:
                yield _changed(f"{table}, {name}", before[name], after[name])


def _rows(base: Base, table: str, columns: tuple[str, ...]) -> dict[str, Row]:
    return {
        " / ".join(filter(None, (row.get(name) or "" for name in columns))): row
        for row in base.rows(table)
    }


def _asks(row: Row) -> str:
    return ": ".join(filter(None, (row.get("action") or "", row.get("text") or "")))


def _changed(where: str, old: Row, new: Row) -> Said:
    first, second = old.get("action") or "", new.get("action") or ""
    if first != second and {first, second} <= STEPS.keys():
        kind = "less cautious" if step(second) > step(first) else "more cautious"
        if step(first) == step(second):
            kind = "other action"
        return kind, where, f"{first} -> {second}"
    names = [name for name in new if (old.get(name) or "") != (new[name] or "")]
    return "details changed", where, f"changed: {', '.join(names)}"
