"""``nof1 effect``: exit codes, text and JSON; the card and the patient carry the result."""

import json

import pytest

from cli.test_cli import run
from nof1.predict.effect import estimate as estimating
from predict.effect.records import FAST, TASK, hospital, task_file


@pytest.fixture
def quick(monkeypatch):
    """The command with a recipe that is small enough for a test."""
    monkeypatch.setattr(estimating, "Recipe", lambda **given: FAST)


def test_the_text_the_card_and_the_patient(capsys, tmp_path, quick):
    workspace, charts = hospital(tmp_path, 500, gain=True)
    root, task = str(workspace.root), str(task_file(tmp_path))
    code, out, _ = run(capsys, "effect", task, "--workspace", root)
    assert code == 0
    assert "The trial that is emulated" in out
    assert "only one of them was begun" in out
    card = out[out.index("\n# ") :]  # the table of rules before it is as wide as its rules
    assert max(map(len, card.splitlines())) <= 80
    code, card, _ = run(capsys, "card", "new-or-old", "--workspace", root)
    assert (code, "The average effect" in card) == (0, True)
    page = tmp_path / "effect.html"
    assert run(capsys, "card", "new-or-old", "--page", str(page), "--workspace", root)[0] == 0
    assert "The trial that is emulated" in page.read_text(encoding="utf-8")
    assert json.loads(page.with_suffix(".json").read_text())["schema"] == "nof1/effect-card/1"
    patient = next(iter(charts))
    code, said, _ = run(
        capsys, "advise", patient, "--at", "2021-02-03", "--json", "--workspace", root
    )
    findings = [one for one in json.loads(said)["findings"] if one["kind"] == "effect"]
    assert (code, len(findings)) == (0, 1)
    log = workspace.audit.read_text(encoding="utf-8") if workspace.audit.is_file() else ""
    assert not log or "new-or-old" in log


def test_json_and_exit_code_1_when_single_people_are_withheld(capsys, tmp_path, quick):
    workspace, _ = hospital(tmp_path, 500, gain=True, confounded=True)
    task = task_file(tmp_path, TASK + "negative_controls: [{name: fall, of: fall}]\n")
    code, out, _ = run(capsys, "effect", str(task), "--json", "--workspace", str(workspace.root))
    shown = json.loads(out)
    assert (code, shown["schema"]) == (1, "nof1/effect/1")
    assert "effect on fall" in shown["withheld"][0]


def test_a_mistake_is_exit_code_2_with_its_line(capsys, tmp_path):
    workspace, _ = hospital(tmp_path, 30, gain=True)
    task = task_file(tmp_path, TASK.replace("strategy:", "stratgy:"))
    code, out, err = run(capsys, "effect", str(task), "--json", "--workspace", str(workspace.root))
    assert (code, out) == (2, "")
    assert "line 9" in json.loads(err)["where"]


def test_an_unknown_challenger_is_exit_code_2_before_any_work(capsys, tmp_path):
    workspace, _ = hospital(tmp_path, 30, gain=True)
    root = str(workspace.root)
    code, _, err = run(
        capsys, "effect", str(task_file(tmp_path)), "--challenger", "oracle", "--workspace", root
    )
    assert code == 2
    assert "No challenger" in err
    assert "forest" in err
    assert "Finding the people" not in err
