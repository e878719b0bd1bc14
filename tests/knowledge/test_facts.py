"""The words and cells that all tables of medicine safety share."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.base import Base
from nof1.knowledge.facts import ACTIONS, LONGEST, STEPS, number, read, step


def test_the_steps_follow_the_order_of_the_actions():
    assert set(STEPS) == set(ACTIONS)
    assert [step(action) for action in ACTIONS] == sorted(step(action) for action in ACTIONS)
    assert step("contraindicated") < step("avoid") < step("reduce") < step("monitor")


@pytest.mark.parametrize(
    "text",
    [
        "a\taction\n1\tavoid\n",
        "a\taction\ttext\n1\tperhaps\tx\n",
        "a\taction\ttext\n1\tavoid\n",
        "a\taction\ttext\n1\tavoid\tx\ty\n",
        f"a\taction\ttext\n1\tavoid\t{'x' * (LONGEST + 1)}\n",
    ],
)
def test_damaged_rows_are_refused_with_their_line(tmp_path, text):
    (tmp_path / "own.tsv").write_text(text)
    with pytest.raises(InputError) as caught:
        read(Base(tmp_path), "own.tsv", ("a", "action", "text"))
    assert "own.tsv, line 2" in caught.value.where


def test_whole_rows_are_read(tmp_path):
    (tmp_path / "own.tsv").write_text("a\taction\ttext\n1\tavoid\tx\n")
    rows = read(Base(tmp_path), "own.tsv", ("a", "action", "text"))
    assert rows == [{"a": "1", "action": "avoid", "text": "x"}]


def test_numbers_and_empty_cells():
    assert number("t", 2, "30", 0.0) == 30.0
    assert number("t", 2, "", 7.0) == 7.0
    with pytest.raises(InputError):
        number("t", 2, "thirty", 0.0)
