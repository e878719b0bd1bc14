"""k-anonymity and l-diversity against pycanon."""

import pytest

from nof1.record.deidentify.anonymity import measure

ROWS = [
    ("female", "1950", "021", "E11"),
    ("female", "1950", "021", "I10"),
    ("female", "1950", "021", "E11"),
    ("male", "1950", "021", "I10"),
    ("male", "1950", "021", "I10"),
    ("male", "1960", "000", "J45"),
    ("male", "1960", "000", "E11"),
    ("male", "1960", "000", "E11"),
]
PEOPLE = [dict(zip(("sex", "birth_year", "zip", "diagnosis"), row, strict=True)) for row in ROWS]
SOME = [p for p in PEOPLE if (p["sex"], p["birth_year"]) != ("male", "1950")]


# pycanon 1.3.6 (numpy 2.0.2, pandas 2.3.3): anonymity.k_anonymity(data, ["sex", "birth_year",
# "zip"]) and anonymity.l_diversity(data, the same, ["diagnosis"])
@pytest.mark.parametrize(("people", "k", "l"), [(PEOPLE, 2, 1), (PEOPLE[:3], 3, 2), (SOME, 3, 2)])
def test_k_and_l_are_those_of_pycanon(people, k, l):  # noqa: E741
    found = measure(people, "diagnosis")
    assert (found.k, found.l_diversity, found.patients) == (k, l, len(people))


def test_a_missing_value_is_a_value_of_its_own():
    found = measure([{"sex": "male"}, {"sex": None}, {}])
    assert (found.k, found.unique, found.in_small) == (1, 1, 3)
    assert found.sensitive is None


def test_nobody_and_nothing_known_give_no_measure():
    assert measure([]) is None
    assert measure([{}]) is None
    assert measure([{"diagnosis": "x"}], "diagnosis") is None
