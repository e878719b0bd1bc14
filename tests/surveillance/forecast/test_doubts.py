"""Odd numbers are named, and usual ones are not."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.surveillance.forecast.doubts import doubts
from wave_samples import changed, waves


def with_values(values, **other):
    return replace(waves(), values=values, **other)


def told(panel, words):
    found = doubts(panel)
    assert len(found) == 1, found
    assert words in found[0]
    return found[0]


def test_usual_counts_raise_no_doubt():
    assert doubts(waves()) == []
    assert doubts(replace(waves(), population=None)) == []


@pytest.mark.parametrize("size", [1.0, 100.0])
def test_rates_and_shares_are_no_counts(size):
    rates = waves().values / waves().population * 1e5 / 100 * size
    assert "no whole numbers" in told(with_values(rates), "are they rates or shares?")
    assert doubts(with_values(rates, unit="%")) == []


def test_a_few_decimals_are_no_other_unit():
    assert doubts(changed(waves(), slice(0, 5), "06", 12.5)) == []


def test_more_cases_than_people_could_have():
    many = changed(waves(), 50, "10", 0.05 * 0.6e6)
    assert told(many, "of the people in one week: 10.").endswith("Wrong unit?")
    assert doubts(replace(many, population=None)) == []


def test_sums_since_the_start():
    told(with_values(waves().values.cumsum(axis=0), population=None), "never fall: 06, 10, 48, US")


def test_only_zeros():
    told(changed(waves(), slice(None), "48", 0.0), "Only zeros were reported: 48.")


def test_negative_corrections():
    told(changed(waves(), slice(3, 5), "48", -2.0), "2 values below 0 (corrections)")


def test_a_lost_zero():
    lost = replace(waves(), places=("6", "10", "48", "US"))
    told(lost, "one digit (6)")
    assert doubts(replace(waves(), places=("1", "2", "3", "US"))) == []


def test_bridged_weeks_are_counted_and_longer_gaps_are_not():
    told(changed(waves(), slice(40, 42), "48", np.nan), "2 missing weeks between known ones")
    assert doubts(changed(waves(), slice(40, 43), "48", np.nan)) == []
