"""Rows of medicines that may be missing: their names exist, and an impossible row is refused."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import omissions
from nof1.knowledge.base import DATA, Base

HEAD = (DATA / omissions.TABLE).read_text(encoding="utf-8").splitlines()[0] + "\n"
CELLS = {
    "id": "x", "needs": "gout", "also": "", "trigger": "", "beside": "", "low": "18", "high": "",
    "score": "", "least": "", "given": "allopurinol", "usual": "allopurinol", "blocked": "",
    "action": "monitor", "detail": "", "text": "text", "source": "start-2015", "citation": "c",
}  # fmt: skip


def own(tmp_path, *rows):
    lines = ["\t".join({**CELLS, **row}.values()) for row in rows]
    (tmp_path / omissions.TABLE).write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return Base(tmp_path)


def test_rows_are_read_and_hang_on_medicines_or_diagnoses(tmp_path):
    (one,) = omissions.omissions(own(tmp_path, {}))
    assert (one.needs, one.low, one.high) == (("gout",), 18.0, float("inf"))
    assert {one.id for one in omissions.triggered("oxycodone")} == {"START H2", "opioid naloxone"}
    assert omissions.triggered("amlodipine") == ()


def test_both_tables_of_diagnoses_are_recognised_and_both_forms_of_icd_10():
    found = omissions.recognised(["ICD10CM//M81.0", "ICD10//I48.0", "ICD10CM//K74.60"])
    assert found == {"osteoporosis", "atrial fibrillation", "liver cirrhosis"}


@pytest.mark.parametrize(
    "row",
    [
        {"needs": "gouty"},
        {"blocked": "gouty"},
        {"needs": ""},
        {"given": ""},
        {"usual": "allopurinolum"},
        {"low": "70", "high": "60"},
        {"score": "CHADS"},
        {"action": "give"},
    ],
)
def test_a_row_that_cannot_be_is_refused(tmp_path, row):
    with pytest.raises(InputError) as error:
        omissions.omissions(own(tmp_path, row))
    assert omissions.TABLE in str(error.value.where)
    with pytest.raises(InputError):
        omissions.omissions(own(tmp_path, {}, {}))
