"""Lifestyle: the mapping table, and the events added for any importer."""

import csv

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from nof1.record.events import RAW_SCHEMA
from nof1.record.lifestyle import TABLE, additional, normalised, normalised_code

S = "LIFESTYLE//smoking//"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("LOINC//72166-2//LA18976-3", S + "current"),
        ("LOINC//72166-2//LA15920-4", S + "former"),
        ("LOINC//72166-2//LA18978-9", S + "never"),
        ("LOINC//72166-2//SNOMED//449868002", S + "current"),
        ("LOINC//72166-2//8517006", S + "former"),
        ("SNOMED//266919005", S + "never"),
        ("SNOMED//77176002", S + "current"),
        ("ICD10CM//F17.210", S + "current"),
        ("ICD10CM//F17210", S + "current"),
        ("ICD10CM//F17.211", S + "former"),
        ("ICD10CM//Z87.891", S + "former"),
        ("SNOMED//228274009", "LIFESTYLE//alcohol//never"),
        ("ICD10//Z72.3", "LIFESTYLE//activity//inactive"),
        ("ICD10CM//Z72.4", "LIFESTYLE//diet//unhealthy"),
        ("LOINC//75626-2", "LIFESTYLE//alcohol//audit_c"),
        # status unknown, as an answer; another question; other roles; nothing
        ("LOINC//72166-2//SNOMED//77176002", None),
        ("LOINC//72166-2//LA18980-5", None),
        ("LOINC//72166-2//SNOMED//228274009", None),
        ("LOINC//99999-9//LA18976-3", None),
        ("FAMILY//SNOMED//266919005", None),
        ("END//ICD10CM//F17.210", None),
        ("LOINC//72166-2", None),
        ("ICD10CM//F17.220", None),
        ("", None),
    ],
)
def test_normalised_code(code, found):
    assert normalised_code(code) == found


def frame(*rows):
    """Events of (code, number, unit)."""
    whole = [
        {
            "patient": "1",
            "code": code,
            "numeric_value": number,
            "unit": unit,
            "text_value": "as told",
        }
        | {"record": "r", "source_file": "f", "source_row": 3}
        for code, number, unit in rows
    ]
    return pl.DataFrame(whole, schema=RAW_SCHEMA)


def test_added_events_keep_place_and_time_and_further_columns():
    raw = frame(("SNOMED//8517006", 1.0, "x"), ("SNOMED//1", None, None))
    raw = raw.with_columns(pl.lit("site-a").alias("site"))
    added = normalised(raw)
    assert added.columns == raw.columns
    kept = [name for name in raw.columns if name not in ("code", "numeric_value", "unit")]
    assert_frame_equal(added.select(kept), raw[:1].select(kept))
    assert added.select("code", "numeric_value", "unit").rows() == [(S + "former", None, None)]


def test_numbers_need_a_value_and_a_known_unit():
    minutes = "LOINC//68516-4"
    raw = frame(
        (minutes, 30.0, "min"), (minutes, 0.5, "h"), (minutes, None, "min"), (minutes, 0.0, None)
    )
    found = normalised(raw).select("code", "numeric_value", "unit").rows()
    name = "LIFESTYLE//activity//minutes_per_day"
    assert found == [(name, 30.0, "min/d"), (name, 0.0, "min/d")]


def test_frame_and_rows_agree_and_an_empty_frame_stays_empty():
    raw = frame(("SNOMED//8517006", None, None), ("LOINC//75626-2", 4.0, "{score}"))
    assert normalised(raw).rows() == additional(raw.rows())
    assert normalised(raw.clear()).schema == raw.schema
    assert normalised(frame(("x", None, None), (None, None, None))).is_empty()


def test_normalising_twice_adds_nothing():
    assert normalised(normalised(frame(("SNOMED//8517006", None, None)))).is_empty()


def test_every_row_of_the_table_is_complete_and_cited():
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len({row["source_code"] for row in rows}) == len(rows)
    for row in rows:
        assert row["kind"] in ("question", "answer", "fact", "finding", "number")
        assert row["habit"].split("//")[0] in ("smoking", "alcohol", "activity", "diet")
        assert row["source"]
        assert row["display"]
        assert (row["kind"] == "number") == bool(row["unit"])
