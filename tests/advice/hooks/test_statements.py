"""The tables of the specification's statements name tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "cds-hooks-conformance.md").read_text(encoding="utf-8")
OURS = ("`", "client duty", "authors of hooks", "the operator")


def rows(title):
    """The cells of the table below a heading."""
    part = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line.split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip(" |") for cell in line] for line in lines][1:]


def test_every_named_test_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) > 60
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_every_statement_has_its_holder():
    found = rows("Statements")
    assert all(len(row) == 4 and all(row) for row in found)
    assert all(row[3].startswith(OURS) or "`tests/" in row[3] for row in found)
    assert all(len(row) == 3 and "`tests/" in row[2] for row in rows("Required fields"))


def test_the_counts_are_those_of_the_table():
    words = [row[1] for row in rows("Statements")]
    told = re.search(r"\*\*(\d+) statements with SHALL\s+or SHALL NOT and (\d+) with MUST", TEXT)
    assert [int(one) for one in told.groups()] == [words.count("SHALL"), words.count("MUST")]
    assert len(words) == words.count("SHALL") + words.count("MUST")
