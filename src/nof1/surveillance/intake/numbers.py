"""Numbers as people write them: thousands marks, decimal commas, suppressed small cells."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from nof1.core.errors import InputError

_PLAIN = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_COMMA_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
_COMMA_DECIMAL = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+$"
_DOT_THOUSANDS = r"^[+-]?\d{1,3}(\.\d{3}){2,}$"
_ONE_DOT = r"^[+-]?\d{1,3}\.\d{3}$"
_SPACED = "[ '\u00a0\u202f\u2019]"
_SUPPRESSED = r"^\s*(<|<=|≤|\*+$)"
SUPPRESSED_NOTE = "cells that the source suppressed (written <5 or *) are not known; they are not 0"


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: null where nothing was reported, where suppressed, where unreadable."""

    values: pl.Series
    unreadable: pl.Series
    suppressed: int
    notes: tuple[str, ...] = ()


def read(
    texts: pl.Series, where: str, *, semicolons: bool = False, decimal: str | None = None
) -> Numbers:
    """Turn texts into numbers; ``unreadable`` marks the texts that are none.

    Parameters
    ----------
    semicolons : the file separates fields by semicolons, so its comma is perhaps a decimal comma.
    decimal : "," or "." when the user said so.

    Raises
    ------
    InputError : "1,234" or "1.234" with two readings.
    """
    plain = texts.str.strip_chars()
    quick = plain.cast(pl.Float64, strict=False)
    odd = quick.is_null() & plain.is_not_null() | quick.is_infinite() | quick.is_nan()
    if not odd.any() and not (semicolons and decimal is None) and decimal != ",":
        return Numbers(quick, odd, 0)
    suppressed = plain.str.contains(_SUPPRESSED).fill_null(False)
    spaced = plain.str.replace_all(_SPACED, "")
    mark = decimal or _decimal(spaced, semicolons, where)
    notes = [f"{where}: numbers with a decimal comma"] if mark == "," else []
    thousands = _COMMA_THOUSANDS if mark == "." else rf"{_DOT_THOUSANDS}|{_ONE_DOT}"
    count = int(spaced.str.contains(thousands).sum() or 0)
    if count:
        notes.append(f"{where}: {count} numbers with marks of thousands")
    values = _cleaned(spaced, mark).cast(pl.Float64, strict=False)
    values = pl.select(pl.when(values.is_finite() & ~suppressed).then(values)).to_series()
    bad = values.is_null() & plain.is_not_null() & ~suppressed
    if suppressed.any():
        notes.append(f"{where}: {int(suppressed.sum())} {SUPPRESSED_NOTE}")
    return Numbers(values, bad, int(suppressed.sum()), tuple(notes))


def _decimal(texts: pl.Series, semicolons: bool, where: str) -> str:
    """The decimal mark of a column, where the numbers show it."""
    if texts.str.contains(_DOT_THOUSANDS).any() and not texts.str.contains(_COMMA_THOUSANDS).any():
        return ","
    commas = texts.filter(texts.str.contains(",", literal=True))
    if commas.len() and not commas.str.contains(_COMMA_THOUSANDS).any():
        return ","
    not_thousands = commas.filter(~commas.str.contains(_COMMA_THOUSANDS))
    if not_thousands.str.contains(_COMMA_DECIMAL).any():
        return ","
    dots = texts.filter(texts.str.contains(".", literal=True))
    two_ways = commas.len() or (dots.len() and dots.str.contains(_ONE_DOT).all())
    if semicolons and two_ways and not commas.str.contains(r",\d{3}(,|\.)").any():
        raise InputError(
            "Numbers such as 1,234 or 1.234 can be read in two ways in a file with semicolons.",
            where=where,
            allowed="numbers without marks of thousands, or the decimal mark said",
            next_step="Say --decimal . (one thousand two hundred for 1,234) or --decimal ,",
        )
    return "."


def _cleaned(texts: pl.Series, mark: str) -> pl.Series:
    """Numbers in the plain form; what is none stays a text that no cast accepts."""
    if mark == ".":
        good = texts.str.contains(rf"{_PLAIN}|{_COMMA_THOUSANDS}")
        bare = texts.str.replace_all(",", "", literal=True)
    else:
        good = texts.str.contains(rf"{_COMMA_DECIMAL}|{_DOT_THOUSANDS}|{_ONE_DOT}|^[+-]?\d+$")
        bare = texts.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return pl.select(pl.when(good).then(bare)).to_series()
