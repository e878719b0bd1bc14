"""Reading the wanted records of a VCF or BCF, one after another, whatever else the file holds.

    with open_variants(path, Places({"chr10": [94781859]})) as variants:
        for record in variants: ...

The file is read once, in blocks; only records that touch a wanted place are looked at closely.
References: VCF 4.3 and BCF 2.2 specification (samtools.github.io/hts-specs).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from nof1.core.errors import InputError, UsageError
from nof1.genome import bcf, genotype_text
from nof1.genome.blocks import Damaged, Lines, Packed
from nof1.genome.genotype_text import ColumnCount
from nof1.genome.header import Header, parse_header
from nof1.genome.places import Places
from nof1.genome.scan import BadLine, Head, heads
from nof1.genome.variants import Record

__all__ = ["Places", "Record", "VariantFile", "open_variants"]

NO_END_MARK = "the BGZF end mark is missing: the file may have been cut between two blocks"
BYTE_ORDER_MARK = "the file starts with a byte order mark (ignored)"
NO_GENOTYPES = "records without a GT field (genotypes missing)"


class VariantFile:
    """An open VCF or BCF; iterating gives the records that touch a wanted place, in file order.

    Attributes
    ----------
    samples : the samples that are read, in file order; none for a sites-only file.
    build : "GRCh38" or "GRCh37" if the header says so, else None.
    contigs : lengths (or None) by chromosome, as in the header.
    notes : what was strange, with counts; complete when the last record was read.
    seen : chromosomes with at least one record, wanted or not, so far.
    """

    def __init__(self, path: Path, places: Places, samples: Sequence[str] | None = None) -> None:
        self.path, self.places = path, places
        self._packed = Packed(path)
        try:
            self._lines = Lines(self._packed)
            self.is_bcf = self._lines.first.startswith(bcf.MAGIC)
            self._read_header()
            self._keep = self._chosen(samples)
        except Damaged:
            self.close()
            raise self._cut(0) from None
        except BaseException:
            self.close()
            raise
        self.seen: set[str] = set()
        self._number = 0

    def _read_header(self) -> None:
        name = self.path.name
        if self.is_bcf:
            self._binary = bcf.Reader(self._lines.raw(), name)
            self.header: Header = self._binary.header
        else:
            self._header_lines = self._lines.header()
            self.header = parse_header(self._header_lines, name)
        self.notes = Counter(self.header.notes)
        if self._lines.marked:
            self.notes[BYTE_ORDER_MARK] += 1
        if self._packed.end_missing:
            self.notes[NO_END_MARK] += 1

    def _chosen(self, samples: Sequence[str] | None) -> npt.NDArray[np.int64] | None:
        everyone = self.header.samples
        if samples is None:
            self.samples = everyone
            return None
        places = {name: index for index, name in enumerate(everyone)}
        if unknown := [name for name in samples if name not in places]:
            raise UsageError(
                f"{len(unknown)} of the wanted samples are not in this file: {unknown[0]!r}.",
                where=self.path.name,
                next_step=f"The file has {len(everyone):,} samples: see its line #CHROM.",
            )
        keep = np.array(sorted({places[name] for name in samples}), dtype=np.int64)
        self.samples = tuple(everyone[index] for index in keep)
        return keep

    @property
    def build(self) -> str | None:
        """What the header says about the build of the genome."""
        return self.header.build

    @property
    def contigs(self) -> dict[str, int | None]:
        """Lengths in bases (None where the header gives none) by chromosome."""
        return self.header.contigs

    def close(self) -> None:
        """Close the file."""
        self._packed.close()

    def __enter__(self) -> VariantFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Record]:
        try:
            if self.is_bcf:
                yield from self._binary.records(self.places, self.seen, self._keep, self.notes)
            else:
                yield from self._text_records()
        except Damaged:
            raise self._cut(self._binary.number if self.is_bcf else self._number) from None

    def _cut(self, records: int) -> InputError:
        return InputError(
            f"The file is damaged or ends too early: it could be read up to record {records:,}.",
            where=self.path.name,
            next_step="Copy or compress the file again; what follows the damage is not known.",
        )

    def _text_records(self) -> Iterator[Record]:
        name = self.path.name
        for block in self._lines:
            before, cut = self._lines.before, False
            if NO_END_MARK in self.notes and not block.endswith(b"\n"):
                block, cut = block[: block.rfind(b"\n") + 1], True
            try:
                for head in heads(block, self.places, self.seen):
                    yield self._record(block, head, before + head.number + 1)
            except BadLine as bad:
                where = f"{name}, line {before + bad.number + 1}"
                raise InputError(bad.reason, where=where, allowed="a VCF line") from None
            self._number = before + block.count(b"\n") - len(self._header_lines)
            if cut:  # in the middle of a line
                raise Damaged

    def _record(self, block: bytes, head: Head, line: int) -> Record:
        columns = block[head.start : head.stop].rstrip(b"\r").split(b"\t", 9)
        try:
            made = self._genotypes(columns)
        except ColumnCount as error:
            raise InputError(
                f"The line has {error.args[0]:,} sample columns, the header "
                f"{len(self.header.samples):,}.",
                where=f"{self.path.name}, line {line}",
                next_step="Write the file again; a line was damaged.",
            ) from None
        self.notes.update(made.notes)
        text = [column.decode("utf-8", "replace") for column in columns[:7]]
        return Record(
            chromosome=head.chromosome,
            position=int(text[1]),
            ref=text[3].upper(),
            alts=alternatives(text[4]),
            filters=text[6],
            end=head.end,
            line=line,
            alleles=made.alleles,
            phased=made.phased,
            phase_set=made.phase_set,
            name=text[2],
            failed=made.failed,
        )

    def _genotypes(self, columns: list[bytes]) -> genotype_text.Genotypes:
        everyone, wanted = len(self.header.samples), len(self.samples)
        if not everyone:
            if len(columns) > 9:
                raise ColumnCount(columns[9].count(b"\t") + 1)
            return genotype_text.nothing(0)
        if len(columns) < 10:
            raise ColumnCount(0)
        fields = columns[8].split(b":")
        if b"GT" not in fields:
            self.notes[NO_GENOTYPES] += 1
            return genotype_text.nothing(wanted)
        alts = len(alternatives(columns[4].decode("latin-1")))
        return genotype_text.parse(columns[9], fields, everyone, self._keep, alts)


def alternatives(written: str) -> tuple[str, ...]:
    """The ALT column as alleles: sequences in upper case, symbolic ones as written.

    >>> alternatives("a,<DEL>,*"), alternatives(".")
    (('A', '<DEL>', '*'), ())
    """
    if written in (".", ""):
        return ()
    return tuple(alt if "<" in alt else alt.upper() for alt in written.split(","))


def open_variants(
    path: Path | str, places: Places, samples: Sequence[str] | None = None
) -> VariantFile:
    """Open a VCF (plain, gzip, bgzip) or BCF for reading the records that touch ``places``.

    Parameters
    ----------
    samples : read only these; None reads all.

    Raises
    ------
    InputError : the file is no VCF or BCF, or its header is wrong; while iterating, for a damaged
        file or line: with the line, never with a genotype.
    UsageError : a wanted sample is not in the file.
    """
    return VariantFile(Path(path), places, samples)
