"""A replacement is offered only when it was checked itself and nothing loud was found."""

from dataclasses import replace

from findings import risk
from nof1.advice.hooks.suggestion import Asked, suggestions
from nof1.advice.orders.shapes import Advice, Alert, Checked, Draft
from nof1.core.finding import Coding, Kind
from nof1.knowledge.base import SHIPPED

DRAFT = Draft(
    "simvastatin", "RxNorm//36567", "simvastatin", "MedicationRequest/1", 80.0, "mg", 1.0, None, 0
)
OTHER = replace(DRAFT, medicine="warfarin", display="warfarin", raw_index=1)
QUIET = Advice((), ())


def alert(tier=1, text="Simvastatin: too much", draft=DRAFT, alternatives=("rosuvastatin",)):
    finding = risk(kind=Kind.ALERT, value=None, reason="why", what=Coding(code="x", display=text))
    return Alert(finding, tier, "interactions", draft, alternatives)


def offers(of, answer, before=QUIET):
    seen = []

    def check(orders):
        seen.append(orders)
        return answer

    return suggestions(of, (DRAFT, OTHER), before, Asked("1", "key", SHIPPED, check)), seen


def labels(found):
    return [one.label for one in found[0]]


def gap(family, subject="rosuvastatin"):
    return Checked(family, subject, "not_checked", "no data", "ask")


def test_a_quiet_alternative_is_offered_without_a_dose():
    found, seen = offers(alert(), QUIET)
    remove, swap = found
    assert [one.type for one in remove.actions] == ["delete"]
    assert remove.actions[0].resource_id == "MedicationRequest/1"
    assert [one.type for one in swap.actions] == ["delete", "create"]
    order = swap.actions[1].resource
    assert order["medicationCodeableConcept"]["text"] == "rosuvastatin"
    assert order["subject"] == {"reference": "Patient/1"}
    assert (order["status"], order["intent"]) == ("draft", "proposal")
    assert "dosageInstruction" not in order
    ((other, new),) = seen  # checked together with the other draft, and without the old dose
    assert (other.medicine, new.medicine, new.dose) == ("warfarin", "rosuvastatin", None)
    assert len({remove.uuid, swap.uuid}) == 2


def test_a_loud_alternative_is_not_offered():
    bad = alert(2, "Rosuvastatin: no", replace(DRAFT, medicine="rosuvastatin"))
    assert labels(offers(alert(), Advice((bad,), ()))) == ["Remove simvastatin"]
    pair = alert(1, "Warfarin with rosuvastatin: no", OTHER)  # filed under the other order
    assert labels(offers(alert(), Advice((pair,), ()))) == ["Remove simvastatin"]
    passive = alert(3, "Rosuvastatin: mind", replace(DRAFT, medicine="rosuvastatin"))
    assert len(labels(offers(alert(), Advice((passive,), ())))) == 2


def test_an_alternative_that_is_less_known_is_not_offered():
    blind = Advice((), (gap("renal"),))
    assert len(labels(offers(alert(), blind))) == 1
    before = Advice((), (gap("renal", "simvastatin"),))
    assert len(labels(offers(alert(), blind, before))) == 2  # no blinder than the order itself
    assert len(labels(offers(alert(), Advice((), (gap("dose"),))))) == 2  # it has no dose


def test_an_unknown_alternative_is_not_offered():
    assert labels(offers(alert(alternatives=("no such medicine",)), QUIET)) == [
        "Remove simvastatin"
    ]


def test_nothing_is_offered_for_information_or_without_a_reference():
    assert offers(alert(3), QUIET)[0] == ()
    assert offers(alert(draft=None), QUIET)[0] == ()
    nameless = replace(DRAFT, reference="MedicationRequest at 0")
    assert offers(alert(draft=nameless), QUIET)[0] == ()
