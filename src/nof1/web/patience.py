"""A limit of time for the head of a request, which the web server itself does not have.

A client that sends its header lines drop by drop would hold one of the places for ever; the body
has its own limit (``nof1.web.app``). The connection is closed without a word: there is no request
yet that could be answered.

Reference: uvicorn's protocol on h11; "Slowloris" (R. Hansen, 2009).
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0


class Impatient(H11Protocol):
    """HTTP/1.1 that closes a connection whose request's head is not whole within ``HEAD_S`` s."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for a further head from its first byte on, until it is whole."""
        if self._waiting is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_S, self._close)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _close(self) -> None:
        self._waiting = None
        self.transport.close()
