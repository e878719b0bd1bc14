from datetime import date

import numpy as np
import polars as pl

from nof1.synthetic.surroundings import Surroundings, surroundings

START = np.datetime64("2019-01-01")


def place(seed: int = 1, months: int = 36) -> Surroundings:
    return surroundings(np.random.default_rng(seed), START, months, [0.0, 1.0])


def test_tables_have_one_row_per_region_and_date() -> None:
    air, deprivation = place().air_quality(), place().deprivation_scores()
    assert air.height == 16 * (12 + 36 + 1)
    assert air.select("region", "date").is_unique().all()
    assert deprivation.height == 16 * 5  # January of 2018 to 2022
    assert air["pm25"].min() >= 2.0


def test_the_last_year_is_the_mean_of_the_twelve_published_months() -> None:
    around = place()
    region = np.array([3, 0])
    written = around.air_quality().filter(region="SYN-A4")
    twelve = written.filter(pl.col("date").is_between(date(2019, 6, 1), date(2020, 5, 31)))
    assert twelve.height == 12
    # Month 17 of the records is June 2020; what is known then ends with May.
    got = around.pm25_last_year(region, 17)[0]
    assert abs(got - twelve["pm25"].mean()) < 0.05  # the table is rounded to 0.1


def test_deprived_sites_have_deprived_regions() -> None:
    around = place()
    first, second = around.deprivation_z(np.arange(8), 0), around.deprivation_z(np.arange(8, 16), 0)
    assert second.mean() > first.mean()
