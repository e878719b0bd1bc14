"""The form of one encrypted file, against an obvious second reader and against every fault."""

import hashlib
import io

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import WorkspaceError
from nof1.core.sealing import stream
from sealing_samples import VECTOR_COMMITMENT, VECTOR_EMPTY, VECTOR_LONG, VECTOR_SHORT

KEY = bytes(range(32))
PLACE = stream.Place(b"W" * 16, "file", b"N" * 16)
SALT = b"S" * 16
CHUNK = 16  # tests use small chunks: many of them in few bytes


def encrypted(data: bytes, *, key=KEY, place=PLACE, salt=SALT, chunk=CHUNK) -> bytes:
    out = io.BytesIO()
    stream.encrypt(io.BytesIO(data), out, key, place, salt=salt, chunk=chunk)
    return out.getvalue()


def decrypted(data: bytes, size=None, *, key=KEY, place=PLACE, chunk=CHUNK) -> bytes:
    out = io.BytesIO()
    stream.decrypt(io.BytesIO(data), out, key, place, size=size, chunk=chunk)
    return out.getvalue()


def oracle(data: bytes, chunk: int) -> bytes:
    """The format as the page says it, in the plainest way."""
    info = b"nof1-sealed-1 file\0" + b"W" * 16 + b"N" * 16
    out = HKDF(hashes.SHA256(), 64, data[24:40], info).derive(KEY)
    assert data[:24] == b"nof1-s-1" + b"N" * 16
    assert data[40:72] == out[32:]
    body = data[72:]
    parts = [body[at : at + chunk + 16] for at in range(0, len(body), chunk + 16)]
    nonces = [n.to_bytes(11, "big") + bytes([n == len(parts) - 1]) for n in range(len(parts))]
    both = zip(nonces, parts, strict=True)
    return b"".join(AESGCM(out[:32]).decrypt(nonce, part, None) for nonce, part in both)


