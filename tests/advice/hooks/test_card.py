"""Cards hold the specification's invariants and no stranger's markup."""

import json
import re
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findings import BASIS, risk
from nof1.advice.hooks import card
from nof1.advice.hooks.coverage import Coverage
from nof1.advice.orders.shapes import Alert, Checked, Draft
from nof1.core.finding import Coding, Evidence, Frequency, Kind

DRAFT = Draft(
    "aspirin", "RxNorm//1191", "aspirin", "MedicationRequest/1", None, None, None, None, 0
)
TEXT = st.text(min_size=1, max_size=400)


def alert(tier=1, text="Aspirin with warfarin: bleeding", **more):
    finding = risk(
        kind=Kind.ALERT, value=None, reason="They add up.", horizon_days=None,
        what=Coding(code="RxNorm//1191", display=text),
        evidence=tuple(
            Evidence(text=f"reason {n}", contribution=1.0 - n, citation="PMC3422823")
            for n in range(5)
        ),
    )  # fmt: skip
    return Alert(finding, tier, "interactions", DRAFT, **more)


def plain(made):
    return json.loads(msgspec.json.encode(made))


def holds(made):
    """HL7's invariants cds-resp-1 to -7 and the table of card attributes, in Python.

    1 and 6: suggestions need a selectionBehavior; 2: create has a resource; 3: appContext needs
    smart; 4: override reasons have words; 5: actions have a description; 7: known behaviours.
    """
    assert 0 < len(made["summary"]) < 140
    assert made["indicator"] in ("info", "warning", "critical")
    assert made["source"]["label"]
    UUID(made["uuid"])
    assert bool(made.get("suggestions")) == ("selectionBehavior" in made)
    assert made.get("selectionBehavior", "any") in ("any", "at-most-one")
    for one in made.get("suggestions", ()):
        assert one["label"]
        UUID(one["uuid"])
        for action in one["actions"]:
            assert action["description"]
            assert ("resource" in action) == (action["type"] == "create")
            assert ("resourceId" in action) == (action["type"] == "delete")
    assert all(one["display"] and one["code"] for one in made.get("overrideReasons", ()))
    assert no_empty(made)


def no_empty(value):
    """No element is null or empty, as the specification asks of all JSON."""
    if isinstance(value, dict):
        return bool(value) and all(map(no_empty, value.values()))
    if isinstance(value, list):
        return bool(value) and all(map(no_empty, value))
    return value is not None and value != ""


@pytest.mark.parametrize(("tier", "word"), [(1, "critical"), (2, "warning"), (3, "info")])
def test_the_tier_is_the_indicator(tier, word):
    made = plain(card.of_alert(alert(tier), "key"))
    holds(made)
    assert made["indicator"] == word
    assert ("overrideReasons" in made) == (tier < 3)
    assert made["source"]["url"].endswith("PMC3422823/")


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT, TEXT, st.integers(1, 3))
def test_whatever_the_words_are_the_card_is_well_formed(text, reason, citation, tier):
    finding = risk(
        kind=Kind.ALERT, value=None, reason=reason, what=Coding(code="c", display=f"x{text}"),
        evidence=(Evidence(text=text, citation=citation),), notes=(text,),
    )  # fmt: skip
    made = plain(card.of_alert(Alert(finding, tier, "age", DRAFT), "key", synthetic=True))
    holds(made)
    assert made["summary"].startswith("SYNTHETIC: ")
    assert not re.search(r"(?<!\\)[<\[]", made["detail"])


def test_the_text_says_what_how_sure_why_and_the_source():
    detail = card.of_alert(alert(alternatives=("apixaban",)), "key").detail
    for part in ("**What.**", "**Why it matters.**", "**How sure.**", "**Why.**", "**Action.**"):
        assert part in detail
    assert detail.count("- reason") == 3  # never more than three reasons
    assert "reason 0 (speaks against it)" in detail
    assert "apixaban" in detail
    assert "PMC3422823" in detail
    assert BASIS.knowledge_date in detail
    assert "pharmacist" in detail


def test_a_risk_is_told_as_people_read_it():
    told = Frequency(events=12, of=100, low=8, high=17, text="12 of 100 people; range 8 to 17")
    made = card.of_finding(risk(frequency=told), "key")
    assert "12 of 100 people" in made.summary
    assert "12 of 100 people; range 8 to 17" in made.detail
    assert made.indicator == "info"
    assert "range 0.08 to 0.17" in card.of_finding(risk(), "key").detail


def test_the_same_question_gives_the_same_card_and_another_one_another():
    first, same = card.of_alert(alert(), "key"), card.of_alert(alert(), "key")
    assert first == same
    assert first.uuid != card.of_alert(alert(), "other").uuid
    assert first.uuid != card.of_alert(alert(text="Something else"), "key").uuid


def test_the_coverage_card_names_what_was_not_checked():
    gaps = [Checked(f"family{n}", "<b>x</b>", "not_checked", "no data.", "ask.") for n in range(15)]
    made = card.of_coverage(Coverage((*gaps, Checked("age", "x", "checked"))), "key")
    holds(plain(made))
    assert made.indicator == "info"
    assert "family0" in made.summary
    assert "- and 3 more" in made.detail
    assert r"\<b\>" in made.detail
    assert "no data. To settle it: ask." in made.detail
    assert "Checked: age." in made.detail


def test_nothing_missing_makes_no_coverage_card():
    assert card.of_coverage(Coverage((Checked("age", "x", "checked"),)), "key") is None


def test_facts_that_are_past_their_date_are_told_on_a_card():
    done = (Checked("age", "x", "checked"),)
    made = card.of_coverage(Coverage(done, expired=("cpic-2023-08",)), "key")
    holds(plain(made))
    assert "past their date" in made.summary
    assert "cpic-2023-08" in made.detail


def test_critical_cards_come_first():
    made = [card.of_alert(alert(tier), f"{tier}") for tier in (3, 1, 2)]
    assert [one.indicator for one in card.ordered(made)] == ["critical", "warning", "info"]


def test_two_cards_of_one_identity_are_one_and_the_more_urgent():
    made = [card.of_alert(alert(tier), "same") for tier in (3, 1)]
    assert made[0].uuid == made[1].uuid
    assert [one.indicator for one in card.ordered(made)] == ["critical"]
