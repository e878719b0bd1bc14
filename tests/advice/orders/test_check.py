"""Draft orders against one patient: what interrupts, what stands beside, what is only on demand."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from advice.orders.asking import codes
from genome.gene_events import result
from medicines.ranking.people import AT, creatinine, event, person, weight
from nof1.advice.orders import families
from nof1.advice.orders.check import check
from nof1.advice.orders.drafts import ordered
from nof1.advice.orders.shapes import Advice, Alert, Draft
from nof1.core.finding import Kind, Status, Subject
from nof1.knowledge import classes, drugs, interactions

PENICILLIN_G, CLOPIDOGREL, WARFARIN = "RxNorm//7980", "RxNorm//32968", "RxNorm//11289"


def told(events: pl.DataFrame, *orders: str) -> Advice:
    return check(events, ordered(orders), AT, subject=Subject(id="p"))


def of(advice: Advice, family: str) -> list[Alert]:
    return [one for one in advice.alerts if one.family == family]


def tiers(advice: Advice, family: str) -> list[int]:
    return [one.tier for one in of(advice, family)]


# One pair of each of the 15 class pairs of Phansalkar 2012 (PMC3422823, table 2).
HIGH = [
    ("amphetamine", "phenelzine"),
    ("atazanavir", "omeprazole"),
    ("febuxostat", "azathioprine"),
    ("sertraline", "phenelzine"),
    ("irinotecan", "ketoconazole"),
    ("meperidine", "phenelzine"),
    ("amitriptyline", "tranylcypromine"),
    ("dofetilide", "thioridazine"),
    ("ramelteon", "fluvoxamine"),
    ("rifampin", "atazanavir"),
    ("simvastatin", "clarithromycin"),
    ("ergotamine", "ritonavir"),
    ("tizanidine", "fluvoxamine"),
    ("tranylcypromine", "procarbazine"),
    ("sumatriptan", "phenelzine"),
]


@pytest.mark.parametrize(("first", "second"), HIGH)
def test_a_high_priority_pair_interrupts_whichever_is_ordered(first: str, second: str) -> None:
    for new, old in ((first, second), (second, first)):
        known = drugs.find(old)
        assert known is not None
        code = f"RxNorm//{known.rxnorm}" if known.rxnorm else f"ATC//{known.atc[0]}"
        beside = told(person(medicines=[code]), new)
        assert 1 in tiers(beside, "interactions")
    together = told(person(), first, second)
    assert tiers(together, "interactions").count(1) == 1  # once, not once for each order


def test_every_row_of_the_table_has_the_tier_of_the_most_urgent_row_of_its_pair() -> None:
    """The obvious slow way: the first two medicines that a row holds for, checked together."""
    events, wrong = person(), []
    for row in interactions.pairs():
        pair = next(
            ((a, b) for a in _of(row.first) for b in _of(row.second)
             if a != b and not {a, b} & set(row.without)), None)  # fmt: skip
        assert pair is not None
        rows = [one.pair for one in interactions.between(pair[0], [pair[1]])]
        asked = [one.tier for one in rows if one.action != "none"]
        got = tiers(told(events, *pair), "interactions")
        if got != ([min(asked)] if asked else []):
            wrong.append((pair, asked, got))
    assert not wrong


def _of(side: str) -> tuple[str, ...]:
    return classes.inside(side) if side in classes.names() else (side,)


def test_a_pair_that_is_only_on_demand_does_not_interrupt() -> None:
    rows = [row for row in interactions.pairs() if row.tier == 3]
    assert len(rows) > 30
    row = next(one for one in rows if one.action != "none" and one.first in drugs.drugs())
    made = told(person(), row.first, next(one for one in _of(row.second) if one != row.first))
    assert min(tiers(made, "interactions")) == 3


def test_an_allergy_by_how_near_it_is() -> None:
    events = person(event(f"ALLERGY//{PENICILLIN_G}"))
    assert tiers(told(events, "penicillin g"), "allergies") == [1]
    assert tiers(told(events, "amoxicillin"), "allergies") == [1]  # the label names the class
    assert tiers(told(events, "cefazolin"), "allergies") == []
    shown = of(told(events, "amoxicillin"), "allergies")[0].finding
    assert "penicillin g" in shown.what.display
    assert shown.evidence[0].events[0].code == f"ALLERGY//{PENICILLIN_G}"


def test_an_allergy_to_what_was_given_again_is_passive() -> None:
    entry = event(f"ALLERGY//{PENICILLIN_G}", time=AT - timedelta(days=900))
    later = event("RxNorm//7980", time=AT - timedelta(days=500))
    assert tiers(told(person(entry, later), "penicillin g"), "allergies") == [3]


def test_a_combination_holds_the_allergen() -> None:
    amoxicillin = drugs.find("amoxicillin")
    assert amoxicillin is not None
    events = person(event(f"ALLERGY//RxNorm//{amoxicillin.rxnorm}"))
    assert 1 in tiers(told(events, "amoxicillin / clavulanate"), "allergies")


def test_kidneys_forbid_warn_or_are_not_known() -> None:
    assert tiers(told(person(creatinine(3.0)), "metformin"), "renal") == [1]
    assert tiers(told(person(creatinine(0.8)), "metformin"), "renal") == []
    (gap,) = of(told(person(), "metformin"), "renal")
    assert (gap.tier, gap.finding.status) == (2, Status.NOT_CHECKED)
    old = of(told(person(creatinine(3.0, days=400)), "metformin"), "renal")
    assert [one.finding.status for one in old] == [Status.NOT_CHECKED]


def test_nothing_later_than_the_moment_is_used() -> None:
    assert of(told(person(creatinine(3.0, days=-1)), "metformin"), "renal")[0].finding.status == (
        Status.NOT_CHECKED
    )
    tomorrow = event(CLOPIDOGREL, time=AT + timedelta(days=1))
    assert not of(told(person(tomorrow), "omeprazole"), "interactions")


def test_a_limit_of_one_use_counts_fully_only_for_that_use() -> None:
    events = person(creatinine(1.2), weight(60.0))  # clearance about 40 mL/min
    (limit,) = of(told(events, "eplerenone"), "renal")  # contraindicated in hypertension alone
    assert (limit.tier, "(for hypertension)" in (limit.finding.reason or "")) == (2, True)
    both = told(person(creatinine(2.5), weight(60.0)), "eplerenone")
    assert 1 in tiers(both, "renal")  # that limit holds for every use


def test_pregnancy_is_recorded_possible_or_impossible() -> None:
    young = datetime(1990, 1, 1)
    recorded = told(person(event("ICD10CM//Z33.1"), born=young), "lisinopril")
    assert tiers(recorded, "pregnancy") == [1]
    possible = told(person(born=young), "lisinopril")
    assert [(one.tier, one.finding.status) for one in of(possible, "pregnancy")] == [
        (3, Status.NOT_CHECKED)
    ]
    assert not of(told(person(), "lisinopril"), "pregnancy")
    assert not of(told(person(born=young, female=False), "lisinopril"), "pregnancy")


def test_a_limit_of_the_last_weeks_interrupts_only_then() -> None:
    young = datetime(1990, 1, 1)

    def at(code: str) -> list[int]:
        events = person(event(code, time=AT - timedelta(days=1)), born=young)
        return tiers(told(events, "nitrofurantoin"), "pregnancy")

    assert (at("ICD10CM//Z3A.39"), at("ICD10CM//Z3A.20"), at("ICD10CM//Z33.1")) == ([1], [], [2])


def test_age_and_diagnoses() -> None:
    assert tiers(told(person(born=datetime(2018, 1, 1)), "codeine"), "age") == [1]
    asthma = person(event("ICD10CM//J45.909"))
    assert tiers(told(asthma, "propranolol"), "conditions") == [1]
    assert tiers(told(asthma, "metoprolol"), "conditions") == [2]
    assert not of(told(asthma, "amlodipine"), "conditions")


def test_a_liver_disease_without_its_grade_is_a_question_beside_the_order() -> None:
    (gap,) = of(told(person(event("ICD10CM//K70.30")), "apixaban"), "hepatic")
    assert (gap.tier, gap.finding.status) == (2, Status.NOT_CHECKED)
    assert "Child-Pugh" in (gap.finding.resolve or "")
    (sure,) = of(told(person(event("ICD10CM//K70.30")), "valproic acid"), "hepatic")
    assert (sure.tier, sure.finding.status) == (1, Status.FOUND)  # whatever the grade is


def test_duplicates_of_class_of_ingredient_and_of_the_same_order() -> None:
    events = person(medicines=[CLOPIDOGREL])
    assert tiers(told(events, "prasugrel"), "duplicates") == [2]
    assert tiers(told(events, "clopidogrel"), "duplicates") == [3]
    assert tiers(told(person(), "clopidogrel", "clopidogrel"), "duplicates") == [2]
    combined = told(person(), "amoxicillin / clavulanate", "amoxicillin")
    assert tiers(combined, "duplicates") == [2]


def test_genes_forbid_strongly_or_ask_for_a_test() -> None:
    poor = person(genes=[result("CYP2C19", "*2/*2")])
    made = told(poor, "clopidogrel")
    assert tiers(made, "genes") == [1]  # one alert for what several guidelines say
    assert len(of(made, "genes")[0].finding.evidence) > 1
    (untested,) = of(told(person(), "abacavir"), "genes")
    assert (untested.tier, untested.finding.status) == (2, Status.NOT_CHECKED)
    assert not of(told(person(), "clopidogrel"), "genes")  # a line of the coverage, no alert
    assert any(one.family == "genes" for one in told(person(), "clopidogrel").gaps)


def test_another_draft_changes_what_the_genes_mean() -> None:
    normal = person(genes=[result("CYP2D6", "*1/*1")])
    made = of(told(normal, "codeine", "paroxetine"), "phenoconversion")
    assert [one.tier for one in made] == sorted(one.tier for one in made)
    assert any("Poor Metabolizer" in (one.finding.reason or "") for one in made)
    assert len({one.finding.reason for one in made}) == len(made)
    assert not of(told(normal, "codeine"), "phenoconversion")


def test_an_unknown_medicine_is_loud_in_every_family() -> None:
    made = told(person(), "zorblax", "warfarin")
    (alert,) = of(made, "medicine")
    assert (alert.tier, alert.finding.status) == (2, Status.NOT_CHECKED)
    missed = {one.family for one in made.gaps if one.subject == "zorblax"}
    assert missed == {*families.FAMILIES, "medicine"}
    assert any(
        one.subject == "warfarin" and "zorblax" in (one.reason or "")
        for one in made.gaps
        if one.family == "interactions"
    )


def test_pairs_that_no_table_can_judge_are_said() -> None:
    strange = next(name for name in drugs.drugs() if not interactions.known(name))
    alone = [one for one in told(person(medicines=[WARFARIN]), strange).gaps]
    assert any(
        f"no pair with {strange}: not checked against 1" in (one.reason or "") for one in alone
    )
    both = told(person(), "warfarin", strange).gaps
    said = [one.reason or "" for one in both if one.subject == "warfarin"]
    assert any(f"no pair with {strange}: not checked" in text for text in said)
    unread = told(person(event("RxNorm//99999999")), "warfarin").gaps
    assert any("RxNorm//99999999" in (one.reason or "") for one in unread)
    nothing = told(person(), "warfarin", "aspirin").gaps
    assert any("No medicines recorded as taken now" in (one.reason or "") for one in nothing)


@pytest.mark.parametrize("ill", [False, True])
def test_every_medicine_goes_through_every_family_without_an_error(ill: bool) -> None:
    events = person()
    if ill:
        events = person(
            creatinine(3.5), weight(70.0),
            *(event(code) for code in ("ICD10CM//N18.4", "ICD10CM//K70.30", "ICD10CM//Z33.1")),
            event(f"ALLERGY//{PENICILLIN_G}"), born=datetime(1990, 1, 1),
            medicines=[WARFARIN, CLOPIDOGREL],
            genes=[result("CYP2C19", "*2/*2"), result("CYP2D6", "*4/*4")],
        )  # fmt: skip
    for name in drugs.drugs():
        made = told(events, name)
        assert not [one for one in made.gaps if "stopped with an error" in (one.reason or "")]
        assert {one.family for one in made.coverage} == {*families.FAMILIES, "medicine", "dose"}


def test_an_order_that_is_no_medicine_says_so() -> None:
    scan = Draft(None, "", "CT of the head", "ServiceRequest/s1", None, None, None, None, 0)
    made = check(person(), [scan], AT, subject=Subject(id="p"))
    assert [one.tier for one in made.alerts] == [3]
    assert "only medicines" in (made.alerts[0].finding.reason or "")


def test_code_and_words_that_disagree_are_said_and_both_checked() -> None:
    one = Draft("warfarin", "RxNorm//1191", "warfarin", "MedicationRequest/a", *[None] * 4, 0)  # type: ignore[arg-type]
    made = check(person(), [one], AT, subject=Subject(id="p"))
    (alert,) = of(made, "medicine")
    assert "aspirin" in (alert.finding.reason or "")


def test_every_order_has_a_line_for_every_family() -> None:
    made = told(person(), "warfarin", "aspirin")
    for drug in ("warfarin", "aspirin"):
        seen = {one.family for one in made.coverage if one.subject == drug}
        assert seen == {*families.FAMILIES, "medicine", "dose"}
    assert all((one.reason is None) == (one.state == "checked") for one in made.coverage)


def test_a_check_that_breaks_is_seen_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> families.Answer:
        raise ZeroDivisionError("creatinine 3.0")

    monkeypatch.setitem(families.FAMILIES, "renal", broken)  # type: ignore[arg-type]
    made = told(person(creatinine(3.0), medicines=[WARFARIN]), "metformin", "aspirin")
    gaps = [one for one in made.gaps if one.family == "renal"]
    assert {one.subject for one in gaps} == {"metformin", "aspirin"}
    assert all("ZeroDivisionError" in (one.reason or "") for one in gaps)
    assert not any("3.0" in (one.reason or "") for one in gaps)
    assert tiers(made, "renal") == [2, 2]
    assert of(made, "interactions")


def test_alternatives_raise_nothing_themselves() -> None:
    made = told(person(creatinine(0.8), medicines=[CLOPIDOGREL]), "omeprazole", "simvastatin")
    named = {name for one in made.alerts for name in one.alternatives}
    assert named
    for name in named:
        again = told(person(creatinine(0.8), medicines=[CLOPIDOGREL]), name)
        assert not [one for one in again.alerts if one.tier <= 2]


def test_where_watching_is_enough_no_other_medicine_is_named() -> None:
    made = of(told(person(creatinine(0.8), medicines=[WARFARIN]), "simvastatin"), "interactions")
    assert made
    assert all(one.alternatives == () for one in made)
    pair = of(told(person(creatinine(0.8), medicines=[WARFARIN]), "clarithromycin", "sertraline"),
              "interactions")  # fmt: skip
    assert {one.tier for one in pair} == {2}
    assert all(one.alternatives == () for one in pair)


def test_a_child_is_offered_no_alternative_that_no_table_knows_at_its_age() -> None:
    (alert,) = of(told(person(born=datetime(2018, 1, 1)), "codeine"), "age")
    assert alert.alternatives == ()


def test_of_two_drafts_the_one_that_can_be_replaced_carries_the_alert() -> None:
    (alert,) = [
        one for one in told(person(), "itraconazole", "simvastatin").alerts if one.tier == 1
    ]
    assert alert.draft is not None
    assert alert.draft.medicine == "simvastatin"
    assert "rosuvastatin" in alert.alternatives


def test_alerts_are_findings_in_order_and_orders_alone_are_quiet() -> None:
    made = told(person(creatinine(3.0)), "metformin", "zorblax", "naproxen", "warfarin")
    assert [one.tier for one in made.alerts] == sorted(one.tier for one in made.alerts)
    for one in made.alerts:
        assert one.finding.kind is Kind.ALERT
        assert one.finding.as_of.replace(tzinfo=None) == AT
        assert len(one.finding.what.display) < 140
    assert not told(person(creatinine(0.8)), "amlodipine").alerts
    assert check(person(), [], AT, subject=Subject(id="p")) == Advice((), ())


def test_a_phenotype_that_a_laboratory_sent_is_used_and_an_unread_one_is_not_denied() -> None:
    poor = told(person(event("LOINC//79714-2//LA9657-3")), "clopidogrel")
    assert tiers(poor, "genes")
    unread = told(person(event("LOINC//79714-2", text_value="see the report")), "clopidogrel")
    (gap,) = [one for one in unread.gaps if one.family == "genes"]
    assert gap.reason is not None
    assert "no result is recorded" not in gap.reason
    assert "is recorded that is not understood here: LOINC 79714-2" in gap.reason
    assert gap.resolve == "Read the recorded result. A test of CYP2C19."


def test_an_allergy_to_a_class_by_its_code_is_told_with_its_name() -> None:
    advice = told(person(event("ALLERGY//SNOMED//764146007")), "amoxicillin")
    assert tiers(advice, "allergies") == [1]
    assert "penicillin" in of(advice, "allergies")[0].finding.what.display


@pytest.mark.parametrize(
    ("said", "allergen", "drug", "tier"),
    [
        ("high", "RxNorm//723", "ampicillin", 1),
        ("unable-to-assess; severe: Anaphylaxis", "RxNorm//723", "ampicillin", 1),
        ("low", "RxNorm//723", "ampicillin", 2),
        ("mild: Rash", "RxNorm//723", "ampicillin", 2),
        ("low; mild: rash, angioedema", "RxNorm//723", "ampicillin", 1),  # severe outweighs
        (None, "RxNorm//723", "ampicillin", 1),
        ("unable-to-assess", "RxNorm//723", "ampicillin", 1),
        ("mild: Rash", "RxNorm//723", "amoxicillin", 2),
        ("difficulty swallowing", "RxNorm//723", "amoxicillin", 1),  # "low" is no word of it
        (None, "RxNorm//29046", "ramipril", 2),  # most entries are a cough
        ("angioedema", "RxNorm//29046", "ramipril", 1),
        ("low: cough", "RxNorm//29046", "ramipril", 2),
        (None, "RxNorm//1191", "naproxen", 2),
        ("high", "RxNorm//1191", "naproxen", 1),
        ("unable-to-assess; SNOMED//247472004", "RxNorm//1191", "naproxen", 1),  # a wheal
        ("hives", "RxNorm//29046", "ramipril", 1),
        ("mild: rash", "RxNorm//82122", "ciprofloxacin", 2),  # levofloxacin
        (None, "RxNorm//82122", "ciprofloxacin", 1),
        ("anaphylaxis", "RxNorm//4053", "azithromycin", 1),  # erythromycin
        ("severe", "RxNorm//1596450", "amikacin", 2),  # gentamicin: "may contraindicate"
        ("severe", "RxNorm//1596450", "tobramycin", 1),  # its label: any aminoglycoside
    ],
)
def test_how_the_person_reacted_decides(
    said: str | None, allergen: str, drug: str, tier: int
) -> None:
    entry = event(f"ALLERGY//{allergen}", text_value=said)
    assert tiers(told(person(entry), drug), "allergies") == [tier]


@pytest.mark.parametrize("code", ["ICD10CM//Z88.0", "ICD10//Z880", "SNOMED//91936005"])
def test_an_allergy_status_among_the_diagnoses_is_an_allergy(code: str) -> None:
    assert tiers(told(person(event(code)), "amoxicillin"), "allergies") == [1]
    assert not of(told(person(event(code)), "azithromycin"), "allergies")


def test_an_allergy_status_of_an_unknown_kind_is_a_gap() -> None:
    made = told(person(event("ICD10CM//Z88.9")), "amoxicillin")
    assert any(one.family == "allergies" and "not known here" in one.reason for one in made.gaps)


def test_falls_at_an_age_and_not_before() -> None:
    fall = event("ICD10CM//Z91.81")
    old, young = datetime(1940, 1, 1), datetime(1990, 1, 1)
    found = [
        one.finding.what.display for one in of(told(person(fall, born=old), "sertraline"), "age")
    ]
    assert any("with falls" in one for one in found)
    assert not of(told(person(fall, born=young), "sertraline"), "age")
    plain = told(person(event("ICD10CM//I10"), born=old), "sertraline")
    assert not any("falls" in one.finding.what.display for one in of(plain, "age"))


@pytest.mark.parametrize(("days", "tier"), [(5, 1), (30, 1), (31, 2), (400, 2)])
def test_a_bleeding_of_the_last_month_forbids_and_an_older_one_warns(days: int, tier: int) -> None:
    bled = event("ICD10CM//K92.2", time=AT - timedelta(days=days))
    for name in ("apixaban", "clopidogrel"):
        assert tiers(told(person(bled), name), "conditions") == [tier]
    assert tiers(told(person(bled), "ibuprofen"), "conditions") == [2]


def test_a_pair_is_forbidden_with_a_diagnosis_that_its_row_names() -> None:
    """Aliskiren with an ACE inhibitor or ARB: contraindicated in diabetes, of any type."""
    beside = codes("lisinopril")
    for code in ("SNOMED//44054006", "ICD10CM//E11.9", "SNOMED//46635009"):
        assert tiers(told(person(event(code), medicines=beside), "aliskiren"), "interactions") == [
            1
        ]
    assert tiers(told(person(medicines=beside), "aliskiren"), "interactions") == [2]


def test_two_of_a_class_that_add_up_stand_in_line_and_no_other_opioid_is_named() -> None:
    for had, name in (("oxycodone", "morphine"), ("olanzapine", "quetiapine")):
        found = of(told(person(medicines=codes(had)), name), "duplicates")
        assert [one.tier for one in found] == [2]
        assert [one.alternatives for one in found] == [()]
