"""Indications: counts of the source, codes that are well formed, spot checks, typing errors."""

import importlib.util
import re
from collections import Counter
from pathlib import Path

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.knowledge import drugs
from nof1.knowledge.base import DATA, SHIPPED, Base, listed, sources
from nof1.knowledge.indications import (
    DISEASES,
    GRADES,
    KINDS,
    TABLE,
    candidates,
    diseases,
    find,
    indications,
)
from nof1.synthetic.codes import DIAGNOSES
from shared_data import needs

# The dihedral group of order 10 of Verhoeff's check digit, which ends every SNOMED CT id.
TURN = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
INVERSE = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9]


def times(a: int, b: int) -> int:
    """The product of two elements of the group: turns are 0 to 4, mirrored ones 5 to 9."""
    turn, mirrored = (a % 5 - b % 5, True) if a >= 5 else (a % 5 + b % 5, False)
    return turn % 5 + (5 if mirrored != (b >= 5) else 0)


def checked(code: str) -> bool:
    """Whether the last digit is the check digit of the others (Verhoeff 1969)."""
    total = 0
    for place, digit in enumerate(map(int, reversed(code))):
        for _ in range(place % 8):
            digit = TURN[digit]
        total = times(total, digit)
    return total == 0


def test_the_check_digit_is_the_one_of_snomed():
    # SNOMED CT technical implementation guide, examples of the check digit: 74400008 is
    # appendicitis; the same with two digits swapped is no id.
    assert [checked(code) for code in ("74400008", "74400080", "47400008")] == [True, False, False]


def test_all_pairs_of_the_source_are_there_and_no_other_counts():
    # PharmacotherapyDB 1.0, as its own page counts them: 755, 390, 243; 97 diseases, 601 drugs.
    rows = [row for row in indications() if row.curated]
    assert Counter(row.kind for row in rows) == dict(zip(KINDS, (755, 390, 243), strict=True))
    assert len({row.disease for row in rows}) == 97
    assert len({row.medicine for row in rows}) == 601
    assert all(row.curators in (1, 2, 3) and row.resources in (1, 2, 3, 4) for row in rows)
    assert all(not row.curators and row.citation for row in indications() if not row.curated)


def test_no_drugbank_id_is_kept():
    for name in (TABLE, DISEASES):
        assert not re.search(r"DB\d{5}", (DATA / name).read_text(encoding="utf-8"))


def test_names_and_codes_of_diseases_are_well_formed():
    found = diseases()
    assert len({name.lower() for name in found}) == len(found) == 109
    coded = [disease for disease in found.values() if disease.snomed and disease.icd10cm]
    assert len(coded) >= 75
    for disease in found.values():
        assert re.fullmatch(r"(DOID:\d{2,7})?", disease.doid), disease.name
        assert all(checked(code) for code in disease.snomed), disease.name
        for code in disease.icd10cm:
            assert re.fullmatch(r"[A-Z]\d[0-9A-Z](\.\d{1,3})?", code), disease.name


def test_medicines_are_named_as_in_the_table_of_medicines():
    for row in indications():
        known = drugs.find(row.medicine)
        assert known is None or known.name == row.medicine
        assert row.medicine == (row.medicine.lower().strip() or "a name")


def test_each_row_names_a_source_that_is_known():
    for name in (TABLE, DISEASES):
        for row in SHIPPED.rows(name):
            assert {*listed(row["source"])} <= {*sources()}
            assert listed(row["source"])


@pytest.mark.parametrize(
    ("code", "medicine", "kind", "grade"),
    [
        ("ICD10CM//I48.91", "apixaban", "disease-modifying", "guideline"),
        ("SNOMED//49436004", "aspirin", "not indicated", "guideline"),
        ("SNOMED//79619009", "rivaroxaban", "not indicated", "trial"),
        ("ICD10CM//I21.9", "ticagrelor", "disease-modifying", "guideline"),
        ("SNOMED//84114007", "diltiazem", "not indicated", "guideline"),
        ("ICD10CM//F32.9", "sertraline", "symptomatic", "label"),
        ("ICD10CM//E11.9", "metformin", "disease-modifying", "guideline"),
        ("DOID//10763", "lisinopril", "disease-modifying", "guideline"),
        ("doid:14330", "levodopa", "symptomatic", "agreed"),
        ("ICD10CM//J45909", "albuterol", "disease-modifying", "disputed"),
    ],
)
def test_what_is_used_for_what(code, medicine, kind, grade):
    row = {row.medicine: row for row in candidates(code)}[medicine]
    assert (row.kind, row.grade) == (kind, grade)
    assert row.evidence.startswith(GRADES[grade])


def test_the_best_come_first_and_what_is_not_indicated_last():
    for name in diseases():
        kinds = [KINDS.index(row.kind) for row in candidates(name)]
        assert kinds == sorted(kinds)
    assert candidates("hypertension")[0].grade == "guideline"


def test_every_diagnosis_of_the_synthetic_hospital_is_known_by_both_codes():
    without = {"statin_intolerance"}  # known, and no medicine is for it or against it
    for name, diagnosis in DIAGNOSES.items():
        disease = find(f"SNOMED//{diagnosis.snomed}")
        assert find(f"ICD10CM//{diagnosis.icd10}") == disease
        assert bool(candidates(disease.name)) == (name not in without), name


def test_the_longest_prefix_wins():
    names = {code: find(f"ICD10CM//{code}").name for code in ("I25.10", "I25.2", "L40.0", "L40.52")}
    assert names == {
        "I25.10": "coronary artery disease",
        "I25.2": "myocardial infarction",
        "L40.0": "psoriasis",
        "L40.52": "psoriatic arthritis",
    }


@pytest.mark.parametrize(
    "code", ["", "ICD10CM//", "ICD10CM//I4", "SNOMED//4943600", "I10", "DOID//"]
)
def test_what_nobody_knows_is_not_guessed(code):
    assert candidates(code) == ()
    with pytest.raises(UsageError):
        find(code)


def test_a_typing_error_is_met_with_the_nearest_names():
    with pytest.raises(UsageError) as error:
        find("hart attack")
    assert error.value.allowed == ["myocardial infarction"]
    with pytest.raises(UsageError) as error:
        find("Parkinsons disease")
    assert error.value.allowed[0] == "Parkinson's disease"


def test_two_diseases_with_one_code_are_refused(tmp_path):
    head = "name\tdoid\tsnomed\ticd10cm\tsynonyms\tsource"
    rows = [head, "a\t\t1\t\t\tx", "b\t\t1\t\t\tx"]
    (tmp_path / DISEASES).write_text("\n".join(rows))
    with pytest.raises(InputError, match="share"):
        diseases(Base(tmp_path))


@pytest.mark.parametrize("fault", ["two rows", "word", "form"])
def test_a_damaged_table_is_refused(fault, tmp_path):
    header, first = (DATA / TABLE).read_text(encoding="utf-8").splitlines()[:2]
    kind = first.split("\t")[2]
    second = {"two rows": first, "word": first.replace(kind, "cures"), "form": "x\ty"}[fault]
    (tmp_path / TABLE).write_text("\n".join([header, first, second]), encoding="utf-8")
    with pytest.raises(InputError, match=fault):
        indications(Base(tmp_path))


def test_the_shipped_table_is_what_the_compiler_makes():
    source = needs("molecules/indications.tsv")
    path = Path(__file__).resolve().parents[2] / "tools" / "compile_indications.py"
    spec = importlib.util.spec_from_file_location("compile_indications", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.compiled(source) == SHIPPED.rows(TABLE)
