from math import inf, nan

import pytest

from nof1.cli.federation_privacy import privacy_of
from nof1.core.errors import UsageError
from nof1.federation.algorithms import algorithm
from nof1.federation.manifest import Privacy

NOISY, PLAIN = algorithm("private-glassbox"), algorithm("glassbox")


def test_what_the_options_ask_for():
    ranges = ("LOINC//8480-6/*=60:220", "a=b=-1.5:2e3")
    made = privacy_of(NOISY, 3.0, None, ranges, 2)
    found = {"LOINC//8480-6/*": (60.0, 220.0), "a=b": (-1.5, 2000.0)}
    assert made == Privacy(3.0, 1e-5, found, 2)
    assert privacy_of(PLAIN, None, None, (), None) is None


@pytest.mark.parametrize(
    ("entry", "asked", "match"),
    [
        (NOISY, (None, None, (), None), "may cost each patient"),
        (PLAIN, (1.0, None, (), None), "adds no noise"),
        (PLAIN, (None, None, ("a=0:1",), None), "adds no noise"),
        (NOISY, (1.0, None, ("a",), None), "a feature and two numbers"),
        (NOISY, (1.0, None, ("a=1:0",), None), "a feature and two numbers"),
        (NOISY, (1.0, None, ("a=x:y",), None), "a feature and two numbers"),
        (NOISY, (1.0, None, ("=0:1",), None), "a feature and two numbers"),
        (NOISY, (1.0, None, ("a=-inf:inf",), None), "a feature and two numbers"),
        *((NOISY, (one, None, (), None), "cannot be planned") for one in (0.0, -1.0, nan, inf)),
        (NOISY, (1.0, 0.0, (), None), "cannot be planned"),
        (NOISY, (1.0, nan, (), None), "cannot be planned"),
    ],
)
def test_what_they_do_not_ask_for(entry, asked, match):
    with pytest.raises(UsageError, match=match):
        privacy_of(entry, *asked)
