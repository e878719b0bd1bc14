from datetime import datetime

import numpy as np
import polars as pl
import pytest

from nof1.core.units import ucum
from nof1.record.units import FEW_ROWS, analytes, harmonised, rule

GLUCOSE = "LOINC//2345-7"


def test_glucose_in_two_units_and_two_codes_meets():
    mass, moles = rule(GLUCOSE, "mg/dL"), rule("LOINC//14749-6", "mmol/L")
    assert (mass.code, mass.unit) == (moles.code, moles.unit) == (GLUCOSE, "mg/dL")
    assert 5.0 * moles.factor == pytest.approx(90.078)


@pytest.mark.parametrize("unit", ["stones", "kg", None, " "])
def test_a_unit_that_is_unknown_unfit_or_missing_stays_apart(unit):
    kept = rule(GLUCOSE, unit)
    assert kept.code.startswith(f"{GLUCOSE}//[")
    assert (kept.factor, kept.offset) == (1.0, 0.0)


def test_a_code_outside_the_table_meets_by_dimension():
    assert rule("LAB//x", "g/L").unit == rule("LAB//x", "mg/dL").unit == "mg/dL"
    assert rule("SCORE//x", None).code == "SCORE//x"


@pytest.mark.parametrize("analyte", analytes().values(), ids=lambda analyte: analyte.code)
def test_the_table_is_consistent(analyte):
    target = analytes()[analyte.meets_as]
    assert target.meets_as == target.code
    assert (analyte.unit, analyte.grams_per_mole) == (target.unit, target.grams_per_mole)
    assert ucum(analyte.unit) == analyte.unit


def test_a_frame_is_harmonised_row_by_row_in_its_order():
    frame = pl.DataFrame(
        {
            "code": ["LOINC//14749-6", GLUCOSE, "SNOMED//1", GLUCOSE, "LOINC//8310-5"],
            "unit": ["mmol/L", "mg/dl", None, "stones", "degF"],
            "numeric_value": [5.0, 100.0, None, 7.0, 98.6],
            "time": [datetime(2024, 1, day) for day in range(1, 6)],
        }
    )
    made = harmonised(frame)
    assert made["time"].to_list() == frame["time"].to_list()
    assert made["code"].to_list() == [GLUCOSE] * 2 + [
        "SNOMED//1",
        f"{GLUCOSE}//[stones]",
        "LOINC//8310-5",
    ]
    assert made["unit"].to_list() == ["mg/dL", "mg/dL", None, "stones", "Cel"]
    assert made["numeric_value"].to_list() == pytest.approx([90.078, 100, None, 7, 37])
    for row, code in zip(frame.iter_rows(named=True), made["numeric_value"], strict=True):
        if row["numeric_value"] is not None:
            single = rule(row["code"], row["unit"])
            assert code == row["numeric_value"] * single.factor + single.offset


def test_a_frame_without_numbers_is_left_alone():
    frame = pl.DataFrame({"code": ["A"], "unit": [None], "numeric_value": [None]})
    assert harmonised(frame).equals(frame)


def test_few_and_many_rows_are_harmonised_alike():
    units = ["mg/dL", "mmol/L", "stones", None, "degF", "mg/dl"]
    codes = [GLUCOSE, "LOINC//14749-6", "LAB//x", "LOINC//8310-5"]
    random = np.random.default_rng(0)
    n = 3 * FEW_ROWS
    value = np.where(random.random(n) < 0.1, np.nan, random.normal(50, 20, n))
    frame = pl.DataFrame(
        {
            "code": random.choice(codes, n).tolist(),
            "unit": [units[place] for place in random.integers(0, len(units), n)],
            "numeric_value": pl.Series(value).fill_nan(None),
        }
    )
    parts = [harmonised(frame[start : start + 300]) for start in range(0, n, 300)]
    assert pl.concat(parts).equals(harmonised(frame))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("&#176;C", "Cel"),
        ("&micro;g/dL", "ug/dL"),
        ("\u00b5mol/L", "umol/L"),
        ("\u03bcmol/L", "umol/L"),
        ("10\u00b3/\u00b5L", "10*3/uL"),
        ("10\u00b9\u00b2/L", "10*12/L"),
        ("kg/m\u00b2", "kg/m2"),
        ("\u00baC", "Cel"),
    ],
)
def test_units_in_signs_beyond_ucum_meet_the_others(written: str, read: str) -> None:
    assert rule("lab//x", written) == rule("lab//x", read)
    assert rule("lab//x", written).unit is not None


def test_what_no_plain_letters_can_save_stays_as_written() -> None:
    assert rule("lab//x", "&#xD800;").code == "lab//x//[&#xD800;]"
