"""The cohort compiler against a slow oracle, and the rules one by one."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from unittest import mock

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof1.core.errors import InputError, ModelError
from nof1.predict import cohort
from nof1.predict.attrition import Attrition
from nof1.predict.codesets import resolve_all
from nof1.predict.cohort import compile_cohort
from nof1.predict.task import Task
from nof1.record.events import BIRTH, DEATH, SCHEMA
from predict import cohort_oracle
from shared_data import needs

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
START = datetime(2020, 1, 1)
CODES = ["D//drug", "O//bleed", "C//stroke", "H//past", "L//lab", "OBSERVATION_PERIOD"]
ALWAYS = [*CODES, "END_OF_FOLLOW_UP", BIRTH, DEATH, "GENDER//F", "GENDER//M"]


class FakeRecord:
    """A record of a few events, one shard per remainder of the subject's number."""

    def __init__(self, folder, events, shards=2, columns=None):
        self.folder = folder
        names = ["subject_id", "time", "recorded", "code", "numeric_value"]
        rows = pl.DataFrame([[*event[:5]] for event in events], orient="row", schema=names)
        full = rows.with_columns(
            *(pl.lit(None).alias(name) for name in SCHEMA.names() if name not in names)
        ).cast({name: kind for name, kind in SCHEMA.items()})
        for number in range(shards):
            part = full.filter(pl.col("subject_id") % shards == number)
            part.select(columns or pl.all()).sort("subject_id", "time").write_parquet(
                folder / f"{number}.parquet"
            )

    def shards(self):
        return sorted(self.folder.glob("*.parquet"))

    def codes(self):
        return pl.DataFrame({"code": ALWAYS})

    def ancestors(self):
        return pl.DataFrame(schema={"ancestor": pl.String, "code": pl.String})


def task(text="", **changes):
    base = """
name: t
code_sets: {drug: D//drug, bleed: O//bleed, stroke: C//stroke, past: H//past, lab: L//lab}
index: {event: first, of: drug}
outcome: {of: bleed}
time_at_risk: {end_days: 10}
"""
    return replace(Task.parse(base + text), **changes)


def event(subject, day, code, number=None, recorded=None):
    time = None if day is None else START + timedelta(days=day)
    return (
        subject,
        time,
        None if recorded is None else START + timedelta(days=recorded),
        code,
        number,
    )


def compiled(folder, question, events, **how):
    """Rows (subject, day of prediction, label, cause, duration)."""
    with mock.patch.object(cohort, "_refuse_unusable"):
        found = compile_cohort(question, FakeRecord(folder, events, **how))
    return found.frame.select(
        "subject_id",
        (pl.col("prediction_time") - START).dt.total_microseconds() / 86_400e6,
        "label",
        "cause",
        "duration_days",
    ).rows()


# Against the oracle -------------------------------------------------------------------------------

