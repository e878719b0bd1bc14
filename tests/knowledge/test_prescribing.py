"""Prescribing rules: the same as rows and back; the shipped table is what we compile."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import InputError
from nof1.knowledge import cpic, dpwg
from nof1.knowledge.base import DATA, SHIPPED, Base, sources
from nof1.knowledge.prescribing import ACTIONS, DEGREES, FILE, STRENGTHS, Rule, by_drug, rules
from nof1.knowledge.prescribing import from_row as read
from nof1.knowledge.prescribing import to_row as write
from nof1.knowledge.release import compile_release, row_of
from release_samples import RULE
from shared_data import needs

# What a cell may hold: printable, but none of the signs that separate.
WORD = st.text(st.characters(codec="utf-8", exclude_characters="|;=\t"), max_size=12).filter(
    str.isprintable
)
ITEM = WORD.filter(bool)
PERCENT = st.none() | st.integers(-100, 400).map(float)
LINES = (DATA / FILE).read_text(encoding="utf-8").splitlines()


def test_a_rule_survives_as_a_row():
    row = write(RULE)
    assert row["when"] == "CYP2C19=*1/*2|Poor Metabolizer;HLA-B=*57:01 positive"
    assert (row["dose_low_pct"], row["dose_high_pct"]) == ("-25", "-50")
    assert (row["alternatives"], row["pmids"]) == ("aspirin|warfarin", "1|22")
    assert read(row) == RULE


@given(
    st.builds(
        Rule,
        source=ITEM,
        drug=ITEM,
        when=st.lists(
            st.tuples(ITEM, st.lists(ITEM, min_size=1, max_size=3).map(tuple)),
            min_size=1,
            max_size=3,
        ).map(tuple),
        population=WORD,
        action=st.sampled_from(ACTIONS),
        degree=st.sampled_from(DEGREES),
        strength=st.sampled_from(STRENGTHS),
        dose_low_pct=PERCENT,
        dose_high_pct=PERCENT,
        dose_limit=WORD,
        alternatives=st.lists(ITEM, max_size=3).map(tuple),
        monitor=WORD,
        if_used=WORD,
        text=WORD,
        pmids=st.lists(ITEM, max_size=3).map(tuple),
        url=WORD,
    )
)
def test_every_rule_without_separators_survives_as_a_row(rule):
    assert read(row_of(rule)) == rule


@pytest.mark.parametrize(
    "change",
    [
        {"when": (("CYP2C19", ("a|b",)),)},
        {"when": (("CYP2C19", ("a;b",)),)},
        {"when": (("CYP=2C19", ("a",)),)},
        {"text": "two\tcells"},
        {"text": "two\nlines"},
        {"alternatives": ("a|b",)},
        {"dose_low_pct": -33.33333333},
    ],
)
def test_a_rule_that_a_row_cannot_hold_is_refused_with_its_medicine(change):
    with pytest.raises(InputError) as stop:
        row_of(RULE._replace(**change))
    assert stop.value.where == "guideline of samplol"


def test_the_shipped_rules_survive_as_rows_and_are_the_lines_of_the_file():
    made = ["\t".join(write(rule).values()) for rule in rules()]
    assert made == LINES[1:]
    assert LINES[0].split("\t") == list(Rule._fields)
    assert len(made) > 900


def test_the_shipped_rules_are_those_of_the_two_guidelines(tmp_path):
    folder = needs("genome/pharmcat")
    expected = [
        *cpic.read(folder / "guidelines-2023-08/cpic").rules,
        *cpic.extra(),
        *cpic.labels(),
        *dpwg.read(folder / "guidelines-2023-08/dpwg").rules,
    ]
    assert sorted(rules(), key=str) == sorted(expected, key=str)
    compile_release(folder, tmp_path)
    assert (tmp_path / FILE).read_text(encoding="utf-8").splitlines() == LINES


def test_the_shipped_rules_are_in_order_and_address_nobody_twice():
    order = [(rule.drug, rule.source, rule.population, rule.when) for rule in rules()]
    assert order == sorted(order)
    assert len(set(order)) == len(order)
    assert [rule.drug for found in by_drug().values() for rule in found] == [d for d, *_ in order]


def test_every_shipped_rule_can_be_read_and_followed():
    for rule in rules():
        assert rule.source in sources()
        assert rule.drug == rule.drug.lower()
        assert rule.url.startswith("https://")
        assert all(re.fullmatch(r"\d+", paper) for paper in rule.pmids)
        assert rule.text.endswith(".")
        assert len(rule.text) <= 200
        assert rule.action != "unread"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("action", "maybe"),
        ("degree", "perhaps"),
        ("strength", "weak"),
        ("dose_low_pct", "half"),
        ("when", "CYP2C19"),
    ],
)
def test_a_damaged_row_is_refused_with_its_place(tmp_path, cell, value):
    row = {**write(RULE), cell: value}
    (tmp_path / FILE).write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    with pytest.raises(InputError) as stop:
        rules(Base(tmp_path))
    assert stop.value.where == f"knowledge/{FILE}, row 2"


def test_a_workspace_file_replaces_the_shipped_one(tmp_path):
    row = write(RULE)
    (tmp_path / FILE).write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    assert rules(Base(tmp_path)) == (RULE,)
    assert rules(Base(Path("nowhere"))) == rules(SHIPPED)
