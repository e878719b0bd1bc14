"""Laboratory limits: ranges that do not overlap, and the rows of a medicine with its classes."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import laboratory
from nof1.knowledge.base import DATA, Base

HEAD = (DATA / laboratory.TABLE).read_text(encoding="utf-8").splitlines()[0] + "\n"
ROW = "spironolactone\tpotassium\t5.5\t\t\tneeded\tcontraindicated\td\ttext\tfda-labels\tc\n"


def own(tmp_path, rows):
    (tmp_path / laboratory.TABLE).write_text(HEAD + rows, encoding="utf-8")
    return Base(tmp_path)


def test_a_medicine_has_its_own_rows_and_those_of_its_classes_the_most_cautious_first():
    rows = [one for one in laboratory.of("spironolactone") if one.measurement == "potassium"]
    assert [(one.subject, one.low, one.action) for one in rows] == [
        ("potassium-sparing diuretic", 5.5, "contraindicated"),
        ("spironolactone", 5.0, "avoid"),
    ]
    assert laboratory.of("amoxicillin") == ()


def test_days_of_a_row_or_of_its_measurement(tmp_path):
    rows = ROW + "aspirin\tplatelets\t\t50\t7\t\tavoid\td\ttext\tfda-labels\tc\n"
    first, second = laboratory.limits(own(tmp_path, rows))
    assert (first.days, second.days) == (90.0, 7.0)


@pytest.mark.parametrize(
    "rows",
    [
        ROW.replace("potassium", "pottasium"),
        ROW.replace("\t5.5\t\t", "\t5.5\t5.5\t"),
        ROW.replace("needed", "perhaps"),
        ROW.replace("contraindicated", "forbidden"),
        ROW + ROW.replace("\t5.5\t\t", "\t5.0\t6.0\t"),
        ROW.replace("\tneeded", "").replace("5.5", "high"),
    ],
)
def test_a_row_that_cannot_be_is_refused(tmp_path, rows):
    with pytest.raises(InputError) as error:
        laboratory.limits(own(tmp_path, rows))
    assert laboratory.TABLE in str(error.value.where)
