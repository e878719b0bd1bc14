import numpy as np
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.medicines.response.responses import read_responses

LINES = ["L1", "L2", "L3"]


def table(tmp_path, text):
    path = tmp_path / "r.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_wide_table_is_read_whichever_way_it_lies(tmp_path):
    one = read_responses(table(tmp_path, ",L1,L2\nd,1,2\ne,3,NA\n"), "ln_uM", LINES)
    two = read_responses(table(tmp_path, ",d,e\nL1,1,3\nL2,2,NA\n"), "ln_uM", LINES)
    assert one.lines == two.lines == ("L1", "L2")
    assert one.drugs == two.drugs == ("d", "e")
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.values, [[1, 3], [2, np.nan]])


def test_a_long_table_with_mixed_units_is_brought_to_one_and_counted(tmp_path):
    text = "cell_line,drug,value,unit\nL1,d,1000,nM\nL2,d,1,uM\nL1,d,1,uM\nL3,d,NA,uM\n"
    made = read_responses(table(tmp_path, text), None, LINES)
    np.testing.assert_allclose(made.values, [[0.0], [0.0]], atol=1e-12)
    assert any("nM 1, uM 3" in note for note in made.notes)
    assert any("1 rows repeat a pair" in note for note in made.notes)
    assert any("1 rows without line" in note for note in made.notes)


def test_a_unit_is_never_guessed(tmp_path):
    with pytest.raises(UsageError, match="never guessed"):
        read_responses(table(tmp_path, ",L1\nd,1\n"), None, LINES)


def test_a_table_without_a_known_line_is_refused(tmp_path):
    with pytest.raises(InputError, match="No cell line"):
        read_responses(table(tmp_path, ",X\nd,1\n"), "uM", LINES)


def test_a_drug_with_two_rows_is_refused_in_a_wide_table(tmp_path):
    with pytest.raises(InputError, match="come twice"):
        read_responses(table(tmp_path, ",L1\nd,1\nd,2\n"), "uM", LINES)
