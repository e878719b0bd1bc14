"""The text of scoring files as tables of text: header lines, columns, the line of every row.

Read as strangers' files are: gzip or plain, with or without a byte-order mark, any line ends,
comments anywhere, rows with too many cells marked, nothing guessed about types yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.core.errors import InputError
from nof1.genome.scoreheader import ScoreHeader, header_fields, score_header
from nof1.record.reading import UTF8_MARK, UTF16_MARKS, safe_open

NULLS = ["NA", "NaN", "nan", "None", "."]
OTHER_NAMES = {  # what other tools and older formats call the same column
    "a1": "effect_allele",
    "allele": "effect_allele",
    "reference_allele": "other_allele",
    "snp": "id",
    "hm_inferotherallele": "hm_other_allele",
}
# What is read. Everything else in the file is left alone.
KNOWN = (
    *("id", "rsid", "chr_name", "chr_position", "effect_allele", "other_allele"),
    *("effect_weight", "dosage_0_weight", "dosage_1_weight", "dosage_2_weight"),
    *("is_dominant", "is_recessive", "is_haplotype", "is_diplotype", "is_interaction"),
    *("allelefrequency_effect", "hm_rsid", "hm_chr", "hm_pos", "hm_other_allele"),
)
NEEDED = "tab-separated effect_allele, effect_weight, chr_name with chr_position (or rsID)"


@dataclass(frozen=True)
class ScoreText:
    """One file as text.

    Attributes
    ----------
    headers : one for each score of the file, in the order of ``weights``.
    weights : names of the columns that hold the scores' weights.
    columns : lower-case names of all columns.
    body : the rows, tab-separated, without comments; lines : the line of each row, from 1.
    """

    headers: tuple[ScoreHeader, ...]
    weights: tuple[str, ...]
    columns: tuple[str, ...]
    body: bytes
    lines: npt.NDArray[np.int64]


def read_text(path: Path) -> ScoreText:
    """Read one file.

    Raises
    ------
    InputError : no readable text, no rows, or columns that no score can be made of.
    """
    content = _content(path)
    comments, start = _comments(content)
    names, start, first = _columns(path, content, comments, start)
    body, lines = _body(content[start:], first)
    if not len(lines):
        raise InputError(
            "The scoring file has no rows.",
            where=path.name,
            next_step="Copy or download the file again.",
        )
    if "\t" not in names:  # PLINK separates by any number of blanks
        body = re.sub(rb"[ \t]+", b"\t", re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", body))
    written = [cell.strip() for cell in names.lstrip("#").split("\t" if "\t" in names else None)]
    columns = [
        OTHER_NAMES.get(cell.lower(), cell.lower()) or f"column {number}"
        for number, cell in enumerate(written, 1)
    ]
    _refuse_columns(path, columns)
    as_written = dict(zip(columns, written, strict=True))
    headers, weights = _scores(path, header_fields(comments), as_written)
    return ScoreText(headers, weights, tuple(columns), body, lines)


def text_table(texts: Sequence[ScoreText]) -> pl.DataFrame:
    """Files with the same columns as one table of text, read in one go.

    Beside the columns: ``text`` (which of the files), ``line``, ``too_many`` (more cells than
    columns). A missing cell is missing, and so are NA and a lone dot.
    """
    columns = texts[0].columns
    body = b"".join(text.body for text in texts)
    table = pl.read_csv(
        body,
        has_header=False,
        schema=dict.fromkeys(columns, pl.String),
        separator="\t",
        quote_char=None,
        null_values=NULLS,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
    )
    sizes = [len(text.lines) for text in texts]
    return table.with_columns(
        text=pl.Series(np.repeat(np.arange(len(texts)), sizes)),
        line=pl.Series(np.concatenate([text.lines for text in texts])),
        too_many=pl.Series(_cells(body) > len(columns)),
    )


def _content(path: Path) -> bytes:
    with safe_open(path) as stream:
        content = stream.read()
    if content.startswith(UTF16_MARKS) or b"\0" in content[:4096]:
        raise InputError(
            "The scoring file is no UTF-8 text.", where=path.name, allowed="UTF-8, or gzip of it"
        )
    content = content.removeprefix(UTF8_MARK)
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content if content.endswith(b"\n") else content + b"\n"


def _comments(content: bytes) -> tuple[list[str], int]:
    """The lines that begin with ``#`` at the top (blank ones too), and where they end."""
    lines, start = [], 0
    while content[start : start + 1] in (b"#", b"\n"):
        end = content.index(b"\n", start) + 1
        lines.append(content[start : end - 1].decode(errors="replace"))
        start = end
    return lines, start


