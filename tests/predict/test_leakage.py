"""The leakage audit: every planted leak is found, and clean data raise no alarm."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nof1.core.errors import ModelError
from nof1.predict import leakage
from nof1.predict.attrition import Attrition
from nof1.predict.cohort import Cohort, compile_cohort
from nof1.predict.leakage_columns import Target, figures
from nof1.predict.problem import code_of
from nof1.predict.splits import split
from nof1.predict.task import Task
from nof1.record.events import SCHEMA
from shared_data import needs

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
N = 2000
BINARY = Task.parse("""
name: binary
index: {of: D//drug}
outcome: {of: O//bleed}
time_at_risk: {end_days: 365}
""")
SURVIVAL = Task.parse("""
name: survival
kind: survival
index: {of: D//drug}
outcome: {of: O//bleed}
time_at_risk: {end_days: 1000}
horizons_days: [100, 365]
""")
START = datetime(2020, 1, 1)


class Table:
    """Features by name."""

    def __init__(self, columns):
        self.columns = tuple(columns)
        self._values = columns

    def dense(self, columns=None):
        chosen = self.columns if columns is None else columns
        return np.stack([np.asarray(self._values[name], float) for name in chosen], axis=1)


def world(task=BINARY, n=N, seed=0, base=-1.5):
    """A cohort with honest features: some strong, some weak, counts, missing values, U shapes."""
    random = np.random.default_rng(seed)
    severity, age = random.normal(size=n), random.uniform(20, 90, n)
    logit = base + 1.2 * severity + 0.02 * (age - 55)
    label = random.random(n) < 1 / (1 + np.exp(-logit))
    days = np.where(label, random.uniform(1, 365, n), 365.0)
    if task.kind == "survival":
        days = random.exponential(400 * np.exp(-severity), n).clip(1)
        stop = random.uniform(100, 1000, n)
        label, days = days <= stop, np.minimum(days, stop)
    columns = {"age_years": age}
    for number in range(30):
        lab = 0.4 * severity * (number < 5) + random.normal(size=n)
        seen = random.random(n) < 0.3 + 0.3 * (severity > 0) * (number % 2)
        columns[f"LOINC//{number}/30d/value_last"] = np.where(seen, lab, np.nan)
        columns[f"ICD10CM//{number}/full/count"] = random.poisson(np.exp(0.5 * severity - 2))
    columns["static/GENDER//F"] = random.random(n) < 0.5
    frame = pl.DataFrame(
        {
            "subject_id": np.arange(n),
            "prediction_time": [START] * n,
            "label": pl.Series(label if task.kind == "binary" else [None] * n, dtype=pl.Int8),
            "duration_days": days,
            "cause": label.astype(np.int8),
            "site": ["a"] * n,
        }
    )
    codes = {task.outcome.codes: ("O//bleed",)}
    return Cohort(frame, Attrition(()), (), codes), columns, label, random


def rules(report, code):
    return {problem.rule for problem in report.problems if problem.code == code}


@pytest.mark.parametrize("task", [BINARY, SURVIVAL], ids=lambda task: task.kind)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "base"), [(2000, -1.5), (300, -1.5), (2000, -3.5), (2000, 1.0)])
def test_no_false_alarm(task, seed, n, base):
    cohort, columns, *_ = world(task, n, seed, base)
    report = leakage.audit(task, cohort, Table(columns), split(cohort.frame, task.split))
    assert report.problems == ()
    assert report.passed
    assert report.n_columns == len(columns)
    report.require()


PLANTS = {
    # what is planted -> (its values, the rule that must find it)
    "label itself": (lambda y, r, d: y, "same as outcome"),
    "label, flipped": (lambda y, r, d: 1 - y, "same as outcome"),
    "label, two percent noise": (lambda y, r, d: y ^ (r.random(len(y)) < 0.02), "too good"),
    "U shape": (lambda y, r, d: np.where(y, r.choice([-3, 3], len(y)), r.normal(0, 0.5, len(y))),
                "too good"),
    "discharge code of a third of the cases": (lambda y, r, d: y & (r.random(len(y)) < 0.33),
                                               "marker"),
    "visit of survivors only": (lambda y, r, d: ~y, "marker"),
    "value measured in cases": (
        lambda y, r, d: np.where(r.random(len(y)) < np.where(y, 0.8, 0.1), r.normal(size=len(y)),
                                 np.nan), "presence"),
    "days until the event in a fifth": (
        lambda y, r, d: np.where(r.random(len(y)) < 0.2, d.round(), r.uniform(1, 365, len(y))),
        "echo"),
}  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("seed", range(3))
def test_planted_leaks_are_found(plant, seed):
    cohort, columns, label, random = world(seed=seed)
    make, rule = PLANTS[plant]
    columns["PLANT//1/full/value_last"] = make(
        label, random, cohort.frame["duration_days"].to_numpy()
    )
    report = leakage.audit(BINARY, cohort, Table(columns))
    assert not report.passed
    assert rule in rules(report, "PLANT//1")
    assert report.codes() == ("PLANT//1",)
    with pytest.raises(ModelError, match="PLANT//1"):
        report.require()


def test_survival_leak_is_found_at_a_horizon():
    cohort, columns, label, _ = world(SURVIVAL)
    columns["X//1/full/count"] = label & (cohort.frame["duration_days"].to_numpy() < 100)
    report = leakage.audit(SURVIVAL, cohort, Table(columns))
    assert "same as outcome" in rules(report, "X//1")
    assert "by day 100" in next(each for each in report.problems if each.fails).message


def test_accepted_with_a_reason():
    cohort, columns, label, _ = world()
    columns["X//1/full/count"] = label
    task = replace(BINARY, audit=replace(BINARY.audit, accepted=(("X//1*", "known in time"),)))
    report = leakage.audit(task, cohort, Table(columns))
    assert report.passed
    assert report.problems == ()
    assert {"Accepted: known in time"} == {each.advice for each in report.accepted}
    assert report.to_dict()["accepted"]


def test_outcome_code_among_the_features():
    cohort, columns, *_ = world()
    columns["O//bleed/full/count"] = np.zeros(N)
    report = leakage.audit(BINARY, cohort, Table(columns))
    assert rules(report, "O//bleed") == {"outcome code"}
    allowed = replace(BINARY, features=replace(BINARY.features, allow_outcome_history=True))
    assert leakage.audit(allowed, cohort, Table(columns)).passed


@pytest.mark.parametrize(
    "code",
    ["h//hospdead", "h//length of stay", "h//total costs", "h//APACHE II", "SNOMED//304253006"],
)
def test_known_names(code):
    cohort, columns, *_ = world()
    columns[f"{code}/full/value_last"] = np.random.default_rng(1).normal(size=N)
    assert rules(leakage.audit(BINARY, cohort, Table(columns)), code) == {"known name"}


@pytest.mark.parametrize(
    "code", ["LOINC//2345-7", "ICD10CM//Z66.1", "h//slosh", "h//apsis", "h//costal"]
)
def test_harmless_names(code):
    cohort, columns, *_ = world()
    columns[f"{code}/full/value_last"] = np.random.default_rng(1).normal(size=N)
    assert leakage.audit(BINARY, cohort, Table(columns)).passed


def test_patients_on_both_sides():
    cohort, columns, *_ = world()
    parts = split(cohort.frame, BINARY.split)
    fitted, judged = next(iter(parts.rounds()))
    subject = cohort.frame["subject_id"].to_numpy().copy()
    subject[judged[:3]] = subject[fitted[:3]]
    shared = replace(cohort, frame=cohort.frame.with_columns(pl.Series("subject_id", subject)))
    report = leakage.audit(BINARY, shared, Table(columns), parts)
    assert report.codes() == ("patients",)
    assert "both sides" in report.problems[0].message
    assert not report.passed


@pytest.mark.parametrize(("copies", "fails"), [(3, False), (40, True)])
def test_copies_of_patients(copies, fails):
    cohort, columns, *_ = world()
    parts = split(cohort.frame, BINARY.split)
    fitted, judged = next(iter(parts.rounds()))
    for values in columns.values():
        values[judged[:copies]] = values[fitted[:copies]]
    report = leakage.audit(BINARY, cohort, Table(columns), parts)
    assert "have an exact copy" in report.problems[0].message
    assert report.problems[0].figure >= copies / N
    assert report.passed != fails


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_unit_drift(share):
    cohort, columns, _, random = world()
    parts = split(cohort.frame, BINARY.split)
    glucose = random.normal(5.5, 1, N)
    _, judged = next(iter(parts.rounds()))
    glucose[judged] *= np.where(random.random(len(judged)) < share, 18.0, 1.0)
    columns["LOINC//2345-7/30d/value_max"] = glucose
    report = leakage.audit(BINARY, cohort, Table(columns), parts)
    assert rules(report, "LOINC//2345-7") == {"unit drift"}


def test_one_code_that_stands_out_is_a_warning():
    cohort, columns, label, random = world()
    columns["SCORE//1/full/value_last"] = label * 1.8 + random.normal(size=N)
    report = leakage.audit(BINARY, cohort, Table(columns))
    assert report.passed
    assert rules(report, "SCORE//1") == {"stands out"}
    assert "passed with warnings" in report.text()


def shard(path, events):
    """A shard of (subject, day, code, day recorded)."""
    day = [None if e[1] is None else START + timedelta(days=e[1]) for e in events]
    recorded = [None if e[3] is None else START + timedelta(days=e[3]) for e in events]
    table = pl.DataFrame({"subject_id": [e[0] for e in events], "time": day,
                          "code": [e[2] for e in events], "recorded": recorded})  # fmt: skip
    absent = [pl.lit(None).alias(name) for name in SCHEMA if name not in table.columns]
    table.with_columns(absent).select(list(SCHEMA)).cast(dict(SCHEMA)).write_parquet(path)
    return path


def test_features_from_the_future_are_counted_again(tmp_path):
    cohort, columns, *_ = world(n=300)
    events, honest, recent = [], np.zeros(300), np.zeros(300)
    for subject in range(300):
        events += [(subject, -40, "A//1", None), (subject, 0, "A//1", None)]
        honest[subject], recent[subject] = 2, 1
        if subject % 2:  # dated after, and dated before but recorded after
            events += [(subject, 1, "A//1", None), (subject, -2, "A//1", 3)]
    path = shard(tmp_path / "0.parquet", events)
    columns |= {"A//1/full/count": honest, "A//1/30d/count": recent}
    columns = {name: v for name, v in columns.items() if not name.startswith("ICD10CM")}
    assert leakage.audit(BINARY, cohort, Table(columns), shards=[path]).passed
    columns["A//1/30d/count"] = recent + np.arange(300) % 2
    report = leakage.audit(BINARY, cohort, Table(columns), shards=[path])
    assert {each.column for each in report.problems if each.rule == "later"} == {"A//1/30d/count"}


def test_a_second_name_of_the_outcome(tmp_path):
    cohort, columns, *_ = world(n=300)
    events = []
    for subject in range(300):
        events += [(subject, -9, "A//common", None)]
        if subject % 4 == 0:
            events += [(subject, 50, "O//bleed", None), (subject, 50.001, "O2//bleed", None),
                       (subject, 50, "A//common", None)]  # fmt: skip
    path = shard(tmp_path / "0.parquet", events)
    names = {"O2//bleed/full/value_last": np.full(300, np.nan),
             "A//common/full/value_last": np.full(300, np.nan)}  # fmt: skip
    report = leakage.audit(BINARY, cohort, Table(columns | names), shards=[path])
    assert [(each.code, each.rule) for each in report.problems if each.code[0] in "OA"] == [
        ("O2//bleed", "same as outcome")
    ]


def test_figures_by_hand():
    label = np.array([True, True, True, False, False, False, False, False, False, False])
    values = np.array([np.nan, 1, 1, 0, 0, 0, 1, np.nan, 0, 0])
    found = figures(values, Target("x", np.arange(10), label))
    # Bins: 0 (0 of 5 cases), missing (1 of 2), 1 (2 of 3). Pairs won: 2 x 6.5 / 1 x 5.5, of 21.
    assert found.auroc == pytest.approx((2 * 6.5 + 5.5) / 21)
    assert found.presence_gap == pytest.approx(2 / 3 - 6 / 7)


def test_code_of():
    assert code_of("END_OF_FOLLOW_UP/full/count") == "END_OF_FOLLOW_UP"
    assert code_of("GENE//CYP2C19//*1/*2") == "GENE//CYP2C19//*1/*2"
    assert code_of("static/PGS//1/value") == "PGS//1"


# Real data ----------------------------------------------------------------------------------------

# The list that the data set's documentation gives.
OUTCOME_NEAR = {
    *("surv2m", "surv6m", "prg2m", "prg6m", "dnr", "dnrday", "aps", "sps"),
    *("hospdead", "charges", "totcst", "totmcst", "slos", "avtisst"),
}


@pytest.fixture(scope="module")
def support2(tmp_path_factory):
    from nof1.record.ingest import ingest
    from nof1.record.store import Record

    source = needs("records/support2.csv")
    root = tmp_path_factory.mktemp("support2") / "record"
    ingest(root, [source], site="s",
           settings={"mapping": EXAMPLES / "support2" / "mapping.yaml"})  # fmt: skip
    return Record(root)


def audited(record, name):
    from nof1.predict.dataset import assemble

    task = Task.load(EXAMPLES / "support2" / name)
    cohort = compile_cohort(task, record)
    parts = split(cohort.frame, task.split, end_days=task.time_at_risk.end_days)
    data = assemble(task, record, cohort)
    return leakage.audit(task, cohort, data, parts, record.shards())


def test_support2_leaks_are_named(support2):
    report = audited(support2, "leaky_task.yaml")
    caught = {code.split("//")[1] for code in report.codes()}
    # sfdm2 ("<2 mo. follow-up" means death) is a leak that the usual list does not name.
    assert caught == OUTCOME_NEAR | {"sfdm2"}
    found_by_data = {
        each.code.split("//")[1] for each in report.problems if each.rule != "known name"
    }
    assert found_by_data >= {"hospdead", "slos", "dnrday", "sfdm2"}


def test_support2_without_them_passes(support2):
    assert audited(support2, "task.yaml").problems == ()


def test_a_column_dated_properly_is_not_there_yet(tmp_path):
    """The best cure: ``recorded`` in the mapping says when the datum became known."""
    from nof1.predict.dataset import assemble
    from nof1.record.ingest import ingest
    from nof1.record.store import Record

    source = needs("records/support2.csv")
    mapping = (EXAMPLES / "support2" / "mapping.yaml").read_text()
    assert "      slos: d\n" in mapping
    late = (
        "      - {code: support2//slos, value: slos, unit: d, recorded: "
        '{constant: "1990-01-01", plus: slos, unit: days}}\n    categories:'
    )
    mapping = mapping.replace("      slos: d\n", "").replace("    categories:", late, 1)
    (tmp_path / "mapping.yaml").write_text(mapping)
    ingest(tmp_path / "record", [source], site="s", settings={"mapping": tmp_path / "mapping.yaml"})
    record = Record(tmp_path / "record")
    task = Task.load(EXAMPLES / "support2" / "leaky_task.yaml")
    columns = assemble(task, record, compile_cohort(task, record)).columns
    assert not [name for name in columns if "slos" in name]
    assert [name for name in columns if "charges" in name]
