"""What labels ask to be measured: before, during, always; each measurement once."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import monitoring
from nof1.knowledge.base import DATA, Base

HEAD = (DATA / monitoring.TABLE).read_text(encoding="utf-8").splitlines()[0] + "\n"
ROW = "lithium\tTSH\talways\t180\tfda-labels\tc\n"


def own(tmp_path, rows):
    (tmp_path / monitoring.TABLE).write_text(HEAD + rows, encoding="utf-8")
    return Base(tmp_path)


def test_before_and_during_differ():
    before = {row.measurement for row in monitoring.of("lithium", False)}
    during = {row.measurement for row in monitoring.of("lithium", True)}
    assert during - before == {"lithium level"}
    assert {row.measurement for row in monitoring.of("simvastatin", False)} == {"ALT"}
    assert monitoring.of("simvastatin", True) == ()


def test_of_a_medicine_and_its_classes_the_shortest_time_counts(tmp_path):
    rows = "diuretic\tpotassium\talways\t365\tfda-labels\tc\n" + (
        "furosemide\tpotassium\talways\t30\tfda-labels\tc\n"
    )
    (one,) = monitoring.of("furosemide", True, own(tmp_path, rows))
    assert (one.subject, one.days) == ("furosemide", 30.0)


def test_an_empty_number_of_days_means_once_in_a_life():
    (one,) = [row for row in monitoring.of("azathioprine", True) if row.measurement == "TPMT"]
    assert one.days == monitoring.EVER


@pytest.mark.parametrize(
    "rows",
    [
        ROW + ROW,
        ROW.replace("TSH", "tsh"),
        ROW.replace("always", "sometimes"),
        ROW.replace("180", "-1"),
    ],
)
def test_a_row_that_cannot_be_is_refused(tmp_path, rows):
    with pytest.raises(InputError) as error:
        monitoring.asked(own(tmp_path, rows))
    assert monitoring.TABLE in str(error.value.where)
