"""How a score is distributed in people: what turns a raw sum into a z value and a percentile.

Nothing of the kind is shipped, since every number depends on the people, the variants and the way
of counting: it is supplied, as ``nof1/pgs-reference/1``, in YAML

    schema: nof1/pgs-reference/1
    source: 1000 Genomes phase 3, computed with nof1 on 2026-11-25
    distributions:
      - {score: PGS000018, mean: -0.412, sd: 0.205, people: 2504, variants: 1745179}
      - {score: PGS000018, group: EUR, mean: -0.395, sd: 0.19, people: 503, variants: 1745179}

or as a tab-separated table with the same columns below ``# schema=nof1/pgs-reference/1`` and
``# source=...``. ``group`` is any name of a group of people; without it the row speaks of all.
``variants`` is how many variants went into the reference's own sums; left out, all of the score's.

Allele frequencies of a panel come as a table with the columns chromosome, position, ref, alt and
alt_frequency (0 to 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from nof1.core.errors import InputError
from nof1.core.yaml_lines import Node, load
from nof1.genome.chromosomes import chromosome_names
from nof1.genome.scoreheader import ScoreHeader, header_fields
from nof1.record.reading import UTF8_MARK, safe_open

SCHEMA = "nof1/pgs-reference/1"
KEYS = ("score", "group", "mean", "sd", "people", "variants")
FREQUENCY_COLUMNS = ("chromosome", "position", "ref", "alt", "alt_frequency")
NULLS = ["", "NA", "."]
FEW = 50  # people; fewer are not called a distribution
MOST_PEOPLE, MOST_VARIANTS = 10**10, 10**9


@dataclass(frozen=True)
class Distribution:
    """Mean and standard deviation of a raw sum in a group of people (None: all of them)."""

    score: str
    mean: float
    sd: float
    group: str | None = None
    people: int | None = None
    variants: int | None = None


@dataclass(frozen=True)
class Reference:
    """Distributions of scores, and where they come from."""

    source: str
    distributions: Mapping[tuple[str, str | None], Distribution]

    def of(self, header: ScoreHeader, group: str | None) -> Distribution | None:
        """The distribution of a score in a group; without a group, in all people."""
        names = (header.id, header.fields.get("pgs_id", ""))
        found = (self.distributions.get((name, group)) for name in names)
        return next((one for one in found if one is not None), None)

    def groups(self, header: ScoreHeader) -> tuple[str, ...]:
        """Names of the groups that the reference knows for a score."""
        names = (header.id, header.fields.get("pgs_id", ""))
        return tuple(group for score, group in self.distributions if score in names and group)


def read_reference(path: str | Path) -> Reference:
    """Read distributions in YAML or as a table.

    Raises
    ------
    InputError : another schema, a number that is none, an sd of 0, or a row that stands twice.
    """
    path = Path(path)
    if path.suffix.lower() in (".yaml", ".yml"):
        root = load(path)
        top = root.mapping(("schema", "source", "distributions"), ("schema", "distributions"))
        top["schema"].one_of([SCHEMA])
        source = top["source"].text() if "source" in top else path.name
        rows = [(_distribution(node), node.where) for node in top["distributions"].items()]
        return _reference(source, rows)
    return _from_table(path)


def _distribution(node: Node) -> Distribution:
    found = node.mapping(KEYS, ("score", "mean", "sd"))
    counts = {
        name: found[name].whole(1, most) if name in found else None
        for name, most in (("people", MOST_PEOPLE), ("variants", MOST_VARIANTS))
    }
    return Distribution(
        found["score"].text(),
        found["mean"].number(),
        found["sd"].number(),
        found["group"].text() if "group" in found else None,
        counts["people"],
        counts["variants"],
    )


def _from_table(path: Path) -> Reference:
    comments, table = _table(path)
    fields = header_fields(comments)
    if fields.get("schema") != SCHEMA:
        raise InputError(
            "The file does not say that it is a reference of polygenic scores.",
            where=f"{path.name}, line 1",
            allowed=f"# schema={SCHEMA}",
            next_step="See the page on polygenic scores for the format.",
        )
    _need(path, table, ("score", "mean", "sd"))
    absent = [pl.lit(None, pl.String).alias(key) for key in KEYS if key not in table.columns]
    table = table.with_columns(absent).select(KEYS)
    rows = []
    for number, row in enumerate(table.iter_rows(named=True), len(comments) + 2):
        where = f"{path.name}, line {number}"
        rows.append((_read_row(row, where), where))
    return _reference(fields.get("source", path.name), rows)


def _read_row(row: dict[str, str | None], where: str) -> Distribution:
    try:
        people, variants = (
            int(text) if (text := row[key]) else None for key in ("people", "variants")
        )
        mean, sd = float(row["mean"] or "nan"), float(row["sd"] or "nan")
    except ValueError:
        raise InputError(
            "A number cannot be read.", where=where, allowed="mean and sd; whole people, variants"
        ) from None
    return Distribution(row["score"] or "", mean, sd, row["group"], people, variants)


def _reference(source: str, rows: list[tuple[Distribution, str]]) -> Reference:
    found: dict[tuple[str, str | None], Distribution] = {}
    for one, where in rows:
        if not (one.score and abs(one.mean) < float("inf") and 0 < one.sd < float("inf")):
            raise InputError(
                "This is no distribution of a score.",
                where=where,
                allowed="a score, a finite mean, and an sd above 0",
            )
        if one.people is not None and one.people < FEW:
            raise InputError(
                f"{one.people} people are too few for a distribution.",
                where=where,
                allowed=f"at least {FEW} people",
            )
        if (one.score, one.group) in found:
            raise InputError("This score and group stand twice.", where=where)
        found[one.score, one.group] = one
    return Reference(source, found)


def read_frequencies(path: str | Path) -> pl.DataFrame:
    """Allele frequencies of a panel: ``chromosome``, ``position``, ``ref``, ``alt``, ``frequency``.

    Raises
    ------
    InputError : a column is missing, or a frequency is not between 0 and 1.
    """
    path = Path(path)
    comments, table = _table(path)
    _need(path, table, FREQUENCY_COLUMNS)
    table = table.select(
        chromosome_names(table["chromosome"]).alias("chromosome"),
        pl.col("position").cast(pl.Int64, strict=False),
        pl.col("ref").str.to_uppercase(),
        pl.col("alt").str.to_uppercase(),
        pl.col("alt_frequency").cast(pl.Float64, strict=False).alias("frequency"),
    )
    usable = pl.all_horizontal(pl.all().is_not_null()) & pl.col("frequency").is_between(0, 1)
    wrong = table.select(~usable).to_series()
    if wrong.any():
        raise InputError(
            f"{int(wrong.sum()):,} rows of the table of frequencies cannot be read.",
            where=f"{path.name}, line {len(comments) + 2 + int(wrong.arg_max() or 0)}",
            allowed="a place, two alleles and a frequency from 0 to 1",
        )
    return table.unique(["chromosome", "position", "ref", "alt"], keep="first")


def _table(path: Path) -> tuple[list[str], pl.DataFrame]:
    """Comment lines above a tab-separated table, and the table as text."""
    with safe_open(path) as stream:
        content = stream.read().removeprefix(UTF8_MARK).replace(b"\r\n", b"\n")
    comments = []
    while content.startswith(b"#"):
        line, _, content = content.partition(b"\n")
        comments.append(line.decode(errors="replace"))
    if not content.strip():
        raise InputError("The file is empty.", where=path.name)
    try:
        table = pl.read_csv(
            content,
            separator="\t",
            infer_schema=False,
            null_values=NULLS,
            truncate_ragged_lines=True,
        )
    except pl.exceptions.PolarsError:  # its words would repeat the file's
        raise InputError(
            "This is no table of text.",
            where=path.name,
            allowed="UTF-8 text: a line of column names, columns separated by tabs",
        ) from None
    return comments, table


def _need(path: Path, table: pl.DataFrame, columns: tuple[str, ...]) -> None:
    if missing := [name for name in columns if name not in table.columns]:
        raise InputError(
            f"The table has no column {missing[0]!r}.",
            where=path.name,
            allowed=list(columns),
            next_step="Name the columns in the first line and separate them by tabs.",
        )
