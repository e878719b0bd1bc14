"""Rules of a workspace's own: a copy of a table to change, and reviews of its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from nof1.core.errors import InputError, UsageError
from nof1.core.whole import write_whole
from nof1.knowledge import rows
from nof1.knowledge.base import Base
from nof1.knowledge.release import MANIFEST, write_table

Row = Mapping[str, str]
TABLES = (*rows.RULES, *rows.BASICS)


def found(table: str, text: str, base: Base) -> list[dict[str, str]]:
    """The rows of a table in one of whose cells a text stands, whatever its case.

    Raises
    ------
    UsageError : there is no table of rules of this name.
    """
    if table not in TABLES:
        raise UsageError("There is no table of rules of this name.", where=table, allowed=TABLES)
    wanted = text.casefold()
    return [
        row
        for row in base.rows(table)
        if any(wanted in (cell or "").casefold() for cell in row.values())
    ]


def own(table: str, base: Base) -> Path:
    """A copy of a table (or of the sources) in the workspace, to be changed there; its path.

    Raises
    ------
    UsageError : the table is no table of rules, or there is no workspace.
    InputError : the workspace has one already: it is never written over.
    """
    if table not in (*TABLES, "sources.tsv"):
        allowed = (*TABLES, "sources.tsv")
        raise UsageError("There is no table of rules of this name.", where=table, allowed=allowed)
    if base.folder is None:
        raise UsageError("Only a workspace can have rules of its own.", where=table)
    path = base.folder / table
    if path.exists():
        raise InputError(
            "The workspace has this table already.",
            where=str(path),
            next_step="Change it there, or take it away to begin again.",
        )
    _write(path, base.text(table))
    return path


def sign(
    table: str,
    signed: Iterable[Row],
    base: Base,
    *,
    reviewer: str,
    role: str,
    on: date,
    until: date,
    whole: bool = False,
) -> int:
    """Record that somebody has reviewed rows as they are; an older review of a row is replaced.

    Parameters
    ----------
    signed : the rows (``found``). whole : the table as it is, and no single rows.

    Returns the number of reviews that were written.

    Raises
    ------
    UsageError : a name is empty or holds a tab, a day cannot be right, or there is no workspace.
    """
    if base.folder is None:
        raise UsageError("Reviews are kept in a workspace.", where=rows.REVIEWS)
    for name in (reviewer, role):
        if not name.strip() or not name.isprintable():
            raise UsageError("A review needs a name and a role.", where=rows.REVIEWS)
    if until <= on:
        raise UsageError("A review ends after the day on which it is made.", where="until")
    keys = [rows.table_key(table, base)] if whole else [rows.key(row) for row in signed]
    kept = [one for one in rows.reviews(base).values() if (one.table, one.row) not in
            {(table, key) for key in keys}]  # fmt: skip
    made = [rows.Review(table, key, reviewer, role, on, until) for key in dict.fromkeys(keys)]
    lines = ["\t".join(rows.Review._fields)]
    lines += ["\t".join(map(str, one)) for one in sorted((*kept, *made))]
    _write(base.folder / rows.REVIEWS, "\n".join(lines) + "\n")
    rows.forget()
    return len(made)


def _noted(path: Path, text: str) -> None:
    """The file's new hash in the manifest of its folder, where an import has left one.

    Only this row is written again, so that a change of another file is still found.
    """
    manifest = path.with_name(MANIFEST)
    if not manifest.is_file():
        return
    kept = {row["file"]: row["sha256"] for row in Base(path.parent).rows(MANIFEST)}
    kept[path.name] = hashlib.sha256(text.encode()).hexdigest()
    write_table(manifest, [{"file": name, "sha256": kept[name]} for name in sorted(kept)])


def _write(path: Path, text: str) -> None:
    write_whole(path, text)
    _noted(path, text)
