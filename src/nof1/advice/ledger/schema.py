"""The ledger's tables, the same in SQLite and PostgreSQL.

entry    the chain, one row an entry; never changed, never deleted
sealed   encrypted request and answer bytes of an entry; may be deleted when their time is over
card     which entry showed a card; made from the entries, so that feedback finds its card
head     one row: the last entry's number and hash, signed
token    tokens that were used, until they expire; no part of the chain
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

FORMAT = "nof1/ledger/1"
FORGOTTEN = "forgotten"  # kind of the entry that says what was deleted
TABLES = sa.MetaData()
SHARED = sa.MetaData()
# Two servers that start on an empty PostgreSQL must not both make the tables or the first head.
POSTGRES_LOCK = 0x6E6F6631

entry = sa.Table(
    "nof1_entry",
    TABLES,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("asked_at", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("hook", sa.Text),
    sa.Column("instance", sa.Text),
    sa.Column("patient", sa.Text),
    sa.Column("person", sa.Text),
    sa.Column("client", sa.Text),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("request_hash", sa.Text, nullable=False),
    sa.Column("response_hash", sa.Text, nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
)
sealed = sa.Table(
    "nof1_sealed",
    TABLES,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("bytes", sa.LargeBinary, nullable=False),
)
card = sa.Table(
    "nof1_card",
    TABLES,
    sa.Column("uuid", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
)
head = sa.Table(
    "nof1_head",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("ledger", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("signed_at", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)
# There are few of them, and each replay asks for them.
_OF_THEM = sa.literal_column("kind") == sa.literal_column(f"'{FORGOTTEN}'")
sa.Index("nof1_entry_forgotten", entry.c.kind, sqlite_where=_OF_THEM, postgresql_where=_OF_THEM)
# Tokens that were used (``ledger.tokens``), in PostgreSQL only; no part of the chain.
token = sa.Table(
    "nof1_token",
    SHARED,
    sa.Column("name", sa.LargeBinary, primary_key=True),
    sa.Column("until", sa.Double, nullable=False, index=True),
)
# Built once: a statement that is built anew for each entry costs more than its execution.
ADD_HEAD, READ_HEAD = sa.insert(head), sa.select(head).where(head.c.id == 1)
SHOWING = (
    sa.select(entry)
    .where(entry.c.seq == card.c.seq, card.c.uuid == sa.bindparam("card"))
    .order_by(entry.c.seq)
)
LOCK_HEAD = READ_HEAD.with_for_update()
COLUMNS = tuple(column.name for column in entry.columns)


@dataclass(frozen=True)
class Direct:
    """A statement as the driver takes it; on the way through SQLAlchemy it costs twice as much.

    ``names`` are those of its values in their order; None: the driver takes them by name.
    """

    text: str
    names: tuple[str, ...] | None

    @classmethod
    def of(cls, statement: UpdateBase, dialect: sa.Dialect, values: Iterable[str]) -> Self:
        """A statement that writes these columns."""
        made = statement.compile(dialect=dialect, column_keys=list(values))
        order = getattr(made, "positiontup", None)
        return cls(str(made), None if order is None else tuple(order))

    def run(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each row, within the transaction of ``connection``.

        Raises the driver's own errors.
        """
        names = self.names
        given = rows if names is None else [tuple(row[name] for name in names) for row in rows]
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self.text, given)
        finally:
            cursor.close()


class Writing:
    """What is done for each entry, made once for a database."""

    def __init__(self, dialect: sa.Dialect) -> None:
        written = [column.name for column in head.columns if column.name not in ("id", "format")]
        self.add_entry = Direct.of(sa.insert(entry), dialect, COLUMNS)
        self.add_sealed = Direct.of(sa.insert(sealed), dialect, sealed.columns.keys())
        self.add_card = Direct.of(sa.insert(card), dialect, card.columns.keys())
        self.set_head = Direct.of(sa.update(head), dialect, written)


def ready(connection: sa.Connection) -> None:
    """Make the tables that are not there yet; safe when two processes do it at once."""
    alone(connection)
    if connection.dialect.name == "postgresql":
        SHARED.create_all(connection)
    TABLES.create_all(connection)


def alone(connection: sa.Connection) -> None:
    """Keep other servers from beginning this ledger until the transaction ends.

    There is no head to lock yet. A writer on SQLite is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(POSTGRES_LOCK)))


def locked_head(connection: sa.Connection) -> dict[str, Any] | None:
    """The head row, locked against every other writer until the transaction ends."""
    found = connection.execute(LOCK_HEAD).mappings().first()
    return None if found is None else dict(found)
