"""Requests: what is ordered, and what is prefetched under which key."""

from datetime import datetime

from bench.orders.request import body, draft, prefetch
from bench.orders.tables import Order, cases

AT = datetime(2026, 3, 1, 12)
CASE = next(one for one in cases() if one.category == "interactions_label" and one.current)


def resource(kind, **more):
    return {"resourceType": kind} | more


def lab(code):
    return resource("Observation", id=code, category=[{"coding": [{"code": code}]}])


def test_the_same_case_gives_the_same_request():
    made = body(CASE, AT)
    assert made == body(CASE, AT)
    assert made["hook"] == "order-sign"
    drafts = made["context"]["draftOrders"]["entry"]
    assert [one["resource"]["status"] for one in drafts] == ["draft"] * len(CASE.orders)
    taken = made["prefetch"]["medications"]["entry"]
    assert len(taken) == len(CASE.current)


def test_resources_go_to_the_search_that_finds_them():
    everything = [resource("Patient"), lab("laboratory"), lab("vital-signs")]
    found = prefetch(
        everything,
        {
            "me": "Patient/{{context.patientId}}",
            "labs": "Observation?patient=x&category=laboratory",
            "all": "Observation?patient=x",
            "none": "Encounter?patient=x",
        },
    )
    assert found["me"] == {"resourceType": "Patient"}
    assert [one["resource"]["id"] for one in found["labs"]["entry"]] == ["laboratory"]
    assert found["all"]["total"] == 2
    assert found["none"] == {"resourceType": "Bundle", "type": "searchset", "total": 0}


def test_doses_and_times():
    daily = draft(Order("metformin", 500.0, "mg", 2.0), 1, AT)["dosageInstruction"][0]
    assert daily["doseAndRate"][0]["doseQuantity"]["value"] == 500.0
    assert daily["timing"]["repeat"] == {"frequency": 2, "period": 1, "periodUnit": "d"}
    weekly = draft(Order("methotrexate", 15.0, "mg", 1 / 7), 1, AT)["dosageInstruction"][0]
    assert weekly["timing"]["repeat"]["periodUnit"] == "wk"
    assert "dosageInstruction" not in draft(Order("metformin"), 1, AT)
