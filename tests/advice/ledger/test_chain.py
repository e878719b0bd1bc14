"""The chain against an obvious oracle: any change of any field of any entry is seen."""

import hashlib
import json
from datetime import datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy")

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.advice.ledger import chain
from nof1.advice.ledger.schema import COLUMNS

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {"k": KEY.public_key()}
NOW = "2026-05-01T08:30:00.000000+00:00"
FIELDS = {
    "kind": "exchange",
    "asked_at": NOW,
    "service": "s",
    "hook": "order-sign",
    "instance": None,
    "patient": "p",
    "person": None,
    "client": None,
    "status": 200,
    "request_hash": "a",
    "response_hash": "b",
    "versions": "{}",
    "details": '{"cards":[]}',
}


def chained(count):
    rows = list(chain.linked([FIELDS] * count, chain.START, 0, NOW))
    last = rows[-1]["hash"] if rows else chain.START
    return rows, chain.signed(KEY, "k", "ledger", count, last, NOW)


def test_the_hash_is_that_of_the_documented_text():
    (row,), _ = chained(1)
    body = {name: row[name] for name in COLUMNS if name != "hash"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    assert row["hash"] == hashlib.sha256(text.encode()).hexdigest()
    assert row["previous"] == "0" * 64


@pytest.mark.parametrize("count", [0, 1, 4])
def test_an_untouched_chain_holds(count):
    rows, head = chained(count)
    verdict = chain.judge(rows, head, KEYS)
    assert (verdict.intact, verdict.entries) == (True, count)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_change_of_one_field_is_seen(data):
    rows, head = chained(4)
    at = data.draw(st.integers(0, 3))
    name = data.draw(st.sampled_from(COLUMNS))
    value = data.draw(st.none() | st.integers(-3, 3) | st.text(max_size=5))
    changed = rows[at][name] != value
    rows[at] = {**rows[at], name: value}
    verdict = chain.judge(rows, head, KEYS)
    assert verdict.intact is not changed
    if changed:
        assert verdict.broken_seq in (at + 1, at + 2, None)


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(5)), st.integers(0, 5))
def test_any_order_but_the_true_one_and_any_cut_is_seen(order, keep):
    rows, head = chained(5)
    found = [rows[at] for at in order][:keep]
    assert chain.judge(found, head, KEYS).intact is (found == rows)


def test_a_rewritten_chain_needs_the_key():
    rows, head = chained(3)
    other = list(chain.linked([FIELDS | {"status": 500}] * 3, chain.START, 0, NOW))
    forged = chain.Head(**head.to_dict() | {"hash": other[-1]["hash"]})
    assert chain.judge(other, forged, KEYS).problems == ("The signature of the head does not fit.",)
    stranger = chain.signed(Ed25519PrivateKey.generate(), "x", "ledger", 3, other[-1]["hash"], NOW)
    assert chain.judge(other, stranger, KEYS).problems == (
        "The head is signed with a key that is not trusted here.",
    )
    assert chain.judge(rows, None, KEYS).problems == ("There is no head.",)


@pytest.mark.parametrize("field", ["ledger", "seq", "hash", "signed_at", "signature"])
def test_every_field_of_the_head_is_signed(field):
    _, head = chained(2)
    changed = 3 if field == "seq" else "00"
    assert chain.authentic(head, KEYS)
    assert not chain.authentic(chain.Head(**head.to_dict() | {field: changed}), KEYS)


def test_the_anchor_is_looked_for():
    rows, head = chained(3)
    for known in (rows[0]["hash"], rows[2]["hash"], chain.START):
        assert chain.judge(rows, head, KEYS, known).anchored is True
    lost = chain.judge(rows, head, KEYS, "f" * 64)
    assert (lost.anchored, lost.intact) == (False, False)
    assert chain.judge(rows, head, KEYS).anchored is None


def timed(*seconds):
    """A chain whose entries were written at these seconds after ``NOW``."""
    rows, previous = [], chain.START
    for number, second in enumerate(seconds):
        at = (datetime.fromisoformat(NOW) + timedelta(seconds=second)).isoformat(
            "T", "microseconds"
        )
        rows += chain.linked([FIELDS], previous, number, at)
        previous = rows[-1]["hash"]
    return rows, chain.signed(KEY, "k", "ledger", len(rows), previous, NOW)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([0, 0, 5, 5], ()),
        ([0, 5, 4.2, 6], ()),  # two servers whose clocks differ a little
        ([0, 7200, 3600, 3700], ("The clock was set back once by 3,600 s, before entry 3.",)),
        ([50, 10, 60, 0], ("The clock was set back 2 times, most by 60 s, before entry 4.",)),
    ],
)
def test_a_clock_that_was_set_back_is_told_and_breaks_nothing(seconds, told):
    rows, head = timed(*seconds)
    verdict = chain.judge(rows, head, KEYS)
    assert (verdict.intact, verdict.notes) == (True, told)


def test_the_end_alone_can_be_judged():
    rows, head = chained(5)
    verdict = chain.judge(rows[3:], head, KEYS, after=(3, rows[2]["hash"]))
    assert (verdict.intact, verdict.first, verdict.entries) == (True, 4, 5)
    for wrong in ((3, rows[1]["hash"]), (2, rows[2]["hash"])):
        assert chain.judge(rows[3:], head, KEYS, after=wrong).broken_seq is not None


@pytest.mark.parametrize("value", [b"bytes", 1.5, None])
def test_a_value_of_another_kind_is_a_broken_entry_and_no_crash(value):
    rows, head = chained(3)
    rows[1] = {**rows[1], "details": value}
    tally = chain.Tally()
    verdict = chain.judge(map(tally.counted, rows), head, KEYS)
    assert verdict.broken_seq == 2


def test_the_tally_sees_moved_renamed_missing_and_doubled_cards():
    cards = [(1, "a"), (1, "b"), (2, "a")]
    tally = chain.Tally()
    for seq, details in ((1, ["a", "b"]), (2, ["a"])):
        fields = {"details": json.dumps({"cards": [{"uuid": one} for one in details]})}
        (row,) = chain.linked([FIELDS | fields], chain.START, seq - 1, NOW)
        assert tally.counted(row) is row
    assert not tally.differs(reversed(cards))
    for wrong in (cards[1:], [*cards, (2, "a")], [(2, "b"), *cards[:1], cards[2]]):
        assert tally.differs(wrong)
