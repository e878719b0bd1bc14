"""Comments in compressed pixels."""

import pytest

from nof1.record.deidentify.codestream import refuse_comments, segments
from nof1.record.deidentify.tally import Refused

pydicom = pytest.importorskip("pydicom")


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def dataset(*parts: bytes, start: bytes = b"\xff\xd8"):
    from pydicom.encaps import encapsulate

    made = pydicom.Dataset()
    made.PixelData = encapsulate([start + b"".join(parts) + segment(0xDA, b"\0") + b"\1\2"])
    return made


JFIF = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")


def test_plain_pictures_pass():
    refuse_comments(dataset(JFIF, segment(0xC0, b"\x08\0\x10")))
    maker = segment(0x64, b"\0\1Kakadu-v7.1")
    refuse_comments(dataset(maker, start=b"\xff\x4f"))


@pytest.mark.parametrize(
    ("part", "start"),
    [
        (segment(0xFE, b"Quillfeather"), b"\xff\xd8"),
        (JFIF + segment(0xE1, b"Exif\0\0MM"), b"\xff\xd8"),
        (segment(0xED, b"Photoshop 3.0"), b"\xff\xd8"),
        (segment(0xE0, b"JFIF\0" + b"Quillfeather" * 10), b"\xff\xd8"),
        (b"\xff\xff" + segment(0xFE, b"x")[1:], b"\xff\xd8"),
        (segment(0x64, b"\0\1MRN 5550123"), b"\xff\x4f"),
    ],
)
def test_a_comment_is_refused(part, start):
    with pytest.raises(Refused, match="comment"):
        refuse_comments(dataset(part, start=start))


def test_damaged_fragments_are_refused():
    made = pydicom.Dataset()
    made.PixelData = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + bytes(9)
    with pytest.raises(Refused):
        refuse_comments(made)


def test_every_codestream_ends():
    assert list(segments(b"\xff\xd8" + b"\xff" * 500)) == []
    assert len(list(segments(b"\xff\xd8" + b"\xff\xc4\0\0" * 50))) == 50
    assert list(segments(b"nothing")) == []
