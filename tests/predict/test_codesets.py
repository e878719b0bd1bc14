"""Code sets against a record."""

import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.predict.codesets import CodeSet

KNOWN = ["ICD10CM//E10", "ICD10CM//E11.9", "ICD10CM//I10", "ATC//C10AA01", "RxNorm//1"]
ANCESTORS = pl.DataFrame(
    {
        "ancestor": ["ATC//C10AA", "ATC//C10AA", "ATC//C10AA", "ATC//C10"],
        "code": ["ATC//C10AA01", "RxNorm//1", "RxNorm//404", "ATC//C10AA01"],
    }
)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (CodeSet("a", codes=("ICD10CM//I10", "X//0")), {"ICD10CM//I10"}),
        (CodeSet("a", prefixes=("ICD10CM//E1",)), {"ICD10CM//E10", "ICD10CM//E11.9"}),
        (CodeSet("a", descendants_of=("ATC//C10AA",)), {"ATC//C10AA01", "RxNorm//1"}),
        (
            CodeSet("a", prefixes=("ICD10CM//",), minus=CodeSet("b", prefixes=("ICD10CM//E",))),
            {"ICD10CM//I10"},
        ),
        (
            CodeSet("a", descendants_of=("ATC//C10AA",), minus=CodeSet("b", codes=("RxNorm//1",))),
            {"ATC//C10AA01"},
        ),
        (CodeSet("a", codes=("X//0",), may_be_empty=True), set()),
    ],
)
def test_resolve(codes, expected):
    assert codes.resolve(KNOWN, ANCESTORS) == tuple(sorted(expected))


def test_nothing_found_names_the_closest_code():
    with pytest.raises(InputError) as error:
        CodeSet("hypertension", codes=("ICD10CM//I1O",)).resolve(KNOWN)
    assert "hypertension" in error.value.message
    assert "ICD10CM//I10" in error.value.next_step


@pytest.mark.parametrize("ancestors", [None, ANCESTORS])
def test_unknown_hierarchy_is_never_silently_empty(ancestors):
    with pytest.raises(InputError, match="no hierarchy"):
        CodeSet("a", codes=("RxNorm//1",), descendants_of=("ATC//B01",)).resolve(KNOWN, ancestors)
    lenient = CodeSet("a", descendants_of=("RxNorm//1",), may_be_empty=True)
    assert lenient.resolve(KNOWN, ancestors) == ("RxNorm//1",)
