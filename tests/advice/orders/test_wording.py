"""Summaries that fit a card, and findings that name their facts and how old those are."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from medicines.ranking.people import AT
from nof1.advice.orders.families import Raised
from nof1.advice.orders.shapes import Checked, Draft
from nof1.advice.orders.wording import SYSTEMIC, Words
from nof1.core.finding import Finding, Status, Subject
from nof1.knowledge.base import SHIPPED, Base
from nof1.medicines.ranking.columns import Cited, Level, Open, Reason

WORDS = Words(Subject(id="p"), AT, SHIPPED)
SOURCE = Cited("fda-labels", date(2024, 1, 1), date(2024, 5, 1), "label, section 4")


def draft(drug: str | None = "warfarin", route: str | None = None) -> Draft:
    return Draft(drug, "", drug or "zorblax", "MedicationRequest/a", None, None, None, route, 0)


def found(short: str, text: str, **more: str | None) -> Finding:
    reason = Reason(Level.AVOID, short, text, (), SOURCE)
    return WORDS.found(draft(**more), "interactions", Raised("tier 2", reason, ()))


def test_the_summary_says_what_meets_what_and_why() -> None:
    made = found("with aspirin: avoid", "With aspirin: Bleeding is more frequent. Watch: INR.")
    assert made.what.display == "Warfarin with aspirin: avoid. Bleeding is more frequent."
    assert made.status is Status.FOUND
    assert made.evidence[0].citation == "fda-labels: label, section 4"
    assert made.basis.validated_in == "Not clinically validated: pharmacist sign-off pending"
    assert (made.basis.version, made.basis.knowledge_date) == ("fda-labels", "2024-01-01")


@given(
    drug=st.text(min_size=1, max_size=200),
    short=st.text(min_size=1, max_size=200),
    text=st.text(min_size=1, max_size=300),
)
def test_no_summary_is_too_long(drug: str, short: str, text: str) -> None:
    gap = Checked("renal", drug, "not_checked", text, "Ask.")
    for one in (
        found(short, text, drug=drug),
        WORDS.open(draft(drug), "renal", Open(text, "Ask.", short)),
        WORDS.broken(draft(drug), gap),
    ):
        assert 0 < len(one.what.display) < 140


def test_old_facts_and_other_routes_are_said() -> None:
    late = Words(Subject(id="p"), datetime(2025, 1, 1), SHIPPED)
    raised = Raised("tier 2", Reason(Level.AVOID, "with x: avoid", "Text.", (), SOURCE), ())
    assert any("Old facts" in note for note in late.found(draft(), "renal", raised).notes)
    early = Words(Subject(id="p"), datetime(2024, 3, 1), SHIPPED)
    assert not early.found(draft(), "renal", raised).notes
    assert SYSTEMIC in early.found(draft(route="Topical route"), "renal", raised).notes
    assert not early.found(draft(route="Oral"), "renal", raised).notes


def test_the_hash_names_the_facts_in_use(tmp_path: Path) -> None:
    text = SHIPPED.text("renal.tsv")
    (tmp_path / "renal.tsv").write_text(text + "\n", encoding="utf-8")
    raised = Raised("avoid", Reason(Level.AVOID, "eGFR 20: avoid", "Text.", (), SOURCE), ())
    other = Words(Subject(id="p"), AT, Base(tmp_path))
    mine, theirs = (one.found(draft(), "renal", raised).basis for one in (WORDS, other))
    assert mine.content_hash != theirs.content_hash
    same = (one.found(draft(), "age", raised).basis.content_hash for one in (WORDS, other))
    assert len(set(same)) == 1


def test_who_reviewed_the_facts_is_said_when_all_of_them_are_and_still_in_date() -> None:
    def basis(*sources: Cited) -> str | None:
        first, *rest = (Reason(Level.AVOID, "short", "text.", (), one) for one in sources)
        made = WORDS.found(draft(), "interactions", Raised("tier 2", first, (), tuple(rest)))
        return made.basis.validated_in

    one = Cited("fda-labels", None, None, "c", "A. Person (pharmacist), 2024-01-01", AT.date())
    late = Cited("fda-labels", None, None, "c", one.reviewer, date(2024, 5, 31))
    assert basis(one) == "Reviewed by A. Person (pharmacist), 2024-01-01"
    assert basis(one, one) == "Reviewed by A. Person (pharmacist), 2024-01-01"
    for mixed in ((one, SOURCE), (late,), (SOURCE,)):
        assert basis(*mixed) == "Not clinically validated: pharmacist sign-off pending"
