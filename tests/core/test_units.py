import pytest

from nof1.core.units import MEETING_UNITS, SPELLINGS, conversion, meeting_unit, ucum


@pytest.mark.parametrize("code", sorted({*SPELLINGS.values(), *MEETING_UNITS}))
def test_every_unit_in_our_tables_is_ucum(code):
    assert ucum(code) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mg/dl", "mg/dL"),
        (" MMOL/L ", "mmol/L"),
        ("K/uL", "10*3/uL"),
        ("mm Hg", "mm[Hg]"),
        ("{beats}/min", "/min"),
        ("umol/L", "umol/L"),
        ("10*9/L", "10*9/L"),
    ],
)
def test_spellings_of_laboratories(text, code):
    assert ucum(text) == code


@pytest.mark.parametrize("text", ["", "furlongs", "mg per thing", "mg/dL; drop", "x" * 99, "\x00"])
def test_an_unknown_unit_is_not_guessed(text):
    assert ucum(text) is None


# Factors: molar masses of PubChem; 1 lb = 0.45359237 kg (NIST SP 811); °F by definition.
@pytest.mark.parametrize(
    ("source", "target", "grams", "value", "expected"),
    [
        ("mmol/L", "mg/dL", 180.156, 5.5, 99.0858),
        ("mg/dL", "mmol/L", 180.156, 99.0858, 5.5),
        ("umol/L", "mg/dL", 113.12, 88.4, 0.99998),
        ("[degF]", "Cel", None, 98.6, 37.0),
        ("[lb_av]", "kg", None, 150.0, 68.0389),
        ("10*9/L", "10*3/uL", None, 7.1, 7.1),
        ("g/L", "g/dL", None, 140.0, 14.0),
    ],
)
def test_conversions(source, target, grams, value, expected):
    move = conversion(source, target, grams)
    assert move is not None
    assert value * move.factor + move.offset == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("mmol/L", "mg/dL"),
        ("mL/min", "mL/min/{1.73_m2}"),
        ("10*9/L", "[iU]/L"),
        ("kg", "cm"),
        ("{INR}", "s"),
        ("furlongs", "cm"),
    ],
)
def test_what_does_not_convert(source, target):
    assert conversion(source, target) is None
    assert conversion(target, source) is None


def test_units_of_one_dimension_meet():
    assert meeting_unit("g/L") == meeting_unit("ug/mL") == "mg/dL"
    assert meeting_unit("10*9/L") == "10*3/uL"
    assert meeting_unit("mL/min/{1.73_m2}") == "mL/min/{1.73_m2}"
