from dataclasses import fields

import polars as pl

from nof1.synthetic.hospital import Hospital
from nof1.synthetic.imperfections import IMPOSSIBLE_POTASSIUM, Imperfections
from synthetic.small_hospital import Small


def test_faults_are_found_in_their_numbers(small: Small) -> None:
    truth, table = small.truth, small.truth.chart.observations
    planted = truth.planted
    faulty = table.filter(pl.col("value") == IMPOSSIBLE_POTASSIUM, test="potassium").unique("id")
    assert faulty.filter(~pl.col("id").str.ends_with("-copy")).height == planted["impossible"] == 12
    withdrawn = table.filter(status="entered-in-error").unique("id")
    assert withdrawn.filter(~pl.col("id").str.ends_with("-copy")).height == 40
    ahead = table.filter(pl.col("time").dt.year() > 2050).unique("id")
    assert ahead.filter(~pl.col("id").str.ends_with("-copy")).height == planted["future"] == 8
    assert table.filter(pl.col("id").str.ends_with("-copy")).height == planted["duplicates"]
    assert len(table) - table["id"].n_unique() == planted["resent"]


def test_nothing_else_happens_after_death(small: Small) -> None:
    table = small.truth.chart.observations.join(
        small.truth.patients.select("patient", "death"), on="patient"
    )
    late = table.filter((pl.col("time") > pl.col("death")) & (pl.col("time").dt.year() < 2050))
    late = late.unique("id").filter(~pl.col("id").str.ends_with("-copy"))
    assert late.height == small.truth.planted["after_death"] == 10


def test_refuted_attacks_and_late_records(small: Small) -> None:
    conditions = small.truth.chart.conditions
    refuted = conditions.filter(verification="refuted")
    assert refuted.height == 40
    assert set(refuted["diagnosis"]) == {"heart_attack"}
    clean = Hospital(seed=7, patients=400, imperfections=Imperfections.none()).generate()
    both = conditions.join(clean.chart.conditions, on="id", suffix="_clean")
    delay = (both["recorded"] - both["recorded_clean"]).dt.total_days()
    assert (delay >= 30).sum() == small.truth.planted["late"] == 80
    assert delay.max() <= 120


def test_one_month_is_nearly_silent_at_one_site(small: Small) -> None:
    sites = small.truth.patients.select("patient", "site")
    table = small.truth.chart.observations.join(sites, on="patient").filter(site="site-c")
    monthly = table.group_by(pl.col("time").dt.truncate("1mo")).len().sort("time")
    silent = monthly.filter(pl.col("time") == pl.datetime(2021, 4, 1))["len"].sum()
    usual = monthly.filter(pl.col("time").dt.year() == 2020)["len"].mean()
    assert silent < 0.35 * usual
    assert small.truth.planted["drop"] > 0.5 * usual


def test_no_fault_can_be_planted_more_often_than_there_are_rows() -> None:
    many = {f.name: 10**6 for f in fields(Imperfections)} | {"drop": 0, "drop_site": 0}
    many["drop_month"] = 0
    truth = Hospital(seed=1, patients=20, imperfections=Imperfections(**many)).generate()
    assert truth.planted["impossible"] > 0
    assert truth.planted["duplicates"] < 10_000
