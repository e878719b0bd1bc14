"""Scoring files of polygenic scores: what each variant adds to a score.

Understood: the PGS Catalog's formats, as the authors gave them and harmonised (``hm_`` columns,
which then count instead of the authors'), additive, dominant, recessive and by-dosage weights; and
PLINK's table of ID, allele and one column for each score. A row that cannot be used is set aside
with file, line and reason, never dropped.

Every row is brought to what 0, 1 and 2 copies of the effect allele add (``w0``, ``w1``, ``w2``):
additive 0, w, 2w; dominant 0, w, w; recessive 0, 0, w; or the three given weights.

Source: PGS Catalog, "Scoring file format 2.0" and "Harmonized scoring files"; Lambert et al.,
Nature Genetics 53 (2021) 420.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from nof1.core.errors import UsageError
from nof1.genome.chromosomes import chromosome_names
from nof1.genome.scoreheader import ScoreHeader, with_own_names
from nof1.genome.scoretext import KNOWN, ScoreText, read_text, text_table

_T = TypeVar("_T")

BASES = r"^[ACGT]+$"
TOGETHER = 2**20  # bytes: larger files are not joined, to spare memory
REPEATED = "repeats another row of the file"
CONTRADICTORY = "another row gives this variant and allele another weight"
_IN_ID = r"^(?:chr)?([0-9A-Za-z]+)[:_]([0-9]+)[:_]([ACGTacgt]+)[:_]([ACGTacgt]+)$"
_FLAGS = ("is_dominant", "is_recessive", "is_haplotype", "is_diplotype", "is_interaction")
_YES, _NO = ("TRUE", "T", "YES", "1"), ("FALSE", "F", "NO", "0")
_BY_DOSAGE = ("dosage_0_weight", "dosage_1_weight", "dosage_2_weight")
_NUMBERS = ("effect_weight", *_BY_DOSAGE, "allelefrequency_effect")
_KEY = ("score", "chromosome", "position", "id", "effect", "other", "mode")
_ROWS = (
    *("score", "line", "id", "chromosome", "position", "effect", "other"),
    *("w0", "w1", "w2", "mode", "frequency"),
)


@dataclass(frozen=True)
class ScoreFiles:
    """Scores and their rows.

    Attributes
    ----------
    headers : one for each score; a file of PLINK's kind may hold many.
    rows : usable rows: ``score`` (index of its header), ``line`` (of the file, from 1), ``id``
        (rsID, may be missing), ``chromosome`` ("chr1"), ``position`` (1-based; both missing when
        the row only has an rsID), ``effect``, ``other`` (bases; other may be missing), ``w0``,
        ``w1``, ``w2`` (what 0, 1, 2 copies of effect add), ``mode`` (additive, dominant,
        recessive, by dosage), ``frequency`` (of the effect allele, 0 to 1, may be missing).
    set_aside : rows that are not used: ``score``, ``file``, ``row`` (the line), ``reason``.
    totals : rows of each score: usable ones and those set aside, repeated rows counted once.
    """

    headers: tuple[ScoreHeader, ...]
    rows: pl.DataFrame
    set_aside: pl.DataFrame
    totals: tuple[int, ...]


def read_scorefiles(paths: Sequence[str | Path]) -> ScoreFiles:
    """Read any number of scoring files.

    Raises
    ------
    InputError : a file that cannot be read as a scoring file at all (see ``read_text``).
    UsageError : no file is named.
    """
    if not paths:
        raise UsageError("No scoring file was named.", next_step="Name at least one.")
    texts = [read_text(Path(path)) for path in paths]
    headers = [header for text in texts for header in text.headers]
    stems = [Path(header.file).name.split(".")[0] for header in headers]
    table = pl.concat(list(_tables(texts)), how="diagonal")
    rows, aside = _sorted_out(_typed(_complete(table)))
    counted = pl.concat([rows["score"], aside.filter(pl.col("reason") != REPEATED)["score"]])
    totals = np.bincount(counted.to_numpy(), minlength=len(headers))
    files = pl.Series("file", [header.file for header in headers], dtype=pl.String)
    aside = aside.select(
        "score", files.gather(aside["score"]).alias("file"), pl.col("line").alias("row"), "reason"
    )
    return ScoreFiles(
        tuple(with_own_names(headers, stems)), rows, aside, tuple(int(total) for total in totals)
    )


def _tables(texts: Sequence[ScoreText]) -> Iterator[pl.DataFrame]:
    """The rows of all files, files of one kind together; ``score`` counts over all files."""
    firsts = np.cumsum([0, *(len(text.headers) for text in texts)])
    kinds: dict[tuple[object, ...], list[int]] = {}
    for number, text in enumerate(texts):
        own = number if len(text.body) > TOGETHER else -1
        kinds.setdefault((text.columns, text.weights, text.headers[0].harmonised, own), []).append(
            number
        )
    for numbers in kinds.values():
        text = texts[numbers[0]]
        table = text_table([texts[number] for number in numbers])
        first = pl.Series(firsts[numbers]).gather(table["text"])
        kept = [name for name in table.columns if name in KNOWN] + ["line", "too_many"]
        harmonised = pl.lit(text.headers[0].harmonised).alias("harmonised")
        for number, name in enumerate(text.weights):
            score = (first + number).alias("score")
            if name == "effect_weight":
                yield table.select(*kept, harmonised, score)
                continue
            part = table.select(*kept, harmonised, score, pl.col(name).alias("effect_weight"))
            yield _without_zeros(part) if len(text.weights) > 1 else part


def _without_zeros(table: pl.DataFrame) -> pl.DataFrame:
    """In a table that scores share, a weight of 0 means that the variant is not the score's."""
    zero = pl.col("effect_weight").cast(pl.Float64, strict=False) == 0
    return table.filter(~zero.fill_null(False))


