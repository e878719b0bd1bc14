"""The feature specification."""

import json
import pickle

import pytest

from nof1.core.errors import UsageError
from nof1.predict.spec import DAY_US, FULL_WIDTH, FeatureSpec, width_us

SPEC = FeatureSpec(
    codes=("LOINC//2345-7", "GENE//CYP2C19//*1/*2"),
    static_codes=("GENDER//F",),
    static_values=("PGS//1",),
    windows=("12h", "30d", "full"),
    aggregates=("count", "value_last"),
)


def test_columns_stand_in_a_fixed_order():
    assert SPEC.columns[:5] == (
        "age_years",
        "static/GENDER//F",
        "static/PGS//1/value",
        "LOINC//2345-7/12h/count",
        "LOINC//2345-7/12h/value_last",
    )
    assert len(SPEC.columns) == SPEC.n_columns == 3 + 2 * 3 * 2


def test_json_and_back():
    assert FeatureSpec.from_dict(json.loads(json.dumps(SPEC.to_dict()))) == SPEC


def test_to_a_worker_and_back():
    SPEC.column_numbers  # noqa: B018 (derived parts must not travel)
    sent = pickle.dumps(SPEC)
    assert pickle.loads(sent) == SPEC  # noqa: S301 (our own bytes: how process pools send)
    assert b"column_numbers" not in sent


def test_every_column_says_what_it_is():
    for column in SPEC.columns[3:]:
        field = SPEC.field(column)
        assert f"{field.code}/{field.window}/{field.aggregate}" == column
    assert SPEC.field("age_years").code is None
    assert SPEC.field("static/GENDER//F").code == "GENDER//F"
    assert SPEC.field("static/PGS//1/value").code == "PGS//1"


def test_widths():
    assert width_us("12h") == DAY_US // 2
    assert width_us("full") == FULL_WIDTH


@pytest.mark.parametrize("window", ["0d", "1w", "-1d", "1.5d", "d", "", "full ", "99999999d", "٣d"])
def test_no_windows(window):
    with pytest.raises(UsageError, match="not a window"):
        FeatureSpec(("A",), windows=(window,))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"windows": ("7d", "1d")}, "not in order"),
        ({"windows": ("full", "1d")}, "not in order"),
        ({"windows": ("1d", "24h")}, "same width"),
        ({"windows": ("1d", "1d")}, "twice"),
        ({"codes": ("A", "A")}, "twice"),
        ({"aggregates": ("mean",)}, "Unknown aggregate"),
        ({"version": 2}, "version 2"),
        ({"codes": ("static/A",), "static_codes": ("A/full/count",)}, "twice"),
        ({"static_codes": ("A/value",), "static_values": ("A",)}, "twice"),
    ],
)
def test_unclear_specifications_are_refused(change, message):
    with pytest.raises(UsageError, match=message):
        FeatureSpec(**{"codes": ("A",), "windows": ("full",)} | change)


def test_a_text_is_not_a_list_of_codes():
    with pytest.raises(UsageError, match="One text"):
        FeatureSpec("ABC")


@pytest.mark.parametrize("parts", [{}, {"codes": ["A"], "window": []}])
def test_other_json_is_refused(parts):
    with pytest.raises(UsageError, match="not a feature specification"):
        FeatureSpec.from_dict(parts)
