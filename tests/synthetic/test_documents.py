"""The documents say what the code does."""

from importlib.resources import files
from pathlib import Path

import pytest

from nof1.predict.task import Task
from nof1.synthetic import causes
from nof1.synthetic.files import TASKS
from nof1.synthetic.radiology import BASE_LOG_ODDS, EFFECTS, TRAP, TRAP_LOG_ODDS, TRAP_SHARE

ROOT = Path(__file__).parents[2]


def test_every_coefficient_stands_in_the_document() -> None:
    text = (ROOT / "docs" / "synthetic-hospital.md").read_text(encoding="utf-8")
    for hazard in causes.HAZARDS:
        heading = f"### {hazard.event}: baseline {hazard.monthly_baseline:g} a month"
        section = text.split(heading)[1].split("\n### ")[0]
        for effect in hazard.effects:
            size, per, reference = effect.log_hazard_ratio, effect.per, effect.reference
            assert f"| {effect.cause} | {size:+g} | {per:g} | {reference:g} |" in section


def test_the_example_is_the_packaged_task() -> None:
    packaged = files("nof1.synthetic").joinpath("descriptions", "heart_attack.yaml").read_text()
    assert (ROOT / "examples" / "synthetic" / "task.yaml").read_text() == packaged


@pytest.mark.parametrize("name", TASKS)
def test_the_tasks_are_valid(name: str) -> None:
    task = Task.parse(files("nof1.synthetic").joinpath("descriptions", f"{name}.yaml").read_text())
    assert task.time_at_risk.end_days == 365
    assert task.prior_outcome == "keep"


def test_every_cause_of_an_opacity_stands_in_the_document() -> None:
    text = (ROOT / "docs" / "synthetic-hospital.md").read_text(encoding="utf-8")
    section = text.split(f"### opacity on a chest film: log odds {BASE_LOG_ODDS:g}")[1]
    section = section.split("\n## ")[0]
    for cause, effect in EFFECTS.items():
        assert f"| {cause} | {effect:+g} |" in section
    assert f"| {TRAP.site} (the trap) | {TRAP_LOG_ODDS:+g} |" in section
    assert f"{TRAP.site} takes {TRAP_SHARE:.0%} of all films".replace("%", " %") in text
