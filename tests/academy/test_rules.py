"""House rules speak about those who take the medicine, and say how old they are."""

from datetime import datetime

import polars as pl
import pytest

from nof1.academy.rules import CURRENT, OLD, medicines
from nof1.record.events import SCHEMA

AT = datetime(2021, 5, 1)
CLOPIDOGREL, TICAGRELOR = "RxNorm//32968", "RxNorm//1116632"
SLOW = "GENE//CYP2C19//Poor Metabolizer"
OMEPRAZOLE, PANTOPRAZOLE = "RxNorm//7646", "RxNorm//40790"


def _events(*codes):
    rows = [{"subject_id": 1, "time": AT, "code": code} for code in codes]
    return pl.DataFrame(rows, schema=SCHEMA)


def test_a_medicine_that_ended_is_not_taken():
    assert set(medicines(_events(CLOPIDOGREL, OMEPRAZOLE, f"END//{CLOPIDOGREL}"))) == {OMEPRAZOLE}
    assert set(medicines(_events(CLOPIDOGREL, f"END//{CLOPIDOGREL}", CLOPIDOGREL))) == {CLOPIDOGREL}


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        ((CLOPIDOGREL,), set()),
        ((CLOPIDOGREL, PANTOPRAZOLE), {"PPI-1", "PPI-3"}),
        ((CLOPIDOGREL, PANTOPRAZOLE, OMEPRAZOLE), {"PPI-2"}),
        ((TICAGRELOR, PANTOPRAZOLE), {"TIC-1", "TIC-2"}),
        ((CLOPIDOGREL, SLOW), {"CYP-2"}),
        ((TICAGRELOR, SLOW), {"TIC-1", "TIC-2"}),
    ],
)
def test_whom_a_rule_is_about(codes, names):
    assert {rule.name for rule in (*OLD, *CURRENT) if rule.applies(_events(*codes))} == names


def test_old_rules_have_run_out_and_current_ones_have_not():
    assert not any(rule.valid(AT) for rule in OLD)
    assert all(rule.valid(AT) for rule in CURRENT)
    assert all(rule.reviewed < rule.until for rule in (*OLD, *CURRENT))


def test_a_rule_is_a_reason_with_its_orders():
    events = _events(CLOPIDOGREL, PANTOPRAZOLE)
    rule = next(one for one in OLD if one.name == "PPI-1")
    reason = rule.reason(events)
    assert reason.contribution == rule.log_odds > 0
    assert [event.code for event in reason.events] == [CLOPIDOGREL, PANTOPRAZOLE]
    assert str(rule.until.year) not in reason.text  # how old it is, only the check tells
