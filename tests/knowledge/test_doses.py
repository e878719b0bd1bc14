"""Largest doses: well-known rows, children by weight, and damaged tables."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import drugs
from nof1.knowledge.base import Base, sources
from nof1.knowledge.doses import COLUMNS, TABLE, at, doses, of

HEADER = "\t".join(COLUMNS) + "\n"
ROW = "aspirin\toral\t\tmg\t\t18\t\t1\t4000\t\t\t\t\ts\tc"


@pytest.mark.parametrize(
    ("drug", "route", "age", "largest"),
    [
        ("lisinopril", "oral", 50, 80.0),
        ("acetaminophen", "oral", 50, 4000.0),
        ("acetaminophen", "oral", 5, 75.0),
        ("amoxicillin", "oral", 5, 90.0),
        ("ibuprofen", "oral", 5, 40.0),
        ("azithromycin", "oral", 5, 30.0),
        ("gentamicin", "iv", 5, 7.5),
        ("vancomycin", "iv", 5, 80.0),
        ("morphine", "oral", 5, 3.0),
        ("RxNorm//6851", "sc", 50, 30.0),
    ],
)
def test_well_known_rows(drug, route, age, largest):
    assert [one.largest for one in at(drug, route, age) if not one.use] == [largest]


def test_a_row_by_weight_needs_one_and_has_a_cap():
    (row,) = at("amoxicillin", "oral", 5)
    assert row.of_period(None) is None
    assert row.of_period(10.0) == 900.0
    assert row.of_period(100.0) == 4000.0
    assert (row.of_once(10.0), row.of_once(200.0)) == (450.0, 4000.0)
    (adult,) = at("amoxicillin", "oral", 40)
    assert (adult.of_period(None), adult.of_once(None)) == (3000.0, float("inf"))


def test_the_table_is_wide():
    rows = doses()
    assert len({one.medicine for one in rows if one.low >= 18}) >= 300
    assert len({one.medicine for one in rows if one.per and one.low < 18}) >= 40
    assert {one.unit for one in rows} == {"mg", "unit", "mEq"}
    assert {one.medicine for one in rows if one.weekly} >= {"methotrexate", "semaglutide"}


def test_every_row_names_a_medicine_and_a_source():
    for one in doses():
        assert one.medicine in drugs.drugs(), one
        assert one.source in sources(), one
        assert one.medicine in one.citation, one
        assert one.once <= one.cap or not one.per or one.once < one.largest or one.cap > 0, one


def test_what_is_not_there_is_none():
    assert of("unknownol") == ()
    assert at("lisinopril", "iv", 50) == ()


@pytest.mark.parametrize(
    "rows",
    [
        [ROW, ROW],
        [ROW.replace("\tmg\t", "\tpounds\t")],
        [ROW.replace("oral", "somehow")],
        [ROW.replace("4000", "0")],
        [ROW.replace("4000", "much")],
        [ROW.replace("4000", "")],
        [ROW.replace("\t18\t\t1\t", "\t18\t17\t1\t")],
        [ROW.replace("\t1\t4000", "\t400\t4000")],
        [ROW.replace("\t\t\ts\tc", "\tdaily\t\ts\tc")],
        [ROW + "\tmore"],
    ],
)
def test_a_damaged_table_is_refused(tmp_path, rows):
    (tmp_path / TABLE).write_text(HEADER + "\n".join(rows) + "\n")
    with pytest.raises(InputError):
        doses(Base(tmp_path))
