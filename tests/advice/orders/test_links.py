"""Names of tiers that lead nowhere are found; the shipped table has none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nof1.advice.orders import links, tiers
from nof1.knowledge import burdens
from nof1.knowledge.base import DATA, SHIPPED, Base


def test_the_shipped_tables_fit() -> None:
    assert list(links.faults(SHIPPED)) == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("nosuch\trule\t\t2\twhy\tsource", "families that do not exist: nosuch"),
        ("renal\tavoid\tasprin\t2\twhy\tsource", "no medicine: asprin"),
        ("burden\tnosuch\t\t2\twhy\tsource", "no row raises: nosuch"),
    ],
)
def test_a_planted_row_of_tiers_is_found(
    row: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tiers.tsv"
    path.write_text(tiers.FILE.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")
    made = tiers.rules(path)
    monkeypatch.setattr(tiers, "rules", lambda: made)
    found = list(links.faults(SHIPPED))
    assert [words in one.what for one in found] == [True]
    assert {one.severity for one in found} == {"critical"}


def test_a_rule_of_facts_without_a_tier_is_found(tmp_path: Path) -> None:
    shutil.copyfile(DATA / burdens.TABLE, tmp_path / burdens.TABLE)
    with (tmp_path / burdens.TABLE).open("a", encoding="utf-8") as file:
        file.write("QT\tQT of own\t5\t0\t0\t\t\tavoid\td\ttext\tfda-labels\tc\n")
    (one,) = links.faults(Base(tmp_path))
    assert "burden/QT of own" in one.what
