"""Target data as a panel."""

import gzip
from datetime import date

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.surveillance.hub import truth

TEXT = (
    "date,location,value\n2024-01-13,06,5\n2024-01-06,06,4\n2024-01-27,06,NA\n2024-01-06,01,7.5\n"
)


def test_weeks_and_places_are_filled_with_unknown(tmp_path):
    path = tmp_path / "target.csv"
    path.write_text(TEXT)
    panel = truth.read(path)
    assert panel.places == ("01", "06")
    assert len(panel.dates) == 4
    assert panel.values[:, 1] == pytest.approx([4, 5, np.nan, np.nan], nan_ok=True)
    assert panel.known_on == date(2024, 1, 27)
    days = [date(2024, 1, 6), date(2030, 1, 5)]
    assert truth.pick(panel, ("01", "99"), days)[0, 0] == 7.5
    assert np.isnan(truth.pick(panel, ("01", "99"), days)).sum() == 3


def test_gzip_and_the_hubs_newer_names(tmp_path):
    path = tmp_path / "target.csv.gz"
    text = TEXT.replace("date,location,value", "target_end_date,location,observation")
    path.write_bytes(gzip.compress(text.encode()))
    assert truth.read(path).values[0].tolist() == [7.5, 4.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,value\n2024-01-06,1\n", "lacks the columns location"),
        ("date,location,value\n", "no rows"),
        ("date,location,value\n06.01.2024,01,1\n", "1 dates, places or values"),
        ("date,location,value\n2024-01-06,01,many\n", "1 dates, places or values"),
        ("date,location,value\n2024-01-06,01,1\n2024-01-06,01,2\n", "more than once"),
        ("date,location,value\n2024-01-06,01,1\n2024-01-10,01,2\n", "not whole weeks apart"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, message):
    path = tmp_path / "target.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        truth.read(path)


def test_later_dates_than_known_are_refused(tmp_path):
    path = tmp_path / "target.csv"
    path.write_text(TEXT)
    with pytest.raises(InputError, match="dates after the day on which it was known"):
        truth.read(path, known_on=date(2024, 1, 20))
