"""The table of tiers: complete for what families can raise, and refused when it is not sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from nof1.advice.orders import tiers
from nof1.advice.orders.families import FAMILIES
from nof1.core.errors import InputError
from nof1.knowledge import burdens, drugs

HEAD = "family\trule\tmedicine\ttier\treason\tsource\n"
SAID = {
    "interactions": ("tier 1", "tier 2", "tier 3"),
    "allergies": (
        "same ingredient", "same class", "severe", "mild", "contraindicated", "avoid", "adjust",
        "watch", "tolerated later"),
    "duplicates": (
        "same ingredient", "taken already", "contraindicated", "avoid", "adjust", "watch"),
    "genes": ("avoid firmly", "avoid", "adjust", "watch"),
    "renal": ("contraindicated", "avoid", "adjust", "watch", "another use"),
    "pregnancy": ("contraindicated", "avoid", "adjust", "watch", "some weeks"),
    "dose": ("far above", "above", "far below", "daily for weekly", "daily in cancer"),
    "medicine": ("unknown", "two names", "failed"),
    "burden": tuple(sorted({row.rule for row in burdens.burdens()})),
    "monitoring": ("missing",),
    "omissions": ("missing",),
}  # fmt: skip
LEVELS = ("contraindicated", "avoid", "adjust", "watch")


@pytest.mark.parametrize("family", [*FAMILIES, "medicine", "dose"])
def test_everything_that_a_family_can_raise_has_a_tier(family: str) -> None:
    for name in SAID.get(family, LEVELS):
        assert tiers.rule(family, name).tier in (1, 2, 3)


def test_only_these_rules_interrupt() -> None:
    loud = {(one.family, one.rule) for one in tiers.rules().values() if one.tier == 1}
    assert loud == {
        ("interactions", "tier 1"),
        ("allergies", "same ingredient"),
        ("allergies", "same class"),
        ("allergies", "severe"),
        ("renal", "contraindicated"),
        ("hepatic", "contraindicated"),
        ("pregnancy", "contraindicated"),
        ("age", "contraindicated"),
        ("conditions", "contraindicated"),
        ("laboratory", "contraindicated"),
        ("genes", "avoid firmly"),
        ("dose", "far above"),
        ("dose", "daily for weekly"),
    }


def test_a_row_of_one_medicine_names_one_that_we_know_and_comes_first() -> None:
    named = {one.medicine for one in tiers.rules().values() if one.medicine}
    assert named
    assert all(name in drugs.drugs() for name in named)
    found = tiers.find("genes", "open avoid", "abacavir")
    assert found is not None
    assert found.medicine == "abacavir"
    assert tiers.find("genes", "open avoid", "clopidogrel") is None


@pytest.mark.parametrize(
    "row",
    [
        "renal\tavoid\t\t4\tx\ty",
        "renal\tavoid\t\t2\t\ty",
        "renal\tavoid\t\t2\tx",
        "a\tb\t\t1\tx\ty",
    ],
)
def test_an_unsound_table_is_refused(row: str, tmp_path: Path) -> None:
    path = tmp_path / "tiers.tsv"
    path.write_text(f"{HEAD}a\tb\t\t1\tx\ty\n{row}\n")
    with pytest.raises(InputError) as error:
        tiers.rules(path)
    assert "line 3" in str(error.value.where)


def test_what_has_no_row_is_refused() -> None:
    with pytest.raises(InputError):
        tiers.rule("renal", "no such rule")
