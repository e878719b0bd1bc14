"""Shown, unseen, off: nothing is silent, and each answer can be built again."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from governance_samples import BY, MODEL, PAIR, decide
from hook_samples import AT, Kept, asked, cards, draft, raw, service, sign, told, unchecked
from nof1.advice.governance import decisions, split
from nof1.advice.governance.state import NOTHING, State, Switch, Verdict
from nof1.advice.hooks.replaying import asker
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.replay import replay
from nof1.advice.ledger.store import open_ledger
from nof1.core.finding import Basis, Coding, Finding, Interval, Kind, Status, Subject, Value

SIGN = "nof1-order-sign"
BOTH = sign("simvastatin", "clarithromycin")
HASH, DAY = "a" * 64, "2024-04-01"


def rules(reply):
    return [one["extension"]["org.nof1.card"].get("rule") for one in cards(reply)]


def quiet(reply):
    """The card that says what was not checked."""
    return cards(reply)[-1]


@pytest.fixture
def kept(tmp_path):
    keeper = Kept()
    return service(tmp_path, keeper), keeper


def test_each_card_of_an_alert_names_its_rule(kept):
    asked_of, keeper = kept
    reply = asked_of.call(SIGN, BOTH)
    assert PAIR in rules(reply)
    assert PAIR in [one.rule for one in keeper.all[0].cards]
    assert all(" " not in one.rule for one in keeper.all[0].cards)


def test_without_any_decision_nothing_is_added(kept):
    asked_of, keeper = kept
    asked_of.call(SIGN, BOTH)
    assert "governance" not in keeper.all[0].versions
    assert keeper.all[0].shadow == ()
    assert "warnings" not in told(asked_of.call(SIGN, BOTH))


def test_a_rule_in_shadow_is_kept_and_not_shown(kept):
    asked_of, keeper = kept
    before = asked_of.call(SIGN, BOTH)
    critical = cards(before)[0]
    decide(asked_of.room.workspace, "switch", PAIR, "shadow")
    reply = asked_of.call(SIGN, BOTH)
    assert PAIR not in rules(reply)
    assert critical["summary"] not in reply.body.decode()
    entry = keeper.all[-1]
    assert [(one.rule, one.tier) for one in entry.shadow] == [(PAIR, 1)]
    assert entry.shadow[0].uuid == critical["uuid"]
    assert PAIR not in [one.rule for one in entry.cards]
    reasons = [one["reason"] for one in told(reply)["notChecked"] if PAIR in one["subject"]]
    assert reasons == [f"running in shadow: not shown (set by {BY} on {DAY})"]


def test_a_rule_that_is_off_is_neither_shown_nor_kept_and_each_answer_says_so(kept):
    asked_of, keeper = kept
    decide(asked_of.room.workspace, "switch", PAIR, "off")
    reply = asked_of.call(SIGN, BOTH)
    assert PAIR not in rules(reply)
    assert keeper.all[-1].shadow == ()
    (line,) = [one for one in told(reply)["notChecked"] if PAIR in one["subject"]]
    assert line["reason"] == f"switched off by {BY} on {DAY}: not checked"
    harmless = asked_of.call(SIGN, sign("amoxicillin"))
    assert ("interactions", f"rule {PAIR}") in unchecked(harmless)


@pytest.mark.parametrize(("value", "word"), [("off", "SWITCHED OFF"), ("shadow", "UNSEEN")])
def test_an_interrupting_rule_that_is_taken_away_is_a_loud_warning(kept, value, word):
    asked_of, _ = kept
    decide(asked_of.room.workspace, "switch", PAIR, value)
    reply = asked_of.call(SIGN, sign("amoxicillin"))
    assert quiet(reply)["indicator"] == "warning"
    assert word in quiet(reply)["summary"]
    assert PAIR in quiet(reply)["summary"]
    assert len(quiet(reply)["summary"]) < 140
    assert told(reply)["warnings"]


def test_another_rule_that_is_off_is_a_quiet_line(kept):
    asked_of, _ = kept
    decide(asked_of.room.workspace, "switch", "renal/avoid", "off")
    reply = asked_of.call(SIGN, BOTH)
    assert quiet(reply)["indicator"] == "info"
    assert ("renal", "rule renal/avoid") in unchecked(reply)
    assert PAIR in rules(reply)


def test_decisions_come_first_among_what_was_not_checked(kept):
    asked_of, _ = kept
    decide(asked_of.room.workspace, "switch", "renal/avoid", "off")
    assert "renal/avoid" in quiet(asked_of.call(SIGN, BOTH))["detail"].splitlines()[0]


def test_a_changed_tier_is_followed_and_said(kept):
    asked_of, keeper = kept
    second = "interactions/tier-2"
    decide(asked_of.room.workspace, "tier", second, "3")
    reply = asked_of.call(SIGN, sign("warfarin", "ibuprofen"))
    found = [one for one in cards(reply) if one["extension"]["org.nof1.card"].get("rule") == second]
    assert {one["indicator"] for one in found} == {"info"}
    assert f"Tier 2 by the table; 3 by decision of {BY}, {DAY}" in found[0]["detail"]
    assert (second, 3) in [(one.rule, one.tier) for one in keeper.all[-1].cards]


def test_a_rule_that_interrupts_is_made_quieter_by_no_decision(kept):
    asked_of, _ = kept
    decide(asked_of.room.workspace, "tier", PAIR, "3")
    first = cards(asked_of.call(SIGN, BOTH))[0]
    assert (first["extension"]["org.nof1.card"]["rule"], first["indicator"]) == (PAIR, "critical")


def test_a_file_that_is_not_followed_turns_all_rules_on_and_is_loud(kept):
    asked_of, keeper = kept
    workspace = asked_of.room.workspace
    decide(workspace, "switch", PAIR, "off")
    decisions.path(workspace).unlink()
    reply = asked_of.call(SIGN, BOTH)
    assert PAIR in rules(reply)
    assert quiet(reply)["indicator"] == "warning"
    assert "governance file is not the one" in quiet(reply)["summary"]
    assert keeper.all[-1].versions["governance"].startswith("untrusted-")


def test_only_selected_orders_count_in_shadow_at_selection(tmp_path):
    keeper = Kept()
    asked_of = service(tmp_path, keeper)
    decide(asked_of.room.workspace, "switch", "allergies/same-ingredient", "shadow")
    drafts = [draft("amoxicillin"), draft("simvastatin")]
    request = asked("order-select", drafts)
    request["context"]["selections"] = ["MedicationRequest/mr-simvastatin"]
    asked_of.call("nof1-order-select", raw(request))
    assert [one.rule for one in keeper.all[-1].shadow] == ["allergies/same-ingredient"]


def test_past_answers_are_built_again_under_the_decisions_of_then(tmp_path):
    workspace = service(tmp_path).room.workspace
    with open_ledger(workspace.audit) as ledger:
        asked_of = replace(service_of(workspace), keeper=ledger)
        for value in (None, "shadow", "off", "on"):
            if value:
                decide(workspace, "switch", PAIR, value)
            asked_of.call(SIGN, BOTH)
        entries = list(ledger.entries())
        states = [one.versions.get("governance") for one in entries]
        assert states[0] is None
        assert len(set(states)) == 4
        assert [PAIR in [c["rule"] for c in one.details["cards"]] for one in entries] == [
            True, False, False, True,
        ]  # fmt: skip
        assert [len(one.details.get("shadow", ())) for one in entries] == [0, 1, 0, 0]
        answer = asker(workspace)
        assert [replay(ledger, one, answer).state for one in entries] == ["same"] * 4
        assert ledger.verify().problems == ()
        decisions.path(workspace).unlink()
        again = [replay(ledger, one, asker(workspace)) for one in entries]
    assert [one.state for one in again] == ["same"] + ["not_comparable"] * 3
    assert all("governance" in one.reason for one in again[1:])


def service_of(workspace):
    from nof1.advice.hooks.room import Room

    return Service(Room(workspace), None, lambda: AT)


# models -------------------------------------------------------------------------------------------


def risk(**more):
    """A risk of our model."""
    basis = Basis(
        kind="model", id=MODEL.partition("/")[2], version="1", content_hash=HASH,
        knowledge_date="2023-01-01", validated_in="nowhere",
    )  # fmt: skip
    value = Value(amount=0.1, unit="1", interval=Interval(low=0.05, high=0.2, level=0.9))
    given = {
        "subject": Subject(id="p"),
        "as_of": datetime(2024, 5, 1, tzinfo=UTC),
        "kind": Kind.RISK,
        "what": Coding(code="TASK//x", display="A risk"),
        "status": Status.FOUND,
        "basis": basis,
        "value": value,
    }
    return Finding(**given | more)


def governed(state, finding=None):
    made = split.split_findings(state, [finding or risk()], AT)
    (one,) = made.findings
    return one, made.shadow


def test_a_model_never_looked_at_speaks_and_says_so():
    found, shadow = governed(NOTHING)
    assert found.status is Status.FOUND
    assert found.notes == (split.NEVER,)
    assert shadow == ()


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict("steady", "2024-04-01", HASH, ""), "had not drifted"),
        (Verdict("steady", "2024-01-01", HASH, ""), "not checked: the last look was on 2024-01-01"),
        (Verdict("steady", "2024-04-01", "b" * 64, ""), "at another version"),
        (Verdict("drifted", "2024-04-01", "b" * 64, ""), "at another version"),
        (Verdict("not_checked", "2024-04-01", HASH, "only 3 rows"), "only 3 rows"),
    ],
)
def test_what_is_known_of_drift_stands_on_the_card(verdict, words):
    state = State("v", drift={MODEL.partition("/")[2]: verdict})
    found, _ = governed(state)
    assert found.status is Status.FOUND
    assert words in found.notes[-1]


@pytest.mark.parametrize("day", ["2024-04-01", "2020-01-01"])
def test_a_model_that_drifted_is_paused_however_old_the_verdict(day):
    verdict = Verdict("drifted", day, HASH, "Age in years drifted since 2023-01-02")
    found, _ = governed(State("v", drift={MODEL.partition("/")[2]: verdict}))
    assert found.status is Status.WITHHELD
    assert found.reason == "model paused: Age in years drifted since 2023-01-02"
    assert found.value is None
    assert found.resolve


def test_a_model_in_shadow_is_withheld_and_its_answer_kept():
    state = State("v", switches={MODEL: Switch("shadow", BY, DAY)})
    found, shadow = governed(state)
    assert found.status is Status.WITHHELD
    assert "running in shadow" in found.reason
    assert shadow == (risk(),)


def test_a_model_that_is_off_is_withheld():
    found, shadow = governed(State("v", switches={MODEL: Switch("off", BY, DAY)}))
    assert found.status is Status.WITHHELD
    assert found.reason == f"switched off by {BY} on {DAY}: not checked"
    assert shadow == ()


def test_models_are_silent_when_the_file_is_not_followed():
    found, _ = governed(State("v", fault="the file was changed"))
    assert found.status is Status.WITHHELD


def test_rules_of_genes_are_not_touched_by_models_decisions():
    basis = Basis(
        kind="rule", id="genome", version="1", content_hash=HASH,
        knowledge_date="2023-01-01", validated_in="nowhere",
    )  # fmt: skip
    rule = risk(kind=Kind.MEDICATION, basis=basis, value=None, reason="a reason")
    assert governed(State("v", fault="x"), rule)[0] == rule


def test_a_model_that_said_nothing_is_named_in_the_statement():
    state = State("v", switches={MODEL: Switch("off", BY, DAY), PAIR: Switch("off", BY, DAY)})
    assert [one.subject for one in split.statement(state, models=True)] == [f"model {MODEL}"]
    assert split.statement(state, models=True, told=[MODEL]) == ()
    assert [one.subject for one in split.statement(state, models=False)] == [f"rule {PAIR}"]


def test_the_answer_of_a_view_names_a_model_that_is_off(kept):
    asked_of, _ = kept
    decide(asked_of.room.workspace, "switch", MODEL, "off")
    reply = asked_of.call("nof1-patient-view", raw(asked("patient-view")))
    assert ("models", f"model {MODEL}") in unchecked(reply)
    assert json.loads(reply.body)["cards"][-1]["indicator"] == "info"


def test_a_view_warns_of_interrupting_rules_too(kept):
    asked_of, _ = kept
    decide(asked_of.room.workspace, "switch", PAIR, "off")
    reply = asked_of.call("nof1-patient-view", raw(asked("patient-view")))
    assert cards(reply)[-1]["indicator"] == "warning"
    assert PAIR in told(reply)["warnings"][0]
