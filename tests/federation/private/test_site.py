import numpy as np
import polars as pl
import pytest

from nof1.federation.private import site
from nof1.federation.private.public import Public
from nof1.predict.cohort import compile_cohort
from nof1.predict.task import Task
from nof1.record.store import Record
from private_samples import private


@pytest.fixture(scope="module")
def found(hospitals):
    text = private(hospitals.task)
    task, record = Task.parse(text), Record(next(iter(hospitals.sites.values())).record)
    return task, record, site.rows_of(task, record, Public.of(task, {}), 1)


def test_each_patient_has_one_row(found):
    task, record, rows = found
    cohort = compile_cohort(task, record)
    assert len(rows.y) == cohort.frame["subject_id"].n_unique()
    assert rows.X.shape == (len(rows.y), len(Public.of(task, {}).columns))


def test_who_has_several_index_events_gives_the_first_row_alone(found, monkeypatch):
    task, record, rows = found
    plain = site.compile_cohort

    def doubled(*arguments, **more):
        cohort = plain(*arguments, **more)
        later = cohort.frame.with_columns(
            pl.col("prediction_time") + pl.duration(days=40), label=1 - pl.col("label")
        )
        frame = pl.concat([cohort.frame, later]).sort("subject_id", "prediction_time")
        return type(cohort)(frame, cohort.attrition, cohort.notes, cohort.codes)

    monkeypatch.setattr(site, "compile_cohort", doubled)
    again = site.rows_of(task, record, Public.of(task, {}), 1)
    np.testing.assert_array_equal(again.X, rows.X)
    np.testing.assert_array_equal(again.y, rows.y)


def test_who_judges_is_decided_by_the_own_key_alone():
    keys = np.arange(1, 5001, dtype=np.uint64)
    X, y = np.zeros((5000, 1)), np.zeros(5000)
    whole = site.divided(X, y, keys, 3)
    part = site.divided(X[7:], y[7:], keys[7:], 3)
    np.testing.assert_array_equal(whole.judges[7:], part.judges)
    np.testing.assert_array_equal(whole.half[7:], part.half)
    assert whole.judges.mean() == pytest.approx(site.JUDGES, abs=0.02)
    assert whole.half[whole.judges].mean() == pytest.approx(0.5, abs=0.05)


def test_an_outcome_that_never_happens_is_no_refusal(found, hospitals):
    _, record, _ = found
    text = private(hospitals.task).replace("SNOMED//22298006", "SNOMED//0")
    never = Task.parse(text.replace("ICD10CM//I21", "NONE//"))
    made = site.rows_of(never, record, Public.of(never, {}), 1)
    assert len(made.y) > 0
    assert not made.y.any()
