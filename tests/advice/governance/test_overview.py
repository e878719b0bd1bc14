"""The overview puts rules, models, cards and proposals together."""

import json
from datetime import datetime

import pytest

from governance_samples import BY, PAIR, decide, history, shown
from nof1.advice.governance import decisions, source_attributes
from nof1.advice.governance.acceptance import of_entries
from nof1.advice.governance.drift import look
from nof1.advice.governance.overview import overview
from nof1.advice.orders.tiers import rules
from nof1.core.artefacts import save
from nof1.core.errors import UsageError
from nof1.core.workspace import create

AT = datetime(2024, 5, 1)


@pytest.fixture
def workspace(tmp_path):
    made = create(tmp_path / "ws")
    save(made.models, "a-model", {"model.json": b"{}"})
    return made


def row(made, name):
    (found,) = [one for one in (*made.rules, *made.models) if one.rule.id == name]
    return found


def test_without_anything_all_rules_are_on_and_nothing_is_known(workspace):
    made = overview(workspace, AT)
    assert len(made.rules) == len(rules())
    assert {one.value for one in made.rules} == {"on"}
    assert all(one.acceptance is None for one in made.rules)
    assert not made.has_ledger
    assert "was not checked" in row(made, "models/a-model").drift


def test_effects_stand_among_the_models_and_their_drift_was_not_looked_at(workspace):
    save(workspace.effects, "a-or-b", {"effect_model.json": b"{}"})
    decide(workspace, "switch", "models/a-or-b", "shadow")
    found = row(overview(workspace, AT), "models/a-or-b")
    assert (found.value, found.paused) == ("shadow", False)
    assert "was not checked" in found.drift
    assert look(workspace, "a-or-b").state == "not_checked"
    with pytest.raises(UsageError, match="effect"):
        source_attributes.of(workspace, "a-or-b")


def test_states_figures_and_proposals(workspace):
    decide(workspace, "switch", PAIR, "shadow")
    entries = [*history("interactions/tier-2", 0, 80), shown(PAIR, "u", 1, part="shadow")]
    made = overview(workspace, AT, of_entries(entries))
    assert (row(made, PAIR).value, row(made, PAIR).by, row(made, PAIR).unseen) == ("shadow", BY, 1)
    assert row(made, "interactions/tier-2").acceptance.overridden == 80
    assert [one.id for one in made.proposals] == ["demote/interactions/tier-2"]
    assert made.decisions == 1
    json.dumps(made.to_dict(), allow_nan=False)


def test_a_model_that_drifted_is_paused(workspace):
    from nof1.core.artefacts import load

    told = {"reason": "age drifted", "content_hash": load(workspace.models, "a-model").content_hash}
    decide(workspace, "drift", "models/a-model", "drifted", details=told)
    found = row(overview(workspace, AT), "models/a-model")
    assert found.paused
    assert "age drifted" in found.drift


def test_a_newer_version_is_not_paused(workspace):
    told = {"reason": "age drifted", "content_hash": "0" * 64}
    decide(workspace, "drift", "models/a-model", "drifted", details=told)
    found = row(overview(workspace, AT), "models/a-model")
    assert not found.paused
    assert "another version" in found.drift


def test_a_file_that_is_not_followed_is_told(workspace):
    decide(workspace, "switch", PAIR, "off")
    decisions.path(workspace).unlink()
    made = overview(workspace, AT)
    assert made.fault
    assert row(made, PAIR).value == "on"
    assert row(made, "models/a-model").paused
