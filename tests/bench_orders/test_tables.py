"""The cases: enough, half harmless, each with a source, and never read from our own rules."""

from collections import Counter
from pathlib import Path

import pytest
from bench.orders import tables
from bench.orders.tables import Order, cases, conditions, medicines

FOLDER = Path(tables.__file__).parent


def test_there_are_enough_cases_and_half_are_harmless():
    found = cases()
    judged = [one for one in found if one.expected != "not_checked"]
    assert len(found) >= 1000
    assert len({one.category for one in judged}) == 12
    assert 0.45 <= sum(one.harmless for one in judged) / len(judged) <= 0.55
    assert len({one.id for one in found}) == len(found)


def test_the_high_priority_list_has_three_hundred_pairs():
    listed = [one for one in cases() if one.category == "interactions_high" and one.harmful]
    assert sum(one.expected == "interrupt" for one in listed) >= 300
    named = [frozenset((*(order.name for order in one.orders), *one.current)) for one in listed]
    assert max(Counter(named).values()) == 1, "a pair stands twice"


def test_every_row_has_a_source_and_says_how_it_is_known():
    for one in cases():
        assert one.source
        assert one.evidence in ("read", "known")


def test_every_name_has_a_code_but_the_invented_ones():
    for one in cases():
        for name in (*(order.name for order in one.orders), *one.current):
            assert name in medicines() or name.startswith("zz-"), name
        for fact, value in one.facts:
            assert fact != "condition" or value in conditions()


def test_no_answer_comes_from_our_own_facts():
    for path in FOLDER.glob("*.py"):
        assert "import knowledge" not in path.read_text(encoding="utf-8")
        assert "from nof1.knowledge" not in path.read_text(encoding="utf-8")


def rows(**more):
    row = {"row": "r", "orders": "a|b|c", "current": "", "facts": "", "expected": "silent"}
    return row | {"evidence": "read", "source": "s", "note": ""} | more


def expand(category="renal", **more):
    return list(tables._expanded(category, rows(**more)))


def test_every_pair_among_the_orders_comes_once():
    pairs = [(one.orders[0].name, *one.current) for one in expand(current="^")]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]


def test_interactions_are_asked_both_ways_and_together():
    first, second, third = expand("interactions_high", orders="a", current="x|y|z")
    assert (first.orders, first.current) == ((Order("a"),), ("x",))
    assert (second.orders, second.current) == ((Order("y"),), ("a",))
    assert (third.orders, third.current) == ((Order("a"), Order("z")), ())


def test_facts_are_choices_and_medicines_can_be_taken_together():
    found = expand(orders="a", current="x+y", facts="egfr=15|egfr=20;age=70")
    assert [one.facts for one in found] == [
        (("egfr", "15"), ("age", "70")),
        (("egfr", "20"), ("age", "70")),
    ]
    assert found[0].current == ("x", "y")


def test_doses_and_the_allergy_to_the_medicine_itself():
    assert tables._orders("a b@0.5 mg*2|c@10 mg") == [
        Order("a b", 0.5, "mg", 2.0),
        Order("c", 10.0, "mg", None),
    ]
    (one,) = expand(orders="=a", facts="allergy=self")
    assert one.facts == (("allergy", "a"),)


def test_a_wrong_row_is_refused():
    with pytest.raises(ValueError, match="expected"):
        expand(expected="maybe")
    with pytest.raises(ValueError, match="not an order"):
        expand(orders="a@much")
