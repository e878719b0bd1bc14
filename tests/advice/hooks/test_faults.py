"""Faults of every kind, put in one at a time: each is refused, or seen in the answer.

Seen is: a refusal with an OperationOutcome; or, against the answer without the fault, a reason why
something was not checked that was not there before, or a louder card that was not there before.
"""

import json
from datetime import datetime
from functools import partial

import pytest

from fault_samples import (
    CANARY,
    DRUG,
    FEEDBACK,
    SELECT,
    SIGN,
    VIEW,
    dosed,
    filled,
    of_codes,
    of_feedback,
    of_form,
    of_prefetch,
    of_types,
    of_values,
    orders,
)
from hook_samples import (
    AT,
    INSTANCE,
    Kept,
    asked,
    cards,
    draft,
    raw,
    service,
    told,
    unchecked,
)
from nof1.advice.hooks import card as cards_of
from nof1.advice.hooks import coverage, discovery, prefetch, request
from nof1.advice.hooks import service as service_of
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.advice.orders import check, doses, drafts, families
from nof1.knowledge.base import DATA
from nof1.knowledge.drugs import drugs


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return service(tmp_path_factory.mktemp("desk"))


def statements(reply):
    """All (family, subject, reason) that an answer says of what was not checked."""
    return {(o["family"], o["subject"], o.get("reason")) for o in told(reply).get("notChecked", ())}


def loud(reply):
    return {one["summary"] for one in cards(reply) if one["indicator"] != "info"}


def seen(reply, healthy):
    """Whether a fault is seen in its answer."""
    body = json.loads(reply.body)
    assert CANARY not in reply.body.decode()
    if reply.status != 200:
        assert 400 <= reply.status < 600
        (issue,) = body["issue"]
        return body["resourceType"] == "OperationOutcome" and issue["severity"] == "error"
    return bool(statements(reply) - statements(healthy) or loud(reply) - loud(healthy))


def advice(reply):
    return [(one["indicator"], one["summary"]) for one in cards(reply)], statements(reply)


def silent(desk, faults, healthy):
    """Names of faults that nobody would notice; ``faults``: name -> (service, body)."""
    return [name for name, (s, b) in faults.items() if not seen(desk.call(s, b), healthy[s])]


def healthy(desk, drug=DRUG):
    """The answers without a fault."""
    select = raw(asked("order-select", [draft(drug)], prefetch=filled()))
    view = raw(asked("patient-view", prefetch=filled()))
    return {s: desk.call(s, b) for s, b in ((SIGN, orders(drug)), (SELECT, select), (VIEW, view))}


# an error inside ----------------------------------------------------------------------------------

BREAKS = (ValueError, KeyError, TypeError, RecursionError, ZeroDivisionError, MemoryError)


def broken(error, *_, **__):
    raise error(CANARY)


INSIDE = {
    "check": (check, "check"), "drafts": (drafts, "read"), "request": (request, "read"),
    "chart": (prefetch, "chart"),
    "narrowed": (coverage, "narrowed"), "card": (cards_of, "of_alert"),
    "statement": (cards_of, "of_coverage"), "suggestions": (service_of, "suggestions"),
    "expired": (Room, "expired"), "dose": (doses, "dose"),
}  # fmt: skip


def test_an_error_in_any_family_is_seen_and_hides_no_other(desk, monkeypatch):
    whole, count = healthy(desk)[SIGN], 0
    for name in families.FAMILIES:
        for error in BREAKS:
            with monkeypatch.context() as patch:
                patch.setitem(families.FAMILIES, name, partial(broken, error))
                reply = desk.call(SIGN, orders())
            assert reply.status == 200
            assert any(f == name and error.__name__ in r for f, _, r in statements(reply)), name
            assert seen(reply, whole)
            assert {f for f, _, _ in statements(reply)} >= {f for f, _, _ in statements(whole)}
            count += 1
    assert count == len(families.FAMILIES) * len(BREAKS) >= 60


def test_an_error_in_any_part_is_a_failure(desk, monkeypatch, caplog):
    pair = raw(asked("order-sign", [draft(DRUG), draft("clarithromycin")], prefetch=filled()))
    whole = desk.call(SIGN, pair)
    for name, (owner, attribute) in INSIDE.items():
        for error in BREAKS:
            with monkeypatch.context() as patch:
                patch.setattr(owner, attribute, partial(broken, error))
                assert seen(desk.call(SIGN, pair), whole), name
    assert CANARY not in caplog.text
    assert len(INSIDE) * len(BREAKS) >= 60


# facts that are damaged or old --------------------------------------------------------------------


