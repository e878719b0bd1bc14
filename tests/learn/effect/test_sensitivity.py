"""E-values of the paper, and of intervals."""

import pytest

from nof1.learn.effect.sensitivity import e_value, e_values
from nof1.learn.figures import Figure


def test_the_examples_of_the_paper():
    # VanderWeele & Ding 2017: risk ratio 3.9 (1.8 to 8.7) has E-values 7.26 and 3.0
    value, limit = e_values(Figure(3.9, 1.8, 8.7))
    assert (round(value, 2), round(limit, 1)) == (7.26, 3.0)


def test_a_protective_ratio_is_its_inverse():
    assert e_value(0.5) == pytest.approx(e_value(2.0))
    assert e_values(Figure(0.5, 0.4, 0.8))[1] == pytest.approx(e_value(1 / 0.8))


def test_an_interval_that_holds_1_needs_no_cause():
    assert e_values(Figure(1.2, 0.9, 1.6))[1] == 1.0
    assert e_value(1.0) == 1.0


def test_no_ratio_no_value():
    assert e_values(Figure.missing("none")) is None
    assert e_values(Figure(0.2, 0.0, 0.5)) is None
