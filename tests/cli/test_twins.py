"""The table beside a page."""

import csv

from nof1.cli.twins import write_csv


def test_cells_come_back_and_no_cell_is_a_formula(tmp_path):
    row = ["plain, with comma", None, 0.5, -3, "=1+1", "@x", "-x"]
    path = write_csv(tmp_path / "new" / "page.html", list("abcdefg"), [row])
    assert path.name == "page.csv"
    with path.open(encoding="utf-8", newline="") as file:
        head, back = csv.reader(file)
    assert head == list("abcdefg")
    assert back == ["plain, with comma", "", "0.5", "-3", "'=1+1", "'@x", "'-x"]
