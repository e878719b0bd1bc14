"""What may stand in an entry: identifiers, hashes, codes; no words of or about a person."""

from datetime import datetime

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import CANARY, exchange, feedback
from nof1.advice.ledger import drafts, keys
from nof1.advice.ledger.shapes import Shown
from nof1.core.errors import UsageError


@pytest.fixture
def mine(tmp_path):
    return keys.load(tmp_path, new=True)


def test_an_entry_of_an_exchange_holds_no_canary(mine):
    made = drafts.of_exchange(exchange(), mine)
    assert CANARY not in repr(made.fields)
    assert "patient-canary-7" not in repr(made)
    assert made.fields["patient"] == mine.pseudonym("patient-canary-7")
    assert made.cards == ("card-1",)
    assert [part for part, _ in made.sealed] == ["request", "response"]


def test_the_comment_of_a_feedback_is_sealed_only(mine):
    made = drafts.of_feedback(feedback(), mine)
    assert CANARY not in repr(made)
    ((part, sealed),) = made.sealed
    assert CANARY.encode() in mine.unseal(drafts.label(part, made.fields["request_hash"]), sealed)


@pytest.mark.parametrize(
    "changed",
    [
        {"hook": "two words"},
        {"instance": f"id {CANARY}"},
        {"client": "https://ehr.example/\n"},
        {"service": "Größe"},
        {"versions": {"rules": "two words"}},
        {"cards": (Shown("card 1", "rule", 1),)},
        {"cards": (Shown("card", CANARY, 1),)},
        {"asked_at": datetime(2026, 5, 1)},
    ],
)
def test_words_where_an_identifier_belongs_are_refused_and_not_repeated(mine, changed):
    with pytest.raises(UsageError) as caught:
        drafts.of_exchange(exchange(**changed), mine)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [{"outcome": "ignored"}, {"reason": CANARY}, {"card": "a b"}, {"suggestions": (CANARY,)}],
)
def test_feedback_has_known_outcomes_and_codes(mine, changed):
    with pytest.raises(UsageError) as caught:
        drafts.of_feedback(feedback(**changed), mine)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("person", ["Patient/p7", "RelatedPerson/r", CANARY, "Practitioner/a b"])
def test_who_is_not_staff_stands_under_a_pseudonym(mine, person):
    made = drafts.of_exchange(exchange(person=person), mine)
    assert made.fields["person"] == f"hidden:{mine.pseudonym(person)}"


@pytest.mark.parametrize("person", [None, "Practitioner/dr1", "PractitionerRole/r.2"])
def test_staff_stand_under_their_reference(mine, person):
    assert drafts.of_exchange(exchange(person=person), mine).fields["person"] == person
