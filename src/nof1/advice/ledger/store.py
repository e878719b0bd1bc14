"""The ledger itself: open, record, forget; reading and checking are in ``ledger.reading``."""

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
from nof1.advice.ledger.reading import Reader, head_of, untrue
from nof1.advice.ledger.shapes import Draft, Exchange, Feedback, Receipt, moment
from nof1.advice.ledger.writer import Writer
from nof1.core.errors import WorkspaceError


class Ledger(Reader):
    """Questions, answers and feedback in one hash chain; several processes may write at once.

    Open it after a process has forked, not before: it owns a thread and connections.
    """

    def __init__(self, engine: sa.Engine, keys: Keys, *, writing: bool = True) -> None:
        super().__init__(engine, keys)
        self._writing_engine = engine.execution_options(**database.WRITING)
        self._write = schema.Writing(engine.dialect)
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
        return self.submit_together([what])[0]

    def submit_together(self, these: Sequence[Exchange | Feedback]) -> Sequence[Future[Receipt]]:
        """As ``submit``, for several that are kept all or none."""
        if self._writer is None:
            raise WorkspaceError("The ledger was opened for reading only.")
        return self._writer.submit_together([self._draft(what) for what in these])

    def _draft(self, what: Exchange | Feedback) -> Draft:
        if isinstance(what, Exchange):
            return drafts.of_exchange(what, self._keys)
        return drafts.of_feedback(what, self._keys)

    def record(self, what: Exchange | Feedback) -> Receipt:
        """As ``submit``, but waits."""
        return self.submit(what).result()

    def close(self) -> None:
        """Write what waits and give the connections back."""
        if self._writer is not None:
            self._writer.close()
        self._engine.dispose()

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

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._writing_engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, database.of_driver(self._engine)) as error:
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
        write = self._write
        write.add_entry.run(connection, rows)
        for add, made in zip((write.add_sealed, write.add_card), _beside(rows, group), strict=True):
            if made:
                add.run(connection, made)
        end = rows[-1]
        new = self._signed(old.ledger, end["seq"], end["hash"], now)
        write.set_head.run(connection, [new.to_dict()])
        return new, [Receipt(row["seq"], row["hash"]) for row in rows]

    def _signed(self, ledger: str, seq: int, last: str, now: str) -> chain.Head:
        return chain.signed(self._keys.signer, self._keys.name, ledger, seq, last, now)

    def _begun(self) -> chain.Head:
        """The head as this process found it; a new ledger gets its first one."""
        with self._writing() as connection:
            schema.alone(connection)
            if schema.locked_head(connection) is None:
                new = self._signed(uuid.uuid4().hex, 0, chain.START, moment(datetime.now(UTC)))
                row = {"id": 1, "format": schema.FORMAT, **new.to_dict()}
                connection.execute(schema.ADD_HEAD, [row])
            return self._checked(connection)

    def _checked(self, connection: sa.Connection) -> chain.Head:
        """The locked head, when it is authentic and continues what this process has seen."""
        head = head_of(schema.locked_head(connection))
        seen = self._seen
        if head == seen:
            return head
        if not chain.authentic(head, self._keys.trusted):
            raise untrue("The ledger's head has no signature that is trusted here.")
        if seen is not None and not _continues(connection, seen):
            raise untrue("The ledger no longer holds what this server wrote.")
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
