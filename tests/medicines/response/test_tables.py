import gzip

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.medicines.response.tables import numbers, read_table


def test_tabs_semicolons_gzip_and_a_byte_order_mark_are_read(tmp_path):
    for name, sep in (("a.tsv", "\t"), ("b.csv", ";"), ("c.csv", ",")):
        path = tmp_path / name
        path.write_text(f"\ufeffid{sep}x\nn1{sep}1.5\n", encoding="utf-8")
        assert read_table(path).rows == (("n1", "1.5"),)
    packed = tmp_path / "d.csv.gz"
    packed.write_bytes(gzip.compress(b"id,x\nn1,1.5\n"))
    assert read_table(packed).column("x") == ["1.5"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,x\n", "no rows"),
        (b"id,x\na,1,2\nb,3\n", "1 rows have another number"),
        (b"id,x,x\na,1,2\n", "column names come twice"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"", "no rows"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path)


def test_text_among_numbers_is_counted_and_placed():
    np.testing.assert_array_equal(numbers([["1", "NA"]], "t"), [[1.0, np.nan]])
    with pytest.raises(InputError) as error:
        numbers([["1", "2"], ["x", "inf"]], "t.csv")
    assert "2 cells" in error.value.message
    assert error.value.where == "t.csv, data row 2, value 1"
