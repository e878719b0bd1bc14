"""Whole imports: layouts, places, several files, hostile files, quarantine."""

from datetime import date

import pytest

from intake_samples import FIVE_CASES, seen, store_in, take, weekly, write
from nof1.core.errors import InputError, Nof1Error, UsageError
from nof1.surveillance import places
from shared_data import needs

ONE = {"2024-01-06": {"06": 5, "36": 1}, "2024-01-13": {"06": 7, "36": 2}}


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


@pytest.fixture
def listed(store, tmp_path):
    text = (
        "abbreviation,location,location_name,population\n"
        "CA,06,California,39000000\nNY,36,New York,20000000\nDE,10,Delaware,1000000\n"
    )
    places.keep(store, places.read(write(tmp_path, text, "locations.csv")))
    return store


@pytest.mark.parametrize(
    "text",
    [
        weekly(ONE).replace("06", "6").replace("2024-01-6", "2024-01-06"),
        weekly(ONE).replace(",06,", ",California,"),
        weekly(ONE).replace(",06,", ",CA,"),
        weekly(ONE).replace(",06,", ",california,"),
    ],
)
def test_places_are_mended_by_the_list(listed, tmp_path, text):
    done = take(listed, write(tmp_path, text), locations_given=True)
    assert listed.panel("s").places == ("06", "36")
    assert any("read as" in note for note in done.notes)


def test_a_place_that_is_not_on_the_given_list_is_set_aside(listed, tmp_path):
    text = weekly(ONE) + "2024-01-06,99,4\n"
    done = take(listed, write(tmp_path, text), locations_given=True)
    assert done.aside.rows() == [("file.csv", 5, "the place is not on the list of places")]
    assert listed.panel("s").places == ("06", "36")


def test_a_list_of_another_country_is_not_used(listed, tmp_path):
    text = weekly({"2024-01-06": {"DE": 5}, "2024-01-13": {"DE": 7}})
    take(listed, write(tmp_path, text))
    assert listed.panel("s").places == ("DE",)  # Germany, not Delaware


def test_new_places_beside_an_old_list_are_kept_and_told(listed, tmp_path):
    done = take(listed, write(tmp_path, weekly(ONE) + "2024-01-06,NEW,4\n"))
    assert listed.panel("s").places == ("06", "36", "NEW")
    assert any("1 place not on the list of places, kept: NEW" in note for note in done.notes)


def test_one_digit_beside_two_is_told_without_a_list(store, tmp_path):
    done = take(store, write(tmp_path, weekly({d: {"6": 1, "36": 2} for d in ONE})))
    assert any('state codes have two ("06")' in note for note in done.notes)


def test_files_of_one_import_are_added_together(store, tmp_path):
    head = "onset,report,place\n"
    a = write(tmp_path, head + "2024-03-01,2024-03-02,A\n", "a.csv")
    b = write(tmp_path, head + "2024-03-01,2024-03-02,A\n2024-03-01,2024-03-02,B\n", "b.csv")
    take(store, a, b)
    assert seen(store)["2024-03-01", "A"] == 2


def test_files_that_contradict_each_other_are_refused(store, tmp_path):
    a = write(tmp_path, weekly(ONE), "a.csv")
    b = write(tmp_path, weekly({**ONE, "2024-01-06": {"06": 6, "36": 1}}), "b.csv")
    with pytest.raises(InputError, match="different numbers for 1 same places"):
        take(store, a, b)
    with pytest.raises(UsageError, match="different kinds"):
        take(store, a, write(tmp_path, FIVE_CASES, "c.csv"))


def test_cases_without_report_days_become_daily_counts_with_zeros(store, tmp_path):
    text = "onset,place\n2024-03-01,A\n2024-03-01,A\n2024-03-04,A\n2024-03-02,B\n"
    done = take(store, write(tmp_path, text), known_on=date(2024, 3, 10))
    assert (done.signal.kind, done.signal.step_days) == ("versions", 1)
    assert store.panel("s").values.tolist() == [[2, 0], [0, 1], [0, 0], [1, 0]]


