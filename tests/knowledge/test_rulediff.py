"""Changes of rules are told in plain words, the less cautious as such."""

import shutil

import pytest

from nof1.knowledge import age, rulediff
from nof1.knowledge.base import DATA, SHIPPED, Base
from nof1.knowledge.diff import diff


def own(tmp_path, old, new):
    text = (DATA / age.TABLE).read_text(encoding="utf-8")
    assert not old or old in text
    (tmp_path / age.TABLE).write_text(text.replace(old, new, 1) if old else text + new)
    return Base(tmp_path)


FIRST = (DATA / age.TABLE).read_text(encoding="utf-8").splitlines()[1]


@pytest.mark.parametrize(
    ("old", "new", "kind", "what"),
    [
        ("", "aspirin\t0\t1\tfever\tavoid\td\tNo.\tfda-labels\tc\n", "rule added", "avoid: No."),
        (FIRST + "\n", "", "rule removed", "contraindicated: "),
        (FIRST, FIRST.replace("contraindicated", "avoid", 1), "less cautious", "-> avoid"),
        (FIRST, FIRST + "!", "details changed", "changed: citation"),
    ],
)
def test_a_change_is_named(tmp_path, old, new, kind, what):
    (one,) = rulediff.rules(SHIPPED, own(tmp_path, old, new))
    assert (one[0], one[1].startswith("age.tsv, ")) == (kind, True)
    assert what in one[2]
    assert [change.kind for change in diff(SHIPPED, Base(tmp_path))] == [kind]


def test_back_again_is_more_cautious(tmp_path):
    new = own(tmp_path, FIRST, FIRST.replace("contraindicated", "avoid", 1))
    assert [kind for kind, _, _ in rulediff.rules(new, SHIPPED)] == ["more cautious"]


def test_the_same_table_elsewhere_changes_nothing(tmp_path):
    shutil.copyfile(DATA / age.TABLE, tmp_path / age.TABLE)
    assert list(rulediff.rules(SHIPPED, Base(tmp_path))) == []
