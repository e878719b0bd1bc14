"""Past requests asked again: what a rule in shadow or off would have brought."""

import pytest

from governance_samples import MODEL, PAIR, decide
from hook_samples import asked, draft, raw, service, sign
from nof1.advice.governance.asking import burden
from nof1.advice.governance.registry import Ruled, find
from nof1.advice.ledger.store import open_ledger
from nof1.core.errors import UsageError

GIVEN = {"days": 30, "most": 50}


@pytest.fixture
def past(tmp_path):
    """A ledger of two requests to sign, one of them harmless, with the pair's rule off."""
    from dataclasses import replace

    asked_of = service(tmp_path)
    workspace = asked_of.room.workspace
    decide(workspace, "switch", PAIR, "off")
    with open_ledger(workspace.audit) as ledger:
        kept = replace(asked_of, keeper=ledger)
        kept.call("nof1-order-sign", sign("simvastatin", "clarithromycin"))
        kept.call("nof1-order-sign", sign("lisinopril"))
        kept.call("nof1-order-sign", b"{}")
        kept.call("nof1-order-select", raw(asked("order-select", [draft("lisinopril")])))
        yield workspace, ledger


def test_a_rule_that_is_off_is_forecast_as_if_it_were_on(past):
    workspace, ledger = past
    made = burden(workspace, find(workspace, PAIR), ledger, **GIVEN)
    assert (made.orders, made.tiers[1].count) == (3, 1)
    assert (made.requests.count, made.requests.of) == (1, 2)
    assert made.source == "the ledger's past requests"


def test_all_rules_together_are_counted_as_they_are_set(past):
    workspace, ledger = past
    before = burden(workspace, None, ledger, **GIVEN)
    decide(workspace, "switch", PAIR, "on")
    after = burden(workspace, None, ledger, **GIVEN)
    assert after.tiers[1].count == before.tiers[1].count + 1


def test_forgotten_requests_are_left_out_and_counted(past):
    from datetime import UTC, datetime, timedelta

    workspace, ledger = past
    ledger.forget(datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(UsageError, match="neither a past request nor a record"):
        burden(workspace, find(workspace, PAIR), ledger, **GIVEN)


def test_a_model_needs_past_views(past):
    workspace, ledger = past
    with pytest.raises(UsageError, match="no view"):
        burden(workspace, Ruled(MODEL), ledger, **GIVEN)


def test_without_a_ledger_and_a_record_there_is_no_forecast(tmp_path):
    workspace = service(tmp_path).room.workspace
    with pytest.raises(UsageError, match="neither"):
        burden(workspace, None, None, **GIVEN)
