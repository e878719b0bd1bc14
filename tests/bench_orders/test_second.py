"""The second set: the same kinds, its own orders, codes, and patients with several facts."""

import csv
import json
from datetime import datetime

import pytest
from bench.orders import report, tables
from bench.orders.answers import Answer
from bench.orders.patient import REACTIONS, resources
from bench.orders.request import whole
from bench.orders.score import judge
from bench.orders.tables import SETS, Case, cases, conditions, medicines

from nof1.record.bundle import read_bundle

AT = datetime(2026, 3, 1, 12)
SECOND = cases("second")
FACTS = {"age", "sex", "weight", "egfr", "lab", "allergy", "reaction", "condition", "gene"}
FACTS |= {"pregnant", "liver"}


def asked(case: Case):
    """What a case asks, whatever its words: the medicines with their doses, and the facts."""
    doses = sorted(
        (one.name, one.dose or 0, one.unit or "", one.per_day or 0) for one in case.orders
    )
    return frozenset((*(one[0] for one in doses), *case.current)), tuple(doses), set_of(case)


def set_of(case: Case):
    return frozenset(case.facts)


def test_there_are_at_least_500_in_the_same_categories_and_half_are_harmless():
    first = {one.category for one in cases() if one.expected != "not_checked"}
    assert len(SECOND) >= 500
    assert {one.category for one in SECOND} == first
    assert 0.45 <= sum(one.harmless for one in SECOND) / len(SECOND) <= 0.55
    assert len({one.id for one in SECOND}) == len(SECOND)


def test_every_category_but_the_low_priority_list_has_both_kinds():
    for category in {one.category for one in SECOND} - {"interactions_low"}:
        found = [one for one in SECOND if one.category == category]
        assert any(one.harmful for one in found), category
        assert any(one.harmless for one in found), category


def test_it_repeats_no_order_of_the_first_set_and_none_of_its_own():
    mine = [asked(one) for one in SECOND]
    assert len(set(mine)) == len(mine)
    assert not set(mine) & {asked(one) for one in cases()}


def test_every_row_has_its_own_name_a_source_and_its_evidence():
    for path in (tables.HERE / SETS["second"]).glob("*.tsv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        assert len({row["row"] for row in rows}) == len(rows), path.name
        for row in rows:
            assert len(row) == 8, row
            assert row["source"], row
            assert row["evidence"] in ("read", "known"), row


def test_every_name_has_a_code_and_every_fact_is_one_that_the_patient_can_have():
    for case in SECOND:
        for name in (*(one.name for one in case.orders), *case.current):
            assert name in medicines(), name
        for fact, value in case.facts:
            assert fact in FACTS, (case.id, fact)
            assert fact != "condition" or value in conditions(), value
            assert fact != "reaction" or value in REACTIONS, value
            assert fact != "allergy" or value in medicines() or value.startswith("snomed "), value


def test_codes_of_the_same_vocabulary_are_not_given_twice():
    for table in (medicines(), conditions()):
        codes = [(one.vocabulary, one.code) for one in table.values()]
        assert len(set(codes)) == len(codes)


def test_sixty_patients_have_several_facts():
    found = [one for one in SECOND if one.several]
    assert len(found) >= 60
    assert 0.4 <= sum(one.harmless for one in found) / len(found) <= 0.6
    for one in found:
        assert len(one.facts) + len(one.current) >= 6, one.id


def test_a_reaction_stands_in_the_allergy():
    (one, *_) = (each for each in SECOND if ("reaction", "anaphylaxis") in each.facts)
    (allergy,) = (
        each for each in resources(one, AT) if each["resourceType"] == "AllergyIntolerance"
    )
    coding = allergy["reaction"][0]["manifestation"][0]["coding"][0]
    assert (coding["system"], coding["code"]) == ("http://snomed.info/sct", "39579001")


@pytest.mark.parametrize("category", sorted({one.category for one in SECOND}))
def test_the_import_reads_every_kind_of_patient(category):
    of_category = [one for one in SECOND if one.category == category]
    for case in {one.row: one for one in of_category}.values():
        read = read_bundle(json.dumps(whole(case, AT)).encode(), site="bench")
        assert not read.quarantined, case.id
        assert read.events.height >= 6


def test_the_report_tells_of_the_patients_with_several_facts():
    few = [*[one for one in SECOND if one.several][:2], SECOND[0]]
    said = report.text([judge(one, Answer()) for one in few])
    assert "several facts at once" in said
    assert "several facts" not in report.text([judge(one, Answer()) for one in cases()[:2]])


def test_the_first_set_is_the_default():
    assert cases() == cases("first")
    assert not set(cases()) & set(SECOND)
    with pytest.raises(KeyError):
        cases("fourth")
