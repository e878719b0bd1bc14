"""Rows and frames are two forms of the same events."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import UsageError
from nof1.record.events import BIRTH, SCHEMA
from nof1.record.merge import in_order
from nof1.record.patient import Patient
from nof1.record.rows import Row, age_years, frame_of, picked, place, rows_of, seen

AT = datetime(2024, 6, 1)
TIMES = st.sampled_from(
    [None, datetime(1960, 1, 1), datetime(2024, 5, 1), AT, datetime(2025, 1, 1)]
)
TEXTS = st.sampled_from([None, "", "a", "ä", "b"])
ROWS = st.lists(
    st.builds(
        Row,
        subject_id=st.just(1),
        time=TIMES,
        code=st.sampled_from([BIRTH, "LOINC//1", "LOINC//2", "GENDER//F", "Ä"]),
        numeric_value=st.sampled_from([None, -1.5, 0.0, 2.25]),
        text_value=TEXTS,
        unit=TEXTS,
        recorded=TIMES,
        record_key=st.integers(0, 2),
        source_file=TEXTS,
        source_row=st.sampled_from([None, 1, 2]),
        site=TEXTS,
    ),
    max_size=12,
)


@given(rows=ROWS)
def test_there_and_back(rows):
    frame = frame_of(rows)
    assert frame.schema == SCHEMA
    assert list(rows_of(frame)) == rows
    assert rows_of(rows) is rows


@given(rows=ROWS)
def test_the_order_is_that_of_the_record(rows):
    assert frame_of(sorted(rows, key=place)).equals(in_order(frame_of(rows)))


@given(rows=ROWS)
def test_what_was_known_is_what_a_patient_shows(rows):
    patient = Patient(frame_of(rows), AT)
    shown = seen(rows, AT)
    assert frame_of(shown).equals(patient.events)
    assert age_years(shown, AT) == patient.age_years


@given(rows=ROWS)
def test_picked_rows_are_the_same_of_both_forms(rows):
    wanted = [row for row in rows if row.code.startswith(("LOINC//", "GENDER//"))]
    assert list(picked(rows, "LOINC//", "GENDER//")) == wanted
    assert list(picked(frame_of(rows), "LOINC//", "GENDER//")) == wanted


def test_several_patients_and_zones_are_refused():
    row = Row(1, AT, "a", None, None, None, None, 1, None, None, None)
    both = [row, row._replace(subject_id=2)]
    for use in (lambda: seen(both, AT), lambda: picked(frame_of(both), "a")):
        with pytest.raises(UsageError, match="several patients"):
            use()
    with pytest.raises(UsageError, match="time zone"):
        seen([row], AT.replace(tzinfo=UTC))
