"""Classes: well-known members, names that no medicine has, and damaged tables."""

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.knowledge import drugs
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.classes import TABLE, inside, members, name_of, names, of, subjects

HEADER = "class\tdrugs\tsource\tcitation\n"


@pytest.mark.parametrize(
    ("drug", "name"),
    [
        ("sertraline", "SSRI"),
        ("phenelzine", "MAO inhibitor"),
        ("amitriptyline", "tricyclic antidepressant"),
        ("simvastatin", "CYP3A4 statin"),
        ("ramipril", "ACE inhibitor"),
        ("losartan", "ARB"),
        ("apixaban", "DOAC"),
        ("apixaban", "anticoagulant"),
        ("prasugrel", "P2Y12 inhibitor"),
        ("ibuprofen", "COX-1 inhibiting NSAID"),
        ("cephalexin", "cephalosporin with the side chain of aminopenicillins"),
        ("ceftriaxone", "cephalosporin with another side chain"),
        ("sulfamethoxazole / trimethoprim", "sulfonamide antibiotic"),
        ("sotalol", "QT-prolonging"),
        ("clarithromycin", "strong CYP3A4 inhibitor"),
        ("paroxetine", "strong CYP2D6 inhibitor"),
        ("rifampin", "strong CYP3A4 inducer"),
        ("diltiazem", "moderate CYP3A4 inhibitor"),
    ],
)
def test_well_known_members(drug, name):
    assert name in of(drug)
    assert drug in inside(name)


@pytest.mark.parametrize(
    ("drug", "name"),
    [
        ("pravastatin", "CYP3A4 statin"),
        ("celecoxib", "COX-1 inhibiting NSAID"),
        ("aspirin", "NSAID"),
        ("cefazolin", "cephalosporin with the side chain of aminopenicillins"),
        ("furosemide", "sulfonamide antibiotic"),
        ("pantoprazole", "strong CYP2C19 inhibitor"),
    ],
)
def test_well_known_strangers(drug, name):
    assert name not in of(drug)


def test_every_member_is_a_medicine_with_a_source_and_no_class_has_its_name():
    for one in members():
        assert one.drug in drugs.drugs(), one
        assert one.source, one
        assert one.citation, one
    assert set(names()).isdisjoint(drugs.drugs())


def test_cephalosporins_are_split_by_side_chain_without_rest():
    same, other = (inside(name) for name in names() if "side chain" in name)
    assert sorted((*same, *other)) == sorted(inside("cephalosporin"))


def test_the_subjects_of_a_medicine_by_name_code_and_synonym():
    assert subjects("RxNorm//36437") == subjects("Sertraline")
    assert "sertraline" in subjects("sertraline")
    assert subjects("Rifampicin") == subjects("rifampin")
    assert subjects("Unknownol") == {"unknownol"}
    assert name_of("  ACETYLSALICYLIC  acid ") == "aspirin"


def test_an_unknown_class_is_refused_by_name():
    with pytest.raises(UsageError, match="no class"):
        inside("statins of the moon")


@pytest.mark.parametrize("row", ["X\taspirin|aspirin\ts\tc\n", "X\t\ts\tc\n", "\taspirin\ts\tc\n"])
def test_a_damaged_table_is_refused(tmp_path, row):
    (tmp_path / TABLE).write_text(HEADER + row)
    with pytest.raises(InputError):
        members(Base(tmp_path))


def test_rows_of_the_table_are_whole():
    assert len(SHIPPED.rows(TABLE)) > 80
    assert not any(None in row.values() for row in SHIPPED.rows(TABLE))
