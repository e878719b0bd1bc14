"""The ledger itself: open, record, read, check, forget."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from nof1.advice.ledger import chain, database, drafts, schema
from nof1.advice.ledger.keys import Keys, load
from nof1.advice.ledger.shapes import Draft, Entry, Exchange, Feedback, Receipt, moment
from nof1.advice.ledger.writer import Writer
from nof1.core.errors import UsageError, WorkspaceError

ROWS = 1000


class Ledger:
    """Questions, answers and feedback in one hash chain; several processes may write at once.

    Open it after a process has forked, not before: it owns a thread and connections.
    """

    def __init__(self, engine: sa.Engine, keys: Keys, *, writing: bool = True) -> None:
        self._engine = engine
        self._writing_engine = engine.execution_options(**database.WRITING)
        self._keys = keys
        self._seen: chain.Head | None = None  # the newest head that this process has seen
        self._writer: Writer | None = None
        if writing:
            self._seen = self._begun()
            self._writer = Writer(self._commit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(self, what: Exchange | Feedback) -> Future[Receipt]:
        """Queue an exchange or feedback; the future is done when it is safely on disk.

        A web server sends its answer after ``await asyncio.wrap_future(...)``, and answers 5xx
        when that raises: no advice without a record.

        Raises
        ------
        UsageError : when a field that must be an identifier holds words.
        WorkspaceError : when the ledger is closed or too slow; from the future, when the database
            fails or its head is not authentic.
        """
        if self._writer is None:
            raise WorkspaceError("The ledger was opened for reading only.")
        if isinstance(what, Exchange):
            return self._writer.submit(drafts.of_exchange(what, self._keys))
        return self._writer.submit(drafts.of_feedback(what, self._keys))

    def record(self, what: Exchange | Feedback) -> Receipt:
        """As ``submit``, but waits."""
        return self.submit(what).result()

    def close(self) -> None:
        """Write what waits and give the connections back."""
        if self._writer is not None:
            self._writer.close()
        self._engine.dispose()

    def head(self) -> chain.Head:
        """The signed head: keep one in a second place from time to time."""
        with self._reading() as connection:
            row = connection.execute(schema.READ_HEAD).mappings().first()
        return _head(None if row is None else dict(row))

    def entries(self, *, first: int = 1, last: int | None = None) -> Iterator[Entry]:
        """Entries by number, oldest first, both ends included."""
        for row in self._rows(first, last):
            yield chain.read(row)

    def entry(self, seq: int) -> Entry:
        """One entry.

        Raises
        ------
        UsageError : when there is none with this number.
        """
        for found in self.entries(first=seq, last=seq):
            return found
        raise UsageError(f"The ledger has no entry {seq}.", next_step="nof1 audit export --ledger")

    def showing(self, card: str) -> tuple[Entry, ...]:
        """The exchanges that showed this card, oldest first; empty for an unknown card."""
        with self._reading() as connection:
            query = sa.select(schema.card.c.seq).where(schema.card.c.uuid == card)
            numbers = sorted(connection.execute(query).scalars())
        found = (self.entry(seq) for seq in numbers)
        return tuple(entry for entry in found if card in entry.cards)

    def kept(self, entry: Entry, part: str) -> bytes | None:
        """The bytes of the ``request`` or the ``response``; None when forgotten or unreadable.

        Bytes that do not have the hash that the chain holds are never returned.
        """
        where = (schema.sealed.c.seq == entry.seq) & (schema.sealed.c.part == part)
        with self._reading() as connection:
            found = connection.execute(sa.select(schema.sealed.c.bytes).where(where)).scalar()
        known = entry.request_hash if part == drafts.REQUEST else entry.response_hash
        data = None if found is None else self._keys.unseal(drafts.label(part, known), found)
        return data if data is not None and drafts.hashed(data) == known else None

    def verify(self, anchor: str | None = None) -> chain.Verdict:
        """Check every entry, the signed head, the card table, and that ``anchor`` is in the chain.

        ``anchor`` is the hash of an earlier head. The whole ledger is read.
        """
        head = self.head()
        shown = chain.Tally()
        rows = (shown.counted(row) for row in self._rows(1, head.seq))
        verdict = chain.judge(rows, head, self._keys.trusted, anchor)
        return chain.extended(verdict, self._beyond(), shown.differs(self._cards(head.seq)))

    def forget(self, before: datetime) -> int:
        """Delete the encrypted bytes of entries recorded before ``before``; how many there were.

        The chain keeps holding; the deletion is an entry itself. Such entries cannot be replayed.
        """
        limit = moment(before)
        old = sa.select(schema.entry.c.seq).where(schema.entry.c.recorded_at < limit)
        with self._writing() as connection:
            gone = connection.execute(
                sa.delete(schema.sealed).where(schema.sealed.c.seq.in_(old))
            ).rowcount
            self._extend(connection, [drafts.of_forgetting(limit, moment(datetime.now(UTC)))])
        database.flush(self._engine)
        return int(gone)

    def _beyond(self) -> int:
        """How many entries stand behind the head: one statement, so one moment of the database."""
        newest = sa.select(sa.func.coalesce(sa.func.max(schema.entry.c.seq), 0)).scalar_subquery()
        with self._reading() as connection:
            newest_seq, seq = connection.execute(sa.select(newest, schema.head.c.seq)).one()
        return int(newest_seq - seq)

    def _cards(self, last: int) -> Iterator[tuple[int, str]]:
        table = schema.card.c
        with self._reading() as connection:
            query = sa.select(table.seq, table.uuid).where(table.seq <= last)
            for row in connection.execute(query):
                yield row.seq, row.uuid

    def _rows(self, first: int, last: int | None) -> Iterator[Mapping[str, Any]]:
        while True:
            found = self._page(first, last)
            yield from found
            if len(found) < ROWS:
                return
            first = found[-1]["seq"] + 1

    def _page(self, first: int, last: int | None) -> list[dict[str, Any]]:
        seq = schema.entry.c.seq
        query = sa.select(schema.entry).where(seq >= first).order_by(seq).limit(ROWS)
        if last is not None:
            query = query.where(seq <= last)
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise database.unreachable(error) from None

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._writing_engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise database.unreachable(error) from None

    def _commit(self, group: Sequence[Draft]) -> Sequence[Receipt]:
        with self._writing() as connection:
            new, receipts = self._extend(connection, group)
        self._seen = new
        return receipts

    def _extend(
        self, connection: sa.Connection, group: Sequence[Draft]
    ) -> tuple[chain.Head, list[Receipt]]:
        old = self._checked(connection)
        now = moment(datetime.now(UTC))
        rows = list(chain.linked([one.fields for one in group], old.hash, old.seq, now))
        connection.execute(schema.ADD_ENTRY, rows)
        beside = _beside(rows, group)
        for add, made in zip((schema.ADD_SEALED, schema.ADD_CARD), beside, strict=True):
            if made:
                connection.execute(add, made)
        end = rows[-1]
        new = self._signed(old.ledger, end["seq"], end["hash"], now)
        connection.execute(schema.SET_HEAD, new.to_dict())
        return new, [Receipt(row["seq"], row["hash"]) for row in rows]

    def _signed(self, ledger: str, seq: int, last: str, now: str) -> chain.Head:
        return chain.signed(self._keys.signer, self._keys.name, ledger, seq, last, now)

    def _begun(self) -> chain.Head:
        """The head as this process found it; a new ledger gets its first one."""
        with self._writing() as connection:
            if schema.locked_head(connection) is None:
                new = self._signed(uuid.uuid4().hex, 0, chain.START, moment(datetime.now(UTC)))
                row = {"id": 1, "format": schema.FORMAT, **new.to_dict()}
                connection.execute(schema.ADD_HEAD, [row])
            return self._checked(connection)

    def _checked(self, connection: sa.Connection) -> chain.Head:
        """The locked head, when it is authentic and continues what this process has seen."""
        head = _head(schema.locked_head(connection))
        seen = self._seen
        if head == seen:
            return head
        if not chain.authentic(head, self._keys.trusted):
            raise _untrue("The ledger's head has no signature that is trusted here.")
        if seen is not None and not _continues(connection, seen):
            raise _untrue("The ledger no longer holds what this server wrote.")
        return head


def open_ledger(folder: Path, url: str | None = None) -> Ledger:
    """The ledger of an audit folder: ``folder/ledger.db``, or a PostgreSQL address.

    Raises
    ------
    WorkspaceError : when a key is damaged or open to others, the database does not answer, or its
        head is not authentic. UsageError, MissingExtra : see ``database.connect``.
    """
    keys = load(folder, new=url is not None or not exists(folder))
    engine = database.connect(folder, url)
    try:
        return Ledger(engine, keys)
    except BaseException:
        engine.dispose()
        raise


def read_ledger(folder: Path, url: str | None = None) -> Ledger:
    """The same for reading only: also opens a ledger whose head is not authentic, to judge it.

    Raises
    ------
    WorkspaceError : when there is none, a key is missing or the database does not answer.
    """
    keys = load(folder, new=False)
    return Ledger(database.connect(folder, url, make=False), keys, writing=False)


def exists(folder: Path) -> bool:
    """Whether this audit folder has a ledger of its own (SQLite)."""
    return (folder / database.FILE).exists()


def _head(row: Mapping[str, Any] | None) -> chain.Head:
    if row is None or row["format"] != schema.FORMAT:
        raise _untrue("The ledger has no head, or one of another format.")
    names = ("ledger", "seq", "hash", "signed_at", "key", "signature")
    return chain.Head(**{name: row[name] for name in names})


def _continues(connection: sa.Connection, seen: chain.Head) -> bool:
    query = sa.select(schema.entry.c.hash).where(schema.entry.c.seq == seen.seq)
    return seen.seq == 0 or connection.execute(query).scalar() == seen.hash


def _beside(
    rows: Sequence[Mapping[str, Any]], group: Sequence[Draft]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of ``sealed`` and ``card`` that go with these entries."""
    both = list(zip(rows, group, strict=True))
    parts = [
        {"seq": row["seq"], "part": part, "bytes": data}
        for row, draft in both
        for part, data in draft.sealed
    ]
    cards = [{"seq": row["seq"], "uuid": one} for row, draft in both for one in draft.cards]
    return parts, cards


def _untrue(message: str) -> WorkspaceError:
    return WorkspaceError(
        message,
        where="the ledger",
        next_step="Nothing is written to it. Run: nof1 audit verify. Other servers' public keys "
        "(ledger.pub) belong in audit/trusted/.",
    )
