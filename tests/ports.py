"""Ports of this machine that nobody takes between the question and the answer.

A port that the system itself finds (``bind`` to 0) it gives to the next that asks as well, or to an
outgoing connection, once it is closed. These lie below the range that it gives away (from 32768 on
Linux), and each process of a test run has its own.
"""

import itertools
import os
import socket

FIRST, LAST = 20_000, 31_999
PROCESSES = 16
_number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw15").removeprefix("gw")) % PROCESSES
_begin = os.getpid() * 7 % (LAST - FIRST + 1) // PROCESSES  # two runs at once begin apart
_turn = itertools.count(_begin)


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    for _ in range(LAST - FIRST):
        port = FIRST + (next(_turn) * PROCESSES + _number) % (LAST - FIRST + 1)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no port is free")
