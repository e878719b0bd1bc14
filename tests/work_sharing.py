"""Which tests run in one process, and in which order: what costs much is made once.

``./dev test`` shares the tests among processes. Files that use one expensive fixture (a synthetic
hospital, its trained model, the decoding process ...) stay together, else every process makes it.
The order is: first what forks its own process again and again, while that process is small (a copy
of a large one takes 5 times as long); then the large groups, so that no process waits at the end
for another. No test needs this order: ``pytest tests/a.py`` and any other order do as well.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).resolve().parent
HOSPITAL = "the small hospital"
FIRST = (
    "core/sealing/",
    "cli/test_privacy",
    HOSPITAL,
    "federation/",
    "cli/test_demo",
    "test_examples",
    "imaging/gates/",
    "imaging/answering/",
)
ASKS = re.compile(r"def \w+\([^)]*\b(small_hospital|own_workspace|trained)\b")


@cache
def group(file: str) -> str:
    """What a test file (``tests/a/test_b.py``) belongs to: its folder where that has fixtures for
    the session, all that takes the small hospital, or else itself."""
    path = TESTS.parent / file
    folders = [one for one in path.parents if TESTS in one.parents and _has_fixtures(one)]
    if _asks(folders[-1] / "conftest.py" if folders else path):
        return HOSPITAL
    return f"{folders[-1].relative_to(TESTS.parent).as_posix()}/" if folders else file


def _has_fixtures(folder: Path) -> bool:
    file = folder / "conftest.py"
    return file.exists() and 'scope="session"' in file.read_text(encoding="utf-8")


def _asks(path: Path) -> bool:
    """Whether a file takes the small hospital or its model, and does not make one of its own."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return bool(ASKS.search(text)) and "def trained(" not in text


@cache
def turn(file: str) -> tuple[int, str]:
    """A key that sorts test files by when they come; the files of a group stand together."""
    of = group(file)
    name = of.removeprefix("tests/")
    ranks = [number for number, first in enumerate(FIRST) if name.startswith(first)]
    return min(ranks, default=len(FIRST)), of


class Sharing(LoadScopeScheduling):
    """Hands out whole groups, in the order in which they were collected."""

    def __init__(self, config, log=None):
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid.split("::", 1)[0])