class Drips:
    """A source that gives one byte at a time, as a pipe may."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def read(self, count: int) -> bytes:
        return self.data.read(min(1, count))


@given(st.binary(max_size=200), st.integers(1, 40))
def test_what_goes_in_comes_out_and_a_second_reader_agrees(data, chunk):
    made = encrypted(data, chunk=chunk)
    assert decrypted(made, len(data), chunk=chunk) == data
    assert oracle(made, chunk) == data + bytes(stream.padme(len(data)) - len(data))
    assert len(made) == stream.sealed_size(len(data), chunk)


@given(st.binary(max_size=200))
def test_a_slow_source_makes_the_same_bytes(data):
    out = io.BytesIO()
    content = stream.encrypt(Drips(data), out, KEY, PLACE, salt=SALT, chunk=CHUNK)
    assert out.getvalue() == encrypted(data)
    assert content.size == len(data)
    back = io.BytesIO()
    assert stream.decrypt(Drips(out.getvalue()), back, KEY, PLACE, size=len(data), chunk=CHUNK) == (
        content
    )


@given(st.binary(min_size=1, max_size=120), st.data())
def test_no_single_bit_can_be_flipped(data, draw):
    made = bytearray(encrypted(data))
    at = draw.draw(st.integers(0, len(made) * 8 - 1))
    made[at // 8] ^= 1 << at % 8
    with pytest.raises(WorkspaceError, match="refused"):
        decrypted(bytes(made), len(data))


def test_every_byte_of_a_file_of_three_chunks_counts():
    data = bytes(range(40))
    made = encrypted(data)
    for at in range(len(made)):
        wrong = bytearray(made)
        wrong[at] ^= 0xFF
        with pytest.raises(WorkspaceError, match="refused"):
            decrypted(bytes(wrong), len(data))


def test_no_cut_goes_unseen():
    data = bytes(range(48))
    made = encrypted(data)
    for size in range(len(made)):
        with pytest.raises(WorkspaceError, match="refused"):
            decrypted(made[:size])


@given(st.binary(min_size=1, max_size=60))
def test_nothing_can_be_added(tail):
    with pytest.raises(WorkspaceError):
        decrypted(encrypted(bytes(range(48))) + tail)


def test_chunks_can_be_neither_swapped_nor_doubled_nor_dropped():
    made = encrypted(bytes(range(80)))
    head, step = made[:72], CHUNK + 16
    parts = [made[at : at + step] for at in range(72, len(made), step)]
    assert len(parts) == 5
    for order in ([1, 0, 2, 3, 4], [0, 0, 1, 2, 3, 4], [0, 2, 3, 4], [0, 1, 2, 3], [4], [4, 1, 2]):
        with pytest.raises(WorkspaceError):
            decrypted(head + b"".join(parts[one] for one in order))
    assert decrypted(head + b"".join(parts)) == bytes(range(80))


def test_the_last_chunk_of_one_file_does_not_end_another():
    first, second = encrypted(b"a" * 48), encrypted(b"b" * 48, salt=b"T" * 16)
    with pytest.raises(WorkspaceError):
        decrypted(first[: -(CHUNK + 16)] + second[-(CHUNK + 16) :])


@pytest.mark.parametrize(
    "place",
    [
        stream.Place(b"X" * 16, "file", b"N" * 16),
        stream.Place(b"W" * 16, "manifest", b"N" * 16),
        stream.Place(b"W" * 16, "file", b"M" * 16),
    ],
    ids=["workspace", "purpose", "name"],
)
def test_a_file_holds_at_its_own_place_only(place):
    with pytest.raises(WorkspaceError):
        decrypted(encrypted(b"words"), place=place)
    renamed = encrypted(b"words")[:8] + place.name + encrypted(b"words")[24:]
    with pytest.raises(WorkspaceError):
        decrypted(renamed, place=place)


def test_another_key_is_named_before_anything_is_written():
    out = io.BytesIO()
    with pytest.raises(WorkspaceError, match="key is another one"):
        stream.decrypt(io.BytesIO(encrypted(b"words")), out, bytes(32), PLACE, chunk=CHUNK)
    assert out.getvalue() == b""


@pytest.mark.parametrize("size", [0, 1, 17, 1000])
def test_another_length_than_the_manifest_says_is_refused(size):
    with pytest.raises(WorkspaceError, match="another length"):
        decrypted(encrypted(bytes(48)), size)


def test_an_empty_last_chunk_is_refused_although_its_tag_holds():
    out = HKDF(hashes.SHA256(), 64, SALT, b"nof1-sealed-1 file\0" + b"W" * 16 + b"N" * 16).derive(
        KEY
    )
    cipher = AESGCM(out[:32])
    first = cipher.encrypt((0).to_bytes(11, "big") + b"\0", b"a" * CHUNK, None)
    last = cipher.encrypt((1).to_bytes(11, "big") + b"\1", b"", None)
    made = b"nof1-s-1" + b"N" * 16 + SALT + out[32:] + first + last
    with pytest.raises(WorkspaceError, match="empty chunk"):
        decrypted(made)


@given(st.integers(0, 1 << 50))
def test_padding_hides_the_length_and_costs_little(size):
    padded = stream.padme(size)
    assert size <= padded <= size * 1.12 + 1
    assert stream.padme(padded) == padded


def test_few_lengths_are_seen():
    assert len({stream.padme(size) for size in range(100_000, 200_000)}) < 40


def test_pieces_read_like_a_file():
    source = stream.Pieces(iter([b"", b"abc", b"", b"defg"]))
    assert [source.read(2), source.read(9), source.read(9), source.read(9)] == [
        b"ab",
        b"c",
        b"defg",
        b"",
    ]


# Test vectors, also in docs/encryption-at-rest.md: key 00 01 .. 1f, workspace 16 times "W", purpose
# "file", name 16 times "N", salt 16 times "S", chunks of 256 KiB.
HEADER = "6e6f66312d732d31" + "4e" * 16 + "53" * 16


def test_vector_of_an_empty_file():
    made = encrypted(b"", chunk=stream.CHUNK).hex()
    assert made == HEADER + VECTOR_COMMITMENT + VECTOR_EMPTY


def test_vector_of_a_short_file():
    made = encrypted(b"nof1 at rest", chunk=stream.CHUNK).hex()
    assert made == HEADER + VECTOR_COMMITMENT + VECTOR_SHORT


def test_vector_of_a_file_of_two_chunks():
    made = encrypted(b"n" * (stream.CHUNK + 1), chunk=stream.CHUNK)
    assert len(made) == 72 + stream.padme(stream.CHUNK + 1) + 32
    assert hashlib.sha256(made).hexdigest() == VECTOR_LONG
