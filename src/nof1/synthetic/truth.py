"""The truth about a synthetic hospital: who was at which risk, and what would have changed it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from nof1.synthetic import causes as known
from nof1.synthetic.chart import Chart, moment
from nof1.synthetic.course import Course
from nof1.synthetic.genes import Genomes
from nof1.synthetic.people import People, Site
from nof1.synthetic.radiology import model as films_model
from nof1.synthetic.risks import COMPARISONS, had_they_taken, one_year_risk
from nof1.synthetic.surroundings import Surroundings

OUTCOME_DIAGNOSES = {
    "heart_attack": ["heart_attack"],
    "major_bleed": ["gastrointestinal_bleed", "intracranial_bleed"],
}


@dataclass(frozen=True, eq=False, repr=False)
class Truth:
    """Everything that the simulation knows; arrays and tables count patients from 0.

    Attributes
    ----------
    sites, people, around, genes, course : what was drawn, see their modules.
    sequenced : whether the patient has a genome in the written files.
    patients : id, site, region, birth, male, death, one row per patient.
    chart : what the sites wrote, faults included; planted : number of faults of each kind.
    index_dates : one row per first antiplatelet or anticoagulant: patient_id, site, group,
        medicine, time, propensity of the newer medicine, ``choice`` (False: no overlap by
        design), one-year ``risk`` with the medicine taken, ``risk_older``, ``risk_newer``,
        ``effect`` (newer minus older; negative: the newer one protects), ``outcome_time`` (first
        event after the index date, or null), ``observed_days`` (until death, leaving or the end of
        the records), ``exit`` (``death``, ``left`` or null).
    films : one row per chest film, see ``radiology.film_orders``; without rows when none is taken.
    """

    sites: tuple[Site, ...]
    people: People
    around: Surroundings
    genes: Genomes
    sequenced: np.ndarray
    course: Course
    patients: pl.DataFrame
    chart: Chart
    planted: dict[str, int]
    index_dates: pl.DataFrame
    films: pl.DataFrame

    def model(self) -> dict[str, Any]:
        """The causal model as plain data: every hazard with its baseline and effects."""
        return {
            "monthly_hazards": {h.event: _plain_hazard(h) for h in known.HAZARDS},
            "early_excess_after_stent": known.EARLY_EXCESS.tolist(),
            "case_fatality": dict(known.CASE_FATALITY),
            "film_opacity": films_model(),
            "link": "log hazard = log(baseline) + sum of effects; monthly, complementary log-log",
        }


def _plain_hazard(hazard: known.Hazard) -> dict[str, Any]:
    effects = [_plain_effect(effect) for effect in hazard.effects]
    return {"monthly_baseline": hazard.monthly_baseline, "effects": effects}


def _plain_effect(effect: known.Effect) -> dict[str, Any]:
    """The fields of an effect; limits that do not limit are left out (JSON has no infinity)."""
    fields = asdict(effect)
    unlimited = [name for name in ("least", "most") if not np.isfinite(fields[name])]
    return {name: value for name, value in fields.items() if name not in unlimited}


def index_dates(
    course: Course, patients: pl.DataFrame, start: np.datetime64, months: int
) -> pl.DataFrame:
    """True risks at each first antiplatelet or anticoagulant, and what then happened."""
    pieces = [_group(course, group) for group in COMPARISONS]
    table = pl.concat(pieces).join(
        course.exits.select("patient", exit_day="day", exit="reason"), on="patient", how="left"
    )
    last = months * known.MONTH_DAYS
    observed = pl.coalesce("exit_day", pl.lit(last)) - pl.col("day")
    whole = table.join(patients.select("patient", "patient_id", "site"), on="patient", how="left")
    return whole.select(
        "patient_id",
        "site",
        "group",
        "medicine",
        moment(pl.col("day"), start).alias("time"),
        "propensity",
        pl.col("propensity").is_between(0, 1, closed="none").alias("choice"),
        "risk",
        "risk_older",
        "risk_newer",
        (pl.col("risk_newer") - pl.col("risk_older")).alias("effect"),
        moment(pl.col("outcome_day"), start).alias("outcome_time"),
        observed.alias("observed_days"),
        "exit",
    ).sort("group", "patient_id")


def _group(course: Course, group: str) -> pl.DataFrame:
    """Index dates of one comparison: risks, and the day of the first outcome after the start."""
    (older, newer), outcome = COMPARISONS[group]
    starts = course.starts.filter(pl.col("group") == group)
    numbers = [name for name in starts.columns if starts[name].dtype == pl.Float64]
    causes = {name: starts[name].to_numpy() for name in numbers}
    stent = group == "antiplatelet"
    risks = {
        "risk": one_year_risk(causes, outcome, recent_stent=stent),
        **{
            name: one_year_risk(had_they_taken(causes, drug, group), outcome, recent_stent=stent)
            for name, drug in (("risk_older", older), ("risk_newer", newer))
        },
    }
    events = course.diagnoses.filter(pl.col("diagnosis").is_in(OUTCOME_DIAGNOSES[outcome]))
    later = starts.select("patient", "day").join(
        events.select("patient", outcome_day="day"), on="patient"
    )
    first = later.filter(pl.col("outcome_day") > pl.col("day")).group_by("patient")
    table = starts.select("patient", "group", "medicine", "day", "propensity").with_columns(
        *[pl.Series(name, values) for name, values in risks.items()]
    )
    return table.join(first.agg(pl.col("outcome_day").min()), on="patient", how="left")
