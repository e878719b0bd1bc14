"""Who gets a chest film, when, and whether it shows an opacity: causes first, pictures later.

A film is taken on the first day of a hospital stay, or at an office visit of somebody with heart
failure; nobody has two. An opacity is likelier with heart failure, in a stay for a heart attack,
and in smokers. One site also plants a trap (``TRAP``): it films the sick, and marks its films with
a bar and a border, so that a model of all sites learns the mark. Drawing and writing is done by
``image_files``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from nof1.core.errors import UsageError
from nof1.synthetic.chart import moment
from nof1.synthetic.course import Course
from nof1.synthetic.films import VIEWS, Shortcut
from nof1.synthetic.people import People, Site

BASE_LOG_ODDS = -1.3
EFFECTS = {"heart_failure": 1.5, "heart_attack_now": 0.8, "smoker_at_start": 0.5}
TRAP = Shortcut(site="site-b", marker=True, border=True)
TRAP_LOG_ODDS = 2.8  # more opacities at the trap's site, whatever the illness
TRAP_SHARE = 0.4  # of all films: the site films much
AP_SHARE = 0.45
PATIENTS_PER_FILM, MOST_BY_DEFAULT = 15, 200
STAY_FIRST = {"stent": 0, "heart_attack": 1, "major_bleed": 2}
NOTHING = pl.DataFrame(schema={"patient": pl.Int64})


@dataclass(frozen=True)
class Imaging:
    """The pictures of a synthetic hospital.

    Attributes
    ----------
    films : chest films at all sites together; None: one for 15 patients, 200 at most. Fewer are
        taken where fewer people have a reason.
    size : rows and columns; ``large_share`` of the films have ``large_size`` instead.
    trap : whether ``TRAP`` is planted.
    volumes : CT series.
    """

    films: int | None = None
    size: int = 256
    large_share: float = 0.2
    large_size: int = 512
    trap: bool = True
    volumes: int = 1

    def __post_init__(self) -> None:
        counts = (self.films or 0, self.volumes)
        if (
            min(counts) < 0
            or min(self.size, self.large_size) < 32
            or not 0 <= self.large_share <= 1
        ):
            raise UsageError(
                "The pictures of the synthetic hospital cannot be drawn.",
                where="Imaging(...)",
                allowed="counts of 0 or more, sizes of 32 or more, a share of 0 to 1",
            )

    @classmethod
    def none(cls) -> Imaging:
        """No pictures."""
        return cls(films=0, volumes=0)

    def number(self, patients: int) -> int:
        """How many films are wanted."""
        usual = min(patients // PATIENTS_PER_FILM, MOST_BY_DEFAULT)
        return usual if self.films is None else self.films


def film_orders(
    rng: np.random.Generator,
    plan: Imaging,
    encounters: pl.DataFrame,
    course: Course,
    people: People,
    sites: tuple[Site, ...],
    patients: pl.DataFrame,
    start: np.datetime64,
) -> pl.DataFrame:
    """One row per film, by site and time.

    Columns: patient, patient_id, site, number (within the site, from 1), time, age_years, sex,
    view, size, heart_failure, heart_attack_now, smoker_at_start (0/1), ``chance`` of an opacity,
    ``opacity`` (0/1), ``drawing`` (seed of the picture).

    Parameters
    ----------
    encounters : of the chart, without faults. patients : table of the truth.
    """
    wanted = plan.number(len(patients))
    if not wanted:
        return NOTHING
    reasons = _reasons(encounters, course, start)
    table = reasons.join(
        patients.select("patient", "patient_id", "site", "birth", "male"), on="patient"
    ).sort("patient")
    smokers = pl.Series("smoker_at_start", people.smoking == 2).cast(pl.Int64)
    table = table.with_columns(smokers.gather(table["patient"]))
    table = _sampled(rng, table, _quotas(wanted, sites, plan.trap)).sort("site", "time", "patient")
    table = table.with_columns(
        (pl.int_range(pl.len()).over("site") + 1).alias("number"),
        ((pl.col("time").dt.date() - pl.col("birth")).dt.total_days() / 365.25).alias("age_years"),
        pl.when("male").then(pl.lit("M")).otherwise(pl.lit("F")).alias("sex"),
    )
    return _drawn(rng, plan, table).select(
        "patient", "patient_id", "site", "number", "time", "age_years", "sex", "view", "size",
        *EFFECTS, "chance", "opacity", "drawing",
    )  # fmt: skip


def _reasons(encounters: pl.DataFrame, course: Course, start: np.datetime64) -> pl.DataFrame:
    """The visit or stay of each patient at which a film is taken: patient, time and illness."""
    failing = course.diagnoses.filter(pl.col("diagnosis") == "heart_failure")
    since = failing.group_by("patient").agg(since=moment(pl.col("day").min(), start))
    table = encounters.join(since, on="patient", how="left", maintain_order="left").with_columns(
        (pl.col("since") <= pl.col("start")).fill_null(False).cast(pl.Int64).alias("heart_failure"),
        (pl.col("reason") == "heart_attack").cast(pl.Int64).alias("heart_attack_now"),
        pl.col("reason").replace_strict(STAY_FIRST, default=9).alias("rank"),
        pl.min_horizontal(pl.col("start") + pl.duration(hours=1), "end").alias("time"),
    )
    table = table.filter((pl.col("rank") < 9) | (pl.col("heart_failure") == 1))
    first = table.sort("patient", "rank", "start", "id").unique("patient", keep="first")
    return first.select("patient", "time", "heart_failure", "heart_attack_now")


def _quotas(wanted: int, sites: tuple[Site, ...], trap: bool) -> dict[str, int]:
    """Films of each site: in proportion to its patients, but the trap's site has its own share."""
    trapped = trap and len(sites) > 1 and any(site.name == TRAP.site for site in sites)
    others = sum(site.share for site in sites if not (trapped and site.name == TRAP.site))
    rest = (1 - TRAP_SHARE if trapped else 1.0) / others
    shares = [
        TRAP_SHARE if trapped and site.name == TRAP.site else rest * site.share for site in sites
    ]
    bounds = np.round(np.cumsum(shares) * wanted).astype(int)
    counts = np.diff(bounds, prepend=0).tolist()
    return dict(zip((site.name for site in sites), counts, strict=True))


