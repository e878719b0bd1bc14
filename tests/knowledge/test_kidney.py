"""Kidney function: values worked out by hand, edges, and what is refused."""

import math

import pytest

from nof1.core.errors import UsageError
from nof1.knowledge.kidney import ckd_epi_2021, cockcroft_gault


# Inker 2021 (PMID 34554658), worked out by hand with the equation of the paper:
# man, 50 years, 1.0 mg/dL: 142 x (1/0.9)^-1.2 x 0.9938^50 = 142 x 0.88123 x 0.73279 = 91.70
# woman, 50 years, 1.0 mg/dL: 142 x (1/0.7)^-1.2 x 0.9938^50 x 1.012 = 68.64
# woman, 70 years, 0.6 mg/dL: 142 x (0.6/0.7)^-0.241 x 0.9938^70 x 1.012
# man, 80 years, 2.4 mg/dL: 142 x (2.4/0.9)^-1.2 x 0.9938^80
@pytest.mark.parametrize(
    ("creatinine", "age", "female", "expected"),
    [
        (1.0, 50, False, 91.70),
        (1.0, 50, True, 68.64),
        (0.6, 70, True, 96.50),
        (2.4, 80, False, 26.61),
    ],
)
def test_ckd_epi_2021_by_hand(creatinine, age, female, expected):
    assert ckd_epi_2021(creatinine, age, female) == pytest.approx(expected, abs=0.02)


# Cockcroft 1976: (140 - 60) x 72 / (72 x 1.0) = 80; 85 % of it for a woman;
# (140 - 85) x 50 x 0.85 / (72 x 1.6) = 20.29.
@pytest.mark.parametrize(
    ("creatinine", "age", "weight", "female", "expected"),
    [
        (1.0, 60, 72, False, 80.0),
        (1.0, 60, 72, True, 68.0),
        (1.6, 85, 50, True, 20.29),
        (1.0, 145, 70, False, 0.0),
    ],
)
def test_cockcroft_gault_by_hand(creatinine, age, weight, female, expected):
    assert cockcroft_gault(creatinine, age, weight, female) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("female", [True, False])
def test_more_creatinine_is_less_function_also_across_the_knot(female):
    values = [ckd_epi_2021(0.5 + step / 100, 60, female) for step in range(300)]
    assert values == sorted(values, reverse=True)
    knot = 0.7 if female else 0.9
    below, above = (ckd_epi_2021(knot + shift, 60, female) for shift in (-1e-9, 1e-9))
    assert below == pytest.approx(above)


def test_older_people_have_less():
    assert ckd_epi_2021(1.0, 80, True) < ckd_epi_2021(1.0, 40, True)
    assert cockcroft_gault(1.0, 80, 70, True) < cockcroft_gault(1.0, 40, 70, True)


@pytest.mark.parametrize("creatinine", [0, -1.0, math.nan, math.inf])
def test_impossible_creatinine_is_refused_without_its_value(creatinine):
    for call in (
        lambda: ckd_epi_2021(creatinine, 50, True),
        lambda: cockcroft_gault(creatinine, 50, 70, True),
    ):
        with pytest.raises(UsageError, match="above 0"):
            call()


def test_children_and_impossible_weights_are_refused():
    with pytest.raises(UsageError, match="adults"):
        ckd_epi_2021(0.4, 17.9, False)
    with pytest.raises(UsageError, match="adults"):
        cockcroft_gault(0.4, math.nan, 60, False)
    with pytest.raises(UsageError, match="weight"):
        cockcroft_gault(1.0, 50, 0, False)
