"""The synthetic epidemic as files: what a health office would have, and the truth beside it.

    surveillance/README.txt
    surveillance/linelist.csv            one line a report; faults included
    surveillance/locations.csv           place, name, population, latitude, longitude
    surveillance/map.geojson             the invented country
    surveillance/truth/epidemic.json     the plan, the delays, the planted faults
    surveillance/truth/daily.csv         of the country, by day: infections, onsets, r
    surveillance/truth/weekly.csv        by region and week (Sunday to Saturday): the same
    surveillance/truth/seasons.csv       of each wave: start, place, size, peak
    surveillance/truth/outbreaks.csv     planted local outbreaks: place, days, size
    surveillance/truth/cases.csv         source of each case, and its report without days off

Every file says SYNTHETIC. The people in it are not the patients of the hospital: they live in the
same forty regions, and nothing else connects them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from nof1.synthetic import notification
from nof1.synthetic.epidemic import AGES, Epidemic, Plan, serial_interval, simulate
from nof1.synthetic.notification import CaseFaults, Notified, notify

SYNTHETIC = "SYNTHETIC"
NOTICE = (
    "SYNTHETIC DATA. Invented by nof1's synthetic epidemic: no person, place or illness in these\n"
    "files exists. The cases are not the patients of the synthetic hospital; they only live in\n"
    "the same forty regions. Not for clinical use; teaches nothing about real influenza.\n"
)
LINELIST, LOCATIONS, MAP = "linelist.csv", "locations.csv", "map.geojson"
WEEK, SATURDAY = 7, 5


@dataclass(frozen=True, eq=False, repr=False)
class WrittenEpidemic:
    """Where an epidemic was written, and what was drawn.

    Attributes
    ----------
    folder : ``surveillance`` below the hospital; ``linelist``, ``locations``, ``map`` lie in it.
    truth : folder of the answers; never imported.
    """

    folder: Path
    linelist: Path
    locations: Path
    map: Path
    truth: Path
    epidemic: Epidemic
    notified: Notified


def write_epidemic(
    hospital: Path | str, plan: Plan | None = None, faults: CaseFaults | None = None
) -> WrittenEpidemic:
    """Draw an epidemic and write it to ``<hospital>/surveillance``.

    Parameters
    ----------
    plan : default ``Plan()``: eight seasons from July 2016, about 65,000 cases.
    faults : default ``CaseFaults()``; ``CaseFaults.none()`` for a clean line list.
    """
    epidemic = simulate(plan or Plan())
    notified = notify(epidemic, faults)
    folder = Path(hospital) / "surveillance"
    truth = folder / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    written = WrittenEpidemic(
        folder, folder / LINELIST, folder / LOCATIONS, folder / MAP, truth, epidemic, notified
    )
    (folder / "README.txt").write_text(NOTICE, encoding="utf-8", newline="\n")
    _said(notified.linelist).write_csv(written.linelist)
    _said(locations(epidemic)).write_csv(written.locations, float_precision=4)
    written.map.write_bytes(msgspec.json.encode(epidemic.country.geojson()))
    _write_truth(written)
    return written


def locations(epidemic: Epidemic) -> pl.DataFrame:
    """place, name, population, latitude, longitude of the forty regions."""
    land = epidemic.country
    return pl.DataFrame(
        {
            "place": land.regions,
            "name": land.names,
            "population": land.population,
            "latitude": land.latitude,
            "longitude": land.longitude,
        }
    )


def daily(epidemic: Epidemic) -> pl.DataFrame:
    """date, infections, onsets, r of the whole country (see :class:`Epidemic`)."""
    return pl.DataFrame(
        {
            "date": epidemic.days,
            "infections": epidemic.infections.sum(axis=(1, 2)),
            "onsets": epidemic.onsets.sum(axis=(1, 2)),
            "r": epidemic.r_total,
        }
    ).with_columns(pl.col("date").cast(pl.Date), pl.col("r").fill_nan(None))


def weekly(epidemic: Epidemic) -> pl.DataFrame:
    """place, date (Saturday, the last day), infections, onsets, r (that day's) of each region."""
    weekday = (epidemic.days.astype(np.int64) + 3) % 7
    ends = np.flatnonzero(weekday == SATURDAY)
    ends = ends[ends >= WEEK - 1]
    sums = {}
    for name in ("infections", "onsets"):
        run = getattr(epidemic, name).sum(axis=2).cumsum(axis=0)
        before = np.where(ends[:, None] >= WEEK, run[ends - WEEK], 0)
        sums[name] = (run[ends] - before).ravel()
    places = epidemic.country.regions
    return pl.DataFrame(
        {
            "place": np.tile(places, len(ends)),
            "date": np.repeat(epidemic.days[ends], len(places)),
            **sums,
            "r": epidemic.r[ends].ravel(),
        }
    ).with_columns(pl.col("date").cast(pl.Date), pl.col("r").fill_nan(None))


def _said(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(origin=pl.lit(SYNTHETIC))


def _write_truth(written: WrittenEpidemic) -> None:
    epidemic, notified = written.epidemic, written.notified
    tables = {
        "daily": daily(epidemic),
        "weekly": weekly(epidemic),
        "seasons": epidemic.seasons,
        "outbreaks": epidemic.outbreaks,
        "cases": notified.cases.select("case_id", "source", "outbreak", "sent"),
    }
    for name, table in tables.items():
        _said(table).write_csv(written.truth / f"{name}.csv", float_precision=4)
    encoded = msgspec.json.format(msgspec.json.encode(_about(epidemic, notified)), indent=1)
    (written.truth / "epidemic.json").write_bytes(encoded)


def _about(epidemic: Epidemic, notified: Notified) -> dict[str, Any]:
    mean, sd = serial_interval()
    last = epidemic.plan.last
    return {
        "notice": NOTICE,
        "plan": {**asdict(epidemic.plan), "last": last},
        "serial_interval": {"mean_days": mean, "sd_days": sd},
        "ages": list(AGES),
        "infections": int(epidemic.infections.sum()),
        "cases": notified.cases.height,
        "reported_by_the_last_day": notified.cases.filter(pl.col("report") <= last).height,
        "lines": notified.linelist.height,
        "seen": notified.seen.round(5).tolist(),
        "seen_by_age_relative": notification.SEEN_BY_AGE.tolist(),
        "seen_on_holidays_relative": notification.SEEN_ON_HOLIDAYS,
        "delays": {
            "onset_to_specimen": notification.SPECIMEN.tolist(),
            "specimen_to_report_quick": notification.QUICK.tolist(),
            "specimen_to_report_slow": notification.SLOW.tolist(),
            "slow_share_by_season_and_region": notified.slow.round(4).tolist(),
        },
        "planted": notified.planted,
    }
