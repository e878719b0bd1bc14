"""Units as clinicians read them: no braces, no brackets, nothing made up."""

import pytest

from nof1.core.unit_words import unit_words
from nof1.core.units import SPELLINGS


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (None, ""), ("1", ""), ("{score}", ""), ("%", "%"), ("mg/dL", "mg/dL"), ("/min", "/min"),
        ("kg/m2", "kg/m²"), ("ug/m3", "µg/m³"), ("ug/mL", "µg/mL"), ("umol/L", "µmol/L"),
        ("10*9/L", "10⁹/L"), ("u[iU]/mL", "µIU/mL"), ("[iU]/L", "IU/L"), ("U/L", "U/L"),
        ("{cases/100k/wk}", "cases per 100,000 people a week"), ("{beats}/min", "beats/min"),
        ("m", "m"), ("mL/min/{1.73_m2}", "mL/min/1.73 m²"), ("furlongs", "furlongs"),
        ("mmol/mol", "mmol/mol"), ("um", "µm"), ("uU/mL", "µU/mL"),
    ],
)  # fmt: skip
def test_a_unit_in_words(code, said):
    assert unit_words(code) == said


def test_no_unit_of_a_laboratory_is_shown_with_its_brackets():
    shown = {code: unit_words(code) for code in SPELLINGS.values()}
    assert [code for code, said in shown.items() if set(said) & set("{}[]*_")] == []
    kept = [said for said in shown.values() if said]
    assert len(set(kept)) == len({code for code, said in shown.items() if said})
