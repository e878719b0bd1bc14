"""Sums over all medicines: what the order adds, once, and not what pairs have said."""

from __future__ import annotations

from datetime import datetime

import pytest

from advice.orders.asking import codes, gaps, lab, of, tiers, told
from medicines.ranking.people import event, person

MIDDLE = datetime(1979, 1, 1)


def taking(*names: str, **more: object):  # type: ignore[no-untyped-def]
    return person(medicines=codes(*names), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("taken", "order", "rules"),
    [
        (("lisinopril", "furosemide"), "ibuprofen", ["burden/triple-whammy"]),
        (("ibuprofen", "losartan"), "hydrochlorothiazide", ["burden/triple-whammy"]),
        (("lisinopril",), "ibuprofen", []),
        (("lisinopril", "losartan"), "ibuprofen", []),  # one part twice is no third part
        (("lisinopril", "ibuprofen", "furosemide"), "naproxen", []),  # adds nothing to the sum
        (("metoprolol",), "amlodipine", []),
    ],
)
def test_a_sum_is_told_when_the_order_adds_to_it(
    taken: tuple[str, ...], order: str, rules: list[str]
) -> None:
    made = told(taking(*taken, born=MIDDLE), order)
    assert [one.rule for one in of(made, "burden")] == rules


@pytest.mark.parametrize(
    ("score", "drugs"),
    [
        ("serotonergic", ("sertraline", "tramadol", "sumatriptan")),
        ("QT", ("azithromycin", "ondansetron", "escitalopram")),
        ("CNS-depressant", ("oxycodone", "gabapentin", "mirtazapine")),
        ("bleeding", ("apixaban", "sertraline", "prednisone")),
        ("hyperkalaemia", ("lisinopril", "ibuprofen", "heparin")),
        ("hypoglycaemia", ("insulin glargine", "glipizide")),
    ],
)
def test_a_sum_is_told_unless_the_pairs_said_it_about_each_of_the_others(
    score: str, drugs: tuple[str, ...]
) -> None:
    told_at_all = 0
    for order in drugs:
        rest = [one for one in drugs if one != order]
        made = told(taking(*rest, born=MIDDLE), order)
        sums = [one for one in of(made, "burden") if score in one.rule]
        loud = min((one.tier for one in sums), default=3 if len(drugs) == 2 else 2)
        said = [one for one in of(made, "interactions") if one.tier <= loud]
        assert bool(sums) != (len(said) == len(rest)), order
        told_at_all += bool(sums)
    assert told_at_all or score in ("hypoglycaemia", "bleeding", "CNS-depressant")


def test_the_anticholinergic_sum_by_age_and_by_what_is_added() -> None:
    old = told(taking("amitriptyline", "metoprolol"), "oxybutynin")
    assert "burden/anticholinergic-high" in [one.rule for one in of(old, "burden")]
    assert "anticholinergic load of 7" in of(old, "burden")[0].finding.what.display
    young = told(taking("amitriptyline", born=MIDDLE), "oxybutynin")
    assert tiers(young, "burden") == [3]
    little = told(taking("amitriptyline", "metoprolol"), "furosemide")
    assert [one.tier for one in of(little, "burden") if "antichol" in one.rule] == [3]
    assert not of(told(person(), "oxybutynin"), "burden")  # alone it is no sum


def test_falls_are_passive_unless_one_is_recorded() -> None:
    taken = codes("oxycodone", "sertraline")
    made = told(person(medicines=taken), "tamsulosin")
    assert [(one.rule, one.tier) for one in of(made, "burden")] == [("burden/falls", 3)]
    fell = told(person(event("ICD10CM//Z91.81"), medicines=taken), "tamsulosin")
    assert [(one.rule, one.tier) for one in of(fell, "burden")] == [
        ("burden/falls-after-a-fall", 2)
    ]
    assert not of(told(person(medicines=taken, born=MIDDLE), "tamsulosin"), "burden")


def test_values_stand_beside_the_sum() -> None:
    events = person(
        lab("2823-3", 5.1, "mmol/L"), medicines=codes("lisinopril", "furosemide"), born=MIDDLE
    )
    (one,) = of(told(events, "ibuprofen"), "burden")
    assert (one.finding.reason or "").endswith("Known: potassium 5.1 mmol/L, 2024-05-29.")


def test_of_several_drafts_a_sum_is_told_once() -> None:
    made = told(person(born=MIDDLE), "lisinopril", "furosemide", "ibuprofen")
    assert len(of(made, "burden")) == 1


def test_what_cannot_be_counted_is_said() -> None:
    assert any("not excluded" in text for text in gaps(told(person(), "ibuprofen"), "burden"))
    strange = told(person(event("RxNorm//99999999")), "ibuprofen")
    assert any("may add to a sum" in text for text in gaps(strange, "burden"))
