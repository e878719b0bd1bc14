"""The place of one patient in a task: the cohort's rules, on what is known at the moment."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof1.predict.codesets import CodeSet
from nof1.predict.eligible import find_place, members
from nof1.predict.task import Task
from nof1.record.events import BIRTH, DEATH, SCHEMA
from predict import cohort_oracle
from predict.test_cohort import PATIENT, event, questions

START = datetime(2020, 1, 1)
TASK = """
name: t
index: {event: first, of: D//drug}
outcome: {of: O//bleed}
time_at_risk: {end_days: 10}
"""


def day(number):
    return START + timedelta(days=number)


def table(events):
    rows = [
        dict(zip(("subject_id", "time", "recorded", "code", "numeric_value"), e, strict=True))
        for e in events
    ]
    found = pl.DataFrame(rows, schema=SCHEMA)
    return found.sort("time", maintain_order=True, nulls_last=False)


def place_of(task, events, at):
    """The place, asked with nothing but what is known at the moment."""
    visible = table([e for e in events if cohort_oracle.known(e) <= at])
    codes = members(task.code_sets(), [()] * len(task.code_sets()), visible)
    return find_place(task, visible, at, codes)


def slow_place(task, events, at):
    """The same with plain loops."""
    events = [e for e in events if cohort_oracle.known(e) <= at]
    codes = {each: set(each.codes) for each in task.code_sets()}
    times = [e[1] for e in events if e[1] and e[3] != BIRTH]
    deaths = [e[1] for e in events if e[3] == DEATH and e[1]]
    found = []
    for index in cohort_oracle.index_times(task, events, codes, min(times, default=None), at):
        moment = index + timedelta(days=task.prediction_offset_days)
        outcomes = cohort_oracle.named(events, task.outcome, codes)
        had = task.prior_outcome == "exclude" and any(
            cohort_oracle.known(e) <= moment for e in outcomes
        )
        if (
            cohort_oracle.eligible(task, events, codes, index, min(times))
            and moment <= at
            and (not deaths or min(deaths) > moment)
            and not had
        ):
            found.append(moment)
    moment = max(found, default=None)
    end = task.time_at_risk.end_days
    in_time = moment is not None and (at - moment).total_seconds() <= end * 86_400
    return moment if in_time else None


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(), PATIENT, st.integers(-4, 40))
def test_same_as_the_slow_way(text, parts, half):
    task = Task.parse(text)
    events = [event(1, d, code, number, rec) for part in parts for d, rec, code, number in part]
    at = day(half / 2)
    if not [e for e in events if cohort_oracle.known(e) <= at]:
        return
    assert place_of(task, events, at).prediction_time == slow_place(task, events, at)


def test_every_row_of_a_cohort_is_found_alone(small_hospital, trained):
    from nof1.record.store import Record

    task, rows = trained.cohort, trained.cohort.frame
    question = Task.load(small_hospital.task)
    shards = (
        Record(small_hospital.workspace.record)
        .scan()
        .collect()
        .partition_by("subject_id", as_dict=True)
    )
    for subject_id, moment in rows.select("subject_id", "prediction_time").head(120).iter_rows():
        known = pl.max_horizontal("time", "recorded")
        visible = shards[(subject_id,)].filter((known <= moment) | known.is_null())
        assert find_place(question, visible, moment, task.codes).prediction_time == moment


def test_asked_before_the_index():
    place = place_of(Task.parse(TASK), [event(1, 0, "X"), event(1, 5, "D//drug")], day(4))
    assert place.prediction_time is None
    assert "with an index event: first D//drug. As of 2020-01-05" in place.reason
    assert "another moment" in place.resolve


def test_an_empty_record_is_nobody():
    assert "in the record" in place_of(Task.parse(TASK), [], day(0)).reason


def test_asked_after_the_time_at_risk():
    task = Task.parse(TASK)
    events = [event(1, 0, "D//drug")]
    assert place_of(task, events, day(10)).prediction_time == day(0)
    assert "ended after 10 days" in place_of(task, events, day(10.5)).reason


def test_the_first_broken_rule_is_told():
    task = Task.parse(TASK + "eligibility: {age_years: {min: 18}, sex: [F]}")
    events = [event(1, 0, "D//drug"), event(1, -20_000, BIRTH), event(1, None, "GENDER//M")]
    assert "people sex known and F" in place_of(task, events, day(1)).reason


@pytest.mark.parametrize(
    ("code", "told"),
    [("O//bleed", "the outcome (2020-01-04)"), (DEATH, "the patient's death (2020-01-04)")],
)
def test_what_happened_since_is_told(code, told):
    task = Task.parse(TASK)
    events = [event(1, 0, "D//drug"), event(1, 3, code)]
    assert place_of(task, events, day(2)).since == ()
    (said,) = place_of(task, events, day(4)).since
    assert told in said


def test_a_fixed_date_needs_no_later_visit():
    """In a cohort, who left before the date is out; who is asked about is there."""
    task = Task.parse(TASK.replace("{event: first, of: D//drug}", "{date: 2020-01-10}"))
    events = [event(1, 0, "X")]
    assert place_of(task, events, day(12)).prediction_time == day(9)
    assert place_of(task, events, day(8)).prediction_time is None
    assert place_of(task, [event(1, 10, "X")], day(12)).prediction_time is None  # came later


def test_members_adds_own_codes_that_fit_by_name():
    without = CodeSet("minus", codes=("ICD//I21.9",))
    wanted = CodeSet("attack", codes=("S//1",), prefixes=("ICD//I21",), minus=without)
    own = table([event(1, 0, code) for code in ("ICD//I21.3", "ICD//I21.9", "X", "S//1")])
    assert members([wanted], [("S//7",)], own) == {wanted: ("ICD//I21.3", "S//1", "S//7")}