HALVES = st.integers(-8, 16).map(lambda half: half / 2)  # coarse, so that edges are hit
OFTEN = ["D//drug", "D//drug", "O//bleed", "O//bleed", "L//lab"]
DATED = st.tuples(
    HALVES,
    st.none() | st.none() | st.integers(-3, 12),
    st.sampled_from([*OFTEN, *CODES, "END_OF_FOLLOW_UP", DEATH]),
    st.none() | st.sampled_from([0.0, 2.1, 5.0, float("nan")]),
)
STATIC = st.tuples(
    st.none(),
    st.none() | st.integers(-5, 5),
    st.sampled_from(["GENDER//F", "GENDER//M", "H//past"]),
    st.none(),
)
BORN = st.tuples(st.just(-20_000), st.none(), st.just(BIRTH), st.none())
PATIENT = st.tuples(
    st.lists(DATED, min_size=3, max_size=12),
    st.lists(STATIC, max_size=2),
    st.lists(BORN, max_size=1),
)
EVENTS = st.lists(PATIENT, min_size=4, max_size=8)
INDEX = st.sampled_from(
    [f"{{event: {which}, of: drug}}" for which in ("first", "last", "every")]
    + ["{event: every, of: lab, above: 2}", "{date: 2020-01-02}", "{age_years: 54.76}"]
)
ELIGIBILITY = st.sampled_from(
    [
        *["{}"] * 4,
        "{age_years: {min: 54}}",
        "{age_years: {max: 54}, sex: [F, M]}",
        "{sex: [F]}",
        "{history_days: 2}",
        "{must_have: [{of: past}]}",
        "{must_have: [{of: drug, from_days: -3, to_days: -1}]}",
        "{must_have: [{of: lab, above: 2.1}]}",
        "{must_not_have: [{of: past}]}",
        "{must_not_have: [{of: lab, from_days: -2}, {of: past, to_days: -2}]}",
    ]
)
REST = st.fixed_dictionaries(
    {
        "prediction_time": st.sampled_from(["{after_index_days: 0}", "{after_index_days: 1.5}"]),
        "prior_outcome": st.sampled_from(["exclude", "keep"]),
    },
    optional={
        "competing": st.sampled_from(
            [
                "[{name: death, death: true}]",
                "[{name: stroke, of: stroke}, {name: death, death: true}]",
            ]
        ),
    },
)
CENSORING = st.fixed_dictionaries(
    {
        "observation_end": st.sampled_from(["last_event", "marked", "2020-01-05"]),
        "incomplete_follow_up": st.sampled_from(["exclude", "keep", "negative"]),
        "competing_event": st.sampled_from(["negative", "exclude"]),
    }
)


def as_yaml(parts):
    return "{" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}"


@st.composite
def questions(draw):
    kind = draw(st.sampled_from(["binary", "survival"]))
    ends = ["{end_days: 4}", "{start_days: 1, end_days: 6}"] + ["{}"] * (kind == "survival")
    parts = {
        "name": "random",
        "kind": kind,
        "code_sets": "{drug: D//drug, bleed: O//bleed, stroke: C//stroke, past: H//past, "
        "lab: L//lab}",
        "index": draw(INDEX),
        "outcome": draw(st.sampled_from(["{of: bleed}", "{death: true}", "{of: lab, above: 2}"])),
        "time_at_risk": draw(st.sampled_from(ends)),
        "eligibility": draw(ELIGIBILITY),
        "censoring": as_yaml(draw(CENSORING)),
        **draw(REST),
    }
    return "".join(f"{key}: {value}\n" for key, value in parts.items())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(), EVENTS)
def test_same_as_the_oracle(tmp_path_factory, text, patients):
    question = Task.parse(text)
    events = [
        event(subject, day, code, number, recorded)
        for subject, parts in enumerate(patients)
        for part in parts
        for day, recorded, code, number in part
    ]
    record = FakeRecord(tmp_path_factory.mktemp("record"), events)
    codes = resolve_all(question.code_sets(), ALWAYS, record.ancestors())
    expected = cohort_oracle.cohort(question, events, codes)
    with mock.patch.object(cohort, "_refuse_unusable"):
        found = compile_cohort(question, record).frame
    assert found.select("subject_id", "prediction_time", "label", "cause").rows() == [
        row[:4] for row in expected
    ]
    assert found["duration_days"].to_list() == pytest.approx([row[4] for row in expected])


# The rules, one by one ----------------------------------------------------------------------------


def test_edges_of_the_time_at_risk(tmp_path):
    events = []
    for subject, day in enumerate([0, 0.01, 10, 10.01]):
        events += [
            event(subject, 0, "D//drug"),
            event(subject, day, "O//bleed"),
            event(subject, 50, "H//past"),
        ]
    rows = compiled(tmp_path, task(), events)
    # At the prediction time it is history; just after and at the last moment it is outcome.
    assert rows == [(1, 0, 1, 1, pytest.approx(0.01)), (2, 0, 1, 1, 10), (3, 0, 0, 0, 10)]


def test_an_index_known_late_is_asked_late(tmp_path):
    events = [event(0, 0, "D//drug", recorded=5), event(0, 8, "O//bleed")]
    assert compiled(tmp_path, task(), events) == [(0, 5, 1, 1, 3)]


