"""German COVID-19 hospitalisations: the 23 nowcasts that R's baselinenowcast made."""

import csv
import gzip
from datetime import date, timedelta

import numpy as np
import polars as pl
from tests.shared_data import needs

from nof1.surveillance import scores
from nof1.surveillance.nowcast.estimate import nowcast

FIRST = date(2021, 4, 6)
DAYS = range(131, 198, 3)  # after FIRST: 15 August to 21 October 2021
BACK = np.arange(15)


def test_better_than_baselinenowcast_with_honest_intervals():
    # baselinenowcast, package defaults, one nowcast each third day, 0 to 14 days back: mean WIS
    # 23.6, 95 % coverage 0.91 (../shared/data/README.md); truth = delays of 0 to 40 days
    with needs("surveillance/r-reference/baselinenowcast_de.csv").open(encoding="utf-8") as file:
        peer = list(csv.DictReader(file))
    path = needs("surveillance/nowcast/germany_covid19_hosp.csv.gz")
    with gzip.open(path, "rb") as packed:
        table = pl.read_csv(packed.read(), try_parse_dates=True)
    reports = table.filter(pl.col("age_group") == "00+").select(
        place="location", date="reference_date", reported="report_date", count="count"
    )
    final = dict(reports.group_by("date").agg(pl.col("count").sum()).iter_rows())
    truth, levels, reported = [], [], []
    for day in DAYS:
        as_of = FIRST + timedelta(days=day)
        found = nowcast(reports.filter(pl.col("reported") <= as_of), as_of, max_delay=40)
        levels.append(np.quantile(found.draws[:, 0, ::-1][:, BACK], scores.LEVELS, axis=0).T)
        truth.append([final[as_of - timedelta(days=int(back))] for back in BACK])
        reported.append(found.reported[0, ::-1][BACK])
    y, q = np.array(truth, float), np.array(levels)
    assert y.ravel().tolist() == [float(row["y"]) for row in peer]
    assert np.abs(y - reported).ravel().tolist() == [float(row["raw"]) for row in peer]
    theirs = np.mean([float(row["wis"]) for row in peer])
    assert abs(theirs - 23.57) < 0.01
    assert scores.wis(y, q).total.mean() < 0.6 * theirs
    assert 0.93 <= scores.covered(y, q, 0.95).mean() <= 0.97
    assert 0.45 <= scores.covered(y, q, 0.5).mean() <= 0.55
