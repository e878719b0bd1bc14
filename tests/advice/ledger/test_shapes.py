"""Times and names as the ledger writes them."""

from datetime import datetime, timedelta, timezone

import pytest

from nof1.advice.ledger.shapes import moment, name, plain
from nof1.core.errors import UsageError


def test_times_are_written_in_utc_with_one_width():
    east = datetime(2026, 5, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert moment(east) == "2026-04-30T23:30:00.000000+00:00"
    with pytest.raises(UsageError, match="zone"):
        moment(datetime(2026, 5, 1))


@pytest.mark.parametrize("text", [None, "a", "system|code?x=1", "'~", "x" * 512])
def test_identifiers_pass(text):
    assert name(text, "card") == text


@pytest.mark.parametrize("text", ["", " ", "a b", "a\n", "a\x00", "ä", "x" * 513])
def test_words_do_not(text):
    with pytest.raises(UsageError, match="this card is none") as caught:
        name(text, "card")
    assert text.strip() == "" or text not in str(caught.value)


def test_json_has_one_form():
    assert plain({"b": "ä\x00", "a": [1]}) == '{"a":[1],"b":"\\u00e4\\u0000"}'
