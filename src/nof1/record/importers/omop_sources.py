"""Where OMOP tables lie: a folder of files, a DuckDB file, or a PostgreSQL database.

All three answer the same two questions: which tables and columns are there, and what are the
rows, in batches. Names of tables and columns are lower case, whatever the source writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.record.reading import DEFAULT_LIMIT, files_below, first_bytes, inside, relative_name
from nof1.record.tables import ROW, ROWS_PER_BATCH, Chunk, header, read_table

_TABLE_FILE = re.compile(r"^(\w+)\.(?:csv|tsv|txt|parquet)(?:\.gz)?$", re.IGNORECASE)
WAIT_SECONDS = 10
"""How long to wait for a database that does not answer, unless the address says otherwise."""
_DUCKDB_MARK = b"DUCK"  # at byte 8
# Athena writes its vocabulary tab-separated, with quotation marks as plain characters.
_VOCABULARY = {"concept", "concept_ancestor", "concept_relationship", "vocabulary", "domain"}


class Source(Protocol):
    """Tables with their columns, and their rows."""

    tables: dict[str, list[str]]

    def read(self, table: str, columns: Sequence[str]) -> Iterator[Chunk]:
        """The rows of a table. Columns that the source lacks are null."""
        ...

    def files(self, table: str) -> list[str]:
        """How the record calls the table's files."""
        ...


def is_duckdb(path: Path) -> bool:
    """Is this a DuckDB file, by its first bytes?"""
    return path.is_file() and first_bytes(path, 12)[8:12] == _DUCKDB_MARK


def open_source(path: Path | str, settings: Mapping[str, Any]) -> Source:
    """The source at a folder, a DuckDB file, or a postgresql:// address."""
    if isinstance(path, str):
        return PostgresSource(path, settings.get("schema"))
    if is_duckdb(path):
        return DuckDBSource(path, settings.get("schema"))
    return FolderSource(
        path, settings.get("encoding", "utf-8"), settings.get("limit_bytes", DEFAULT_LIMIT)
    )


class FolderSource:
    """A folder of CSV or parquet files, or of folders with parts of a table."""

    def __init__(self, root: Path, encoding: str = "utf-8", limit: int = DEFAULT_LIMIT) -> None:
        self._root, self._encoding, self._limit = root, encoding, limit
        self._paths = _table_files(root)
        self._headers = {
            path: header(path, encoding) for paths in self._paths.values() for path in paths
        }
        self.tables = {
            table: [name.lower() for name in self._headers[paths[0]]]
            for table, paths in self._paths.items()
        }

    def files(self, table: str) -> list[str]:
        return [relative_name(path, self._root) for path in self._paths[table]]

    def read(self, table: str, columns: Sequence[str]) -> Iterator[Chunk]:
        for path in self._paths[table]:
            names = {name.lower(): name for name in self._headers[path]}
            wanted = [names[column] for column in columns if column in names]
            chunks = read_table(
                path,
                relative_name(path, self._root),
                root=self._root,
                columns=wanted,
                encoding=self._encoding,
                quotes=table not in _VOCABULARY,
                limit=self._limit,
            )
            for chunk in chunks:
                frame = chunk.frame.rename({names[c]: c for c in columns if c in names})
                yield Chunk(_completed(frame, columns), chunk.quarantined, chunk.file)


class DuckDBSource:
    """One DuckDB file, opened read-only, without access to anything outside it."""

    def __init__(self, path: Path, schema: str | None = None) -> None:
        import duckdb

        safe = {
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": "1",
        }
        try:
            self._connection = duckdb.connect(str(path), read_only=True, config=safe)
            rows = self._connection.execute(_COLUMNS_QUERY).fetchall()
            catalog = self._connection.execute("SELECT current_database()").fetchall()[0][0]
        except duckdb.Error as error:
            raise InputError(
                "The DuckDB file cannot be opened: it is damaged, in use, or of a newer version.",
                where=path.name,
            ) from error
        self._catalog = str(catalog)
        self._found = _found_tables(rows, schema, path.name)
        self.tables = {table: list(found.columns) for table, found in self._found.items()}

    def files(self, table: str) -> list[str]:
        return [table]

    def read(self, table: str, columns: Sequence[str]) -> Iterator[Chunk]:
        import duckdb

        found = self._found[table]
        wanted = [found.columns[column] for column in columns if column in found.columns]
        names = ", ".join(_quoted(name) for name in wanted)
        # Unless all three parts are named, a schema called like the file is ambiguous.
        place = ".".join(map(_quoted, (self._catalog, found.schema, found.name)))
        cursor = self._connection.cursor()
        try:
            rows = cursor.sql(f"SELECT {names} FROM {place}")
            # DuckDB 2 renamed the method.
            stream = getattr(rows, "to_arrow_reader", None) or rows.fetch_arrow_reader
            for batch in stream(ROWS_PER_BATCH):
                frame = pl.DataFrame(pl.from_arrow(batch))
                yield Chunk(_completed(_lower(frame), columns))
        except duckdb.Error as error:
            raise InputError(
                "The table cannot be read from the DuckDB file.", where=table
            ) from error