def _complete(table: pl.DataFrame) -> pl.DataFrame:
    """All known columns; the identifier, the place and the other allele that count."""
    absent = [pl.lit(None, pl.String).alias(name) for name in KNOWN if name not in table.columns]
    table = table.with_columns(absent)
    if table["id"].null_count() < len(table):
        table = _from_ids(table)
    return table.with_columns(
        id=pl.coalesce("hm_rsid", "rsid", "id"),
        chr_name=pl.when("harmonised").then("hm_chr").otherwise("chr_name"),
        chr_position=pl.when("harmonised").then("hm_pos").otherwise("chr_position"),
        other_allele=pl.coalesce("other_allele", "hm_other_allele"),
    )


def _from_ids(table: pl.DataFrame) -> pl.DataFrame:
    """Identifiers such as 22:17080378:G:A say chromosome, position and both alleles."""
    parts = pl.col("id").str.extract_groups(_IN_ID).struct
    effect = pl.col("effect_allele").str.to_uppercase()
    first, second = (parts[number].str.to_uppercase() for number in (2, 3))
    other = pl.when(effect == first).then(second).when(effect == second).then(first)
    return table.with_columns(
        chr_name=pl.coalesce("chr_name", parts[0]),
        chr_position=pl.coalesce("chr_position", parts[1]),
        other_allele=pl.coalesce("other_allele", other),
    )


def _typed(table: pl.DataFrame) -> pl.DataFrame:
    """Bases, places, flags, weights; and ``reason``: why a row cannot be used, if so."""
    frequency = pl.col("number allelefrequency_effect")
    place = pl.when(pl.col("chromosome").is_not_null() & (pl.col("whole") >= 1))
    table = table.with_columns(
        _each(table["effect_allele"], _bases).alias("effect"),
        _each(table["other_allele"], _bases_only).alias("other"),
        _numbers(table["chr_position"], pl.Int64).alias("whole"),
        chromosome_names(table["chr_name"]).alias("chromosome"),
        *(_each(table[name].fill_null("FALSE"), _flag).alias(name) for name in _FLAGS),
        *(_numbers(table[name]).alias(f"number {name}") for name in _NUMBERS),
    )
    table = table.with_columns(*_weights(), _reason())
    return table.select(
        *("score", "line", "id", "effect", "other", "w0", "w1", "w2", "mode", "reason"),
        place.then("chromosome").alias("chromosome"),
        place.then("whole").alias("position"),
        pl.when(frequency.is_between(0, 1)).then(frequency).alias("frequency"),
    )


def _each(column: pl.Series, function: Callable[[str], _T | None]) -> pl.Series:
    """A function of each distinct text; few texts make up a column of alleles or flags."""
    known = {text: function(text) for text in column.unique().to_list() if text is not None}
    kind = pl.Boolean if function is _flag else pl.String
    if not known:
        return pl.Series(column.name, [None], kind).new_from_index(0, len(column))
    return column.replace_strict(known, default=None, return_dtype=kind)


def _bases(text: str) -> str:
    return text.strip().upper()


def _bases_only(text: str) -> str | None:
    """None for what is not one allele in bases, such as ``A/C``: then it is not known."""
    return allele if re.fullmatch(BASES, allele := _bases(text)) else None


