"""The page of hostile input names tests that exist, ten families of them."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / "docs" / "hostile-input.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)))


@cache
def functions(file):
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_exists(file, name):
    assert name in functions(file)


def test_every_line_of_the_ten_families_names_a_test():
    parts = re.split(r"^## (\d+)\. .*$", PAGE, flags=re.M)
    families = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(families) == [str(one) for one in range(1, 11)]
    for family in families.values():
        rows = [one for one in family.splitlines() if one.startswith("| ")][1:]
        assert rows
        assert all("::test_" in row for row in rows)


def test_the_search_would_find_a_test_that_is_not_there():
    assert len(NAMED) > 70
    assert "test_that_was_never_written" not in functions("hostile/test_page.py")
