"""Counts and spans from CSV files, good and bad."""

from pathlib import Path

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.surveillance.alarms.table import read_counts, read_spans, weekly_marks

GOOD = """date,place,count,outbreak,latitude,longitude
2024-01-06,b,3,0,40,-90
2024-01-20,b,-1,1,40,-90
2024-01-06,a,1,,41,-91
2024-01-13,a,NA,0,41,-91
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "counts.csv"
    path.write_text(text)
    return path


def test_missing_weeks_are_missing_and_marks_are_read(tmp_path):
    found = read_counts(written(tmp_path, GOOD))
    assert found.panel.places == ("a", "b")
    assert found.panel.step_days == 7
    np.testing.assert_array_equal(found.panel.values, [[1, 3], [np.nan, np.nan], [np.nan, -1]])
    assert found.outbreaks.sum() == 1
    assert found.outbreaks[2, 1]
    assert found.coordinates is not None
    np.testing.assert_array_equal(found.coordinates, [[41, -91], [40, -90]])


def test_nothing_after_the_day_is_read(tmp_path):
    from datetime import date

    found = read_counts(written(tmp_path, GOOD), date(2024, 1, 15))
    assert found.panel.dates[-1] == np.datetime64("2024-01-13")
    with pytest.raises(InputError):
        read_counts(written(tmp_path, GOOD), date(2023, 1, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,count\n", "'date' is missing"),
        ("date,count\n2024-01-06,x\n", "'count' cannot be read"),
        ("date,count\n06/01/2024,1\n", "'date' cannot be read"),
        ("date,count\n2024-01-06,1\n2024-01-06,2\n", "more than once"),
        ("date,count\n", "no rows"),
        ("", "not a CSV"),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path, text, said):
    with pytest.raises(InputError, match=said) as error:
        read_counts(written(tmp_path, text))
    assert "counts.csv" in (error.value.where or "")


def test_spans_of_all_or_one_place(tmp_path):
    panel = read_counts(written(tmp_path, GOOD)).panel
    spans = tmp_path / "spans.csv"
    spans.write_text("place,first,last\n*,2024-01-01,2024-01-05\nb,2024-01-15,2024-01-16\n")
    covered = read_spans(spans, panel)
    assert covered.tolist() == [[True, True], [False, False], [False, True]]
    for bad in ("zz,2024-01-01,2024-01-02", "a,2024-01-02,2024-01-01", "a,,2024-01-01"):
        spans.write_text(f"place,first,last\n{bad}\n")
        with pytest.raises(InputError, match="span"):
            read_spans(spans, panel)


def test_days_become_weeks_and_a_marked_day_marks_its_week(tmp_path):
    days = np.arange(np.datetime64("2024-01-07"), np.datetime64("2024-01-28"))
    lines = [f"{day},1,{int(str(day) == '2024-01-16')}" for day in days]
    found = read_counts(written(tmp_path, "\n".join(["date,count,outbreak", *lines])))
    assert found.panel.step_days == 1
    assert found.panel.weekly().values[:, 0].tolist() == [7, 7, 7]
    assert weekly_marks(found.outbreaks, found.panel)[:, 0].tolist() == [False, True, False]
