"""Additive burdens: points of medicines and classes, limits by sum."""

import shutil

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import burdens
from nof1.knowledge.base import DATA, Base


def own(tmp_path, name, row):
    for table in (burdens.TABLE, burdens.POINTS):
        shutil.copyfile(DATA / table, tmp_path / table)
    with (tmp_path / name).open("a", encoding="utf-8") as file:
        file.write(row)
    return Base(tmp_path)


def test_points_of_a_medicine_over_all_scores():
    found = burdens.of("amitriptyline")
    assert found["anticholinergic"].points == 3
    assert found["serotonergic"].subject == "tricyclic antidepressant"
    assert burdens.of("amlodipine") == {}


def test_acb_points_are_those_of_the_scale():
    # g-b-f/ACB-data, ACB_table.csv at 8bc9212, column Boustani2008
    said = {
        "oxybutynin": 3, "olanzapine": 3, "paroxetine": 3, "quetiapine": 3, "carbamazepine": 2,
        "meperidine": 2, "furosemide": 1, "metoprolol": 1, "warfarin": 1, "risperidone": 1,
    }  # fmt: skip
    assert {name: burdens.of(name)["anticholinergic"].points for name in said} == said


def test_the_limits_of_a_score_come_the_highest_sum_first():
    assert [one.sum for one in burdens.limits("hypoglycaemia")] == [3.0, 2.0]
    assert {one.score for one in burdens.points()} == {one.score for one in burdens.burdens()}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (burdens.POINTS, "nosuch\taspirin\t1\t\tfda-labels\tc\n"),
        (burdens.POINTS, "bleeding\taspirin\t1\t\tfda-labels\tc\n"),
        (burdens.POINTS, "bleeding\tgarlic\t0\t\tfda-labels\tc\n"),
        (burdens.TABLE, "QT\tQT\t4\t0\t0\t\t\tavoid\td\ttext\tfda-labels\tc\n"),
        (burdens.TABLE, "QT\tmore\t0\t0\t0\t\t\tavoid\td\ttext\tfda-labels\tc\n"),
        (burdens.TABLE, "QT\tmore\t4\t0\t0\tnosuch\t\tavoid\td\ttext\tfda-labels\tc\n"),
        (burdens.TABLE, "QT\tmore\t4\t0\t0\t\tnosuch\tavoid\td\ttext\tfda-labels\tc\n"),
    ],
)
def test_a_row_that_cannot_be_is_refused(tmp_path, table, row):
    base = own(tmp_path, table, row)
    with pytest.raises(InputError) as error:
        burdens.points(base)
    assert table in str(error.value.where)
