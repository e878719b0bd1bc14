"""Reading a ledger and checking it: entries, cards, kept bytes, the chain and its head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from nof1.advice.ledger import anchor, chain, database, drafts, schema
from nof1.advice.ledger.keys import Keys
from nof1.advice.ledger.shapes import Entry
from nof1.core.errors import UsageError, WorkspaceError

ROWS = 1000
OK = 200
Gone = Literal["refused", "forgotten", "unreadable", "lost"]


class Reader:
    """A ledger as it is read; ``nof1.advice.ledger.store.Ledger`` also writes."""

    def __init__(self, engine: sa.Engine, keys: Keys) -> None:
        self._engine = engine
        self._keys = keys

    def head(self) -> chain.Head:
        """The signed head: keep one in a second place from time to time."""
        with self._reading() as connection:
            row = connection.execute(schema.READ_HEAD).mappings().first()
        return head_of(None if row is None else dict(row))

    def database(self) -> str:
        """The kind of the database and its version; never its address."""
        with self._reading() as connection:
            version = connection.dialect.server_version_info or ()
        return f"{self._engine.dialect.name} {'.'.join(map(str, version))}"

    def trusts(self, head: chain.Head) -> bool:
        """Whether a key that is trusted here signed this head."""
        return chain.authentic(head, self._keys.trusted)

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
        """The exchanges that showed this card, oldest first; empty for an unknown card.

        One statement on an index; it sees what another server has just written.
        """
        with self._reading() as connection:
            found = connection.execute(schema.SHOWING, {"card": card}).mappings()
            entries = [chain.read(dict(row)) for row in found]
        return tuple(entry for entry in entries if card in entry.cards)

    def feedback(self, first: int = 1) -> Iterator[Entry]:
        """What became of cards: the entries of feedback from a number on, oldest first."""
        table = schema.entry.c
        query = sa.select(schema.entry).where(table.kind == "feedback", table.seq >= first)
        with self._reading() as connection:
            found = [dict(row) for row in connection.execute(query.order_by(table.seq)).mappings()]
        yield from map(chain.read, found)

    def kept(self, entry: Entry, part: str) -> bytes | None:
        """The bytes of the ``request`` or the ``response``; None when forgotten or unreadable.

        Bytes that do not have the hash that the chain holds are never returned.
        """
        found = self._sealed(entry, part)
        known = entry.request_hash if part == drafts.REQUEST else entry.response_hash
        data = None if found is None else self._keys.unseal(drafts.label(part, known), found)
        return data if data is not None and drafts.hashed(data) == known else None

    def missing(self, entry: Entry, part: str) -> Gone:
        """Why ``kept`` gives nothing.

        ``refused``: only hashes of it were ever kept; ``forgotten``: deleted, and an entry says so;
        ``unreadable``: there, but sealed with another key or altered; ``lost``: none of these.
        """
        if self._sealed(entry, part) is not None:
            return "unreadable"
        if entry.status != OK:
            return "refused"
        return "forgotten" if entry.recorded_at < self._forgotten() else "lost"

    def verify(self, anchored: str | chain.Head | None = None) -> chain.Verdict:
        """Check every entry, the signed head, the card table, and where an anchor stands.

        ``anchored`` is an earlier head, or only its hash. The whole ledger is read.
        """
        head = self.head()
        shown = chain.Tally()
        rows = (shown.counted(row) for row in self._rows(1, head.seq))
        known = anchored if isinstance(anchored, str) else None
        verdict = chain.judge(rows, head, self._keys.trusted, known)
        cards = shown.differs(self._cards(head.seq))
        found = chain.extended(verdict, self._beyond(), cards, self._lost())
        return found if not isinstance(anchored, chain.Head) else self._placed(found, anchored)

    def verify_end(self, last: int) -> chain.Verdict:
        """Check the newest ``last`` entries and the signed head: quick, no proof of the rest."""
        head = self.head()
        before = max(0, head.seq - last)
        old = chain.START if before == 0 else (self._hash_at(before) or "")
        rows = self._rows(before + 1, head.seq)
        verdict = chain.judge(rows, head, self._keys.trusted, after=(before, old))
        return chain.extended(verdict, self._beyond(), cards_differ=False)

    def _placed(self, verdict: chain.Verdict, anchored: chain.Head) -> chain.Verdict:
        found = anchor.placed(anchored, self.head(), self._hash_at, self._keys.trusted)
        problems = (*verdict.problems, *filter(None, [found.problem]))
        unbroken = verdict.broken_seq is None or verdict.broken_seq > anchored.seq
        return replace(verdict, problems=problems, anchored=found.problem is None and unbroken)

    def _hash_at(self, seq: int) -> str | None:
        query = sa.select(schema.entry.c.hash).where(schema.entry.c.seq == seq)
        with self._reading() as connection:
            return connection.execute(query).scalar()

    def _sealed(self, entry: Entry, part: str) -> bytes | None:
        where = (schema.sealed.c.seq == entry.seq) & (schema.sealed.c.part == part)
        with self._reading() as connection:
            return connection.execute(sa.select(schema.sealed.c.bytes).where(where)).scalar()

    def _forgotten(self) -> str:
        """What was recorded before this time was forgotten; "" when nothing was."""
        table = schema.entry.c
        with self._reading() as connection:
            query = sa.select(table.details).where(table.kind == schema.FORGOTTEN)
            found = [drafts.limit(text) for text in connection.execute(query).scalars()]
        return max(found, default="")

    def _lost(self) -> int:
        """How many answers have no kept request though nobody forgot them."""
        table, kept = schema.entry.c, sa.select(schema.sealed.c.seq)
        query = sa.select(sa.func.count()).where(
            (table.kind == "exchange") & (table.status == OK),
            table.recorded_at >= self._forgotten(),
            table.seq.not_in(kept.where(schema.sealed.c.part == drafts.REQUEST)),
        )
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

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


def head_of(row: Mapping[str, Any] | None) -> chain.Head:
    """The head from its row.

    Raises
    ------
    WorkspaceError : there is none, or it has another format.
    """
    if row is None or row["format"] != schema.FORMAT:
        raise untrue("The ledger has no head, or one of another format.")
    names = ("ledger", "seq", "hash", "signed_at", "key", "signature")
    return chain.Head(**{name: row[name] for name in names})


def untrue(message: str) -> WorkspaceError:
    """A refusal to go on with a ledger that does not hold."""
    return WorkspaceError(
        message,
        where="the ledger",
        next_step="Nothing is written to it. Run: nof1 audit verify. Other servers' public keys "
        "(ledger.pub) belong in audit/trusted/.",
    )
