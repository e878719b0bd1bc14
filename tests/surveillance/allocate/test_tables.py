"""Small tables beside a plan."""

import pytest

from nof1.core.errors import InputError
from nof1.surveillance.allocate import tables


@pytest.fixture
def write(tmp_path):
    def make(text):
        path = tmp_path / "file.csv"
        path.write_text(text)
        return path

    return make


def test_places_as_the_hub_and_as_the_store_name_them(write):
    made = tables.read_places(
        write("abbreviation,location,location_name,population\nAL,01,Alabama,50\n,02,,\n")
    )
    assert made.names == {"01": "Alabama"}
    assert made.people(["01"]).tolist() == [50]
    assert made.people(["01", "02"]) is None
    assert tables.read_places(write("place,name\nx,South\n")).names == {"x": "South"}
    assert tables.read_ids(write("location\n02\n01\n")) == ("02", "01")


def test_units_in_the_order_of_the_plan(write):
    path = write("location,capacity\n02,7\n01, 5 \n")
    assert tables.read_units(path, "capacity", ("01", "02")).tolist() == [5, 7]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("location,beds\n01,1\n", "lacks the column capacity"),
        ("location,capacity\n01,1\n", "lacks 1 places: 02"),
        ("location,capacity\n01,1\n02,\n", "lacks 1 places: 02"),
        ("location,capacity\n01,1\n02,1\n2,1\n", "has unknown 1 places: 2"),
        ("location,capacity\n01,1\n02,-1\n", "1 values are not whole units"),
        ("location,capacity\n01,1\n02,1.5\n", "1 values are not whole units"),
        ("location,capacity\n01,1\n02,many\n", "1 values are no numbers"),
        ("location,capacity\n01,1\n02,inf\n", "1 values are no numbers"),
        ("location,capacity\n01,1\n01,2\n", "more than once: 01"),
        ("region,capacity\n01,1\n", "no column of places"),
    ],
)
def test_bad_limits_are_refused(write, text, message):
    with pytest.raises(InputError, match=message):
        tables.read_units(write(text), "capacity", ("01", "02"))


def test_costs_fill_up_with_the_default(write):
    made = tables.read_costs(write("from,to,cost\na,b,2.5\n"), ("a", "b"), 0.1)
    assert made.tolist() == [[0.1, 2.5], [0.1, 0.1]]
    for text, message in (
        ("from,to\na,b\n", "lacks a column"),
        ("from,to,cost\na,z,1\n", "unknown places: z"),
        ("from,to,cost\na,b,-1\n", "missing or negative"),
    ):
        with pytest.raises(InputError, match=message):
            tables.read_costs(write(text), ("a", "b"), 0.1)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        tables.read_places(tmp_path / "none.csv")
