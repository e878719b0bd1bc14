"""Called genes as a table, one row for each sample and gene, written gene by gene.

Only the distinct answers of one gene are in memory, and a slice of the rows; so a biobank fits. The
columns are those of ``COLUMNS``; nothing of the genotypes themselves is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import polars as pl
import pyarrow.parquet as pq

from nof1.core.engine import Engine
from nof1.core.errors import UsageError
from nof1.core.whole import whole_file
from nof1.genome.calling import GeneTable
from nof1.genome.callset import Request, count, gene_tables, open_file
from nof1.genome.report import gene_row
from nof1.genome.results import GeneResult, Outcome
from nof1.genome.words import statuses
from nof1.knowledge.base import SHIPPED, Base

ROWS = 50_000
SUFFIXES = (".tsv", ".parquet")
COLUMNS: dict[str, type[pl.DataType]] = {
    "file": pl.String,
    "sample": pl.String,
    "gene": pl.String,
    "outcome": pl.String,
    "diplotype": pl.String,
    "diplotype_prior": pl.Float64,
    "diplotypes": pl.Int64,
    "phenotype": pl.String,
    "phenotype_prior": pl.Float64,
    "phenotypes": pl.String,
    "activity_score": pl.Float64,
    "missing_positions": pl.Int64,
    "positions": pl.Int64,
    "settled_by": pl.String,
    "variants": pl.String,
    "warnings": pl.String,
    "reason": pl.String,
    "called_by": pl.String,
}


def rows_of(table: GeneTable, base: Base = SHIPPED) -> pl.DataFrame:
    """The distinct answers of one gene, a row each; all columns but ``file`` and ``sample``."""
    names = [name for name in COLUMNS if name not in ("file", "sample")]
    cells = [_cells(table.gene, result, base) for result in table.results]
    return pl.DataFrame(
        {name: pl.Series([row[name] for row in cells], dtype=COLUMNS[name]) for name in names}
    )


def _cells(gene: str, result: GeneResult, base: Base) -> dict[str, Any]:
    row = gene_row(result, base)
    likely, phenotypes = result.likeliest, row["phenotypes"]
    top = phenotypes[0] if phenotypes and result.outcome is Outcome.CALLED else None
    settled = row["settled_by"]
    return {
        "gene": gene,
        "outcome": row["outcome"],
        "diplotype": likely.name if likely else None,
        "diplotype_prior": likely.prior if likely else None,
        "diplotypes": len(row["diplotypes"]) + row["unlisted"]["count"],
        "phenotype": statuses(result) if top and statuses(result) else top,
        "phenotype_prior": row["phenotype_priors"][top] if top else None,
        "phenotypes": "|".join(phenotypes),
        "activity_score": row["activity_score"],
        "missing_positions": len(row["missing_positions"]),
        "positions": row["positions"],
        "settled_by": settled["position"] if settled else None,
        "variants": "|".join(row["variants"]),
        "warnings": "|".join(row["warnings"]),
        "reason": row["reason"],
        "called_by": row["called_by"],
    }


def frames(
    table: GeneTable, samples: Sequence[str], file: str, base: Base = SHIPPED
) -> Iterator[pl.DataFrame]:
    """The samples of one table, at most ``ROWS`` at a time; ``samples`` are all of the file."""
    answers = rows_of(table, base)
    held = samples[table.first : table.first + len(table.which)]
    for start in range(0, len(held), ROWS):
        which = table.which[start : start + ROWS]
        names = pl.Series("sample", held[start : start + ROWS], dtype=pl.String)
        rows = answers[which.tolist()].with_columns(pl.lit(file).alias("file"), names)
        yield rows.select(list(COLUMNS))


FREE = ("file", "sample")  # columns whose words come from whoever made the file


@dataclass
class Writer:
    """A table that grows; use it as a context manager.

    Raises
    ------
    UsageError : the name ends neither in ``.tsv`` nor in ``.parquet``.
    UsageError : the file cannot be written; then nothing is left of it.
    """

    path: Path
    _parquet: Any = field(default=None, init=False)
    _text: IO[bytes] | None = field(default=None, init=False)
    _place: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, init=False)

    def __enter__(self) -> Writer:
        check_name(self.path)
        self._text = self._place.enter_context(_opened(self.path))
        return self

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows."""
        assert self._text is not None
        if self.path.suffix == ".tsv":
            rows = rows.with_columns(_marked(pl.col(one)) for one in FREE if one in rows.columns)
            rows.write_csv(self._text, separator="\t", include_header=self._text.tell() == 0)
            return
        data = rows.to_arrow()
        if self._parquet is None:
            self._parquet = self._place.enter_context(pq.ParquetWriter(self._text, data.schema))
        self._parquet.write_table(data)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._parquet is None and self.path.suffix == ".parquet" and kind is None:
            self.write(pl.DataFrame(schema=COLUMNS))
        self._place.__exit__(kind, error, trace)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with whole_file(path) as there, there.open("wb") as stream:
        yield stream


