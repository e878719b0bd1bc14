"""Names and words of patients are found in a model's words, and innocent words are not accused."""

import base64
import json
import zlib

import numpy as np
import pytest

from nof1.federation.egress.contents import contents
from nof1.federation.egress.facts import Facts
from nof1.federation.egress.traces import days_on_purpose, search, too_short

NOTE = "Lives alone with two parrots and refuses the stairs since the fall in March."
COMMON = "no acute cardiopulmonary abnormality was seen today"
FACTS = Facts(
    identifiers=frozenset({"Anna Example", "MRN-004217", "73", "A7X3", "4921153207562688"}),
    texts={NOTE: 1, f"{COMMON} in bed 4": 2, COMMON: 50, "left-handed": 3},
    sources=frozenset({"example_anna_2024"}),
    days=frozenset({"1951-07-03"}),
    codes={},
    values=np.zeros(0),
    patients=np.zeros(0, np.int64),
)


def found(data, days=()):
    return search(contents({"card.json": json.dumps(data).encode()}), FACTS, days)


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        ({"note": "as in mrn-004217, see"}, "identifier"),
        ({"Anna Example": 1}, "identifier"),
        ({"id": "A7X3"}, "identifier"),
        ({"id": 4921153207562688}, "the number of a patient"),
        ({"id": "Patient/4921153207562688"}, "identifier"),
        ({"source": "in/example_anna_2024.csv"}, "source file"),
        ({"note": f"said: {NOTE[10:45]}"}, "free text"),
        ({"note": "Left-handed"}, "free text"),
        ({"note": "born 1951-07-03T00:00"}, "a day"),
    ],
)
def test_a_trace_is_found(planted, what):
    (one,) = found({"name": "stroke", **planted})
    assert what in one.what
    assert one.status == "fail"


@pytest.mark.parametrize(
    "innocent",
    [
        {"rows": 73},
        {"note": f"phrase: {COMMON}"},
        {"note": "MRN-00421 and MRN-0042177"},
        {"hash": "4921153207562688ab"},
        {"note": "A7X35 and A7X3B"},
        {"note": "handed left"},
    ],
)
def test_an_innocent_word_is_not_accused(innocent):
    assert not found({"name": "stroke", **innocent})


def test_a_day_that_the_card_states_on_purpose_is_allowed():
    card = {"created": "2026-01-02", "data": {"data_date": "1951-07-03", "period": "x 2020-02-02"}}
    days = days_on_purpose(card, "observation_end: 2024-01-01")
    assert days == {"2026-01-02", "1951-07-03", "2020-02-02", "2024-01-01"}
    assert not found({"day": "1951-07-03"}, days)


def test_identifiers_that_are_too_short_are_counted():
    assert too_short(FACTS) == 1


def test_a_name_inside_a_packed_block_is_found():
    text = " ".join(f"{place:x}" for place in range(40, 90)) + " Anna Example"
    block = base64.b64encode(zlib.compress(text.encode())).decode()
    assert "Anna" not in block
    (one,) = found({"note": block})
    assert "identifier" in one.what
    assert "encoded block" in one.where
