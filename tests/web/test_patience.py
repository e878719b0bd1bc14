"""A head that never ends is given up; whole ones are answered, several on one connection."""

import socket
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from nof1.web import patience


async def hello(scope, receive, send):
    if scope["type"] == "http":
        head = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"hi"})


@contextmanager
def running(protocol):
    config = uvicorn.Config(hello, port=0, http=protocol, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    begun = threading.Event()
    started = server.startup

    async def startup(sockets=None):
        await started(sockets)
        begun.set()

    server.startup = startup
    thread = threading.Thread(target=server.run)
    thread.start()
    assert begun.wait(120)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        thread.join()


GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


def answered(line):
    data = b""
    while b"hi" not in data:
        data += line.recv(1000)
    return data.startswith(b"HTTP/1.1 200")


def test_a_head_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(patience, "HEAD_S", 1.0)
    with running(patience.Impatient) as address:
        for first in (b"", b"GET / HT", GET):
            with socket.create_connection(address, timeout=60) as line:
                line.sendall(first)
                assert line.recv(1000) == b""  # closed by the server
        with socket.create_connection(address, timeout=60) as line:
            for _ in range(3):
                line.sendall(GET + b"\r\n")
                assert answered(line)
            line.sendall(GET)  # a further head that never ends
            assert line.recv(1000) == b""


def test_without_it_the_server_would_wait(monkeypatch):
    """Why there is such a limit of our own."""
    monkeypatch.setattr(patience, "HEAD_S", 0.2)
    with running("h11") as address, socket.create_connection(address, timeout=1.5) as line:
        line.sendall(GET)
        with pytest.raises(TimeoutError):
            line.recv(1000)
