"""Liver disease: well-known limits, grades, damaged tables."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.base import Base
from nof1.knowledge.hepatic import TABLE, Limit, at, limits, of

HEADER = "\t".join(Limit._fields) + "\n"
ROW = "aspirin\tA|B\tavoid\td\ttext\ts\tc"


@pytest.mark.parametrize(
    ("drug", "grade", "action"),
    [
        ("rivaroxaban", "B", "avoid"),
        ("apixaban", "C", "avoid"),
        ("valproic acid", "A", "contraindicated"),
        ("atorvastatin", "active", "contraindicated"),
        ("duloxetine", "B", "avoid"),
        ("sertraline", "A", "reduce"),
        ("ketoconazole", "active", "contraindicated"),
    ],
)
def test_well_known_limits(drug, grade, action):
    assert [one.action for one in at(drug, grade)] == [action]


def test_a_grade_without_a_row_and_a_medicine_without_one():
    assert at("rivaroxaban", "A") == ()
    assert of("amoxicillin") == ()


def test_every_row_says_from_where():
    for one in limits():
        assert all((one.source, one.citation, one.text)), one


@pytest.mark.parametrize(
    "rows",
    [[ROW, ROW.replace("A|B", "B|C")], [ROW.replace("A|B", "D")], [ROW.replace("A|B", "")]],
)
def test_a_damaged_table_is_refused(tmp_path, rows):
    (tmp_path / TABLE).write_text(HEADER + "\n".join(rows) + "\n")
    with pytest.raises(InputError):
        limits(Base(tmp_path))
