"""Messages of a wrong kind, size or form end a connection before they are looked at."""

import socket
import ssl
import threading

import pytest

from nof1.core.errors import InputError, ModelError
from nof1.federation.network.wire import (
    HEAD,
    MAGIC,
    Ended,
    Gone,
    Kind,
    Late,
    Line,
    Rejected,
    decode,
    lost,
)
from nof1.federation.network.wire import encode as encoded


@pytest.fixture
def ends():
    """Two ends of a connection; a plain socket has all that a line uses."""
    left, right = socket.socketpair()
    for one in (left, right):
        one.settimeout(5)
    yield Line(left), Line(right)
    left.close()
    right.close()


def test_what_was_sent_is_read(ends):
    ends[0].send(Kind.VECTOR, b"12345678", tag=2**63, number=7)
    got = ends[1].read(Kind.VECTOR, Kind.MESSAGE, most=8)
    assert got == (Kind.VECTOR, 2**63, 7, b"12345678")


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (HEAD.pack(b"HTTP", 12, 0, 0, 0), "not due"),
        (HEAD.pack(MAGIC, 99, 0, 0, 0), "not due"),
        (HEAD.pack(MAGIC, Kind.SUBMIT, 0, 0, 0), "not due"),
        (HEAD.pack(MAGIC, Kind.VECTOR, 0, 0, 9), "longer"),
        (HEAD.pack(MAGIC, Kind.VECTOR, 0, 0, 2**32 - 1), "longer"),
    ],
)
def test_a_message_that_is_not_due_is_refused_by_its_head(ends, raw, match):
    ends[0].socket.sendall(raw)
    with pytest.raises(InputError, match=match):
        ends[1].read(Kind.VECTOR, most=8)


@pytest.mark.parametrize("part", [b"", b"no", HEAD.pack(MAGIC, Kind.VECTOR, 0, 0, 8) + b"half"])
def test_an_end_in_the_middle_is_an_end(ends, part):
    ends[0].socket.sendall(part)
    ends[0].close()
    with pytest.raises(Gone, match="ended"):
        ends[1].read(Kind.VECTOR, most=8)


def test_silence_is_an_end(ends):
    ends[1].socket.settimeout(0.05)
    with pytest.raises(Gone, match="in time"):
        ends[1].read(Kind.VECTOR)


def test_an_answer_to_another_question_is_refused(ends):
    ends[1].send(Kind.TOTAL, b"", tag=5, number=1)
    with pytest.raises(InputError, match="another question"):
        ends[0].ask(Kind.VECTOR, b"", due=Kind.TOTAL, tag=5, number=2)


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.ENDED])
def test_a_refusal_says_why(ends, kind):
    ends[1].send(kind, encoded(Ended("the site west is gone")))
    with pytest.raises(ModelError, match="west is gone"):
        ends[0].ask(Kind.VECTOR, b"", due=Kind.TOTAL)


@pytest.mark.parametrize("raw", [b"", b"\xff", b"{}", b'{"why": 1}', b"[" * 10_000])
def test_content_of_another_form_is_refused(raw):
    with pytest.raises(InputError, match="form"):
        decode(raw, Ended)


def test_tls_says_whether_it_refused_or_ended():
    assert isinstance(lost(ssl.SSLError(1, "unknown ca")), Rejected)
    assert not isinstance(lost(ssl.SSLEOFError(8, "eof")), Rejected)
    assert not isinstance(lost(ConnectionResetError()), Rejected)


def test_a_message_that_drips_is_given_up_when_its_time_is_over(ends):
    """Each byte once began the time anew, so one site could hold the others for days."""
    ends[1].socket.settimeout(0.5)
    stop = threading.Event()

    def drip():
        ends[0].socket.sendall(HEAD.pack(MAGIC, Kind.VECTOR, 0, 0, 8000))
        while not stop.wait(0.1):
            ends[0].socket.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        with pytest.raises(Late, match="in time"):
            ends[1].read(Kind.VECTOR, most=8000)
    finally:
        stop.set()
        thread.join(5)
    assert ends[1].socket.gettimeout() == 0.5


def test_a_side_that_hardly_reads_is_given_up_when_the_time_is_over(ends):
    ends[0].socket.settimeout(0.5)
    stop = threading.Event()

    def sip():
        while not stop.wait(0.05):
            ends[1].socket.recv(4096)

    thread = threading.Thread(target=sip)
    thread.start()
    try:
        with pytest.raises(Late, match="in time"):
            ends[0].send(Kind.VECTOR, bytes(2**24))
    finally:
        stop.set()
        thread.join(5)


def test_words_of_the_other_side_cannot_steer_a_terminal(ends):
    ends[1].send(Kind.ERROR, encoded(Ended("no\x1b[2J\n" + "x" * 1000)))
    with pytest.raises(ModelError) as caught:
        ends[0].ask(Kind.VECTOR, due=Kind.TOTAL)
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) == 400
