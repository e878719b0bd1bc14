import numpy as np
import polars as pl

from nof1.synthetic.causes import MONTH_DAYS
from nof1.synthetic.truth import Truth


def test_first_starts_are_unique_and_never_overlap(large: Truth) -> None:
    starts = large.course.starts
    assert starts.select("patient", "group").is_unique().all()
    gaps = (
        starts.sort("patient", "day")
        .with_columns(gap=pl.col("day").diff().over("patient"))["gap"]
        .drop_nulls()
    )
    assert gaps.min() >= 12 * MONTH_DAYS - 1e-6
    assert starts["day"].min() >= 6 * MONTH_DAYS


def test_the_medicine_starts_on_the_index_date(large: Truth) -> None:
    first = large.course.medicines.group_by("patient", "medicine").agg(pl.col("start_day").min())
    both = large.course.starts.join(first, on=["patient", "medicine"])
    assert both.height == large.course.starts.height
    assert (both["day"] == both["start_day"]).all()


def test_nothing_happens_to_the_dead(large: Truth) -> None:
    exits = large.course.exits.select("patient", exit_day="day")
    assert exits["patient"].is_unique().all()
    for table, column in (("visits", "day"), ("diagnoses", "day"), ("starts", "day")):
        rows = getattr(large.course, table).join(exits, on="patient")
        # A visit may be planned for the month in which its patient dies; the chart drops it.
        slack = MONTH_DAYS if table == "visits" else 1e-6
        assert (rows[column] - rows["exit_day"]).max() <= slack
    stops = large.course.medicines.join(exits, on="patient").filter(pl.col("stop_day").is_not_nan())
    assert (stops["stop_day"] - stops["exit_day"]).max() <= MONTH_DAYS + 1e-6


def test_medicines_stop_after_they_start(large: Truth) -> None:
    ended = large.course.medicines.filter(pl.col("stop_day").is_not_nan())
    assert (ended["stop_day"] > ended["start_day"]).all()


def test_genes_reach_the_ldl_through_statin_intolerance(large: Truth) -> None:
    """SLCO1B1 -> muscle pain -> the statin stops: a chain that a model may find."""
    carriers = large.genes.copies("SLCO1B1", "*5", "*15") > 0
    pained = np.zeros(len(carriers), bool)
    pained[large.course.diagnoses.filter(diagnosis="statin_intolerance")["patient"].to_numpy()] = (
        True
    )
    assert pained[carriers].mean() > 0.05
    assert not pained[~carriers].any()
