"""All rules by name; what may be switched, and what asks for more."""

import pytest

from governance_samples import BY, PAIR, WHY, decide
from nof1.advice.governance import decisions, registry
from nof1.advice.governance.state import Governance
from nof1.advice.orders.tiers import rules
from nof1.core.artefacts import save
from nof1.core.errors import UsageError
from nof1.core.workspace import create


@pytest.fixture
def workspace(tmp_path):
    made = create(tmp_path / "ws")
    save(made.models, "a-model", {"model.json": b"{}"})
    return made


def switch(workspace, name, value, **more):
    rule = registry.find(workspace, name)
    return registry.switch(workspace, rule, value, by=BY, why=WHY, **more)


def test_every_row_of_the_tiers_has_its_own_name():
    names = [one.id for one in registry.all_rules()]
    assert len(names) == len(set(names)) == len(rules())
    assert all(decisions.SUBJECT.fullmatch(name) for name in names)


@pytest.mark.parametrize(
    "name", ["interactions/tier 1", "interactions/tier-1", " Interactions/Tier 1 "]
)
def test_a_rule_is_found_as_it_stands_in_the_table_and_by_its_id(workspace, name):
    assert registry.find(workspace, name).id == PAIR


@pytest.mark.parametrize("name", ["a-model", "models/a-model"])
def test_a_model_is_found(workspace, name):
    found = registry.find(workspace, name)
    assert (found.id, found.tier) == ("models/a-model", None)


def test_a_treatment_effect_is_a_model_that_can_be_switched_off(workspace):
    save(workspace.effects, "a-or-b", {"effect_model.json": b"{}"})
    assert registry.find(workspace, "a-or-b").id == "models/a-or-b"
    assert registry.folder(workspace, "a-or-b") == workspace.effects
    assert registry.folder(workspace, "a-model") == workspace.models
    switch(workspace, "a-or-b", "off")
    assert Governance(workspace).state().of("models/a-or-b") == "off"


def test_an_unknown_name_gets_names_like_it(workspace):
    with pytest.raises(UsageError) as caught:
        registry.find(workspace, "interaction/tier")
    assert PAIR in caught.value.allowed


@pytest.mark.parametrize("value", ["shadow", "off"])
def test_an_interrupting_rule_asks_for_confirmation(workspace, value):
    with pytest.raises(UsageError, match="interrupts") as caught:
        switch(workspace, PAIR, value)
    assert "--confirm" in caught.value.next_step
    assert Governance(workspace).state().plain
    switch(workspace, PAIR, value, confirmed=True)
    assert Governance(workspace).state().of(PAIR) == value


def test_on_asks_for_nothing_more(workspace):
    decide(workspace, "switch", PAIR, "off")
    switch(workspace, PAIR, "on")
    assert Governance(workspace).state().plain


@pytest.mark.parametrize("value", ["shadow", "off"])
def test_what_says_that_nothing_was_checked_cannot_be_silenced(workspace, value):
    for name in ("medicine/unknown", "medicine/failed", "medicine/two names"):
        with pytest.raises(UsageError, match="cannot be silenced"):
            switch(workspace, name, value, confirmed=True)


def test_there_are_three_states(workspace):
    with pytest.raises(UsageError, match="three states"):
        switch(workspace, "renal/avoid", "quiet")


def test_a_tier_by_decision_goes_before_that_of_the_table(workspace):
    decide(workspace, "tier", "interactions/tier-2", "3")
    rule = registry.find(workspace, "interactions/tier 2")
    assert (rule.tier, rule.tier_now(Governance(workspace).state())) == (2, 3)