def _flag(text: str) -> bool | None:
    """TRUE and FALSE in the spellings that occur; anything else is missing."""
    return {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}.get(text.strip().upper())


def _numbers(column: pl.Series, kind: type[pl.DataType] = pl.Float64) -> pl.Series:
    """Finite numbers; anything else is missing."""
    if column.null_count() == len(column):
        return column.cast(kind)
    numbers = column.cast(kind, strict=False)
    if numbers.null_count() > column.null_count():  # blanks around a number are forgiven
        numbers = column.str.strip_chars().cast(kind, strict=False)
    return numbers if kind == pl.Int64 else numbers.set(~numbers.is_finite(), None)


def _weights() -> tuple[pl.Expr, ...]:
    """What 0, 1 and 2 copies of the effect allele add."""
    dosage = [pl.col(f"number {name}") for name in _BY_DOSAGE]
    weight = pl.col("number effect_weight")
    by_dosage = pl.all_horizontal(value.is_not_null() for value in dosage)
    dominant, recessive = pl.col("is_dominant"), pl.col("is_recessive")
    one = pl.when(by_dosage).then(dosage[1]).when(recessive).then(0.0).otherwise(weight)
    two = pl.when(by_dosage).then(dosage[2]).when(dominant | recessive).then(weight)
    mode = pl.when(by_dosage).then(pl.lit("by dosage")).when(dominant).then(pl.lit("dominant"))
    return (
        pl.when(by_dosage).then(dosage[0]).otherwise(0.0).alias("w0"),
        one.alias("w1"),
        two.otherwise(2 * weight).alias("w2"),
        mode.when(recessive).then(pl.lit("recessive")).otherwise(pl.lit("additive")).alias("mode"),
    )


def _reason() -> pl.Expr:
    """The first thing that keeps a row from being used, in plain words."""
    numbers = [pl.col(f"number {name}") for name in _BY_DOSAGE]
    given = pl.any_horizontal(pl.col(name).is_not_null() for name in _BY_DOSAGE)
    all_given = pl.all_horizontal(value.is_not_null() for value in numbers)
    weight, effect = pl.col("number effect_weight"), pl.col("effect")
    unreadable = pl.col("effect_weight").is_not_null() & weight.is_null()
    place, position = pl.col("chr_position").is_not_null(), pl.col("whole")
    pair = pl.col("id").str.contains("_x_", literal=True) | effect.str.contains("_X_", literal=True)
    checks = [
        ("more cells than column names", pl.col("too_many")),
        *((f"{name} is neither TRUE nor FALSE", pl.col(name).is_null()) for name in _FLAGS),
        (
            "a haplotype or diplotype: not scored from single variants",
            pl.col("is_haplotype") | pl.col("is_diplotype"),
        ),
        ("an interaction: not scored", pl.col("is_interaction") | pair),
        ("both dominant and recessive", pl.col("is_dominant") & pl.col("is_recessive")),
        ("no effect allele", effect.is_null()),
        ("the effect allele is not written in bases (A, C, G, T)", ~effect.str.contains(BASES)),
        ("effect and other allele are the same", effect == pl.col("other")),
        ("the position is no whole number above 0", place & ~(position >= 1).fill_null(False)),
        (
            "neither position nor rsID",
            (~place | pl.col("chromosome").is_null()) & pl.col("id").is_null(),
        ),
        ("only some of the weights by dosage are numbers", given & ~all_given),
        ("the weight is no finite number", unreadable),
        ("no weight", weight.is_null() & ~all_given),
    ]
    return pl.coalesce(
        *(pl.when(wrong.fill_null(False)).then(pl.lit(reason)) for reason, wrong in checks)
    ).alias("reason")


def _sorted_out(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Usable rows, and rows set aside: unreadable ones, repeated and contradictory ones."""
    usable = pl.col("reason").is_null()
    rows = table.filter(usable)
    if rows.select(pl.struct("score", "position").is_duplicated().any()).item():
        same, weights = pl.struct(_KEY), pl.struct("w0", "w1", "w2")
        one_weight = weights.n_unique().over(_KEY) == 1
        reason = (
            pl.when(same.is_duplicated() & ~one_weight)
            .then(pl.lit(CONTRADICTORY))
            .when(~same.is_first_distinct())
            .then(pl.lit(REPEATED))
        )
        table = pl.concat([rows.with_columns(reason=reason), table.filter(~usable)])
    aside = table.filter(~usable).select("score", "line", "reason").sort("score", "line")
    return table.filter(usable).select(_ROWS), aside