class PostgresSource:
    """A PostgreSQL database, read in one read-only snapshot with server-side cursors."""

    def __init__(self, address: str, schema: str | None = None) -> None:
        psycopg = require("psycopg", "postgres")
        self._trouble: type[Exception] = psycopg.Error
        try:
            given = psycopg.conninfo.conninfo_to_dict(address)
            self._connection = psycopg.connect(**{"connect_timeout": WAIT_SECONDS, **given})
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
            rows = self._connection.execute(_COLUMNS_QUERY).fetchall()
        except psycopg.Error as error:
            # The driver's text may repeat the address, and with it a password.
            raise InputError(
                f"The database cannot be reached ({type(error).__name__}).",
                where="postgresql address",
                next_step="Check host, port, database name, user and password.",
            ) from None
        self._found = _found_tables(rows, schema, "postgresql address")
        self.tables = {table: list(found.columns) for table, found in self._found.items()}

    def files(self, table: str) -> list[str]:
        return [table]

    def read(self, table: str, columns: Sequence[str]) -> Iterator[Chunk]:
        sql = require("psycopg.sql", "postgres")
        found = self._found[table]
        wanted = [column for column in columns if column in found.columns]
        names = [sql.SQL("{}::text").format(sql.Identifier(found.columns[c])) for c in wanted]
        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(names), sql.Identifier(found.schema, found.name)
        )
        schema = {column: pl.String for column in wanted}
        try:
            with self._connection.cursor(name=f"nof1_{table}") as cursor:
                cursor.execute(query)
                while rows := cursor.fetchmany(ROWS_PER_BATCH):
                    frame = pl.DataFrame(rows, schema=schema, orient="row")
                    yield Chunk(_completed(frame, columns))
        except self._trouble as error:
            raise InputError(
                f"The table cannot be read from the database ({type(error).__name__}).",
                where=table,
                next_step="Check that the user may read this table, and the connection.",
            ) from None


@dataclass(frozen=True)
class _Found:
    """Where a database holds a table; ``columns`` maps lower case names to the real ones."""

    schema: str
    name: str
    columns: dict[str, str]


_COLUMNS_QUERY = (
    "SELECT table_schema, table_name, column_name FROM information_schema.columns "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') "
    "ORDER BY table_schema, table_name, ordinal_position"
)


def _found_tables(
    rows: Sequence[tuple[str, str, str]], schema: str | None, where: str
) -> dict[str, _Found]:
    """The tables of the one schema that holds ``person`` (vocabulary may lie in another)."""
    tables: dict[tuple[str, str], dict[str, str]] = {}
    for place, table, column in rows:
        tables.setdefault((place, table), {})[column.lower()] = column
    holding = sorted({place for place, table in tables if table.lower() == "person"})
    if schema is None and len(holding) > 1:
        raise InputError(
            "Several schemas of the database hold a table `person`.",
            where=where,
            allowed=holding,
            next_step="Name one with the setting `schema`.",
        )
    chosen = schema or (holding[0] if holding else "")
    found = {}
    for (place, table), columns in tables.items():
        name = table.lower()
        if place == chosen or (name in _VOCABULARY and name not in found):
            found[name] = _Found(place, table, columns)
    return found


def _table_files(root: Path) -> dict[str, list[Path]]:
    """Files of each table: ``person.csv``, ``PERSON.csv.gz``, ``person/part-0.parquet``."""
    if not root.is_dir():
        return {}
    found: dict[str, list[Path]] = {}
    for path in sorted(root.iterdir()):
        match = _TABLE_FILE.match(path.name)
        if path.is_file() and match and inside(path, root):
            found.setdefault(match[1].lower(), []).append(path)
    for table, paths in found.items():
        if len(paths) > 1:
            raise InputError(
                f"The table {table} is there more than once.",
                where=", ".join(path.name for path in paths),
                next_step="Leave one of the files in the folder.",
            )
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and inside(folder, root) and folder.name.lower() not in found:
            parts = [path for path in files_below(folder) if _TABLE_FILE.match(path.name)]
            if parts:
                found[folder.name.lower()] = parts
    return found


def _completed(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The frame with exactly ``columns`` (absent ones null), and ``ROW`` where it has one."""
    absent = [column for column in columns if column not in frame.columns]
    full = frame.with_columns(pl.lit(None, pl.String).alias(column) for column in absent)
    return full.select([*columns, *([ROW] if ROW in frame.columns else [])])


def _lower(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({name: name.lower() for name in frame.columns})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
