"""Messages on a TLS connection: a head of fixed form, then at most as many bytes as are allowed.

The head holds four letters, the kind, a tag of the job, a number and the length of what follows.
A message of an unknown kind, of a kind that is not due now or longer than allowed ends the
connection before its content is read. Content is JSON or MessagePack of a fixed form, a signed
manifest, or words of a vector; nothing that comes over a connection can name code.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, TypeVar

import msgspec

from nof1.core.errors import InputError, ModelError, Nof1Error

MAGIC = b"nof1"
HEAD = struct.Struct(">4sBQQI")
SMALL = 2**18  # bytes of a message that holds no vector, no offer and no manifest
CHUNK = 2**20
SAME = "Compare the versions of nof1 at both ends, by telephone; then start this side again."
WORDS = 400  # characters of a reason
Content = TypeVar("Content")


class Kind(IntEnum):
    """What a message is. The first of a pair is asked, the second answers."""

    WELCOME = 1
    ENROL = 2
    MEMBERS = 3
    WAIT = 4
    IDLE = 5
    JOB = 6
    DECISION = 7
    START = 8
    ENDED = 9
    MESSAGE = 10
    MESSAGES = 11
    VECTOR = 12
    TOTAL = 13
    DONE = 14
    FAILED = 15
    ERROR = 16
    SUBMIT = 17
    STATE = 18
    LOOK = 19


class Gone(Nof1Error):
    """The other side is not there any more, or did not answer in time."""


class Late(Gone):
    """The other side did not answer in time."""


class Rejected(Gone):
    """The other side's TLS refused this certificate, or this side's refused the other's."""


class Frame(NamedTuple):
    """One message."""

    kind: Kind
    tag: int
    number: int
    data: bytes


class Ended(msgspec.Struct, frozen=True):
    """Why something is over or was not done, in words for people."""

    why: str


@dataclass
class Line:
    """One TLS connection; one thread reads and writes.

    Attributes
    ----------
    socket : connected, handshake done; its time limit is how long one whole message may take, so
        that a side that drips byte by byte holds nobody up for longer.
    """

    socket: ssl.SSLSocket = field(repr=False)
    _end: float | None = field(default=None, repr=False)

    def send(self, kind: Kind, data: bytes = b"", tag: int = 0, number: int = 0) -> None:
        """Send one message.

        Raises
        ------
        Gone : the connection broke.
        """
        left = memoryview(HEAD.pack(MAGIC, kind, tag, number, len(data)) + data)
        with self._by_the_end():
            while left:
                try:
                    left = left[self.socket.send(left) :]
                except OSError as error:
                    raise lost(error) from None
                self._hurry()

    def read(self, *due: Kind, most: int = SMALL) -> Frame:
        """The next message, of one of the kinds ``due`` and of at most ``most`` bytes.

        Raises
        ------
        Gone : the connection broke or the time is over.
        InputError : anything else than a message that is due.
        """
        with self._by_the_end():
            return self._read(due, most)

    def _read(self, due: tuple[Kind, ...], most: int) -> Frame:
        magic, kind, tag, number, size = HEAD.unpack(self._bytes(HEAD.size))
        if magic != MAGIC or kind not in due:
            raise InputError(
                "A message of a kind came that is not due.", where="connection", next_step=SAME
            )
        if size > most:
            raise InputError(
                "A message is longer than its kind may be.",
                where="connection",
                allowed=f"{most:,} bytes",
                next_step=SAME,
            )
        return Frame(Kind(kind), tag, number, self._bytes(size))

    def ask(
        self, kind: Kind, data: bytes = b"", *, due: Kind, tag: int = 0, number: int = 0,
        most: int = SMALL,
    ) -> Frame:  # fmt: skip
        """Send a message and wait for its answer of the kind ``due``.

        Raises
        ------
        Gone, InputError : as ``read``; an answer that belongs to another question.
        ModelError : the other side says that it does not do it, or that the job is over.
        """
        self.send(kind, data, tag, number)
        got = self.read(due, Kind.ERROR, Kind.ENDED, most=max(most, SMALL))
        if got.kind is not due:
            raise ModelError(plain(decode(got.data, Ended).why), where="federation")
        if (got.tag, got.number) != (tag, number):
            raise InputError("An answer came to another question.", where="connection")
        return got

    def close(self) -> None:
        """End the connection; nothing happens when it is over already."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _bytes(self, size: int) -> bytes:
        got = bytearray()
        while len(got) < size:
            try:
                part = self.socket.recv(min(size - len(got), CHUNK))
            except OSError as error:
                raise lost(error) from None
            if not part:
                raise Gone("The other side ended the connection.", where="connection")
            got += part
            self._hurry()
        return bytes(got)

    @contextmanager
    def _by_the_end(self) -> Iterator[None]:
        """A block that is one message; the socket's own time limit holds again after it."""
        patience = self.socket.gettimeout()
        self._end = None if patience is None else time.monotonic() + patience
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self.socket.settimeout(patience)

    def _hurry(self) -> None:
        """What is left of the message's time is all that the next step may take."""
        if self._end is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise lost(TimeoutError())
            self.socket.settimeout(left)


def plain(text: str) -> str:
    """Words of another machine: one line, printable, not long."""
    return "".join(one if one.isprintable() else " " for one in text)[:WORDS]


def encode(content: object) -> bytes:
    """A message's content as JSON."""
    return msgspec.json.encode(content)


def decode(data: bytes, kind: type[Content]) -> Content:
    """A message's content.

    Raises
    ------
    InputError : it is not of the form of its kind.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A message is not of the form of its kind.", where="connection") from None


def lost(error: OSError) -> Gone:
    """What a broken connection means: a refusal by TLS, silence, or an end."""
    ends = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ends):
        reason = getattr(error, "reason", None) or "error"
        return Rejected(f"TLS refused the connection: {reason}.", where="connection")
    if isinstance(error, TimeoutError):
        return Late("The other side did not answer in time.", where="connection")
    return Gone("The connection broke.", where="connection")
