"""Reading one FHIR server over the network, with suspicion: addresses, time, bytes, no redirect.

The standard library's plain connections are used, since they follow no redirect and no proxy. The
token is sent to the server that the operator named and is never part of a message.

Reference: RFC 9110; RFC 6750, section 2.1.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nof1.advice.hooks.request import check_json
from nof1.core.errors import UsageError

PIECE = 2**16  # bytes
TAIL = re.compile(r"[\x21\x22\x24-\x5b\x5d-\x7e]{0,4096}")  # of an address: no space, # or \
UPWARD = re.compile(r"(^|/)(\.|%2e){1,2}(/|\?|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Server:
    """One FHIR server that may be read; ``base`` is its address without a slash at the end."""

    base: str
    secure: bool
    host: str
    port: int | None
    path: str


def server(address: str, *, insecure: bool = False) -> Server:
    """An address of the operator's list.

    Raises
    ------
    UsageError : it is no https address (http only with ``insecure``), or has a user, query or
        fragment.
    """
    base = address.rstrip("/")
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError:
        raise _not_allowed() from None
    schemes = ("https", "http") if insecure else ("https",)
    plain = TAIL.fullmatch(base) and not UPWARD.search(parts.path)
    strange = parts.username or parts.password or "@" in parts.netloc or "?" in base
    if parts.scheme not in schemes or not parts.hostname or strange or not plain:
        raise _not_allowed()
    return Server(base, parts.scheme == "https", parts.hostname, port, parts.path)


def _not_allowed() -> UsageError:
    return UsageError(
        "This is no address of a FHIR server that may be read.",
        where="--fetch-from",
        allowed="https://HOST/BASE without user, query or fragment",
    )


class Failed(Exception):
    """A key that could not be fetched; ``why`` is a key of ``prefetch.NOT_FETCHED``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def below(server: Server, address: str) -> str:
    """The path of a next page, when it lies below the server's address.

    Raises
    ------
    Failed : it lies elsewhere.
    """
    tail = address.removeprefix(server.base)
    good = tail != address and tail[:1] in ("/", "?") and TAIL.fullmatch(tail)
    if not good or UPWARD.search(tail.partition("?")[0]):
        raise Failed("paging")
    return (server.path or "/" * tail.startswith("?")) + tail


@dataclass
class Visit:
    """All reads of one request: until when, with which token, and how many bytes are left.

    One answer may have ``most`` bytes, so that a single one cannot use up what all may have.
    """

    server: Server
    token: str
    until: float
    left: int
    most: int
    trusted: ssl.SSLContext
    lock: threading.Lock = field(default_factory=threading.Lock)
    sockets: list[socket.socket] = field(default_factory=list)
    over: bool = False

    def seconds(self) -> float:
        """The time that is left; more than 0."""
        left = self.until - time.monotonic()
        if left <= 0 or self.over:
            raise Failed("timeout")
        return left

    def take(self, size: int) -> None:
        """Count the bytes of an answer that is used."""
        with self.lock:
            self.left -= size
            if self.left < 0:
                raise Failed("large")

    def opened(self, one: socket.socket) -> None:
        """Remember a connection, so that ``end`` can break it."""
        with self.lock:
            self.sockets.append(one)
        self.seconds()

    def end(self) -> None:
        """Break whatever still waits."""
        with self.lock:
            self.over = True
            for one in self.sockets:
                with suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)


def get(visit: Visit, path: str) -> bytes:
    """The JSON at a path of the server, within the limits of the visit.

    Raises
    ------
    Failed : there is none that may be used. Refusal : it is no such JSON as a request may hold.
    OSError, HTTPException : the connection fails.
    """
    one = visit.server
    line: http.client.HTTPConnection
    if one.secure:
        line = http.client.HTTPSConnection(
            one.host, one.port, timeout=visit.seconds(), context=visit.trusted
        )
    else:
        line = http.client.HTTPConnection(one.host, one.port, timeout=visit.seconds())
    try:
        line.connect()
        opened = line.sock  # the connection forgets it when the answer ends it
        visit.opened(opened)
        head = {"Authorization": f"Bearer {visit.token}", "Connection": "close",
                "Accept": "application/fhir+json", "Accept-Encoding": "identity"}  # fmt: skip
        line.request("GET", path, headers=head)
        with line.getresponse() as answer:
            _check_head(answer)
            return _read(visit, answer, opened)
    finally:
        line.close()


def _check_head(answer: http.client.HTTPResponse) -> None:
    if answer.status in (401, 403):
        raise Failed("denied")
    if answer.status != 200:
        raise Failed("status")
    kind = answer.getheader("Content-Type", "").partition(";")[0].strip().lower()
    packed = answer.getheader("Content-Encoding", "identity").strip().lower()
    if not kind.endswith("json") or packed != "identity":
        raise Failed("content")


def _read(visit: Visit, answer: http.client.HTTPResponse, opened: socket.socket) -> bytes:
    data = b""
    while True:
        opened.settimeout(visit.seconds())
        piece = answer.read1(PIECE)
        if not piece:
            break
        data += piece
        if len(data) > visit.most:
            raise Failed("large")
    if answer.length:  # bytes that were announced and did not come
        raise Failed("content")
    check_json(data)
    visit.take(len(data))
    return data
