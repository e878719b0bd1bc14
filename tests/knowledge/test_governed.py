"""Planted faults of governance: a rule twice, no place in the source, past its day, changed."""

import shutil
from datetime import date

import pytest

from nof1.knowledge import age, governed, laboratory, rows
from nof1.knowledge.base import DATA, SHIPPED, Base
from nof1.knowledge.check import check

TODAY = date(2026, 11, 25)
AGE = "aspirin\t0\t1\tfever\tavoid\td\ttext\tfda-labels\t{}\n"


def own(tmp_path, name, more):
    shutil.copyfile(DATA / name, tmp_path / name)
    with (tmp_path / name).open("a", encoding="utf-8") as file:
        file.write(more)
    return Base(tmp_path)


def test_the_shipped_rules_have_no_fault_but_that_nobody_reviewed_them():
    (only,) = governed.faults(SHIPPED, TODAY)
    assert only.severity == "info"
    assert only.what.startswith("0 of ")


@pytest.mark.parametrize(
    ("table", "more", "severity", "words"),
    [
        (age.TABLE, AGE.format("c") * 2, "critical", "stand in two rows: aspirin / 0 / 1 / fever"),
        (age.TABLE, AGE.format(""), "critical", "name no place in their source"),
        (age.TABLE, AGE.format(" "), "critical", "name no place in their source"),
        (
            rows.REVIEWS,
            "age.tsv\t0123456789ab\tA. Person\tpharmacist\t2026-11-20\t2027-11-20\n",
            "warning",
            "no longer as they were reviewed",
        ),
        (
            rows.REVIEWS,
            "age.tsv\t0123456789ab\tA. Person\tpharmacist\t2026-12-20\t2027-11-20\n",
            "critical",
            "days of a review",
        ),
        (
            rows.REVIEWS,
            "age.tsv\t0123456789ab\tA. Person\tpharmacist\t2025-11-20\t2026-11-20\n",
            "warning",
            "valid until 2026-11-20",
        ),
    ],
)
def test_each_planted_fault_is_found(tmp_path, table, more, severity, words):
    base = own(tmp_path, table, more)
    found = [one for one in governed.faults(base, TODAY) if words in one.what]
    assert [(one.severity, one.where) for one in found] == [(severity, table)]


def test_rules_past_their_last_day_are_counted_by_table():
    found = list(governed.faults(SHIPPED, date(2032, 1, 1)))
    old = {one.where for one in found if "past their last day" in one.what}
    assert {age.TABLE, laboratory.TABLE} <= old


def test_nof1_knowledge_check_asks_for_attention_because_of_them(tmp_path):
    done = check(own(tmp_path, age.TABLE, AGE.format("c") * 2), TODAY)
    assert any("stand in two rows" in one.what for one in done.problems)
    assert done.attention


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (age.TABLE, "asprin\t0\t1\t\tavoid\td\ttext\tfda-labels\tc\n"),
        (age.TABLE, "aspirin\t0\t1\t\tavoid\td\ttext\tnosuch-source\tc\n"),
        ("conditions.tsv", "aspirin\tnosuch\tavoid\td\ttext\tfda-labels\tc\n"),
        ("laboratory.tsv", "asprin\tpotassium\t5\t6\t\t\tavoid\td\ttext\tfda-labels\tc\n"),
        ("laboratory.tsv", "aspirin\tpottasium\t5\t6\t\t\tavoid\td\ttext\tfda-labels\tc\n"),
        ("monitoring.tsv", "asprin\tpotassium\talways\t90\tfda-labels\tc\n"),
        ("burden_points.tsv", "bleeding\tasprin\t1\t\tfda-labels\tc\n"),
    ],
)
def test_a_link_to_nothing_is_critical(tmp_path, table, row):
    problems = check(own(tmp_path, table, row), TODAY).problems
    places = [one.where for one in problems if one.severity == "critical"]
    assert any(table in where or where == "sources.tsv" for where in places)


def test_how_many_rules_are_reviewed(tmp_path):
    first = SHIPPED.rows(age.TABLE)[0]
    line = f"{age.TABLE}\t{rows.key(first)}\tA. Person\tpharmacist\t2026-11-20\t2027-11-20\n"
    made = governed.reviewed(own(tmp_path, rows.REVIEWS, line))
    assert made[age.TABLE] == (1, len(SHIPPED.rows(age.TABLE)))
    assert made[laboratory.TABLE][0] == 0
