import numpy as np
import polars as pl
import pytest

from nof1.synthetic.chart import creatinine_of, moment
from nof1.synthetic.truth import Truth
from synthetic.small_hospital import Small


def test_days_become_times() -> None:
    start = np.datetime64("2019-01-01")
    days = pl.DataFrame({"day": [0.0, -1.0, 31.5]}).select(moment(pl.col("day"), start))
    assert [str(time) for time in days.to_series()] == [
        "2019-01-01 00:00:00",
        "2018-12-31 00:00:00",
        "2019-02-01 12:00:00",
    ]


@pytest.mark.parametrize("age", [40.0, 80.0])
@pytest.mark.parametrize("male", [0.0, 1.0])
def test_creatinine_gives_its_egfr_back(age: float, male: float) -> None:
    egfr = np.array([8.0, 30.0, 59.0, 90.0, 120.0])
    creatinine = creatinine_of(egfr, np.full(5, age), np.full(5, male))
    kappa, alpha = (0.9, -0.302) if male else (0.7, -0.241)
    for target, value in zip(egfr, creatinine, strict=True):
        again = 142 * min(value / kappa, 1) ** alpha * max(value / kappa, 1) ** -1.2 * 0.9938**age
        assert again * (1 if male else 1.012) == pytest.approx(target)


def test_diagnoses_are_recorded_after_they_began(small: Small) -> None:
    table = small.truth.chart.conditions
    assert (table["recorded"] > table["onset"]).all()
    outcome = table.filter(pl.col("onset").dt.year() >= 2019, diagnosis="heart_attack")
    days = (outcome["recorded"] - outcome["onset"]).dt.total_days()
    assert days.median() < 8


def test_every_outcome_reaches_the_chart(large: Truth) -> None:
    """A heart attack is a hospital stay, so it is always written down."""
    names = ["heart_attack", "gastrointestinal_bleed", "intracranial_bleed"]
    happened = large.course.diagnoses.filter(pl.col("diagnosis").is_in(names), pl.col("day") >= 0)
    written = large.chart.conditions.filter(
        pl.col("diagnosis").is_in(names),
        pl.col("onset").dt.year() >= 2019,
        verification="confirmed",
    )
    assert written.height == happened.height > 1000


def test_tests_are_missing_not_at_random(large: Truth) -> None:
    """HbA1c is measured far more often where it is high."""
    visits = large.chart.encounters.filter(reason="office").select("patient", encounter="id")
    measured = large.chart.observations.filter(test="hba1c")
    share = visits.join(measured.unique("encounter"), on="encounter", how="left")
    diabetic = large.course.diagnoses.filter(pl.col("day") < 0, diagnosis="diabetes")["patient"]
    with_it = pl.col("patient").is_in(diabetic.to_list())
    rate = share.group_by(with_it.alias("diabetic")).agg(pl.col("value").is_not_null().mean())
    rates = dict(rate.iter_rows())
    assert rates[True] > 2 * rates[False]


def test_a_starter_has_a_record_before_the_index_date(large: Truth) -> None:
    patients = large.patients.select("patient", "patient_id")
    first = large.chart.encounters.group_by("patient").agg(pl.col("start").min())
    table = large.index_dates.join(patients, on="patient_id").join(first, on="patient")
    assert (table["start"] < table["time"]).mean() > 0.99