def damages(text):
    lines = text.splitlines()
    return {
        "empty": "",
        "no header": "\n".join(lines[1:]),
        "cut": text[: len(text) // 3],
    }


def test_damaged_facts_are_seen(tmp_path):
    """Each table that an order rests on, damaged in the workspace: refused, or seen."""
    names = sorted(p.name for p in DATA.glob("*.tsv"))
    whole, count = healthy(service(tmp_path))[SIGN], 0
    for number, name in enumerate(names):
        for kind, text in damages((DATA / name).read_text(encoding="utf-8")).items():
            here = service(tmp_path / f"{number}{kind}")
            folder = here.room.workspace.root / "knowledge"
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
            reply = here.call(SIGN, orders())
            # A table that this order does not need changes nothing, and then nothing is hidden.
            assert seen(reply, whole) or advice(reply) == advice(whole), (name, kind)
            count += seen(reply, whole)
    assert count >= 20


def test_old_facts_are_told_at_every_moment(desk):
    whole = healthy(desk)[SIGN]
    for year in range(2031, 2061):
        moment = datetime(year, 1, 1)
        reply = desk.answer(SIGN, orders(), moment)
        assert told(reply)["expiredSources"]
        assert "past their date" in cards(reply)[-1]["detail"]
        assert seen(reply, whole)


# the ledger ---------------------------------------------------------------------------------------


def test_no_answer_without_a_record_of_it(desk):
    for error in (OSError, RuntimeError, TimeoutError, *BREAKS):

        class Full(Kept):
            def submit(self, what, error=error):
                raise error(CANARY)

        for keeper in (Full(), Kept(fail=True)):
            here = Service(desk.room, keeper, lambda: AT)
            for name, body in ((SIGN, orders()), (VIEW, raw(asked("patient-view")))):
                assert here.call(name, body).status == 500
            assert here.feedback(SIGN, FEEDBACK).status == 500


# doses and laboratory values ----------------------------------------------------------------------


def test_slips_of_the_unit_interrupt(desk):
    """Of each medicine with a largest dose: that dose with the next larger unit, and ten times."""
    missed, count = [], 0
    for name, row in doses.largest().items():
        for value, unit in ((row.largest_mg, "g"), (row.largest_mg * 1e6, "ug"),
                            (row.largest_mg * 10, "mg")):  # fmt: skip
            reply = desk.call(SIGN, raw(asked("order-sign", [dosed(name, value, unit)])))
            count += 1
            topics = [one["source"]["topic"]["code"] for one in cards(reply)
                      if one["indicator"] == "critical"]  # fmt: skip
            known = name in drugs()
            if known and "dose" not in topics:
                missed.append((name, unit))
    assert missed == []
    assert count > 500


@pytest.mark.parametrize(
    ("faults", "drug", "least"),
    [(of_prefetch, DRUG, 300), (of_values, "metformin", 20), (of_codes, DRUG, 40),
     (of_form, DRUG, 80), (of_types, DRUG, 80)],
)  # fmt: skip
def test_no_fault_of_a_request_is_silent(desk, faults, drug, least):
    found = faults()
    assert len(found) >= least
    assert silent(desk, found, healthy(desk, drug)) == []


def test_two_instructions_are_not_read_as_the_first(desk):
    one, two = (dosed("lisinopril", value, "mg")["dosageInstruction"] for value in (10, 1000))
    whole = desk.call(SIGN, raw(asked("order-sign", [draft("lisinopril", dosageInstruction=one)])))
    assert ("dose", "lisinopril") not in unchecked(whole)
    for both in (one + two, two + one, [one[0] | {
            "doseAndRate": one[0]["doseAndRate"] + two[0]["doseAndRate"]}]):  # fmt: skip
        order = draft("lisinopril", dosageInstruction=both)
        assert seen(desk.call(SIGN, raw(asked("order-sign", [order]))), whole)


def test_hooks_that_nobody_offers_and_instances_that_are_none(desk):
    for name in ("", "nof1", "nof1-order-review", "../nof1-order-sign", "nof1-order-sign/", CANARY):
        assert desk.call(name, orders()).status == 404
    for instance in ("x", "", "1234", INSTANCE + "0", "urn:uuid:zzz"):
        assert desk.call(SIGN, orders(hookInstance=instance)).status == 400
    for offer in OFFERS.values():
        wrong = "patient-view" if offer.hook != "patient-view" else "order-sign"
        assert desk.call(offer.id, raw(asked(wrong, [draft(DRUG)]))).status == 400
    assert discovery.VERSION


def test_no_fault_of_feedback_is_kept(desk):
    kept = Kept()
    here = Service(desk.room, kept, lambda: AT)
    assert len(of_feedback()) >= 35
    for name, body in of_feedback().items():
        reply = here.feedback(SIGN, raw(body))
        assert reply.status in (400, 413), name
        assert json.loads(reply.body)["resourceType"] == "OperationOutcome"
        assert CANARY not in reply.body.decode()
    assert kept.all == []
    assert here.feedback(SIGN, FEEDBACK).status == 200
