"""Messages of a wrong kind, size or form end a connection before they are looked at."""

import socket
import ssl

import pytest

from nof1.core.errors import InputError, ModelError
from nof1.federation.network.wire import (
    HEAD,
    MAGIC,
    Ended,
    Gone,
    Kind,
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