def test_a_past_outcome_recorded_later_does_not_exclude(tmp_path):
    events = [event(0, 0, "D//drug"), event(0, -5, "O//bleed", recorded=3), event(0, 30, "H//past")]
    assert compiled(tmp_path, task(), events) == [(0, 0, 0, 0, 10)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("exclude", []), ("keep", [(0, 0, 0, 0, 4)]), ("negative", [(0, 0, 0, 0, 10)])],
)
def test_incomplete_follow_up(tmp_path, policy, expected):
    events = [event(0, 0, "D//drug"), event(0, 4, "H//past")]
    question = task(f"censoring: {{incomplete_follow_up: {policy}}}")
    assert compiled(tmp_path, question, events) == expected


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", [(0, 0, 0, 0, 4)]),
        ("competing: [{name: death, death: true}]", [(0, 0, 0, 2, 4)]),
        ("competing: [{name: death, death: true}]\ncensoring: {competing_event: exclude}", []),
    ],
)
def test_death_in_the_time_at_risk(tmp_path, extra, expected):
    events = [event(0, 0, "D//drug"), event(0, 4, DEATH), event(0, 5, "O//bleed")]
    question = task(extra)
    assert compiled(tmp_path, question, events) == expected


def test_unnamed_deaths_are_noted(tmp_path):
    events = [
        event(0, 0, "D//drug"),
        event(0, 4, DEATH),
        event(1, 0, "D//drug"),
        event(1, 4, "O//bleed"),
    ]
    found = compile_cohort(task(), FakeRecord(tmp_path, events))
    assert "1 rows end by a death" in found.notes[0]


def test_an_observation_that_ends_on_a_date_includes_that_day(tmp_path):
    events = [
        event(0, 0.4, "D//drug"),
        event(0, 3, "END_OF_FOLLOW_UP"),
        event(0, 3.6, "O//bleed"),
        event(1, 0.4, "D//drug"),
        event(1, 3, "END_OF_FOLLOW_UP"),
        event(1, 4.6, "O//bleed"),
    ]
    question = task("censoring: {observation_end: marked, incomplete_follow_up: keep}")
    rows = compiled(tmp_path, question, events)
    assert [(row[0], row[2]) for row in rows] == [(0, 1), (1, 0)]


def test_a_bound_equal_to_a_float32_value_counts(tmp_path):
    events = [
        event(0, 0, "D//drug"),
        event(0, 2, "L//lab", 2.1),
        event(1, 0, "D//drug"),
        event(1, 2, "L//lab", 2.0),
        event(1, 20, "H//past"),
    ]
    question = Task.parse("""
name: t
index: {of: D//drug}
outcome: {of: L//lab, at_least: 2.1}
time_at_risk: {end_days: 10}
""")
    found = compile_cohort(question, FakeRecord(tmp_path, events))
    assert found.frame["label"].to_list() == [1, 0]


def test_values_in_another_unit_are_counted_not_used(tmp_path):
    question = Task.parse("""
name: t
index: {of: D//drug}
outcome: {of: L//lab, above: 2, unit: mg/dL}
time_at_risk: {end_days: 10}
""")
    events = [event(0, 0, "D//drug"), event(0, 2, "L//lab", 3.0), event(0, 20, "H//past")]
    with pytest.raises(ModelError, match="never happens") as error:
        compile_cohort(question, FakeRecord(tmp_path, events))
    assert "1 values in another unit" in error.value.message


def test_attrition_accounts_for_everybody(tmp_path):
    events = []
    for subject in range(20):
        events += [
            event(subject, 0, "D//drug"),
            event(subject, subject - 5, "O//bleed"),
            event(subject, 30, "H//past"),
        ]
        if subject % 3 == 0:
            events.append(event(subject, -1, "H//past"))
    question = task("eligibility: {must_not_have: [{of: past}]}")
    found = compile_cohort(question, FakeRecord(tmp_path, events, shards=3))
    steps = found.attrition.steps
    for before, after in pairwise(steps[1:]):
        assert before.index_events - after.index_events_removed == after.index_events
        assert before.patients - after.patients_removed == after.patients
    assert steps[0].patients == 20
    assert steps[-1].index_events == found.frame.height
    assert any("H//past" in step.rule or "past" in step.rule for step in steps)
    assert found.attrition.frame().height == len(steps)


