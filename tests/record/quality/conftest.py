"""Small event tables for the quality tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from nof1.record.events import SCHEMA

AS_OF = datetime(2024, 6, 1)


def make(*rows: dict[str, Any]) -> pl.DataFrame:
    """Events with every column; what a row does not say is null, patient 1 at site "a"."""
    blank = dict.fromkeys(SCHEMA)
    known = {"subject_id": 1, "code": "LOINC//2345-7", "site": "a", "record_key": 7}
    return pl.DataFrame([{**blank, **known, **row} for row in rows], SCHEMA)


@pytest.fixture
def events() -> Callable[..., pl.DataFrame]:
    return make


@pytest.fixture
def as_of() -> datetime:
    return AS_OF