def test_the_as_of_folder_is_known_on_wednesdays(store, tmp_path):
    for day, value in (("2024-01-13", 5), ("2024-01-20", 6)):
        write(
            tmp_path, weekly({"2024-01-06": {"A": value}, "2023-12-30": {"A": 1}}), f"f/{day}.csv"
        )
    take(store, tmp_path / "f")
    assert store.known_days("s") == [date(2024, 1, 10), date(2024, 1, 17)]
    assert seen(store, "s", date(2024, 1, 16))["2024-01-06", "A"] == 5
    assert seen(store, "s", date(2024, 1, 17))["2024-01-06", "A"] == 6


def test_an_as_of_folder_needs_saturdays(store, tmp_path):
    write(tmp_path, weekly(ONE), "f/2024-01-16.csv")
    with pytest.raises(InputError, match="2024-01-16 is a Tuesday"):
        take(store, tmp_path / "f")
    write(tmp_path, weekly(ONE), "g/flu.csv")
    with pytest.raises(InputError, match="not named by its reference date"):
        take(store, tmp_path / "g", layout="asof")


def test_quarantine_holds_file_row_and_reason_and_is_written_once(store, tmp_path):
    path = write(tmp_path, weekly(ONE) + "2024-01-06,A,many\nsoon,A,4\n")
    for _ in range(2):
        done = take(store, path)
        assert done.quarantine is not None
        lines = done.quarantine.read_text().splitlines()
        assert lines == [
            "file,row,reason",
            "file.csv,5,the value is no number",
            "file.csv,6,the date is no date",
        ]
    assert len(list(store.folder.rglob("quarantine/s/*.csv"))) == 1


HOSTILE = {
    "empty": b"",
    "blank": b"\n\n\n",
    "header only": b"date,location,value\n",
    "no columns of ours": b"foo,bar,baz\n1,2,3\n4,5,6\n",
    "binary": bytes(range(256)) * 40,
    "zip": b"PK\x03\x04" + b"\0" * 100,
    "utf-16": "date,location,value\n2024-01-06,A,1\n".encode("utf-16"),
    "html": b"<html><body><table><tr><td>date</td></tr></table></body></html>",
    "json": b'{"date": ["2024-01-06"], "value": [1]}',
    "two-way dates": b"date,location,value\n3/4/2024,A,1\n5/6/2024,A,2\n",
    "serial dates": b"date,location,value\n45352,A,1\n45359,A,2\n",
    "wrong dates": b"date,location,value\nsoon,A,1\nlater,A,2\n",
    "two-way numbers": b"date;location;value\n2024-01-06;A;1,234\n2024-01-13;A;2,345\n",
    "all in the future": b"date,location,value\n2124-01-01,A,1\n2124-01-08,A,2\n",
    "unclosed quote": b'date,location,value\n"2024-01-06,A,1\n2024-01-13,A,2\n',
    "an odd name": b"date,location,value\n2024-01-06,A,x y z\n2024-01-13,A,=cmd()\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_words(store, tmp_path, name):
    with pytest.raises(Nof1Error) as caught:
        take(store, write(tmp_path, HOSTILE[name]))
    assert caught.value.message
    assert not store.has("s")


def test_a_missing_path_and_an_empty_folder(store, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        take(store, tmp_path / "none.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="no table"):
        take(store, tmp_path / "folder")


def test_unknown_layout_lists_the_columns(store):
    path = needs("surveillance/ili/WHO_NREVSS_Public_Health_Labs.csv.gz")
    with pytest.raises(InputError, match="neither as a line list nor") as caught:
        take(store, path)
    assert "SEASON_DESCRIPTION" in str(caught.value)


def test_semicolons_bom_and_thousands_are_read(store, tmp_path):
    text = '\ufeffdate,location,value\n2024-01-06,A,"1,234"\n2024-01-13,A,15\n'
    take(store, write(tmp_path, text))
    assert seen(store)["2024-01-06", "A"] == 1234
    text = "\ufeffdate;location;value\n2024-01-06;A;12\n2024-01-13;A;15\n"
    take(store, write(tmp_path, text, "t.csv"), signal="t")
    assert seen(store, "t")["2024-01-13", "A"] == 15


def test_title_unit_and_synthetic_are_kept(store, tmp_path):
    take(store, write(tmp_path, weekly(ONE)), title="flu", unit="%", synthetic=True)
    signal = store.signal("s")
    assert (signal.title, signal.unit, signal.synthetic) == ("flu", "%", True)
