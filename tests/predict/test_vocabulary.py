"""Which codes become features."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from nof1.core.errors import UsageError
from nof1.predict import features
from predict.random_records import cohort, table

AT = datetime(2021, 6, 1)
BEFORE, AFTER = AT - timedelta(days=1), AT + timedelta(days=1)


def chosen(records, rows=None, tmp_path=None, **settings):
    paths = []
    for subject, events in records.items():
        paths.append(tmp_path / f"{subject}.parquet")
        table({subject: events}).write_parquet(paths[-1])
    rows = rows or [(subject, AT) for subject in records]
    return features.vocabulary(paths, cohort(rows), **{"min_patients": 1} | settings)


def test_codes_need_enough_patients_not_enough_events(tmp_path):
    records = {1: [(BEFORE, "A", None, None)] * 9 + [(BEFORE, "B", None, None)]}
    records[2] = [(BEFORE, "B", None, None)]
    found = chosen(records, tmp_path=tmp_path, min_patients=2)
    assert found.codes == ("B",)
    assert found.patients == {"B": 2}


def test_codes_after_the_prediction_time_or_recorded_later_are_not_seen(tmp_path):
    records = {1: [(BEFORE, "A", None, AFTER), (BEFORE, "B", None, None), (AFTER, "C", None, None)]}
    assert chosen(records, tmp_path=tmp_path).codes == ("B",)
    later = chosen(records, rows=[(1, AT), (1, AFTER)], tmp_path=tmp_path)
    assert sorted(later.codes) == ["A", "B", "C"]


def test_other_patients_are_not_seen(tmp_path):
    records = {1: [(BEFORE, "A", None, None)], 2: [(BEFORE, "B", None, None)]}
    assert chosen(records, rows=[(1, AT)], tmp_path=tmp_path).codes == ("A",)


def test_birth_death_and_excluded_codes_stay_out(tmp_path):
    codes = ("MEDS_BIRTH", "MEDS_DEATH", "X", "A")
    records = {1: [(BEFORE, code, None, None) for code in codes]}
    assert chosen(records, tmp_path=tmp_path, exclude=["X"]).codes == ("A",)


def test_static_facts_with_and_without_numbers(tmp_path):
    records = {1: [(None, "GENDER//F", None, None), (None, "PGS//1", 0.3, None)]}
    found = chosen(records, tmp_path=tmp_path)
    assert found.codes == ()
    assert found.static_codes == ("GENDER//F",)
    assert found.static_values == ("PGS//1",)


def test_most_frequent_first_and_names_for_ties(tmp_path):
    records = {s: [(BEFORE, code, None, None) for code in "CAB"[: s + 1]] for s in (1, 2)}
    found = chosen(records, tmp_path=tmp_path)
    assert found.codes == ("A", "C", "B")
    assert chosen(records, tmp_path=tmp_path, max_codes=1).codes == ("A",)


def test_the_spec_of_a_vocabulary(tmp_path):
    found = chosen({1: [(BEFORE, "A", 1.0, None)]}, tmp_path=tmp_path)
    spec = found.spec(windows=("7d",), aggregates=("count",))
    assert spec.columns == ("age_years", "A/7d/count")


def test_an_empty_vocabulary_is_no_error(tmp_path):
    assert chosen({1: []}, tmp_path=tmp_path).codes == ()


@pytest.mark.parametrize("settings", [{"min_patients": 0}, {"max_codes": 0}])
def test_limits_below_one_are_refused(settings):
    frame = pl.DataFrame({"subject_id": [1], "prediction_time": [AT]})
    with pytest.raises(UsageError, match="below 1"):
        features.vocabulary([], frame, **settings)
