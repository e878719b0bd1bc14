"""Proposals need evidence, change nothing, and never silence a rule that interrupts."""

import pytest

from governance_samples import BY, PAIR, WHY, decide, history
from nof1.advice.governance.acceptance import of_entries
from nof1.advice.governance.decisions import path, read
from nof1.advice.governance.proposals import Bounds, propose
from nof1.advice.governance.proposals import decide as decided
from nof1.advice.governance.registry import all_rules
from nof1.advice.governance.state import NOTHING, Governance
from nof1.advice.orders.tiers import rules
from nof1.core.errors import UsageError
from nof1.core.workspace import create

RULE = "interactions/tier-2"


def offered(entries, state=NOTHING, made=(), **bounds):
    return propose(of_entries(entries).rules(), all_rules(), state, made, Bounds(**bounds))


def test_a_rule_that_is_nearly_always_overridden_is_proposed_for_tier_3():
    (one,) = offered(history(RULE, 1, 79, silent=30))
    assert one.id == f"demote/{RULE}"
    assert one.credible > 0.95
    assert (one.evidence.answered, one.evidence.shown, one.evidence.people) == (80, 110, 4)
    assert "1 of 80" in one.text()


@pytest.mark.parametrize(
    ("accepted", "overridden", "people", "why"),
    [
        (0, 49, 4, "too few answers"),
        (0, 80, 2, "too few people"),
        (8, 72, 4, "not credibly below"),
        (40, 40, 4, "accepted"),
    ],
)
def test_without_enough_evidence_nothing_is_proposed(accepted, overridden, people, why):
    assert offered(history(RULE, accepted, overridden, people=people)) == (), why


def test_silence_is_no_override():
    assert offered(history(RULE, 0, 0, silent=500)) == ()


def test_a_rule_that_interrupts_is_to_be_reviewed_and_never_silenced():
    (one,) = offered(history(PAIR, 0, 500, tier=1))
    assert one.kind == "review"
    assert "goes on interrupting" in one.text()


def test_no_rule_that_interrupts_is_ever_proposed_for_another_tier():
    for row in rules().values():
        entries = [*history(row.id, 0, 100, tier=row.tier), *history(row.id, 0, 100, tier=2)]
        for one in offered(entries):
            assert (one.kind == "demote") == (row.tier == 2), row.id


def test_rules_that_say_what_was_not_checked_are_not_proposed():
    assert offered(history("medicine/failed", 0, 200)) == ()


def test_models_and_unknown_rules_are_not_proposed():
    entries = [*history("models/x", 0, 200), *history("orders/old", 0, 200)]
    assert offered(entries) == ()


def test_cards_of_another_tier_do_not_count(tmp_path):
    workspace = create(tmp_path / "ws")
    decide(workspace, "tier", RULE, "3")
    state = Governance(workspace).state()
    assert offered(history(RULE, 0, 200, tier=2), state) == ()
    assert offered(history(RULE, 0, 200, tier=3), state) == ()


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "ws")


def answer(workspace, entries, name, accept):
    return decided(workspace, offered(entries), name, accept=accept, by=BY, why=WHY)


def test_an_accepted_demotion_takes_force_with_its_evidence(workspace):
    answer(workspace, history(RULE, 1, 79), f"demote/{RULE}", True)
    state = Governance(workspace).state()
    assert state.tiers[RULE].value == "3"
    (kept,) = read(path(workspace))
    assert kept.details["evidence"]["evidence"]["overridden"] == 79


def test_a_rejected_one_changes_nothing_and_comes_back_with_twice_the_answers(workspace):
    answer(workspace, history(RULE, 1, 79), f"demote/{RULE}", False)
    kept = Governance(workspace)
    assert kept.state().tiers == {}
    assert offered(history(RULE, 1, 79), kept.state(), kept.decisions()) == ()
    assert offered(history(RULE, 1, 158), kept.state(), kept.decisions()) == ()
    assert len(offered(history(RULE, 1, 159), kept.state(), kept.decisions())) == 1


def test_an_accepted_review_changes_no_tier(workspace):
    answer(workspace, history(PAIR, 0, 100, tier=1), f"review/{PAIR}", True)
    state = Governance(workspace).state()
    assert state.plain
    assert read(path(workspace))[0].value == "noted"


def test_what_is_not_proposed_cannot_be_decided(workspace):
    for name in (f"demote/{PAIR}", f"demote/{RULE}", "x"):
        with pytest.raises(UsageError, match="no such proposal"):
            answer(workspace, history(PAIR, 0, 100, tier=1), name, True)
    assert not path(workspace).exists()


def test_the_bounds_can_be_set():
    assert len(offered(history(RULE, 0, 20), answers=10, threshold=0.2)) == 1
