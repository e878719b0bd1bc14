"""Natural frequencies: honest rounding, one denominator, never a false zero."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import InputError
from nof1.learn.frequency import natural_frequency


@pytest.mark.parametrize(
    ("risk", "low", "high", "text"),
    [
        (0.12, 0.08, 0.17, "12 of 100 people like this; range 8 to 17"),
        (0.29, 0.29, 0.57, "29 of 100 people like this; range 29 to 57"),
        (0.124, 0.081, 0.169, "12 of 100 people like this; range 8 to 17"),
        (0.01, 0.002, 0.03, "1 of 100 people like this; range fewer than 1 to 3"),
        (0.004, 0.001, 0.02, "4 of 1,000 people like this; range 1 to 20"),
        (0.0004, 0.0001, 0.5, "4 of 10,000 people like this; range 1 to 5,000"),
        (
            0.00001,
            0.0,
            0.0002,
            "fewer than 1 of 10,000 people like this; range 0 to 2",
        ),
        (0.997, 0.98, 0.9999, "more than 99 of 100 people like this; range 98 to more than 99"),
        (0.0, 0.0, 0.0, "0 of 100 people like this; range 0"),
        (1.0, 1.0, 1.0, "100 of 100 people like this; range 100"),
    ],
)
def test_words(risk, low, high, text):
    assert str(natural_frequency(risk, low, high)) == text


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_range_holds_the_interval_and_the_count(three):
    low, risk, high = sorted(three)
    one = natural_frequency(risk, low, high)
    assert 0 <= one.low <= one.count <= one.high <= one.denominator
    assert one.low <= low * one.denominator + 1e-6
    assert one.high >= high * one.denominator - 1e-6
    assert abs(one.count - risk * one.denominator) <= 0.5 + 1e-6
    if risk > 0:
        assert not one.text.startswith("0 ")
    if risk < 1:
        assert not one.text.startswith(f"{one.denominator:,} ")


@pytest.mark.parametrize(
    "three", [(0.1, 0.2, 0.3), (0.5, 0.1, 0.4), (1.1, 0.9, 1.2), (float("nan"),) * 3]
)
def test_a_risk_outside_its_interval_is_refused(three):
    with pytest.raises(InputError):
        natural_frequency(*three)
