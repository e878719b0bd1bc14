"""Usual ranges: only for whom and in the unit they were published for."""

import pytest

from nof1.record.normal import _ranges, normal, sources

HB = "LOINC//718-7"


def test_every_range_has_a_source_and_a_sense():
    for per_sex in _ranges().values():
        for one in per_sex.values():
            assert one.source in sources()
            assert (one.low, one.high) != (None, None)
            assert one.low is None or one.high is None or one.low < one.high


def test_a_range_that_differs_by_sex_needs_the_sex():
    assert normal(HB, "g/dL", "F", 50).low < normal(HB, "g/dL", "M", 50).low
    assert normal(HB, "g/dL", "", 50) is None


@pytest.mark.parametrize(("unit", "age"), [("g/L", 50), (None, 50), ("g/dL", 12), ("g/dL", None)])
def test_no_range_for_another_unit_a_child_or_nobody_knows_who(unit, age):
    assert normal(HB, unit, "F", age) is None
