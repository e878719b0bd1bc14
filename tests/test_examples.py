"""Each folder below ``examples`` with a README of ``console`` blocks, run as a reader would.

``$ nof1 ...`` is run; what stands below it must come out. A line ``...`` stands for any lines, and
a command with nothing below it must only end as said (exit code 0, or ``# exit code N``). Percents
and numbers with a decimal point may differ by a twentieth: models are fitted, and processors round
differently.
"""

from __future__ import annotations

import math
import re
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from cli.test_cli import run
from shared_data import needs

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NEED_RDKIT = ("compounds", "library")
FOLDERS = (
    "compounds", "library", "medicines", "nsaid", "repurposing", "response", "surveillance",
)  # fmt: skip
DATA = {"nsaid": "records/gibleed-omop"}  # a public data set that the reader puts there
DECIMAL = re.compile(r"[-+]?\d+\.\d+|\d+(?=%)")
SLACK = 0.05


def commands(readme: str) -> list[tuple[str, list[str]]]:
    """Each command with the lines that should come out."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", readme, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def plain(text: str) -> str:
    """Text of which neither the day nor the width of a column matters."""
    return " ".join(re.sub(r"Trained \d{4}-\d\d-\d\d", "Trained TODAY", text).split())


def fits(expected: str, said: str) -> bool:
    """Whether a piece without ``...`` is what was said."""
    numbers = [[float(one) for one in DECIMAL.findall(text)] for text in (expected, said)]
    if DECIMAL.sub("#", expected) != DECIMAL.sub("#", said):
        return False
    return all(
        math.isclose(a, b, rel_tol=SLACK, abs_tol=SLACK) for a, b in zip(*numbers, strict=True)
    )


def missing(expected: list[str], said: str) -> str | None:
    """The first expected piece that did not come out in its turn; None when all did."""
    lines = [plain(line) for line in said.splitlines() if line.strip()]
    pieces = [
        [plain(line) for line in piece.splitlines() if line.strip()]
        for piece in re.split(r"^\.\.\.$", "\n".join(expected), flags=re.M)
    ]
    at = 0
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        starts = range(at, len(lines) - len(piece) + 1) if number else [0]
        if number and last:
            starts = [len(lines) - len(piece)] if len(lines) - len(piece) >= at else []
        found = [s for s in starts if _same(piece, lines[s : s + len(piece)])]
        if not found:
            return "\n".join(piece)
        at = found[0] + len(piece)
    return None if at == len(lines) or not pieces[-1] else "the end: " + "\n".join(lines[at:])


def _same(piece: list[str], lines: list[str]) -> bool:
    return len(piece) == len(lines) and all(map(fits, piece, lines))


@pytest.mark.parametrize("name", FOLDERS)
def test_an_example_gives_what_its_readme_shows(name, tmp_path, monkeypatch, capsys):
    if name in NEED_RDKIT and find_spec("rdkit") is None:
        pytest.skip("needs the extra drugs (rdkit)")
    place = tmp_path / name
    shutil.copytree(EXAMPLES / name, place)
    if name in DATA:
        (place / Path(DATA[name]).name).symlink_to(needs(DATA[name]))
    monkeypatch.chdir(place)
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    todo = commands(readme)
    assert sum(bool(expected) for _, expected in todo) >= 2
    for text, expected in todo:
        wanted = re.search(r"# exit code (\d)$", text)
        code, out, err = run(capsys, *shlex.split(text, comments=True)[1:])
        assert (code, text) == (int(wanted[1]) if wanted else 0, text), err
        if expected:
            assert missing(expected, out + err) is None, f"{text}\n{out}{err}"


def test_the_comparison_can_fail():
    said = "a 1.00\nb 2\nc 3.5\nd"
    for expected in ("a 1.01\n...\nd", "a 1.00\nb   2\n...", "...\nc 3.5\nd", "...\nb 2\n..."):
        assert missing(expected.split("\n"), said) is None
    for expected in ("a 1.00", "a 1.50\n...", "...\nc 3.5", "a 1.0\n...\nb 3\n...", "c 3.5\n..."):
        assert missing(expected.split("\n"), said) is not None
    assert commands("```console\n$ nof1 a \\\n  b\nsaid\n```\n") == [("nof1 a    b", ["said"])]
