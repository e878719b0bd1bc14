"""The bytes of a genotype file: unpacked on the way, cut at the ends of lines, never held whole.

Plain, gzip and BGZF files are told apart by their first bytes, not by their names. Unlike the
record's importers, nothing here limits how much a file may grow when unpacked: genotypes that are
nearly all alike really shrink a thousand times, and no memory grows with them. What is limited is
one line (``LONGEST_LINE``: 134 bytes for each of 500,000 samples), so memory stays bounded.

References: RFC 1952 (gzip), SAM/BAM specification section 4.1 (BGZF).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nof1.core.errors import InputError
from nof1.record.reading import GZIP_MARK, UTF8_MARK, UTF16_MARKS, require_regular

PIECE = 2**20  # bytes read and handed on at a time
LONGEST_LINE = 64 * 2**20
END_MARK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
OTHER_PACKERS = {
    b"PK\x03\x04": "zip archive",
    b"\x28\xb5\x2f\xfd": "zstd file",
    b"\xfd7zXZ": "xz file",
    b"BZh": "bzip2 file",
    b"CRAM": "CRAM file",
    b"BAM\x01": "BAM file",
    b"l\x1b": "PLINK BED or PGEN file",
}


class Damaged(Exception):
    """The packed file ends too early or is no longer what was packed."""


class Packed:
    """A file as unpacked pieces of about ``PIECE`` bytes.

    Raises
    ------
    InputError : the path is no regular file, or is packed in another way.
    Damaged : while reading.
    """

    def __init__(self, path: Path) -> None:
        require_regular(path)
        try:
            self._file: BinaryIO = open(path, "rb")  # noqa: SIM115 - closed by close()
            self._start = self._file.read(18)
            self._file.seek(0)
        except OSError as error:
            raise InputError(
                f"The file cannot be read: {error.strerror}.", where=path.name
            ) from None
        self.name = path.name
        self.packed = self._start.startswith(GZIP_MARK)
        self.bgzf = self.packed and _member_size(self._start, 0) > 0
        self._data, self._at = b"", 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def end_missing(self) -> bool:
        """Whether a BGZF file lacks the empty block that marks its end: it may be cut short."""
        if not self.bgzf:
            return False
        with open(self._file.name, "rb") as again:
            again.seek(0, 2)
            again.seek(max(again.tell() - len(END_MARK), 0))
            return again.read() != END_MARK

    def __iter__(self) -> Iterator[bytes]:
        if not self.packed:
            yield from iter(lambda: self._file.read(PIECE), b"")
            return
        waiting: list[bytes] = []
        size = 0
        try:
            for piece in self._members():
                waiting.append(piece)
                size += len(piece)
                if size >= PIECE:
                    yield b"".join(waiting)
                    waiting, size = [], 0
        except (Damaged, zlib.error) as error:
            yield b"".join(waiting)  # what a damaged file still gives comes before the complaint
            raise Damaged from error
        if waiting:
            yield b"".join(waiting)

    def _fill(self) -> bool:
        more = self._file.read(PIECE)
        self._data, self._at = self._data[self._at :] + more, 0
        return bool(more)

    def _members(self) -> Iterator[bytes]:
        while True:
            if len(self._data) - self._at < 18 and not self._fill() and not self._data:
                return
            if not self._data.startswith(GZIP_MARK, self._at):
                if self._data[self._at :].strip(b"\0"):
                    raise Damaged
                self._data, self._at = b"", 0  # tapes and some tools pad with zeros
                continue
            size = _member_size(self._data, self._at)
            if not size:
                yield from self._stream()
                continue
            while len(self._data) - self._at < size:
                if not self._fill():
                    raise Damaged
            yield zlib.decompress(self._data[self._at : self._at + size], 31, 65_536)
            self._at += size

    def _stream(self) -> Iterator[bytes]:
        """One gzip member of unknown size."""
        unpacker = zlib.decompressobj(31)
        while not unpacker.eof:
            if self._at == len(self._data) and not self._fill():
                raise Damaged
            todo = self._data[self._at : self._at + 65_536]
            self._at += len(todo)
            while todo and not unpacker.eof:
                yield unpacker.decompress(todo, PIECE)
                todo = unpacker.unconsumed_tail
        self._at -= len(unpacker.unused_data)


def _member_size(data: bytes, at: int) -> int:
    """Bytes of the BGZF block that starts here; 0 if it is no BGZF block."""
    if data[at + 2 : at + 4] != b"\x08\x04" or data[at + 12 : at + 16] != b"BC\x02\x00":
        return 0
    return int.from_bytes(data[at + 16 : at + 18], "little") + 1


class Lines:
    """Blocks of whole lines: each ends with a line break, only the last one may not.

    Attributes
    ----------
    before : lines before the block that was handed out last.
    marked : the file starts with a byte order mark, which was taken off.
    """

    def __init__(self, packed: Packed) -> None:
        self._pieces, self._name = iter(packed), packed.name
        self._returned: list[bytes] = []
        self._waiting: list[bytes] = []
        self._ended: Damaged | None = None
        self.before = self._within = 0
        self.marked = False
        self._refuse_strange(packed)

    def _refuse_strange(self, packed: Packed) -> None:
        try:
            first = next(self._pieces, b"")
        except Damaged as error:
            first, self._ended = b"", error
        for mark, kind in OTHER_PACKERS.items():
            if first.startswith(mark):
                raise InputError(
                    f"This is a {kind}, not a VCF or BCF file.",
                    where=self._name,
                    allowed="VCF or BCF: plain, gzip or bgzip",
                )
        if first.startswith(UTF16_MARKS):
            raise InputError(
                "The file is text in UTF-16.", where=self._name, next_step="Save it as UTF-8."
            )
        self.marked = first.startswith(UTF8_MARK)
        self.first = first.removeprefix(UTF8_MARK)
        self._pieces = _chain(self.first, self._pieces)

    def give_back(self, block: bytes) -> None:
        """Hand this rest of the last block out again."""
        if block:
            self._returned.append(block)
        self._within -= block.count(b"\n")

    def header(self) -> list[bytes]:
        """The lines up to ``#CHROM``, without their line breaks; all that follows comes later.

        Ends early at the first line that is no header, or at the end of the file.
        """
        lines: list[bytes] = []
        for block in self:
            at = 0
            while at < len(block):
                stop = block.find(b"\n", at)
                stop = len(block) if stop < 0 else stop
                if not block.startswith(b"#", at):
                    self.give_back(block[at:])
                    return lines
                lines.append(block[at:stop])
                at = stop + 1
                if lines[-1].startswith(b"#CHROM"):
                    self.give_back(block[at:])
                    return lines
        return lines

    def raw(self) -> Iterator[bytes]:
        """The bytes as they come, for BCF."""
        if self._ended:
            raise self._ended
        return self._pieces

    def __iter__(self) -> Iterator[bytes]:
        while (block := self._next()) is not None:
            self.before += self._within
            self._within = block.count(b"\n")
            yield block

    def _next(self) -> bytes | None:
        if self._returned:
            return self._returned.pop()
        if self._ended:
            raise self._ended
        held = sum(map(len, self._waiting))
        while held <= LONGEST_LINE:
            piece = self._piece()
            if piece is None:
                rest, self._waiting = b"".join(self._waiting), []
                return self._last(rest)
            cut = piece.rfind(b"\n") + 1
            if cut:
                whole = b"".join([*self._waiting, piece[:cut]])
                self._waiting = [piece[cut:]]
                return whole
            self._waiting.append(piece)
            held += len(piece)
        raise InputError(
            f"A line is longer than {LONGEST_LINE:,} bytes.",
            where=f"{self._name}, line {self.before + self._within + 1}",
            allowed=f"lines of at most {LONGEST_LINE:,} bytes",
            next_step="Write fewer samples or fewer fields into the file, for example GT only.",
        )

    def _piece(self) -> bytes | None:
        try:
            return next(self._pieces, None)
        except Damaged as error:
            self._ended = error
            self._waiting = []  # a line that was cut in the middle is no line
            return None

    def _last(self, rest: bytes) -> bytes | None:
        if rest:
            return rest
        if self._ended:
            raise self._ended
        return None


def _chain(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from others