def _columns(path: Path, content: bytes, lines: list[str], start: int) -> tuple[str, int, int]:
    """The line with the column names, where the rows begin, and the number of their first line."""
    end = content.find(b"\n", start) + 1
    line = content[start:end].decode(errors="replace").rstrip("\n")
    last = lines[-1] if lines else ""
    if _has_allele(line):
        return line, end, len(lines) + 2
    if _has_allele(last):  # PLINK 2 writes its column line with a # in front
        return last, start, len(lines) + 1
    raise InputError(
        "The scoring file has no line with column names.",
        where=f"{path.name}, line {len(lines) + 1}",
        allowed=NEEDED,
        next_step="Use a scoring file in the format of the PGS Catalog.",
    )


def _has_allele(line: str) -> bool:
    return bool({"effect_allele", "a1", "allele"} & set(re.split(r"[\t ]+", line.lower())))


def _body(body: bytes, first: int) -> tuple[bytes, npt.NDArray[np.int64]]:
    """Rows without comments and blank lines; the line number of each row."""
    if not body.startswith((b"#", b"\n")) and b"\n#" not in body and b"\n\n" not in body:
        return body, np.arange(first, first + body.count(b"\n"))
    rows = body.split(b"\n")[:-1]
    kept = [number for number, row in enumerate(rows) if row.strip() and row[:1] != b"#"]
    text = b"".join(rows[number] + b"\n" for number in kept)
    return text, np.array(kept, np.int64) + first


def _cells(body: bytes) -> npt.NDArray[np.int64]:
    """The number of cells of each row."""
    marks = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(marks == 10)
    tabs = np.searchsorted(np.flatnonzero(marks == 9), ends)
    cells: npt.NDArray[np.int64] = np.diff(tabs, prepend=0) + 1
    return cells


def _refuse_columns(path: Path, columns: list[str]) -> None:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(
            f"Columns stand twice in the scoring file: {', '.join(twice)}.",
            where=path.name,
            next_step="Keep one of each; two scores need two names.",
        )


def _scores(
    path: Path, fields: dict[str, str], columns: dict[str, str]
) -> tuple[tuple[ScoreHeader, ...], tuple[str, ...]]:
    """Which columns are weights: ``effect_weight``, those by dosage, or all others of PLINK's.

    ``columns`` holds each column's name as it was written, with its capital letters.
    """
    stem = re.sub(r"(\.(txt|tsv|csv|scorefile|gz|bgz))+$", "", path.name, flags=re.IGNORECASE)
    harmonised = {"hm_chr", "hm_pos"} <= set(columns)
    header = score_header(fields, path.name, stem, harmonised=harmonised)
    if {"effect_weight", "dosage_1_weight"} & set(columns):
        return (header,), ("effect_weight",)
    others = tuple(name for name in columns if name not in KNOWN)
    if "id" not in columns or not others:
        raise InputError(
            "The scoring file has no column with weights.",
            where=path.name,
            allowed=NEEDED + "; or PLINK's columns: ID, effect_allele, one for each score",
        )
    headers = [replace(header, id=columns[name], name=columns[name]) for name in others]
    return tuple(headers), others
