"""A dose is corrected only when the answer is one number, and then checked again."""

import json

import pytest

from hook_samples import asked, bundle, cards, condition, draft, prefetched, raw, service, sign

SIGN = "nof1-order-sign"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return service(tmp_path_factory.mktemp("desk"))


def dosed(name, value, unit, times=1, every="d", **more):
    timing = {"repeat": {"frequency": times, "period": 1, "periodUnit": every}}
    rate = {"doseQuantity": {"value": value, "unit": unit, "code": unit}}
    return draft(name, dosageInstruction=[{"timing": timing, "doseAndRate": [rate]} | more])


def changes(desk, order, **more):
    """The changed orders that are offered, with their labels."""
    reply = desk.call(SIGN, raw(asked("order-sign", [order], **more)))
    assert reply.status == 200
    offers = [one for card in cards(reply) for one in card.get("suggestions", ())]
    return [(one["label"], action["resource"]) for one in offers for action in one["actions"]
            if action["type"] == "update"]  # fmt: skip


def test_a_weekly_medicine_that_is_ordered_daily(desk):
    order = dosed("methotrexate", 10, "mg")
    ((label, changed),) = changes(desk, order)
    assert label == "Change to 10 mg once a week"
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}
    assert changed["dosageInstruction"][0]["timing"] == timing
    # Nothing else of the order is touched.
    assert changed | {"dosageInstruction": 0} == order | {"dosageInstruction": 0}


def test_a_slip_of_the_unit(desk):
    ((label, changed),) = changes(desk, dosed("levothyroxine", 100, "mg"))
    assert label == "Change to 100 ug instead of mg"
    quantity = changed["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]
    assert quantity == {
        "value": 100, "unit": "ug", "system": "http://unitsofmeasure.org", "code": "ug",
    }  # fmt: skip


def test_one_dose_a_day_above_the_largest(desk):
    ((label, changed),) = changes(desk, dosed("lisinopril", 120, "mg"))
    assert label == "Change to 80 mg, the label's largest"
    assert changed["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 80


def test_a_changed_order_is_not_spoken_against(desk):
    """What was offered, sent as the order, gets no louder card about its dose."""
    for order in (dosed("methotrexate", 10, "mg"), dosed("levothyroxine", 100, "mg")):
        ((_, changed),) = changes(desk, order)
        reply = desk.call(SIGN, raw(asked("order-sign", [changed])))
        topics = {
            one["source"]["topic"]["code"] for one in cards(reply) if one["indicator"] != "info"
        }
        assert "dose" not in topics


def test_where_the_answer_is_not_one_number_nothing_is_offered(desk):
    assert changes(desk, dosed("lisinopril", 120, "mg", times=2)) == []  # 80 mg in one or in two?
    assert changes(desk, dosed("metformin", 60_000, "mg")) == []  # 60 mg would be no dose either
    assert changes(desk, dosed("lisinopril", 10, "mg")) == []  # nothing to correct
    assert changes(desk, dosed("methotrexate", 100, "mg")) == []  # weekly it is still too much


def test_words_that_would_contradict_a_changed_number(desk):
    whole = dosed("methotrexate", 10, "mg")
    assert changes(desk, dosed("methotrexate", 10, "mg", text="10 mg daily")) == []
    assert changes(desk, whole | {"dispenseRequest": {"numberOfRepeatsAllowed": 1}}) == []
    assert changes(desk, whole | {"note": [{"text": "10 mg every day"}]}) == []
    twice = whole | {"dosageInstruction": whole["dosageInstruction"] * 2}
    assert changes(desk, twice) == []


def test_of_a_child_no_dose_is_known(desk):
    child = json.loads(sign("aspirin"))["prefetch"]["patient"] | {"birthDate": "2015-01-01"}
    given = prefetched(patient=child)
    assert changes(desk, dosed("levothyroxine", 100, "mg"), prefetch=given) == []


def test_in_cancer_a_scheme_of_some_days_can_be_meant(desk):
    given = prefetched(conditions=bundle(condition("363346000")))
    assert changes(desk, dosed("methotrexate", 10, "mg"), prefetch=given) == []