def test_empty_cohort_shows_the_table_and_the_rule(tmp_path):
    question = task("eligibility: {age_years: {min: 18}}")
    with pytest.raises(ModelError) as error:
        compile_cohort(question, FakeRecord(tmp_path, [event(0, 0, "D//drug")]))
    assert "age known and at least 18" in error.value.message
    assert "age known" in error.value.where
    assert error.value.next_step


def test_outcome_that_always_happens(tmp_path):
    events = [event(0, 0, "D//drug"), event(0, 1, "O//bleed")]
    with pytest.raises(ModelError, match="always happens"):
        compile_cohort(task(), FakeRecord(tmp_path, events))


def test_plain_meds_columns_are_enough(tmp_path):
    events = [event(0, 0, "D//drug"), event(0, 1, "O//bleed")]
    columns = ["subject_id", "time", "code", "numeric_value"]
    assert compiled(tmp_path, task(), events, columns=columns) == [(0, 0, 1, 1, 1)]


def test_a_damaged_shard_is_named(tmp_path):
    record = FakeRecord(tmp_path, [event(0, 0, "D//drug")])
    (tmp_path / "0.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError) as error:
        compile_cohort(task(), record)
    assert error.value.where == "0.parquet"


def test_rows_do_not_depend_on_the_number_of_shards(tmp_path):
    events = [
        event(s, day, code)
        for s in range(14)
        for day, code in [(0, "D//drug"), (s - 1, "O//bleed"), (40, "H//past")]
    ]
    frames, tables = [], []
    for shards in (1, 4):
        folder = tmp_path / str(shards)
        folder.mkdir()
        found = compile_cohort(task(), FakeRecord(folder, events, shards))
        frames.append(found.frame)
        tables.append(found.attrition)
    assert frames[0].equals(frames[1])
    assert tables[0] == tables[1]
    assert isinstance(tables[0], Attrition)


def index_edge(days_before, recorded=None):
    """A case whose past event lies so many days before its index on day 5."""
    past = event(0, 5 - days_before, "H//past", recorded=recorded)
    return [event(0, 5, "D//drug"), past, event(0, 6, "O//bleed")]


@pytest.mark.parametrize(
    ("days_before", "recorded", "found"),
    [
        (3, None, False),
        (2.99, None, True),
        (1, None, True),
        (0.99, None, False),
        (2, 6, False),
        (2, 5, True),
    ],
)
def test_edges_of_a_history_window(tmp_path, days_before, recorded, found):
    question = task("eligibility: {must_have: [{of: past, from_days: -3, to_days: -1}]}")
    mates = [
        event(1, -9, "H//past"),
        event(1, -8, "D//drug"),
        event(1, -2, "O//bleed"),
        event(2, -9, "H//past"),
        event(2, -7, "D//drug"),
        event(2, 50, "H//past"),
    ]
    rows = compiled(tmp_path, question, [*index_edge(days_before, recorded), *mates])
    assert [row[0] for row in rows] == ([0, 1, 2] if found else [1, 2])


def test_an_early_long_window_is_not_forgotten(tmp_path):
    """Of several events in the record, any one in the window is enough."""
    question = task("eligibility: {must_have: [{of: past, from_days: -20}]}")
    events = [
        event(0, -18, "H//past", recorded=4),
        event(0, -10, "H//past", recorded=0),
        event(0, 5, "D//drug"),
        event(0, 6, "O//bleed"),
        event(1, -4, "H//past", recorded=-4),
        event(1, -18, "H//past", recorded=4),
        event(1, 5, "D//drug"),
        event(1, 6, "O//bleed"),
        event(2, 4, "H//past"),
        event(2, 5, "D//drug"),
        event(2, 50, "H//past"),
    ]
    assert [row[0] for row in compiled(tmp_path, question, events)] == [0, 1, 2]


def test_ages_are_bounds_in_whole_years(tmp_path):
    question = task("eligibility: {age_years: {min: 18, max: 80}}")
    events = []
    for subject, years in enumerate([17.99, 18.0, 80.0, 80.99, 81.0]):
        events += [
            event(subject, -365.25 * years, BIRTH),
            event(subject, 0, "D//drug"),
            event(subject, 1, "O//bleed"),
        ]
    events += [event(9, 0, "D//drug"), event(9, 1, "O//bleed")]  # no birth known
    assert [row[0] for row in compiled(tmp_path, question, events)] == [1, 2, 3]


def test_history_of_exactly_the_length_is_enough(tmp_path):
    question = task("eligibility: {history_days: 3}")
    events = [
        event(0, 0, "H//past"),
        event(0, 3, "D//drug"),
        event(0, 5, "O//bleed"),
        event(1, 0.01, "H//past"),
        event(1, 3, "D//drug"),
        event(1, 5, "O//bleed"),
        event(2, 0, "H//past"),
        event(2, 3, "D//drug"),
        event(2, 50, "H//past"),
    ]
    assert [row[0] for row in compiled(tmp_path, question, events)] == [0, 2]


def test_who_dies_or_leaves_at_the_prediction_time(tmp_path):
    question = task(
        "prediction_time: {after_index_days: 2.5}\ncensoring: {incomplete_follow_up: negative}"
    )
    events = [
        event(0, 0, "D//drug"),
        event(0, 2.5, DEATH),
        event(0, 3, "H//past"),
        event(1, 0, "D//drug"),
        event(1, 2.5, "H//past"),
        event(2, 0, "D//drug"),
        event(2, 2.49, "H//past"),
        event(3, 0, "D//drug"),
        event(3, 4, "O//bleed"),
    ]
    assert [row[0] for row in compiled(tmp_path, question, events)] == [1, 3]


def test_a_competing_event_at_the_start_of_the_time_at_risk(tmp_path):
    question = task("competing: [{name: stroke, of: stroke}]")
    question = replace(question, time_at_risk=replace(question.time_at_risk, start_days=2))
    events = [
        event(0, 0, "D//drug"),
        event(0, 2, "C//stroke"),
        event(0, 4, "O//bleed"),
        event(1, 0, "D//drug"),
        event(1, 2.01, "C//stroke"),
        event(1, 4, "O//bleed"),
        event(2, 0, "D//drug"),
        event(2, 4, "O//bleed"),
    ]
    rows = compiled(tmp_path, question, events)
    assert [(row[0], row[3]) for row in rows] == [(1, 2), (2, 1)]


# Real data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drug", "starters", "bleeds"), [("RxNorm//140587", 1844, 355), ("RxNorm//3355", 850, 124)]
)
def test_gibleed(tmp_path_factory, drug, starters, bleeds):
    from nof1.record.ingest import ingest
    from nof1.record.store import Record

    source = needs("records/gibleed-omop")
    root = tmp_path_factory.getbasetemp() / "gibleed" / "record"
    if not root.exists():
        ingest(root, [source], site="eunomia", settings={})
    text = (EXAMPLES / "gi_bleed" / "task.yaml").read_text().replace("RxNorm//140587", drug)
    found = compile_cohort(Task.parse(text), Record(root))
    assert found.frame.height == starters
    assert found.frame["label"].sum() == bleeds


def test_support2(tmp_path):
    from nof1.record.ingest import ingest
    from nof1.record.store import Record

    source = needs("records/support2.csv")
    settings_ = {"mapping": EXAMPLES / "support2" / "mapping.yaml"}
    ingest(tmp_path / "record", [source], site="support", settings=settings_)
    question = Task.load(EXAMPLES / "support2" / "task.yaml")
    question = replace(question, time_at_risk=replace(question.time_at_risk, end_days=1e5))
    found = compile_cohort(question, Record(tmp_path / "record"))
    raw = pl.read_csv(source, infer_schema=False).select(
        pl.col("d.time").str.strip_chars().cast(float), pl.col("death").str.strip_chars().cast(int)
    )
    assert found.frame.height == raw.height
    assert found.frame["cause"].sum() == raw["death"].sum()
    assert sorted(found.frame["duration_days"]) == sorted(raw["d.time"])
