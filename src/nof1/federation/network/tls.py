"""Mutual TLS 1.3: both sides show a certificate of the project's own authority, and no other.

The system's authorities are not asked. A caller that is refused gives up at once, and one that gets
no answer after ``REACH`` and ``GREETING`` seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nof1.core.errors import InputError
from nof1.federation.network.wire import Ended, Gone, Kind, Line, Rejected, decode, lost, plain

REACH, GREETING = 6.0, 8.0  # seconds until somebody must be there, and have said who is welcome
PATIENCE = 600.0  # seconds for one answer of a job
KIT = "Compare project and certificates with the coordinator; join with a new kit."


class Welcome(msgspec.Struct, frozen=True):
    """The coordinator's first message: as whom it knows the caller."""

    project: str
    name: str
    role: str


class Unwelcome(InputError):
    """The coordinator does not take this certificate, or is not the one of the project."""


@dataclass(frozen=True)
class Papers:
    """Files (PEM) of one side: its certificate, its key, and the project's authority."""

    certificate: Path
    key: Path
    authority: Path

    def context(self, *, server: bool) -> ssl.SSLContext:
        """A context that takes TLS 1.3 and certificates of the authority only.

        Raises
        ------
        InputError : a file is missing or damaged.
        """
        kind = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
        made = ssl.SSLContext(kind)
        made.minimum_version = ssl.TLSVersion.TLSv1_3
        made.verify_mode = ssl.CERT_REQUIRED
        if server:
            made.num_tickets = 0  # no session is taken up again without its certificate
        try:
            made.load_verify_locations(self.authority)
            made.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError):
            raise InputError(
                "A certificate or its key cannot be read, or they do not belong together.",
                where=str(self.certificate),
                next_step="Join again with the kit: nof1 federation join KIT",
            ) from None
        return made


def prepare(raw: socket.socket) -> None:
    """Send at once, and find out within a minute when the other machine is gone without a word."""
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not on every system
            raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def fingerprint(line: ssl.SSLSocket) -> str:
    """SHA-256 (hexadecimal) of the certificate that the other side has shown and verified."""
    return hashlib.sha256(line.getpeercert(binary_form=True) or b"").hexdigest()


def call(
    papers: Papers, host: str, port: int, expected: Welcome, patience: float = PATIENCE
) -> Line:
    """Connect to the coordinator and be welcomed.

    Parameters
    ----------
    expected : project, name and role as which this side wants to be known.
    patience : seconds for one answer, once connected.

    Raises
    ------
    Gone : nobody answers there in time.
    Unwelcome : one of the two certificates is refused, or it stands for somebody else.
    """
    where = f"{host}, port {port}"
    try:
        raw = socket.create_connection((host, port), timeout=REACH)
    except OSError as error:
        raise Gone(
            f"The coordinator cannot be reached: {error.strerror or 'no answer in time'}.",
            where=where,
            next_step="Is it running, and may this machine open that port outward?",
        ) from None
    prepare(raw)
    raw.settimeout(GREETING)
    context = papers.context(server=False)
    made = context.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
    line = Line(made)
    try:
        with within(made, GREETING):
            _welcomed(line, host, expected)
    except BaseException as error:
        line.close()
        if isinstance(error, Rejected):
            raise Unwelcome(error.message, where=where, next_step=KIT) from None
        raise
    made.settimeout(patience)
    return line


@contextmanager
def within(made: socket.socket, seconds: float) -> Iterator[None]:
    """A block after whose time the connection is ended, however slowly the other side drips."""
    timer = threading.Timer(seconds, end, (made,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def end(made: socket.socket) -> None:
    """End a connection that another thread may be reading from; that thread sees the end."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(made, socket.SHUT_RDWR)  # not that of TLS: it forgets its state


def _welcomed(line: Line, host: str, expected: Welcome) -> None:
    try:
        line.socket.do_handshake()
    except OSError as error:
        raise lost(error) from None
    first = line.read(Kind.WELCOME, Kind.ENDED)
    if first.kind is Kind.ENDED:
        raise Unwelcome(plain(decode(first.data, Ended).why), where=host, next_step=KIT)
    if decode(first.data, Welcome) != expected:
        raise Unwelcome(
            "The coordinator knows this certificate under another name or project.",
            where=host,
            next_step=KIT,
        )
