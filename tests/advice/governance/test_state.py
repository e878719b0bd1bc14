"""The state follows from the decisions, also any past one, and from nothing else."""

import json
from datetime import datetime

import pytest

from governance_samples import BY, MODEL, PAIR, decide
from nof1.advice.governance import decisions
from nof1.advice.governance.state import NOTHING, UNTRUSTED, Governance, Verdict, after
from nof1.core.workspace import create


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "ws")


def test_nothing_decided_is_all_on_without_a_version(workspace):
    state = Governance(workspace).state()
    assert state == NOTHING
    assert state.plain
    assert state.version == ""
    assert state.of(PAIR) == "on"


def test_the_last_switch_counts(workspace):
    for value in ("shadow", "off"):
        decide(workspace, "switch", PAIR, value)
    state = Governance(workspace).state()
    assert state.of(PAIR) == "off"
    assert (state.switches[PAIR].by, state.switches[PAIR].day) == (BY, "2024-04-01")
    assert not state.plain
    decide(workspace, "switch", PAIR, "on")
    assert Governance(workspace).state().plain


def test_a_running_service_sees_a_new_decision(workspace):
    kept = Governance(workspace)
    before = kept.state()
    made = decide(workspace, "switch", PAIR, "off")
    assert before == NOTHING
    assert kept.state().of(PAIR) == "off"
    assert kept.state().version == made.hash


def test_the_file_is_not_read_again_while_it_stays_the_same(workspace, monkeypatch):
    decide(workspace, "switch", PAIR, "off")
    kept = Governance(workspace)
    first = kept.state()
    monkeypatch.setattr(decisions, "read", None)
    assert kept.state() is first


def test_any_past_state_can_be_asked_for(workspace):
    made = [decide(workspace, "switch", PAIR, value) for value in ("shadow", "off", "on")]
    kept = Governance(workspace)
    assert [kept.as_of(one.hash).of(PAIR) for one in made] == ["shadow", "off", "on"]
    assert kept.as_of("") == NOTHING
    assert kept.as_of("0" * 64) is None


def test_a_verdict_and_a_tier_are_part_of_the_state(workspace):
    decide(workspace, "tier", "interactions/tier-2", "3")
    decide(
        workspace, "drift", MODEL, "drifted", details={"reason": "age moved", "content_hash": "h"}
    )
    state = Governance(workspace).state()
    assert state.tiers["interactions/tier-2"].value == "3"
    assert state.drift[MODEL.partition("/")[2]] == Verdict(
        "drifted", "2024-04-01", "h", "age moved"
    )


@pytest.mark.parametrize("harm", ["changed", "rolled back", "deleted", "invented"])
def test_a_file_that_the_log_does_not_know_is_not_followed(workspace, harm):
    file = decisions.path(workspace)
    if harm == "invented":
        other = create(workspace.root.parent / "other")
        decide(other, "switch", PAIR, "off")
        file.parent.mkdir()
        file.write_bytes(decisions.path(other).read_bytes())
    else:
        decide(workspace, "switch", PAIR, "off")
        old = file.read_bytes()
        decide(workspace, "switch", "renal/avoid", "off")
    if harm == "changed":
        data = json.loads(file.read_text())
        data["decisions"][1]["why"] = "another reason"
        file.write_text(json.dumps(data))
    elif harm == "rolled back":
        file.write_bytes(old)
    elif harm == "deleted":
        file.unlink()
    state = Governance(workspace).state()
    assert state.fault == UNTRUSTED
    assert state.of(PAIR) == "on"
    assert state.version.startswith("untrusted-")
    assert Governance(workspace).decisions() == ()


def test_a_forecast_leaves_the_rest_as_it_is(workspace):
    for rule in (PAIR, "renal/avoid"):
        decide(workspace, "switch", rule, "off")
    state = after(decisions.read(decisions.path(workspace)))
    assert state.with_on(PAIR).of(PAIR) == "on"
    assert state.with_on(PAIR).of("renal/avoid") == "off"


@pytest.mark.parametrize(("day", "fresh"), [("2024-01-31", True), ("2024-01-30", False)])
def test_a_verdict_is_good_for_90_days(day, fresh):
    found = Verdict("steady", day, "h", "")
    assert found.fresh(datetime(2024, 4, 30, 23)) is fresh
    assert found.age(datetime(2024, 4, 30)) == (90 if fresh else 91)
