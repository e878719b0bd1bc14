"""Texts of strangers to times, numbers and identifiers: a value that cannot be read is null.

The caller compares with the source column: null here and not null there is a row for quarantine.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from nof1.core.errors import UsageError
from nof1.record.events import TIME

_OFFSET = r"(?:[Zz]|[+-]\d\d:?\d\d)$"
_WITH_OFFSET = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z")
_WITH_CLOCK = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y%m%d %H%M%S")
_DATE_ONLY = ("%Y-%m-%d", "%Y%m%d")
_COMPARATOR = r"^\s*(<=|>=|<|>|≤|≥)\s*"


def times(column: pl.Series, *, format: str | None = None, timezone: str = "UTC") -> pl.Series:
    """Moments in UTC without a zone.

    Parameters
    ----------
    column : text, dates or datetimes.
    format : strptime format of text; None reads ISO 8601 dates and times.
    timezone : zone of clock times that carry no offset. A bare date stays that date, 00:00.

    >>> times(pl.Series(["2020-02-01T10:00:00+02:00", "2020-02-30", "20200201"])).to_list()
    [datetime.datetime(2020, 2, 1, 8, 0), None, datetime.datetime(2020, 2, 1, 0, 0)]
    """
    if column.dtype == pl.Date:
        return column.cast(TIME)
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is not None:
            return column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(TIME)
        return _to_utc(column.cast(TIME), timezone)
    text = column.cast(pl.String).str.strip_chars()
    if format is not None:
        return _to_utc(_parsed(text, (format,)), timezone)
    text = text.str.replace(r"^(\d{4}-?\d\d-?\d\d)[Tt]", "${1} ")
    zoned = text.str.contains(_OFFSET) & text.str.contains(":", literal=True)
    if not zoned.any():
        return _local_times(text, timezone)
    plain = _local_times(text.set(zoned, None), timezone)
    aware = text.set(~zoned, None).str.replace(r"[Zz]$", "+00:00")
    return plain.zip_with(~zoned.fill_null(False), _parsed(aware, _WITH_OFFSET))


def known_timezone(name: str) -> str:
    """The name itself, when it is a time zone.

    Raises
    ------
    UsageError : it is none.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            "The time zone is not known.",
            where="setting timezone",
            allowed="a name such as Europe/Berlin or UTC",
        ) from None
    return name


def _local_times(text: pl.Series, timezone: str) -> pl.Series:
    dates = _parsed(text, _DATE_ONLY)
    rest = text.set(dates.is_not_null(), None)
    if rest.null_count() == rest.len():
        return dates
    clocks = _to_utc(_parsed(rest, _WITH_CLOCK), timezone)
    return dates.zip_with(dates.is_not_null(), clocks)


def _parsed(text: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    """The first format that reads each text, else null."""
    found = pl.Series(text.name, [None] * text.len(), TIME)
    for format in formats:
        rest = text.set(found.is_not_null(), None)
        if rest.null_count() == rest.len():
            break
        read = rest.str.to_datetime(format, time_unit="us", strict=False)
        if isinstance(read.dtype, pl.Datetime) and read.dtype.time_zone is not None:
            read = read.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        found = found.zip_with(found.is_not_null(), read)
    return found


def _to_utc(local: pl.Series, timezone: str) -> pl.Series:
    """Local clock times to UTC; an hour that does not exist is null, a double one is the first."""
    if timezone == "UTC":
        return local
    aware = local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return aware.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def numbers(column: pl.Series) -> pl.Series:
    """Numbers as float64; NaN and Infinity come through, for the row checks to refuse.

    >>> numbers(pl.Series(["1.5", " 2", "x", "1e3"])).to_list()
    [1.5, 2.0, None, 1000.0]
    """
    if column.dtype == pl.String:
        column = column.str.strip_chars()
    return column.cast(pl.Float64, strict=False)


def bounds(column: pl.Series) -> pl.Series:
    """The number of a text such as "> 89" or "<0.02"; null for all other texts.

    >>> bounds(pl.Series(["> 89", "7", "<0.02"])).to_list()
    [89.0, None, 0.02]
    """
    text = column.cast(pl.String)
    found = text.str.contains(_COMPARATOR)
    return numbers(text.set(~found.fill_null(False), None).str.replace(_COMPARATOR, ""))


def identifiers(column: pl.Series) -> pl.Series:
    """Whole-number identifiers as int64, from text, whole floats or integers; else null.

    >>> identifiers(pl.Series(["12", "7.0", "7.5", "x"])).to_list()
    [12, 7, None, None]
    """
    if column.dtype.is_integer():
        return column.cast(pl.Int64, strict=False)
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        whole = column.cast(pl.Int64, strict=False)
        if whole.null_count() == column.null_count():
            return whole
        rest = identifiers(column.set(whole.is_not_null(), None).cast(pl.Float64, strict=False))
        return whole.zip_with(whole.is_not_null(), rest)
    value = column.cast(pl.Float64, strict=False)
    good = ((value % 1 == 0) & (value.abs() < 2**53)).fill_null(False)
    return value.set(~good, None).cast(pl.Int64)
