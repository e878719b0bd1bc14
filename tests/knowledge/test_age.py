"""Age: well-known limits at both ends of life."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.age import TABLE, TAKEN, Limit, at, exceptions, limits
from nof1.knowledge.base import Base
from nof1.knowledge.conditions import names

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
        ("zolpidem", 65, "avoid"),
        ("zolpidem", 64.9, None),
        ("diphenhydramine", 70, "avoid"),
        ("hydroxyzine", 70, "avoid"),
        ("loratadine", 70, None),
        ("glyburide", 70, "avoid"),
        ("glimepiride", 66, "avoid"),
        ("glipizide", 66, "avoid"),
        ("diazepam", 65, "avoid"),
        ("amitriptyline", 65, "avoid"),
        ("naproxen", 65, "avoid"),
        ("celecoxib", 65, "monitor"),
        ("cyclobenzaprine", 65, "avoid"),
        ("clonidine", 65, "avoid"),
        ("loperamide", 1.9, "contraindicated"),
        ("loperamide", 2, None),
        ("promethazine", 1, "contraindicated"),
        ("aspirin", 15, "avoid"),
        ("sertraline", 20, "monitor"),
    ],
)
def test_well_known_limits(drug, age, action):
    plain = [one.action for one in at(drug, age) if not one.condition]
    assert plain[:1] == ([action] if action else [])


def test_a_dose_stands_beside_what_is_better_avoided():
    assert [one.action for one in at("zolpidem", 70) if not one.condition] == ["avoid", "reduce"]
    assert "reduce" in [one.action for one in at("citalopram", 70)]


@pytest.mark.parametrize(
    "drug", ["zolpidem", "sertraline", "haloperidol", "oxycodone", "pregabalin"]
)
def test_falls_are_a_condition_that_the_record_can_tell(drug):
    (row,) = [one for one in at(drug, 80) if one.condition == "falls"]
    assert row.action == "avoid"
    assert row.condition in names()
    assert not [one for one in at(drug, 60) if one.condition == "falls"]


def test_a_condition_is_told_where_age_alone_is_not_enough():
    assert "dementia" in [one.condition for one in at("haloperidol", 80)]
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


def test_exceptions_are_conditions_that_a_record_can_tell():
    named = {one for limit in limits() for one in exceptions(limit)}
    assert TAKEN in named
    assert named - {TAKEN} <= names()
    (warfarin,) = (
        one
        for one in limits()
        if (one.subject, one.condition) == ("warfarin", "atrial fibrillation")
    )
    assert {"mechanical heart valve", "mitral stenosis", TAKEN} <= exceptions(warfarin)
