"""Counts of three hospitals are those of all their patients in one record, where they are told."""

import numpy as np
import pytest

from nof1.federation import people as persons
from nof1.federation.counts import attrition, words
from nof1.federation.people import Agreed, People
from nof1.federation.policy import Policy
from nof1.federation.refusal import Refused
from nof1.predict.cohort import compile_cohort
from nof1.predict.task import Task
from nof1.record.store import Record

K = 10


@pytest.fixture
def figures(asked, fresh, hospitals):
    found = [one.figures for one in asked("counts", fresh, hospitals.task).values()]
    assert found[0] == found[1] == found[2]
    return found[0]


def pooled(hospitals):
    task, record = Task.parse(hospitals.task), Record(hospitals.together.record)
    cohort = compile_cohort(task, record)
    return task, cohort, People.of(record, cohort)


def test_what_is_told_is_what_the_joint_record_says(figures, hospitals):
    task, cohort, people = pooled(hospitals)
    by = persons.groups(task, Agreed(K, ("F", "M"), frozenset(), True, b""))
    sex, age = persons.places(task, people, by)
    told = 0
    for line in figures["table"]:
        here = np.ones(len(sex), dtype=bool)
        for name, codes, groups in (("sex", sex, by[0]), ("age", age, by[1])):
            if line[name] != "all":
                here &= codes == groups.labels.index(line[name])
        for name, count in (("patients", here), ("with_outcome", here & (people.cause == 1))):
            if line[name] is not None:
                assert line[name] == count.sum()
                told += 1
    assert told > 12
    assert figures["patients"] == len(people.subjects)
    for line, step in zip(figures["attrition"], cohort.attrition.steps, strict=True):
        assert line["step"] == step.rule
        assert line["people"] in (None, step.patients)


def test_no_small_count_is_told(figures):
    counts = [line[name] for line in figures["table"] for name in ("patients", "with_outcome")]
    assert not [one for one in counts if one is not None and 0 < one < K]
    assert None in counts  # there are small cells in this cohort
    assert figures["hidden"] > 0


def test_the_strictest_site_decides(asked, fresh, hospitals):
    strict = Policy({}, {}, frozenset(), least_patients=20, least_events=5, least_cell=60)
    (one, *_) = asked("counts", fresh, hospitals.task, policy=strict).values()
    counts = [line["patients"] for line in one.figures["table"]]
    assert one.figures["least_cell"] == 60
    assert all(each is None or each == 0 or each >= 60 for each in counts)


def test_the_same_question_gets_the_same_answer(asked, fresh, hospitals, figures):
    asked("survival", fresh, hospitals.task, job="job-between")
    asked("quality", fresh, "name: quality", job="job-of-the-record")
    again = asked("counts", fresh, hospitals.task, job="job-2")
    assert next(iter(again.values())).figures == figures


def test_a_cohort_that_differs_by_a_few_is_refused(asked, fresh, hospitals, figures):
    _, _, people = pooled(hospitals)
    youngest = np.sort(people.age)
    years = int(youngest[3]) + 1  # leaves out a few of the youngest
    assert 0 < (people.age < years).sum() < K
    other = hospitals.task.replace("age_years: {min: 18}", f"age_years: {{min: {years}}}")
    assert other != hospitals.task
    with pytest.raises(Refused, match="differs by fewer than 10 patients"):
        asked("counts", fresh, other, job="job-2")


def test_bands_of_age_that_are_moved_a_little_are_not_told(asked, fresh, hospitals, figures):
    other = f"{hospitals.task}\ngroups: {{age_years: [40, 65.3, 80]}}\n"
    _, _, people = pooled(hospitals)
    moved = int(((people.age >= 65) & (people.age < 65.3)).sum())
    assert 0 < moved < K
    found = next(iter(asked("counts", fresh, other, job="job-2").values())).figures
    edges = ("40 to under 65.3", "65.3 to under 80")
    lines = [one for one in found["table"] if one["sex"] == "all" and one["age"] in edges]
    assert [one["patients"] for one in lines] == [None, None]
    assert found["patients"] == figures["patients"]


def test_a_small_cohort_takes_no_part(asked, fresh, hospitals):
    strict = Policy({}, {}, frozenset(), least_patients=100_000)
    with pytest.raises(Refused, match="Fewer than 100000"):
        asked("counts", fresh, hospitals.task, policy=strict)


def test_a_rule_that_took_a_few_away_hides_its_count():
    rules, left = ["all", "index", "adult", "alive"], np.array([500.0, 300.0, 297.0, 280.0])
    found = attrition(rules, left, np.zeros(4, dtype=bool), K)
    assert [one["people"] for one in found] == [500, None, 297, 280]
    near = np.array([True, False, False, True])
    assert [one["people"] for one in attrition(rules, left, near, K)] == [None, None, 297, 280]


def test_the_words_fit_a_terminal(figures):
    lines = words(figures)
    assert max(map(len, lines)) <= 80
    assert any("hidden" in line for line in lines)
