"""The forecast of alerts: counted as they would be shown, from requests or the record's orders."""

from datetime import datetime

import polars as pl
import pytest

from governance_samples import BY, PAIR, entry
from nof1.advice.governance.burden import Asked, forecast, of_ledger, of_record
from nof1.advice.governance.state import NOTHING, State, Switch
from nof1.core.workspace import create
from nof1.knowledge.base import SHIPPED
from nof1.record.ingest import ingest
from nof1.record.store import Record

RULE = "renal/avoid"


def one(cards=(), orders=2, patient="p", person="Practitioner/1", day="2024-05-01"):
    return Asked(orders, tuple(cards), patient, person, day)


def test_only_the_cards_of_the_rule_count():
    found = [one([(RULE, 2), (PAIR, 1)]), one(), one([(RULE, 2)], patient="q")]
    made = forecast(found, RULE, "x", {})
    assert (made.orders, made.patients) == (6, 2)
    assert {tier: rate.count for tier, rate in made.tiers.items()} == {1: 0, 2: 2, 3: 0}
    assert made.tiers[2].value == pytest.approx(100 * 2 / 6)
    assert (made.requests.count, made.requests.of) == (2, 3)


def test_all_rules_count_without_a_rule_but_not_the_card_of_coverage():
    made = forecast([one([(RULE, 2), (PAIR, 1), ("coverage", 3)])], "", "x", {})
    assert {tier: rate.count for tier, rate in made.tiers.items()} == {1: 1, 2: 1, 3: 0}
    assert made.to_dict()["rule"] == "all"


def test_interruptions_are_per_clinician_and_day():
    found = [
        one([(PAIR, 1)]),
        one([(PAIR, 1)]),
        one(day="2024-05-02"),
        one(person="Practitioner/2"),
        one([(PAIR, 1)], person=None),
    ]
    made = forecast(found, PAIR, "x", {}).clinician_days
    assert (made.count, made.of) == (2, 3)
    assert forecast([one(person=None)], PAIR, "x", {}).clinician_days is None


def test_no_alert_in_few_orders_is_no_proof_of_none():
    made = forecast([one() for _ in range(5)], PAIR, "x", {})
    assert made.tiers[1].high > 30


def test_past_requests_are_asked_again_newest_first_until_enough():
    entries = [entry(), entry(hook="patient-view"), entry(status=400), entry(), entry(), entry()]
    asked = []

    def again(seq):
        asked.append(seq)
        return None if len(asked) == 1 else ([(PAIR, 1)], 3)

    found, left = of_ledger(entries, again, most=2)
    assert [one.orders for one in found] == [3, 3]
    assert left == {"the request is gone, or gives no answer now": 1}
    assert asked == [entries[0].seq, entries[3].seq, entries[4].seq]


def test_a_model_is_forecast_from_views():
    entries = [entry(), entry(hook="patient-view")]
    found, _ = of_ledger(entries, lambda seq: ([], 1), most=9, views=True)
    assert len(found) == 1


# the record's own orders --------------------------------------------------------------------------


@pytest.fixture
def record(tmp_path):
    """Ten patients; each is ordered simvastatin and, on the same last day, clarithromycin."""
    workspace = create(tmp_path / "ws", shards=1)
    rows = []
    for number in range(10):
        rows += [
            (number, "MEDS_BIRTH", datetime(1950, 1, 1)),
            (number, "RxNorm//36567", datetime(2024, 1, 1 + number, 8)),
            (number, "RxNorm//21212", datetime(2024, 1, 1 + number, 9)),
            (number, "RxNorm//723", datetime(2023, 1, 1, 9)),
        ]
    schema = {"subject_id": pl.Int64, "code": pl.String, "time": pl.Datetime("us")}
    frame = pl.DataFrame(rows, schema=schema, orient="row").sort("subject_id", "time")
    folder = tmp_path / "meds" / "data"
    folder.mkdir(parents=True)
    frame.with_columns(numeric_value=pl.lit(None, pl.Float32)).write_parquet(folder / "0.parquet")
    ingest(workspace.record, [tmp_path / "meds"], site="here", settings={"shards": 1})
    return Record(workspace.record)


def taken(record, state=NOTHING, days=30, most=100):
    given = {"days": days, "most": most, "synthetic": False}
    return of_record(record, {}, SHIPPED, state, **given)


def test_a_days_orders_of_a_patient_are_one_request(record):
    found, left = taken(record)
    assert len(found) == 10
    assert {one.orders for one in found} == {2}
    assert all((PAIR, 1) in one.cards for one in found)
    assert left == {}


def test_only_the_last_days_count(record):
    assert len(taken(record, days=3)[0]) == 3


def test_of_many_a_sample_is_drawn_and_told(record):
    found, left = taken(record, most=4)
    assert len(found) == 4
    assert left == {"not drawn into the sample": 6}
    assert taken(record, most=4)[0] == found


def test_a_rule_that_is_off_brings_no_alert_and_one_switched_on_does(record):
    state = State("v", switches={PAIR: Switch("off", BY, "2024-01-01")})
    assert not any((PAIR, 1) in one.cards for one in taken(record, state)[0])
    assert all((PAIR, 1) in one.cards for one in taken(record, state.with_on(PAIR))[0])
