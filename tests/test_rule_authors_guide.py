"""The guide of rule authors, followed: every command of its example, as a reader would."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nof1.advice.orders import families, tiers
from nof1.cli import main
from nof1.knowledge import laboratory, rows
from nof1.knowledge.base import Base

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "rule-authors-guide.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    ((?:nof1|cat) .+)$", GUIDE, re.M)


def run(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """One line of the guide; ``cat FILE >> FILE`` is done here, the rest by nof1."""
    words = shlex.split(line)
    if words[0] == "cat":
        with Path(words[3]).open("a", encoding="utf-8") as file:
            file.write(Path(words[1]).read_text(encoding="utf-8"))
        return 0, ""
    with pytest.raises(SystemExit) as stop:
        main(words[1:])
    return int(stop.value.code or 0), capsys.readouterr().out


def test_the_example_works_as_the_guide_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    said = {}
    for line in COMMANDS:
        code, out = run(line, capsys)
        assert code == 0 or line.startswith("nof1 knowledge check"), (line, out)
        said[" ".join(line.split()[1:3])] = out
    assert "RULE ADDED: 1" in said["knowledge diff"]
    assert "CRITICAL" not in said["knowledge check"]
    shown = re.search(r"prints, among others:\n\n((?:    .*\n)+)", GUIDE)
    assert shown
    printed = " ".join(said["advise rule-example"].split())
    assert " ".join(shown[1].split()) in printed
    assert "1 reviews of laboratory.tsv" in said["knowledge review"]
    base = Base(tmp_path / "ws" / "knowledge")
    (signed,) = [one for one in laboratory.limits(base) if rows.review_of(one, base)]
    assert (signed.subject, signed.measurement) == ("colchicine", "CK")


def test_after_the_review_the_alert_names_the_reviewer_and_a_changed_cell_takes_it_away(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    advise = next(line for line in COMMANDS if line.startswith("nof1 advise"))
    for line in COMMANDS:
        if "governance" not in line:
            run(line, capsys)
    assert "Reviewed by A. Person (clinical pharmacist)" in run(f"{advise} --json", capsys)[1]
    path = tmp_path / "ws" / "knowledge" / "laboratory.tsv"
    path.write_text(
        path.read_text().replace("colchicine\tCK\t2000", "colchicine\tCK\t1900"), encoding="utf-8"
    )
    (tmp_path / "ws").rename(tmp_path / "ws2")  # facts are read once for each folder
    moved = advise.replace("-w ws", "-w ws2")
    assert "Reviewed by" not in run(f"{moved} --json", capsys)[1]
    told = " ".join(run("nof1 knowledge check -w ws2", capsys)[1].split())
    assert "1 reviews are of rows of laboratory.tsv that are no longer as they were" in told


def test_the_row_of_the_page_is_the_row_of_the_example():
    row = (ROOT / "examples/rules/rule.tsv").read_text(encoding="utf-8").rstrip("\n").split("\t")
    line = next(one for one in GUIDE.splitlines() if one.startswith("| colchicine |"))
    assert [cell.strip() for cell in line.strip("|").split("|")] == row


def test_every_table_of_rules_is_named_and_every_named_table_exists():
    named = set(re.findall(r"`(\w+\.tsv)`", GUIDE))
    assert set(rows.RULES) - {"effects.tsv"} <= named
    known = {*rows.RULES, *rows.BASICS, rows.REVIEWS, "drugs.tsv", "sources.tsv", tiers.FILE.name}
    assert named <= known
    assert set(families.TABLES["laboratory"]) <= {*named, "classes.tsv"}
