"""The rows about one medicine, whichever table they are from."""

from typing import NamedTuple

from nof1.knowledge.cautions import about


class Row(NamedTuple):
    subject: str
    action: str
    text: str = ""


def test_own_rows_and_those_of_its_classes_the_most_cautious_first():
    rows = [
        Row("ibuprofen", "monitor", "b"),
        Row("warfarin", "contraindicated"),
        Row("NSAID", "avoid"),
        Row("ibuprofen", "monitor", "a"),
    ]
    assert about(rows, "ibuprofen") == (rows[2], rows[0], rows[3])
    assert about(rows, "codeine") == ()
