"""Comments inside compressed pixels: JPEG and JPEG 2000 have places for text and for EXIF data.

Sources: ITU-T T.81 annex B (JPEG markers), T.87 (JPEG-LS), T.800 annex A (JPEG 2000 markers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from nof1.core.extras import require
from nof1.record.deidentify.tally import Refused

JPEG, JPEG_2000 = b"\xff\xd8", b"\xff\x4f"
COMMENT, COMMENT_2000 = 0xFE, 0x64
LAST, LAST_2000 = 0xDA, 0x90  # start of scan, start of a tile: no headers behind them
HARMLESS = {0xE0: (b"JFIF\0", b"JFXX\0"), 0xEE: (b"Adobe",), 0xE8: (b"mrfx", b"SPIFF")}
_MAKERS = re.compile(rb"[\0\1]{2}[A-Za-z][A-Za-z0-9 .,:/_-]{0,40}\0?")
_NUMBERS = re.compile(rb"\d{5}")
REASON = "Its compressed pixels hold a comment."


def refuse_comments(dataset: Any) -> None:
    """Refuse compressed pixels with a comment or with EXIF data; the name of a maker may stay.

    Raises
    ------
    Refused : a comment, or fragments that cannot be read.
    """
    pixels = dataset.get("PixelData")
    if not isinstance(pixels, bytes):
        return
    encaps = require("pydicom.encaps", "imaging")
    try:
        fragments = list(encaps.generate_fragments(pixels))
    except Exception:  # damaged fragments raise anything
        raise Refused("Its compressed pixels cannot be read.") from None
    for fragment in fragments:
        for marker, content in segments(fragment):
            if not _harmless(fragment[:2], marker, content):
                raise Refused(REASON, "Export it again without comments, or uncompressed.")


def segments(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of every header segment of a codestream, up to its first pixels."""
    first = stream[:2]
    if first not in (JPEG, JPEG_2000):
        return
    last, at = (LAST if first == JPEG else LAST_2000), 2
    while at + 4 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == last:
            return
        size = int.from_bytes(stream[at + 2 : at + 4], "big")
        yield marker, stream[at + 4 : at + 2 + size]
        at += 2 + max(size, 2)


def _harmless(first: bytes, marker: int, content: bytes) -> bool:
    if first == JPEG_2000:
        named = _MAKERS.fullmatch(content) and not _NUMBERS.search(content)
        return marker != COMMENT_2000 or bool(named)
    if 0xE0 <= marker <= 0xEF:
        return content.startswith(HARMLESS.get(marker, ())) and len(content) < 64
    return marker != COMMENT