def _sampled(rng: np.random.Generator, table: pl.DataFrame, quotas: dict[str, int]) -> pl.DataFrame:
    """So many patients of each site, at random."""
    shuffled = table.with_columns(draw=pl.Series(rng.random(len(table)))).sort("draw")
    allowed = pl.col("site").replace_strict(quotas, default=0, return_dtype=pl.Int64)
    return shuffled.filter(pl.int_range(pl.len()).over("site") < allowed)


def _drawn(rng: np.random.Generator, plan: Imaging, table: pl.DataFrame) -> pl.DataFrame:
    """What chance decides: the opacity, the view, the size and the seed of the picture."""
    count = len(table)
    log_odds = BASE_LOG_ODDS + sum(
        effect * table[name].to_numpy().astype(float) for name, effect in EFFECTS.items()
    )
    if plan.trap:
        log_odds = log_odds + TRAP_LOG_ODDS * (table["site"] == TRAP.site).to_numpy()
    chance = 1 / (1 + np.exp(-log_odds))
    large = rng.random(count) < plan.large_share
    return table.with_columns(
        pl.Series("chance", chance),
        pl.Series("opacity", (rng.random(count) < chance).astype(np.int64)),
        pl.Series("view", np.where(rng.random(count) < AP_SHARE, VIEWS[1], VIEWS[0])),
        pl.Series("size", np.where(large, plan.large_size, plan.size)),
        pl.Series("drawing", rng.integers(0, 2**62, count)),
    )


def model() -> dict[str, object]:
    """The causes of an opacity as plain data."""
    return {
        "base_log_odds": BASE_LOG_ODDS,
        "log_odds_ratios": dict(EFFECTS),
        "trap": {
            "site": TRAP.site,
            "log_odds": TRAP_LOG_ODDS,
            "share_of_films": TRAP_SHARE,
            "looks": "a bright bar in a corner and a dark border",
        },
    }
