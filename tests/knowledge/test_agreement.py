"""Agreement of the tables: each kind of fault is found; the shipped tables have none."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from nof1.knowledge import age, agreement, classes, conditions, interactions
from nof1.knowledge.base import DATA, SHIPPED, Base
from nof1.knowledge.check import check

PAIR = "{}\t{}\t\t3\tminor\tboth\t{}\t{}\td\ttext\tfda-labels\tc\n"


def test_the_page_about_the_facts_counts_them_right():
    page = (Path(__file__).parents[2] / "docs" / "knowledge.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| `(\w+\.tsv)` \| (\d+)", page)
    assert len(rows) == 13
    assert {name: int(count) for name, count in rows} == {
        name: len(SHIPPED.rows(name)) for name, _ in rows
    }


def own(tmp_path, name, more):
    shutil.copyfile(DATA / name, tmp_path / name)
    with (tmp_path / name).open("a", encoding="utf-8") as file:
        file.write(more)
    return Base(tmp_path)


def test_the_shipped_tables_agree():
    assert list(agreement.faults(SHIPPED)) == []


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        (age.TABLE, "asprin\t0\t1\t\tavoid\td\ttext\tfda-labels\tc\n", "neither a medicine"),
        (classes.TABLE, "statin of own\tasprin\tfda-labels\tc\n", "no row of drugs.tsv"),
        (classes.TABLE, "aspirin\twarfarin\tfda-labels\tc\n", "at once"),
        (
            interactions.TABLE,
            PAIR.format("warfarin", "NSAID", "m", "none"),
            "dangerous and harmless",
        ),
        (conditions.NAMES, "hiccups\tR06.6\t\ticd-10-cm\tc\n", "no medicine: hiccups"),
    ],
)
def test_each_kind_of_fault_is_found(tmp_path, table, row, words):
    found = list(agreement.faults(own(tmp_path, table, row)))
    assert any(fault.where == table and words in fault.what for fault in found)


def test_nof1_knowledge_check_tells_them(tmp_path):
    base = own(tmp_path, age.TABLE, "asprin\t0\t1\t\tavoid\td\ttext\tnowhere\tc\n")
    problems = check(base, date(2026, 11, 25)).problems
    critical = {one.where for one in problems if one.severity == "critical"}
    assert critical == {age.TABLE, "sources.tsv"}


def test_a_damaged_table_of_safety_is_critical_and_no_crash(tmp_path):
    (tmp_path / interactions.TABLE).write_text("first\n1\n")
    problems = check(Base(tmp_path), date(2026, 11, 25)).problems
    assert any(one.severity == "critical" and interactions.TABLE in one.where for one in problems)
