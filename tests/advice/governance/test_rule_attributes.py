"""Every shipped rule answers all 13 questions."""

import pytest

from nof1.advice.governance import rule_attributes
from nof1.advice.governance.registry import Ruled, all_rules
from nof1.advice.governance.rule_attributes import FUNDING, READS, cited, of_rule
from nof1.advice.orders.tiers import rules
from nof1.core.errors import UsageError
from nof1.knowledge.base import SHIPPED, Base, sources
from nof1.knowledge.rows import key


@pytest.mark.parametrize("rule", all_rules(), ids=lambda one: one.id)
def test_no_attribute_of_a_shipped_rule_is_blank(rule):
    made = of_rule(rule)
    assert made.blank == ()
    assert len(made.answers) == 13
    assert set(made.lacking) <= {"A.3", "A.4"}


def test_it_is_written_down_for_each_family_what_it_reads():
    assert {row.family for row in rules().values()} <= set(READS)


def test_a_family_of_which_nobody_wrote_it_down_says_so(monkeypatch):
    monkeypatch.setattr(rule_attributes, "READS", {})
    made = of_rule(all_rules()[0])
    assert made.blank == ()
    assert set(made.lacking) >= {f"A.{n}" for n in range(5, 14)}


def answer(family, number):
    (rule, *_) = [one for one in all_rules() if one.row.family == family]
    (found,) = [told for one, told in of_rule(rule).answers if one.number == number]
    return found.text


def test_a_rule_names_the_sources_of_its_facts_with_their_dates():
    text = answer("interactions", "A.1")
    assert "PMC3422823" in text
    known = sources()["onc-high-2012"]
    assert known.citation in text
    assert f"vouched for until {known.valid_until}" in answer("interactions", "A.4")


def test_families_say_which_data_of_a_person_they_read():
    assert "CKD-EPI 2021" in answer("renal", "A.10")
    assert "no race" in answer("renal", "A.10")
    assert answer("interactions", "A.10") == "Not used"
    assert "pregnancy" in answer("pregnancy", "A.13")
    assert "ancestry" in answer("genes", "A.5")


def test_nobody_signed_the_facts_off_and_nobody_is_known_to_have_paid():
    rows = len(SHIPPED.rows("renal.tsv"))
    assert f"sign-off is pending (0 of {rows} facts reviewed)" in answer("renal", "A.2")
    assert answer("renal", "A.3") == FUNDING


def test_reviewed_facts_are_counted(tmp_path):
    (rule,) = [one for one in all_rules() if one.id == "renal/avoid"]
    first = key(SHIPPED.rows("renal.tsv")[0])
    head = "table\trow\treviewer\trole\treviewed_on\tvalid_until\n"
    cells = ("renal.tsv", first, "A. Reviewer", "pharmacist", "2026-11-01", "2027-11-01")
    (tmp_path / "reviews.tsv").write_text(head + "\t".join(cells) + "\n")
    told = {one.number: found.text for one, found in of_rule(rule, Base(tmp_path)).answers}
    assert "; 1 of " in told["A.2"]


def test_doses_rest_on_labels():
    assert "fda-labels" in [one.id for one in cited("dose")]


def test_a_model_is_no_rule():
    with pytest.raises(UsageError):
        of_rule(Ruled("models/x"))
