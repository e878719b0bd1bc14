"""Task files: what is read, and how a mistake is explained."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.predict.modelling import AblationPlan, directions
from nof1.predict.task import Task

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SMALL = """\
name: small
code_sets:
  drug: RxNorm//1
  bleed: {prefixes: [ICD10CM//K92], except: ICD10CM//K92.1}
index: {event: first, of: drug}
outcome: {of: bleed}
time_at_risk: {end_days: 365}
"""


OTHERS = ("imaging", "nsaid")  # files of another kind
TASKS = sorted(path for path in EXAMPLES.glob("*/*task.yaml") if path.parent.name not in OTHERS)


@pytest.mark.parametrize("path", TASKS, ids=str)
def test_examples_load(path):
    task = Task.load(path)
    assert task.to_dict()["name"] == task.name
    assert len(task.hash) == 64


def test_defaults():
    task = Task.parse(SMALL)
    assert task.kind == "binary"
    assert task.horizons_days == (365.0,)
    assert task.prior_outcome == "exclude"
    assert task.interval_level == 0.9
    assert task.outcome.codes.minus.codes == ("ICD10CM//K92.1",)
    assert {each.name for each in task.code_sets()} == {"drug", "bleed"}


def test_a_description_over_several_lines_is_one_sentence():
    folded = SMALL + "description: >\n  A bleed within a year\n  after the first dose.\n"
    assert Task.parse(folded).description == "A bleed within a year after the first dose."


def test_everything_is_read():
    task = Task.parse(
        SMALL
        + """\
description: A test.
kind: survival
eligibility:
  age_years: {min: 18, max: 90}
  sex: [F]
  history_days: 365
  must_have: [{of: drug, from_days: -30, to_days: -1}]
  must_not_have: [{of: LOINC//1, above: 5, unit: mg/dL}, {death: true}]
prediction_time: {after_index_days: 2}
prior_outcome: keep
censoring:
  observation_start: marked
  observation_end: 2020-12-31
  incomplete_follow_up: keep
  competing_event: exclude
competing: [{name: death, death: true}]
horizons_days: [30, 365]
features:
  windows: [full, 30d]
  aggregates: [value_last, count]
  min_patients: 5
  exclude: [X//1]
  static: false
split: {method: time, at: 2015-01-01, folds: 3, seed: 7}
learners: [logistic]
monotone: {"LOINC//*": 1, age_years: increasing}
groups: {sex: false, age_years: [50]}
interval_level: 0.8
audit: {max_auroc: 0.99, accepted: {"X//2": seen and fine}}
ablation: {blood: bleed, genes: {prefixes: [GENE//]}}
"""
    )
    assert task.eligibility.must_have[0].from_days == -30
    assert task.eligibility.must_not_have[0].event.above == 5
    assert task.censoring.until == date(2020, 12, 31)
    assert task.censoring.start.codes == ("OBSERVATION_PERIOD",)
    assert task.features.windows == ("30d", "full")
    assert task.features.aggregates == ("count", "value_last")
    assert task.split.at == date(2015, 1, 1)
    assert task.monotone == (("LOINC//*", 1), ("age_years", 1))
    assert task.audit.accepted == (("X//2", "seen and fine"),)
    assert [one.name for one in task.ablation.groups] == ["blood", "genes"]
    assert task.ablation.groups[0].prefixes == ("ICD10CM//K92",)
    assert task.to_dict()["split"]["at"] == "2015-01-01"


def test_ablation_is_off_on_or_quick():
    assert Task.parse(SMALL).ablation is None
    assert Task.parse(SMALL + "ablation: false").ablation is None
    assert Task.parse(SMALL + "ablation: true").ablation == AblationPlan()
    assert Task.parse(SMALL + "ablation: quick").ablation == AblationPlan(alone=False)
    own = Task.parse(SMALL + "ablation: {blood: bleed}")
    assert {one.name for one in own.code_sets()} == {"drug", "bleed"}  # no part of the question


def test_hash_depends_on_meaning_only():
    lines = SMALL.splitlines(keepends=True)
    moved = "".join([lines[0], *lines[4:], "# a comment\n", *lines[1:4]])
    assert Task.parse(moved).hash == Task.parse(SMALL).hash
    other = replace(Task.parse(SMALL), prior_outcome="keep")
    assert other.hash != Task.parse(SMALL).hash


@pytest.mark.parametrize(
    ("old", "new", "line", "says", "next_step"),
    [
        ("outcome:", "outcom:", 6, "'outcom' is not known", "'outcome'"),
        ("of: bleed", "of: bleeds", 6, "no code set 'bleeds'", "'bleed'"),
        ("event: first", "event: frist", 5, "'frist' is not known", "'first'"),
        ("end_days: 365", "end_days: -1", 7, "out of range", None),
        ("end_days: 365", "end_days: 5, start_days: 5", 7, "empty", None),
        ("end_days: 365", "start_days: 5", 7, "'end_days' is missing", None),
        ("of: bleed}", "of: bleed, death: true}", 6, "Exactly one", None),
        ("of: bleed}", "of: bleed, unit: mg}", 6, "A unit needs a bound", None),
        ("name: small", "name: ../../etc", 1, "cannot be a name", None),
        ("drug: RxNorm//1", "drug: []", 3, "empty", None),
        ("drug: RxNorm//1", "drug: {except: A//1}", 3, "names no code", None),
        ("drug: RxNorm//1", "drug: {code: A//1}", 3, "'code' is not known", "'codes'"),
        ("of: drug", "date: 2020-13-01", 5, "happens once", None),
        ("event: first, of: drug", "date: 2020-13-01", 5, "is no date", None),
        ("event: first, of: drug", "of: drug, age_years: 50", 5, "Exactly one kind", None),
    ],
)
def test_mistakes_point_at_the_line(old, new, line, says, next_step):
    with pytest.raises(InputError) as error:
        Task.parse(SMALL.replace(old, new, 1), "my.yaml")
    assert says in error.value.message
    assert f"my.yaml, line {line}," in error.value.where
    assert next_step is None or next_step in error.value.next_step


@pytest.mark.parametrize(
    "extra",
    [
        "horizons_days: [5]",
        "split: {method: time}",
        "split: {at: 2020-01-01}",
        "split: {folds: 1}",
        "features: {windows: [1w]}",
        "features: {aggregates: [mean]}",
        "monotone: {age_years: 2}",
        "monotone: {age_years: true}",
        "groups: {age_years: [60, 50]}",
        "censoring: {observation_end: lastevent}",
        "competing: [{name: a, death: true}, {name: a, of: drug}]",
        "competing: [{death: true}]",
        "eligibility: {age_years: {min: 50, max: 40}}",
        "eligibility: {must_have: [{of: drug, to_days: 3}]}",
        "eligibility: {must_have: [{of: drug, from_days: 0}]}",
        "interval_level: 90",
        "audit: {accepted: {X: ''}}",
        "kind: regression",
        "ablation:",
        "ablation: {}",
        "ablation: 1",
        "ablation: [genes]",
        "ablation: {blood: bleeds}",
        "ablation: {blood: {prefix: [A//]}}",
        "ablation: {'': bleed}",
        'ablation: {"two\\tcolumns": bleed}',
        f"ablation: {{{'long' * 8}: bleed}}",
    ],
)
def test_more_mistakes(extra):
    with pytest.raises(InputError, match="line 8"):
        Task.parse(SMALL + extra)


def test_a_wrong_ablation_says_what_is_allowed():
    with pytest.raises(InputError) as error:
        Task.parse(SMALL + "ablation: all", "my.yaml")
    assert error.value.where == "my.yaml, line 8, column 11, ablation"
    assert "true, quick, false" in error.value.allowed
    assert "ablation: true" in error.value.next_step


def test_survival_horizons():
    survival = SMALL.replace("{end_days: 365}", "{}") + "kind: survival\n"
    assert Task.parse(survival).horizons_days == (365.0,)
    assert Task.parse(survival + "horizons_days: [30, 60]").horizons_days == (30.0, 60.0)
    with pytest.raises(InputError, match="rising"):
        Task.parse(survival + "horizons_days: [60, 30]")


def test_encounter_index():
    task = Task.parse(
        SMALL.replace("event: first, of: drug", "encounter: end, class: IMP, event: every")
    )
    assert task.index.which == "every"
    assert task.index.event.codes.codes == ("ENCOUNTER_END//IMP",)


def test_monotone_pattern_without_feature_is_an_error():
    with pytest.raises(UsageError, match="names no feature") as error:
        directions([("LOINC//2345-6/*", 1)], ["LOINC//2345-7/30d/count"])
    assert "LOINC//2345-7" in error.value.next_step
    stars = ["GENE//CYP2C19//*1/*2"]
    assert directions([("GENE//CYP2C19//*1/*2", -1)], stars) == (-1,)
