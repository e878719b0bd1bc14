"""Pregnancy: well-known risks by week; the former letters are nowhere."""

import re

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.base import Base
from nof1.knowledge.pregnancy import TABLE, Risk, at, of, risks

HEADER = "\t".join(Risk._fields) + "\n"


@pytest.mark.parametrize(
    ("drug", "week", "action"),
    [
        ("ramipril", 8, "contraindicated"),
        ("valsartan", 30, "contraindicated"),
        ("isotretinoin", 5, "contraindicated"),
        ("methotrexate", 20, "contraindicated"),
        ("warfarin", 10, "contraindicated"),
        ("valproic acid", 10, "contraindicated"),
        ("ibuprofen", 22, "avoid"),
        ("ibuprofen", 32, "avoid"),
        ("ibuprofen", 10, None),
        ("doxycycline", 20, "avoid"),
        ("nitrofurantoin", 38, "contraindicated"),
        ("nitrofurantoin", 30, None),
        ("methimazole", 10, "avoid"),
        ("methimazole", 20, None),
        ("amoxicillin", 20, None),
    ],
)
def test_well_known_risks(drug, week, action):
    assert [one.action for one in at(drug, week)] == ([action] if action else [])


def test_an_unknown_week_takes_every_row_about_pregnancy():
    assert [one.action for one in at("ibuprofen", None)] == ["avoid"]
    assert {one.stages for one in of("valproic acid")} == {("any",), ("possible",)}
    assert [one.stages for one in at("valproic acid", None)] == [("any",)]


def test_the_letters_of_former_labels_are_nowhere():
    for one in risks():
        assert not re.search(r"\b[Cc]ategory|\bclass [ABCDX]\b", " ".join(map(str, one))), one
        assert all((one.source, one.citation, one.text)), one


def test_a_damaged_table_is_refused(tmp_path):
    (tmp_path / TABLE).write_text(HEADER + "aspirin\tfourth\tavoid\td\ttext\ts\tc\n")
    with pytest.raises(InputError):
        risks(Base(tmp_path))
