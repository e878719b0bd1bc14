"""Reading BCF 2, the binary form of VCF, with nothing but numpy.

htslib (cyvcf2) would read it too, but prints parts of broken files to the terminal and stops
without a word at a record that it cannot read. The format is small enough to read it here; the
tests hold the records against cyvcf2's.

Reference: BCF 2.2 specification (VCF 4.3 specification, section 6).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from nof1.core.errors import InputError
from nof1.genome import genotype_text
from nof1.genome.blocks import LONGEST_LINE, Damaged
from nof1.genome.genotype_text import LARGEST, MISSING, NO_COPY, Genotypes
from nof1.genome.header import entries, parse_header
from nof1.genome.places import Numbers, Places, chromosome_name
from nof1.genome.variants import Record

MAGIC = b"BCF\x02"
SIZES: dict[int, Any] = {1: np.dtype("<i1"), 2: np.dtype("<i2"), 3: np.dtype("<i4")}
CHARACTERS = 7
WIDTHS = {0: 0, 1: 1, 2: 2, 3: 4, 5: 4, CHARACTERS: 1}
_LENGTHS = struct.Struct("<II")
_FIXED = struct.Struct("<iiifII")  # CHROM, POS, rlen, QUAL, alleles and INFOs, FORMATs and samples


_Rows = tuple[int, Numbers | None]  # samples in the file, and which of them to read


class _Value(NamedTuple):
    """A typed value: type code, how many, first byte."""

    kind: int
    number: int
    at: int

    @property
    def stop(self) -> int:
        return self.at + self.number * WIDTHS[self.kind]


class Reader:
    """The header, then the records that touch wanted places.

    Attributes
    ----------
    header : as of a VCF.
    number : records passed so far.

    Raises
    ------
    InputError : no BCF 2, or a damaged header.
    Damaged : the file ends too early.
    """

    def __init__(self, pieces: Iterator[bytes], where: str) -> None:
        self._pieces, self._where = pieces, where
        self._data, self._at = b"", 0
        self.number = 0
        start = self._take(9)
        if not start.startswith(MAGIC) or start[4] not in (1, 2):
            raise InputError(
                "This version of BCF is not known.", where=where, allowed="BCF 2.1, 2.2"
            )
        size = int.from_bytes(start[5:9], "little")
        self._refuse_large(size)
        text = self._take(size).rstrip(b"\0")
        lines = text.rstrip(b"\n").split(b"\n")
        self.header = parse_header(lines, where)
        self._strings, self._contigs = _dictionaries(text.decode("utf-8", "replace"))

    def _refuse_large(self, size: int) -> None:
        if size > LONGEST_LINE:
            raise InputError(
                f"A part of the file is larger than {LONGEST_LINE:,} bytes, or damaged.",
                where=f"{self._where}, record {self.number + 1}",
                allowed=f"records of at most {LONGEST_LINE:,} bytes",
            )

    def _have(self, size: int) -> bool:
        """Make the next bytes available; False if the file ends before."""
        held = len(self._data) - self._at
        if held >= size:
            return True
        parts = [self._data[self._at :]]
        while held < size and (piece := next(self._pieces, None)) is not None:
            parts.append(piece)
            held += len(piece)
        self._data, self._at = b"".join(parts), 0
        return held >= size

    def _take(self, size: int) -> bytes:
        if not self._have(size):
            raise Damaged
        self._at += size
        return self._data[self._at - size : self._at]

    def records(
        self, places: Places, seen: set[str], keep: Numbers | None, notes: Counter[str]
    ) -> Iterator[Record]:
        """The records that touch ``places``, in file order.

        Raises
        ------
        InputError : a record cannot be read; Damaged : the file ends too early.
        """
        while self._have(1):
            if not self._have(32):
                raise Damaged
            shared, individual = _LENGTHS.unpack_from(self._data, self._at)
            self._refuse_large(shared + individual)
            contig, start, length, *_ = _FIXED.unpack_from(self._data, self._at + 8)
            if not 0 <= contig < len(self._contigs) or shared < 24:
                raise self._broken()
            name = self._contigs[contig]
            seen.add(name)
            whole = 8 + shared + individual
            if not places.touches(name, start + 1, start + max(length, 1)):
                if not self._have(whole):
                    raise Damaged
                self._at += whole
            else:
                yield self._record(self._take(whole), name, keep, notes)
            self.number += 1

    def _broken(self) -> InputError:
        return InputError(
            "A record of the BCF is damaged.",
            where=f"{self._where}, record {self.number + 1}",
            next_step="Write the file again.",
        )

    def _record(self, data: bytes, name: str, keep: Numbers | None, notes: Counter[str]) -> Record:
        try:
            return self._parsed(data, name, keep, notes)
        except (struct.error, IndexError, KeyError, ValueError, UnicodeDecodeError):
            raise self._broken() from None

    def _parsed(self, data: bytes, name: str, keep: Numbers | None, notes: Counter[str]) -> Record:
        shared, _ = _LENGTHS.unpack_from(data, 0)
        _, start, length, _, counts, shape = _FIXED.unpack_from(data, 8)
        samples, fields = shape & 0xFFFFFF, shape >> 24
        if samples != len(self.header.samples):
            raise ValueError
        called = _value(data, 32)
        alleles, at = [], called.stop
        for _ in range(counts >> 16):
            one = _value(data, at)
            alleles.append(_text(data, one))
            at = one.stop
        ref, *alts = alleles
        alts = [] if alts == ["."] else alts
        filters = [self._strings[number] for number in _integers(data, _value(data, at))]
        found = _fields(data, 8 + shared, fields, samples, self._strings)
        made = _genotypes(data, found, (samples, keep), len(alts))
        if "GT" not in found and samples:
            notes["records without a GT field (genotypes missing)"] += 1
        notes.update(made.notes)
        return Record(
            chromosome=name,
            position=start + 1,
            ref=ref.upper(),
            alts=tuple(alt if "<" in alt else alt.upper() for alt in alts),
            filters=";".join(filters) or ".",
            end=start + max(length, len(ref)),
            line=self.number + 1,
            alleles=made.alleles,
            phased=made.phased,
            phase_set=made.phase_set,
            name=_text(data, called) or ".",
            failed=made.failed,
        )


def _dictionaries(text: str) -> tuple[dict[int, str], list[str]]:
    """Names by number: of FILTER, INFO and FORMAT entries, and of contigs (normalised)."""
    strings, known, contigs = {0: "PASS"}, {"PASS": 0}, dict[int, str]()
    for line in text.split("\n"):
        kind = line.partition("=<")[0]
        if kind not in ("##FILTER", "##INFO", "##FORMAT", "##contig"):
            continue
        given = entries(line)
        name, number = given.get("ID", ""), given.get("IDX", "")
        explicit = int(number) if number.isdigit() and len(number) < 9 else None
        if kind == "##contig":
            contigs[len(contigs) if explicit is None else explicit] = chromosome_name(name)
        elif name not in known:
            known[name] = len(known) if explicit is None else explicit
            strings[known[name]] = name
    last = max(contigs, default=-1)
    if last > 10 * len(contigs) + 1000:
        contigs, last = {}, -1
    return strings, [contigs.get(number, "?") for number in range(last + 1)]


def _value(data: bytes, at: int) -> _Value:
    kind, count = data[at] & 15, data[at] >> 4
    at += 1
    if count == 15:
        long = _value(data, at)
        (count,) = _integers(data, long)
        at = long.stop
    made = _Value(kind, count, at)
    if count < 0 or made.stop > len(data):
        raise ValueError
    return made


def _integers(data: bytes, value: _Value) -> list[int]:
    if value.number == 0:
        return []
    found = np.frombuffer(data, SIZES[value.kind], value.number, value.at)
    return [int(number) for number in found]


def _text(data: bytes, value: _Value) -> str:
    if value.number and value.kind != CHARACTERS:
        raise ValueError
    return data[value.at : value.stop].rstrip(b"\0").decode("utf-8", "replace")


def _fields(
    data: bytes, at: int, fields: int, samples: int, strings: dict[int, str]
) -> dict[str, _Value]:
    """The FORMAT fields of a record: type, values a sample, first byte."""
    found = {}
    for _ in range(fields):
        key = _value(data, at)
        (number,) = _integers(data, key)
        kind, count = data[key.stop] & 15, data[key.stop] >> 4
        at = key.stop + 1
        if count == 15:
            long = _value(data, at)
            (count,) = _integers(data, long)
            at = long.stop
        found[strings[number]] = _Value(kind, count, at)
        at += samples * count * WIDTHS[kind]
        if count < 0 or at > len(data):
            raise ValueError
    return found


def _table(data: bytes, value: _Value, rows: _Rows) -> Numbers:
    """Integers of a field, shape (samples, values); the two marks become -1 and -2."""
    kind = SIZES[value.kind]
    samples, keep = rows
    raw = np.frombuffer(data, kind, samples * value.number, value.at)
    lowest = np.iinfo(kind).min
    made: Numbers = raw.reshape(samples, value.number).astype(np.int64)
    made = made if keep is None else made[keep]
    made[made == lowest] = MISSING
    made[made == lowest + 1] = NO_COPY
    return made


def _genotypes(data: bytes, found: dict[str, _Value], rows: _Rows, alts: int) -> Genotypes:
    samples, keep = rows
    if "GT" not in found or not found["GT"].number:
        return genotype_text.nothing(samples if keep is None else len(keep))
    made = _diploid(_table(data, found["GT"], rows), alts)
    for name in genotype_text.EVIDENCE:
        given = found.get(name.decode())
        if given is not None and given.number and given.kind in SIZES:
            genotype_text.unread(made, (_table(data, given, rows) == 0).all(axis=1))
    if "PS" in found and found["PS"].number:
        if found["PS"].kind in SIZES:
            sets = _table(data, found["PS"], rows)[:, 0]
            made.phase_set = np.where(sets >= 0, sets, -1).astype(np.int32)
        elif strange := int(made.phased.sum()):
            made.notes[genotype_text.STRANGE_SET] += strange
            made.phased[:] = False
    if "FT" in found and found["FT"].kind == CHARACTERS and found["FT"].number:
        value = found["FT"]
        text = np.frombuffer(data, np.dtype(f"S{value.number}"), samples, value.at)
        failed = ~np.isin(text, [b"PASS", b".", b"", b"\x07"])
        made.failed = failed if keep is None else failed[keep]
    return made


def _diploid(raw: Numbers, alts: int) -> Genotypes:
    samples, copies = raw.shape
    alleles = np.full((2, samples), NO_COPY, np.int8).T
    notes: Counter[str] = Counter()
    # stored is (number + 1) * 2 + phased; a mark of a missing value counts as missing
    values = np.where(raw == NO_COPY, NO_COPY, np.where(raw == MISSING, MISSING, (raw >> 1) - 1))
    many = (values[:, 2:] != NO_COPY).any(axis=1)
    wrong = ((values > alts) | (values < NO_COPY)).any(axis=1) & ~many
    large = (values > LARGEST).any(axis=1) & ~many & ~wrong
    for name, bad in (
        (genotype_text.POLYPLOID, many),
        (genotype_text.UNREADABLE, wrong),
        (genotype_text.TOO_MANY, large),
    ):
        if bad.any():
            notes[name] += int(bad.sum())
    bad = many | wrong | large
    values = np.where(bad[:, None], MISSING, values)
    alleles[:, : min(copies, 2)] = values[:, :2]
    alleles[(alleles[:, 0] == MISSING) & (alleles[:, 1] == NO_COPY), 1] = MISSING
    phased = np.zeros(samples, np.bool_)
    if copies > 1:
        phased = (raw[:, 1] >= 0) & (raw[:, 1] & 1 == 1) & ~bad
    return Genotypes(alleles, phased, None, None, notes)
