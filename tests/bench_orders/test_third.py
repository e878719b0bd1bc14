"""The third set: another encoder's, frozen before its first run; what is asked, not what we say."""

import ast
import csv
import hashlib
from collections import Counter
from pathlib import Path

from bench.orders import score, tables
from bench.orders.answers import Answer, Said
from bench.orders.patient import REACTIONS
from bench.orders.score import judge
from bench.orders.tables import SETS, cases, conditions, medicines

THIRD = cases("third")
FOLDER = tables.HERE / SETS["third"]
FACTS = {"age", "sex", "weight", "egfr", "lab", "allergy", "reaction", "condition", "gene"}
FACTS |= {"pregnant", "liver", "no_labs", "old_labs", "no_allergies"}


def by_id(name: str):
    return next(one for one in THIRD if one.id == name)


def test_it_is_the_set_that_was_frozen_before_the_first_run():
    """Change no case because of a result; who mends one says why and writes the new hash here."""
    whole = b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.tsv")))
    frozen = "eadb50f27ee44db251881972d15bea05b944776fe6d72ca3b2179c4acae5f297"
    assert hashlib.sha256(whole).hexdigest() == frozen


def test_the_counts_are_those_of_the_page():
    assert len(THIRD) == 1400
    assert len({one.id for one in THIRD}) == 1400
    assert Counter(one.expected for one in THIRD)["not_checked"] == 32
    assert sum(one.harmful for one in THIRD) == 714
    assert sum(one.harmless for one in THIRD) == 654
    assert Counter(one.evidence for one in THIRD) == {"read": 325, "known": 1075}
    assert Counter(one.category for one in THIRD) == {
        "age": 116, "allergies": 140, "conditions": 160, "coverage": 32, "dose": 84,
        "duplicates": 92, "genes": 104, "hepatic": 78, "interactions_high": 57,
        "interactions_label": 227, "interactions_low": 88, "pregnancy": 90, "renal": 132,
    }  # fmt: skip


def test_every_row_has_its_own_name_a_source_and_its_evidence():
    rows = 0
    for path in FOLDER.glob("*.tsv"):
        with path.open(encoding="utf-8", newline="") as file:
            listed = list(csv.DictReader(file, delimiter="\t"))
        assert len({row["row"] for row in listed}) == len(listed), path.name
        assert all(row["source"] and row["evidence"] in ("read", "known") for row in listed)
        rows += len(listed)
    assert rows == 875


def test_every_name_has_a_code_and_every_fact_is_one_that_the_patient_can_have():
    for case in THIRD:
        for name in (*(one.name for one in case.orders), *case.current):
            assert name in medicines() or name.startswith("zz-"), name
        for fact, value in case.facts:
            assert fact in FACTS, (case.id, fact)
            assert fact != "condition" or value in conditions(), value
            assert fact != "reaction" or value in REACTIONS, value
            assert fact != "allergy" or value in medicines() or value.startswith("snomed "), value


def test_nothing_in_the_benchmark_reads_what_the_checks_know():
    for path in Path(tables.HERE).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(one.startswith("nof1.knowledge") for one in names), path.name


def test_each_row_that_asks_for_a_gap_has_words_for_it():
    rows = {one.row for one in THIRD if one.expected == "not_checked"}
    assert rows <= set(score.UNCHECKED)


def test_a_row_with_two_gaps_asks_for_both():
    case = by_id("coverage/many_clinic/1")
    kidney, stranger = "renal: no creatinine", "interactions: what is not known here"
    assert not judge(case, Answer(not_checked=(kidney,))).right
    assert not judge(case, Answer(not_checked=(stranger,))).right
    assert judge(case, Answer(not_checked=(kidney, stranger))).right


def test_a_missing_gene_is_not_the_same_as_one_that_is_indeterminate():
    case = by_id("coverage/gene_unclear/1")
    assert not judge(case, Answer(not_checked=("genes: no result is recorded.",))).right
    told = "genes: The recorded result of CYP2C19 is indeterminate: no guideline advises on it."
    assert judge(case, Answer(not_checked=(told,))).right


def test_rows_about_something_else_than_their_file_take_the_family_that_can_know():
    for name, families in score.ALSO.items():
        category, row = name.split("/")
        assert any((one.category, one.row) == (category, row) for one in THIRD)
        case = next(one for one in THIRD if (one.category, one.row) == (category, row))
        (family,) = families
        assert judge(case, Answer((Said(1, "x", family),))).right
        assert not judge(case, Answer((Said(1, "x", "duplicates"),))).right
