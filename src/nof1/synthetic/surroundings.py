"""Surroundings: air and deprivation of each region, month by month.

Forty invented regions, eight around each site. Fine particles (PM2.5) have a level per region, a
winter peak and a slow wander; deprivation is a score per region and year, higher is more deprived.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from nof1.synthetic.causes import Array

REGIONS_PER_SITE = 8
RUN_IN_MONTHS = 12
DEPRIVATION_USUAL, DEPRIVATION_LOG_SD = 25.0, 0.45


@dataclass(frozen=True)
class Surroundings:
    """What surrounds people, by region and month.

    Attributes
    ----------
    regions : region codes, ``SYN-A1`` to ``SYN-E8``.
    months : first day of each month, from 12 months before the records start.
    pm25 : mean of the month before each of ``months``, µg/m3, shape (regions, months).
    deprivation : score of each region in each year of ``months``, same shape.
    """

    regions: list[str]
    months: np.ndarray
    pm25: Array
    deprivation: Array

    def pm25_last_year(self, region: np.ndarray, month: int) -> Array:
        """Mean of the twelve values published by month ``month`` of the records, per person."""
        until = RUN_IN_MONTHS + month + 1
        return np.asarray(self.pm25[region, until - 12 : until].mean(axis=1))

    def deprivation_z(self, region: np.ndarray, month: int) -> Array:
        """Deprivation in standard deviations above the usual region."""
        score = self.deprivation[region, RUN_IN_MONTHS + month]
        return np.asarray(np.log(score / DEPRIVATION_USUAL) / DEPRIVATION_LOG_SD)

    def air_quality(self) -> pl.DataFrame:
        """One row per region and month, from a year before the records: region, date, pm25 (µg/m3).

        The date is the first day of the month that the mean describes.
        """
        described = self.months.astype("datetime64[M]") - 1
        return self._table(described, self.pm25, "pm25")

    def deprivation_scores(self) -> pl.DataFrame:
        """One row per region and year: region, date (1 January), deprivation_score."""
        table = self._table(self.months, self.deprivation, "deprivation_score")
        return table.filter(pl.col("date").dt.month() == 1)

    def _table(self, dates: np.ndarray, values: Array, name: str) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "region": np.repeat(self.regions, len(dates)),
                "date": np.tile(dates.astype("datetime64[D]"), len(self.regions)),
                name: values.round(1).ravel(),
            }
        ).with_columns(pl.col("date").cast(pl.Date))


def surroundings(
    rng: np.random.Generator, start: np.datetime64, months: int, site_deprivation: list[float]
) -> Surroundings:
    """Draw the surroundings of all regions; ``site_deprivation`` has one mean z per site."""
    sites = len(site_deprivation)
    names = [f"SYN-{chr(65 + s)}{r + 1}" for s in range(sites) for r in range(REGIONS_PER_SITE)]
    calendar = start.astype("datetime64[M]") + np.arange(-RUN_IN_MONTHS, months + 1)
    level = rng.uniform(6.0, 21.0, len(names))
    winter = 1.5 * np.cos(2 * np.pi * calendar.astype(int) / 12)
    pm25 = np.clip(level[:, None] + winter + _wander(rng, len(names), len(calendar)), 2.0, None)
    z = np.repeat(site_deprivation, REGIONS_PER_SITE) + rng.normal(0, 0.9, len(names))
    years = calendar.astype("datetime64[Y]").astype(int)
    yearly = rng.normal(0, 0.05, (len(names), int(np.ptp(years)) + 1))
    logs = DEPRIVATION_LOG_SD * (z[:, None] + yearly[:, years - years.min()])
    days = calendar.astype("datetime64[D]")
    return Surroundings(names, days, pm25, DEPRIVATION_USUAL * np.exp(logs))


def _wander(rng: np.random.Generator, regions: int, months: int, keep: float = 0.8) -> Array:
    """A stationary first-order wander with standard deviation 1, shape (regions, months)."""
    shocks = rng.normal(0, np.sqrt(1 - keep**2), (regions, months))
    path = np.empty_like(shocks)
    path[:, 0] = rng.normal(0, 1, regions)
    for month in range(1, months):
        path[:, month] = keep * path[:, month - 1] + shocks[:, month]
    return path
