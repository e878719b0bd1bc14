"""Age: well-known limits at both ends of life."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.age import TABLE, Limit, at, limits
from nof1.knowledge.base import Base

HEADER = "\t".join(Limit._fields) + "\n"


@pytest.mark.parametrize(
    ("drug", "age", "action"),
    [
        ("codeine", 11.9, "contraindicated"),
        ("codeine", 30, None),
        ("tramadol", 5, "contraindicated"),
        ("doxycycline", 7, "avoid"),
        ("doxycycline", 8, None),
        ("prasugrel", 75, "avoid"),
        ("prasugrel", 74.9, None),
        ("citalopram", 70, "reduce"),
        ("zolpidem", 65, "reduce"),
        ("haloperidol", 80, "avoid"),
        ("sertraline", 20, "monitor"),
    ],
)
def test_well_known_limits(drug, age, action):
    assert [one.action for one in at(drug, age)] == ([action] if action else [])


def test_a_condition_is_told_where_age_alone_is_not_enough():
    assert at("haloperidol", 80)[0].condition == "dementia"
    assert at("codeine", 14)[0].condition
    assert at("codeine", 5)[0].condition == ""


def test_every_row_says_from_where():
    for one in limits():
        assert all((one.source, one.citation, one.text)), one


@pytest.mark.parametrize("ages", ["12\t12", "x\t12", "-1\t3"])
def test_a_damaged_table_is_refused(tmp_path, ages):
    (tmp_path / TABLE).write_text(f"{HEADER}aspirin\t{ages}\t\tavoid\td\ttext\ts\tc\n")
    with pytest.raises(InputError):
        limits(Base(tmp_path))
