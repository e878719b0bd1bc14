"""Messages between our process and the one that decodes: lengths first, then JSON, then bytes.

A message is the mark ``NOF1``, the length of the JSON text (4 bytes, little-endian), the length of
the bytes that follow it (8 bytes), the text, the bytes. Nothing in it can run.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

MARK = b"NOF1"
HEAD = struct.Struct("<4sIQ")
MOST_TEXT = 64 * 2**20


class Broken(Exception):
    """The other side is gone, or what it sent is no message."""


def send(stream: BinaryIO, text: bytes, content: bytes | memoryview = b"") -> None:
    """Write one message."""
    stream.write(HEAD.pack(MARK, len(text), len(content)))
    stream.write(text)
    stream.write(content)
    stream.flush()


def receive(stream: BinaryIO, most: int) -> tuple[bytes, bytearray]:
    """Read one message: its text and at most ``most`` bytes.

    Raises
    ------
    Broken : when the stream ends early, or announces more than is allowed.
    """
    mark, text_size, size = HEAD.unpack(bytes(_exactly(stream, HEAD.size)))
    if mark != MARK or text_size > MOST_TEXT or size > most:
        raise Broken
    return bytes(_exactly(stream, text_size)), _exactly(stream, size)


def _exactly(stream: BinaryIO, size: int) -> bytearray:
    block = bytearray(size)
    view, done = memoryview(block), 0
    while done < size:
        got = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not got:
            raise Broken
        done += got
    return block