def check_name(path: Path) -> None:
    """Whether a table may have this name.

    Raises
    ------
    UsageError : it ends neither in ``.tsv`` nor in ``.parquet``.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(
            "The table's name says no format.",
            where="--table",
            allowed=f"a name that ends in {' or '.join(SUFFIXES)}",
        )


# whole files --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """What was written of one file.

    Attributes
    ----------
    samples : how many; digest : a hash of their names, to tell whether two files hold the same.
    counts : gene -> likeliest phenotype (or kind of no answer) -> samples.
    """

    file: str
    build: str | None
    samples: int
    digest: str
    rows: int
    counts: dict[str, Counter[str]]
    notes: dict[str, int]


def write_file(request: Request, write: Callable[[str, pl.DataFrame], None]) -> Part:
    """Call one file and hand out its rows with the name of their gene, as they are ready."""
    calls = open_file(request)
    found: dict[str, Counter[str]] = {}
    rows = 0
    for table in gene_tables(request, calls):
        found.setdefault(table.gene, Counter()).update(count(table))
        for frame in frames(table, calls.samples, request.path.name, request.base):
            write(table.gene, frame)
            rows += frame.height
    digest = hashlib.sha256("\0".join(calls.samples).encode()).hexdigest()
    name, size = request.path.name, len(calls.samples)
    return Part(name, calls.build, size, digest, rows, found, dict(calls.notes))


def write_part(work: tuple[Request, Path]) -> Part:
    """Call one file into a folder of its own, one Parquet file for each gene (for a worker)."""
    request, folder = work
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        writers: dict[str, Writer] = {}

        def write(gene: str, rows: pl.DataFrame) -> None:
            if gene not in writers:
                writers[gene] = stack.enter_context(Writer(folder / f"{gene}.parquet"))
            writers[gene].write(rows)

        return write_file(request, write)


def write_files(requests: Sequence[Request], path: Path, engine: Engine) -> list[Part]:
    """One table of all files; several of the same people are put together gene by gene."""
    check_name(path)
    if len(requests) == 1:
        with Writer(path) as writer:
            return [write_file(requests[0], lambda _, rows: writer.write(rows))]
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".nof1-") as folder:
        places = [Path(folder) / str(number) for number in range(len(requests))]
        work = list(zip(requests, places, strict=True))
        parts = engine.map(write_part, work, [request.path.name for request in requests])
        with Writer(path) as writer:
            for part, place in zip(parts, places, strict=True):
                _join(part, place, parts, writer)
    return parts


def _join(part: Part, place: Path, parts: Sequence[Part], writer: Writer) -> None:
    """Add one file's rows; genes it has nothing of are left to the file that has."""
    for gene in _kept(part, parts):
        for batch in pq.ParquetFile(place / f"{gene}.parquet").iter_batches(ROWS):
            writer.write(pl.DataFrame(batch))


NOTHING = "not called"


def _kept(part: Part, parts: Sequence[Part]) -> list[str]:
    """The genes whose rows come from this file; another one of the same people has the others."""
    twins = [one for one in parts if one.digest == part.digest]
    kept = []
    for gene, counts in part.counts.items():
        others = any(set(one.counts.get(gene, ())) - {NOTHING} for one in twins)
        if set(counts) - {NOTHING} or (not others and twins[0] is part):
            kept.append(gene)
    return kept


def joined_counts(parts: Sequence[Part]) -> dict[str, Counter[str]]:
    """Gene -> likeliest phenotype (or kind of no answer) -> samples, over all that was written."""
    found: dict[str, Counter[str]] = {}
    for part in parts:
        for gene in _kept(part, parts):
            found.setdefault(gene, Counter()).update(part.counts[gene])
    return found


def _marked(names: pl.Expr) -> pl.Expr:
    """Names of people's own choice in a table of text: no spreadsheet runs one as a formula."""
    risky = names.str.contains(r"^[=+@\t\r-]")
    return pl.when(risky).then(pl.lit("'") + names).otherwise(names).name.keep()
