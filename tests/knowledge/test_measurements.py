"""Measurements: codes, units, ranges; a table that cannot be right is refused."""

import pytest

from nof1.core.errors import InputError
from nof1.core.units import ucum
from nof1.knowledge.base import DATA, Base
from nof1.knowledge.measurements import TABLE, in_unit, known_name, measurements

HEAD = (DATA / TABLE).read_text(encoding="utf-8").splitlines()[0] + "\n"


def test_every_unit_is_ucum_and_every_code_is_of_the_event_table():
    for one in measurements().values():
        assert not one.unit or ucum(one.unit) == one.unit
        assert all(code.startswith(("LOINC//", "gene:")) for code in one.codes)
        assert one.unit or one.low == 0.0


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "expected"),
    [
        (4.2, "mmol/L", "mmol/L", 4.2),
        (4.2, "meq/L", "mmol/L", 4.2),
        (0.9, "10*9/L", "10*3/uL", 0.9),
        (900.0, "/uL", "10*3/uL", 0.9),
        (0.0002, "mg/dL", "ng/mL", 2.0),
        (4.2, None, "mmol/L", None),
        (4.2, "kg", "mmol/L", None),
        (4.2, "mg/dL", "mmol/L", None),  # without a molar mass they never meet
    ],
)
def test_units_meet_or_are_refused(value, unit, wanted, expected):
    found = in_unit(value, unit, wanted)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    "rows",
    [
        "x\t\tmmol/L\t1\t2\t90\tloinc\tc\n",
        "x\tLOINC//1\tmmol/L\t2\t1\t90\tloinc\tc\n",
        "x\tLOINC//1\tmmol/L\t1\t2\t0\tloinc\tc\n",
        "x\tLOINC//1\tmmol/L\t1\t2\t90\tloinc\tc\nx\tLOINC//2\tmmol/L\t1\t2\t90\tloinc\tc\n",
        "x\tLOINC//1\tmmol/L\t1\t2\t90\tloinc\tc\ny\tLOINC//1\tmg/dL\t1\t2\t90\tloinc\tc\n",
    ],
)
def test_a_row_that_cannot_be_is_refused(tmp_path, rows):
    (tmp_path / TABLE).write_text(HEAD + rows, encoding="utf-8")
    with pytest.raises(InputError) as error:
        measurements(Base(tmp_path))
    assert TABLE in str(error.value.where)


def test_a_name_that_nobody_knows_is_refused():
    with pytest.raises(InputError):
        known_name(Base(), "laboratory.tsv", 7, "pottasium")
