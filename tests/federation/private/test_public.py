import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.federation.private.public import Public, check, lenient, stored_codes
from nof1.predict.task import Task

TEXT = """\
name: t
code_sets: {a: [X//1], b: {codes: [X//2], prefixes: [Y//]}}
index: {of: a}
outcome: {of: b}
time_at_risk: {end_days: 30}
features:
  only: [GENDER//F, GENDER//M, LOINC//1, PGS//1]
  windows: [30d, full]
  aggregates: [count, value_last, time_since_last]
"""


def changed(old, new):
    return Task.parse(TEXT.replace(old, new))


def test_columns_cells_and_groups_come_from_the_job_alone():
    known = Public.of(Task.parse(TEXT), {"LOINC//1/*/value_last": (3.0, 9.0)})
    grids = dict(zip(known.columns, known.grids, strict=True))
    assert grids["static/GENDER//F"].tolist() == [0.5]
    assert grids["LOINC//1/30d/count"][0] == 1
    assert 3 < grids["LOINC//1/full/value_last"][0] < 4
    assert grids["LOINC//1/30d/time_since_last"][-1] == 15
    assert grids["static/PGS//1/value"] is None
    assert [one.attribute for one in known.groups] == ["sex", "age"]


def test_places_of_people_in_groups():
    known = Public.of(Task.parse(TEXT), {})
    X = np.zeros((3, len(known.columns)))
    X[:, known.columns.index("age_years")] = [20, 70, np.nan]
    X[0, known.columns.index("static/GENDER//M")] = 1
    places = known.places(X)
    assert known.groups[0].labels[places["sex"][0]] == "M"
    assert places["sex"][1] == len(known.groups[0].labels) - 1
    assert [known.groups[1].labels[k] for k in places["age"]] == [
        "under 40", "65 to under 80", "other or unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("  only: [GENDER//F, GENDER//M, LOINC//1, PGS//1]\n", "", "names its features"),
        ("[GENDER//F, GENDER//M, LOINC//1, PGS//1]", "{prefixes: [LOINC//]}", "names each code"),
        ("[GENDER//F, GENDER//M, LOINC//1, PGS//1]", "{descendants_of: [A]}", "names each code"),
        ("prefixes: [Y//]", "descendants_of: [Y]", "no hierarchy"),
        ("name: t\n", "name: t\nkind: survival\n", "yes/no"),
        ("windows: [30d, full]", "windows: [30d, full]\n  exclude: {prefixes: [Z]}", "each code"),
    ],
)
def test_what_would_look_into_the_record_is_refused(old, new, match):
    with pytest.raises(InputError, match=match):
        check(changed(old, new))


def test_a_range_that_fits_nothing_is_refused():
    with pytest.raises(InputError, match="fits no feature"):
        Public.of(Task.parse(TEXT), {"LOINC//2/*": (0.0, 1.0)})


def test_too_many_features_are_refused():
    codes = ", ".join(f"LOINC//{number}" for number in range(60))
    with pytest.raises(InputError, match="at most"):
        check(changed("GENDER//F, GENDER//M, LOINC//1, PGS//1", codes))


def test_code_sets_may_be_empty_and_only_named_codes_are_stored():
    task = Task.parse(TEXT)
    assert all(one.may_be_empty for one in lenient(task).code_sets())
    assert stored_codes(task) == (("X//1",), ("X//2",))
