"""The page about importing names every key that a mapping file may have."""

import re
from pathlib import Path

import pytest

from nof1.record.importers import mapping, names

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")
KEYS = {
    "file": ("schema", "missing", "encoding", "timezone", "anchors", "tables"),
    "table": (*mapping._TABLE, *mapping._RULES),
    "event": mapping._EVENT,
    "moment": mapping._MOMENT,
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_key_is_explained(kind):
    for key in KEYS[kind]:
        assert re.search(rf"`{key}\b", TEXT), key


@pytest.mark.parametrize("name", names())
def test_every_format_is_named(name):
    assert f"| `{name}` |" in TEXT
