"""Which models of a workspace speak about a condition: read from their tasks."""

from pathlib import Path

import pytest

from nof1.advice.ranked import outcome_of, started
from nof1.cli.rank_models import risks
from nof1.core.finding import Subject
from nof1.core.workspace import create
from nof1.knowledge.base import SHIPPED
from nof1.predict.task import Task

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TASK = """
name: t
index: {{event: first, of: SNOMED//1}}
outcome: {outcome}
time_at_risk: {{start_days: 0, end_days: 365}}
"""


@pytest.mark.parametrize(
    ("task", "outcome", "among"),
    [
        ("synthetic", {"myocardial infarction"}, {"clopidogrel", "ticagrelor"}),
        ("gi_bleed", {"gastrointestinal hemorrhage"}, {"celecoxib"}),
        ("support2", {"death"}, set()),
    ],
)
def test_the_tasks_of_the_examples(task, outcome, among):
    made = Task.load(EXAMPLES / task / "task.yaml")
    assert outcome_of(made, SHIPPED) == outcome
    assert started(made, SHIPPED) == among


@pytest.mark.parametrize(
    ("outcome", "meant"),
    [
        ("{of: [SNOMED//422504002, ICD10CM//I61]}", {"ischemic stroke", "intracranial hemorrhage"}),
        ("{of: [SNOMED//422504002, SNOMED//999]}", set()),
        ("{of: LOINC//2160-0, above: 2, unit: mg/dL}", set()),
        ("{of: {prefixes: [ICD10CM//I21, ICD10CM//I22]}}", {"myocardial infarction"}),
    ],
)
def test_every_code_of_the_outcome_must_be_a_disease_that_we_know(outcome, meant):
    assert outcome_of(Task.parse(TASK.format(outcome=outcome)), SHIPPED) == meant


def test_a_workspace_without_models_says_nothing(tmp_path):
    workspace = create(tmp_path / "ws", synthetic=True)
    assert risks(workspace, "heart attack", Subject(id="p"), None, None, {}, SHIPPED) == []
