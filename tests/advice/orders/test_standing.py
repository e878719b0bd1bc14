"""The medicines taken now against each other: never louder than in line, and nothing silent."""

from __future__ import annotations

import pytest

from advice.orders.asking import codes
from genome.gene_events import result
from medicines.ranking.people import AT, creatinine, event, person
from nof1.advice.orders import families
from nof1.advice.orders.shapes import Advice
from nof1.advice.orders.standing import capped, for_view, standing
from nof1.core.finding import Subject


def told(events: object) -> Advice:
    return standing(events, AT, subject=Subject(id="p"))  # type: ignore[arg-type]


def test_a_pair_that_would_interrupt_an_order_stands_in_line() -> None:
    made = told(person(medicines=codes("simvastatin", "clarithromycin")))
    (pair,) = [one for one in made.alerts if one.family == "interactions"]
    assert (pair.tier, pair.draft, pair.alternatives) == (2, None, ())
    assert pair.rule == "interactions/tier-1"
    assert capped(made.alerts) == made.alerts


def test_that_a_medicine_is_taken_is_no_news() -> None:
    made = told(person(medicines=codes("amlodipine", "lisinopril")))
    assert not [one for one in made.alerts if one.family == "duplicates"]
    twice = told(person(medicines=codes("lisinopril", "enalapril")))
    assert [one.tier for one in twice.alerts if one.family == "duplicates"] == [2]


@pytest.mark.parametrize(
    ("rows", "taken", "family"),
    [
        ([creatinine(3.0)], ["metformin"], "renal"),
        ([event("ICD10CM//J45.909")], ["propranolol"], "conditions"),
        ([event("ALLERGY//RxNorm//7980")], ["penicillin g"], "allergies"),
        ([], ["lisinopril", "furosemide", "ibuprofen"], "burden"),
        ([event("ICD10CM//I25.2")], ["metoprolol"], "omissions"),
        ([], ["lithium"], "monitoring"),
    ],
)
def test_every_family_looks_at_what_is_taken(
    rows: list[dict[str, object]], taken: list[str], family: str
) -> None:
    made = told(person(*rows, medicines=codes(*taken)))
    assert family in {one.family for one in made.alerts}
    assert {one.tier for one in made.alerts} <= {2, 3}
    assert all(one.draft is None for one in made.alerts)
    covered = {one.family for one in made.coverage if one.subject == taken[0]}
    assert covered == {*families.FAMILIES, "medicine"}


def test_genes_are_held_against_what_is_taken() -> None:
    made = told(person(genes=[result("CYP2C19", "*2/*2")], medicines=codes("clopidogrel")))
    assert [one.tier for one in made.alerts if one.family == "genes"] == [2]
    assert not [one for one in for_view(made.alerts) if one.family == "genes"]  # told elsewhere


def test_no_medicine_and_unknown_ones_are_said() -> None:
    empty = told(person())
    assert not empty.alerts
    assert {"interactions", "allergies", "omissions"} == {one.family for one in empty.gaps}
    strange = told(person(event("RxNorm//99999999")))
    assert any(one.subject == "RxNorm//99999999" for one in strange.gaps)


def test_nothing_is_called_missing_from_half_of_a_record() -> None:
    made = told(person(event("ICD10CM//I25.2"), medicines=codes("metoprolol"))).alerts
    assert "omissions" in {one.family for one in for_view(made)}
    assert "omissions" in {one.family for one in for_view(made, {"renal"})}
    assert "omissions" not in {one.family for one in for_view(made, {"omissions", "renal"})}


def test_a_proposal_names_the_medicine_and_the_diagnosis() -> None:
    made = told(person(event("ICD10CM//I25.2"), medicines=codes("metoprolol", "aspirin")))
    (one,) = [one for one in made.alerts if one.family == "omissions"]
    assert one.finding.what.display.startswith("Atorvastatin may be missing.")
    assert one.finding.evidence[0].events[0].code == "ICD10CM//I25.2"
    assert one.finding.evidence[0].citation == "start-2015: criterion A5"


def test_the_parts_of_one_product_are_not_held_against_it() -> None:
    made = standing(
        person(event("RxNorm//198335")), AT, subject=Subject(id="p"),
        names={"RxNorm//198335": "sulfamethoxazole 800 MG / trimethoprim 160 MG Oral Tablet"},
    )  # fmt: skip
    assert not [one for one in made.alerts if one.family in ("duplicates", "interactions")]
    assert {one.subject for one in made.coverage if one.family == "renal"} == {
        "sulfamethoxazole / trimethoprim"
    }
