"""The chart: what the sites wrote down about the course - measured, coded and dated.

Between truth and chart lie laboratory noise, tests nobody ordered (more often in the well and the
deprived: missing not at random), and diagnoses that are recorded later than they began.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from nof1.synthetic.causes import Array
from nof1.synthetic.codes import TESTS, UNITS
from nof1.synthetic.course import Course
from nof1.synthetic.people import People, Site

SECONDS_PER_DAY = 86_400
LABORATORY = ("creatinine", "egfr", "hba1c", "glucose", "ldl", "haemoglobin", "potassium")


@dataclass(frozen=True)
class Chart:
    """Tables of what was written; ``patient`` counts from 0, times are UTC, ids are per site.

    Attributes
    ----------
    encounters : id, patient, start, end, reason.
    observations : id, patient, encounter, time, test, value, second_value (diastolic pressure),
        choice (coded answer), unit, status.
    conditions : id, patient, encounter, diagnosis, onset, recorded, verification.
    medications : id, patient, medicine, start, stop.
    procedures : id, patient, encounter, procedure, time.
    immunizations : id, patient, vaccine, time.
    allergies : id, patient, allergy, recorded.
    family : id, patient, recorded.
    reports : id, patient, encounter, time (one metabolic panel per hospital stay).
    """

    encounters: pl.DataFrame
    observations: pl.DataFrame
    conditions: pl.DataFrame
    medications: pl.DataFrame
    procedures: pl.DataFrame
    immunizations: pl.DataFrame
    allergies: pl.DataFrame
    family: pl.DataFrame
    reports: pl.DataFrame


def chart(
    rng: np.random.Generator,
    course: Course,
    people: People,
    sites: tuple[Site, ...],
    start: np.datetime64,
    months: int,
    polygenic_z: Array,
) -> Chart:
    """Write everything down."""
    visits = _visits(course)
    encounters = _encounters(visits, start)
    observations = _observations(rng, visits, people, sites, start)
    stays = encounters.filter(pl.col("reason") != "office")
    return Chart(
        encounters=encounters,
        observations=observations,
        conditions=_conditions(rng, course, visits, start),
        medications=_medications(course, start),
        procedures=_procedures(stays),
        immunizations=_immunizations(rng, course, people, start, months),
        allergies=_allergies(rng, visits, start),
        family=_family(rng, visits, polygenic_z, start),
        reports=_numbered(
            stays.select("patient", encounter="id", time=pl.col("start") + pl.duration(hours=3)),
            "report",
        ),
    )


def moment(day: pl.Expr, start: np.datetime64) -> pl.Expr:
    """Days since the start of the records as a time in whole seconds."""
    seconds = (day * SECONDS_PER_DAY).round().cast(pl.Int64)
    return pl.lit(start.astype("datetime64[us]").item()) + pl.duration(seconds=seconds)


def _numbered(table: pl.DataFrame, kind: str) -> pl.DataFrame:
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7)
    return table.with_columns(id=pl.lit(f"syn-{kind}-") + number)


def _visits(course: Course) -> pl.DataFrame:
    """Visits before death or leaving, with the id of their encounter."""
    exits = course.exits.select("patient", exit_day="day")
    visits = course.visits.join(exits, on="patient", how="left", maintain_order="left")
    visits = visits.filter(pl.col("exit_day").is_null() | (pl.col("day") < pl.col("exit_day")))
    end = pl.min_horizontal(pl.col("day") + pl.col("length_days"), "exit_day")
    return _numbered(visits.with_columns(end_day=end), "encounter")


def _encounters(visits: pl.DataFrame, start: np.datetime64) -> pl.DataFrame:
    return visits.select(
        "id",
        "patient",
        moment(pl.col("day"), start).alias("start"),
        moment(pl.col("end_day"), start).alias("end"),
        "reason",
    )


# Observations ----------------------------------------------------------------------------------


def _observations(
    rng: np.random.Generator,
    visits: pl.DataFrame,
    people: People,
    sites: tuple[Site, ...],
    start: np.datetime64,
) -> pl.DataFrame:
    true = {name: visits[name].to_numpy() for name in visits.columns if name != "id"}
    chances, values = _chances(true), _measured(rng, true)
    pieces = []
    for test in TESTS:
        done = np.flatnonzero(rng.random(len(visits)) < chances[test])
        piece = (
            visits[done].select("patient", "day", encounter="id").with_columns(test=pl.lit(test))
        )
        pieces.append(piece.with_columns(*_results(test, done, true, values)))
    table = pl.concat(pieces).with_columns(
        site=pl.Series(people.site)[pl.concat(pieces)["patient"]]
    )
    table = table.sort("patient", "day", "encounter", "test")
    table = _in_site_units(table, sites)
    minutes = pl.when(pl.col("test").is_in(LABORATORY)).then(40).otherwise(10) / 1440
    return _numbered(
        table.select(
            "patient",
            "encounter",
            moment(pl.col("day") + minutes, start).alias("time"),
            "test",
            "value",
            "second_value",
            "choice",
            "unit",
            pl.lit("final").alias("status"),
        ),
        "observation",
    )


def _chances(true: dict[str, Array]) -> dict[str, Array]:
    """How likely each test is at a visit; nearly everything is done in hospital."""
    ones = np.ones(len(true["day"]))
    stay = np.array(true["reason"] != "office")
    ordered = {
        "creatinine": 0.45 * ones,
        "hba1c": 0.15 + 0.45 * true["diabetes"],
        "glucose": 0.25 + 0.15 * true["diabetes"],
        "ldl": np.clip(0.30 + 0.15 * true["statin"] - 0.08 * true["deprivation_z"], 0.05, 1),
        "haemoglobin": np.where(true["haemoglobin_g_dl"] < 12, 0.6, 0.3),
        "potassium": 0.2 * ones,
        "heart_rate": 0.3 * ones,
        "bmi": 0.2 * ones,
        "blood_pressure": 0.75 * ones,
    }
    asked = {"smoking": 0.3 * ones, "alcohol": 0.15 * ones, "activity": 0.2 * ones}
    done = {test: np.where(stay, 0.92, chance) for test, chance in ordered.items()}
    done |= {test: np.where(stay, 0.7, chance) for test, chance in asked.items()}
    return done | {"egfr": done["creatinine"]}


def _measured(rng: np.random.Generator, true: dict[str, Array]) -> dict[str, Array]:
    """Every test at every visit, in the usual unit, with noise."""
    count = len(true["day"])

    def noisy(values: Array, sd: float) -> Array:
        return np.asarray(values + rng.normal(0, sd, count))

    egfr = true["egfr_ml_min_173m2"] * np.exp(rng.normal(0, 0.04, count))
    rises = np.clip(60 - egfr, 0, None)
    return {
        "egfr": egfr,
        "creatinine": creatinine_of(egfr, true["age_years"], true["male"]),
        "hba1c": noisy(true["hba1c_percent"], 0.12),
        "glucose": np.clip(noisy(28.7 * true["hba1c_percent"] - 46.7, 16), 55, None),
        "ldl": np.clip(noisy(38.665 * true["ldl_mmol_l"], 5), 15, None),
        "haemoglobin": noisy(true["haemoglobin_g_dl"], 0.2),
        "potassium": noisy(4.2 + 0.012 * rises, 0.3),
        "heart_rate": noisy(72 + 12 * true["atrial_fibrillation"], 9),
        "bmi": noisy(true["bmi_kg_m2"], 0.3),
        "blood_pressure": noisy(true["systolic_mm_hg"], 4),
        "diastolic": noisy(0.4 * true["systolic_mm_hg"] + 24, 5),
        "alcohol": true["audit_c"],
        "activity": np.clip(noisy(true["activity_min_per_week"], 15), 0, None).round(-1),
    }


def creatinine_of(egfr: Array, age_years: Array, male: Array) -> Array:
    """Serum creatinine (mg/dL) that gives this eGFR by the CKD-EPI 2021 equation.

    Source: Inker et al., N Engl J Med 2021;385:1737-49 (equation without race), solved for
    creatinine.
    """
    kappa = np.where(male > 0, 0.9, 0.7)
    alpha = np.where(male > 0, -0.302, -0.241)
    ratio = egfr / (142 * 0.9938**age_years * np.where(male > 0, 1.0, 1.012))
    return np.asarray(kappa * np.where(ratio <= 1, ratio ** (-1 / 1.2), ratio ** (1 / alpha)))


def _results(
    test: str, done: np.ndarray, true: dict[str, Array], values: dict[str, Array]
) -> list[pl.Series]:
    """Columns value, second_value and choice of one test."""
    empty = np.full(len(done), np.nan)
    number = empty if test == "smoking" else values[test][done].round(TESTS[test].places)
    second = values["diastolic"][done].round() if test == "blood_pressure" else empty
    choice: list[str | None] = [None] * len(done)
    if test == "smoking":
        former = np.where(true["former_smoker"][done] > 0, "former", "never")
        choice = np.where(true["current_smoker"][done] > 0, "current", former).tolist()
    return [
        pl.Series("value", number + 0.0),
        pl.Series("second_value", second),
        pl.Series("choice", choice, dtype=pl.String),
    ]


def _in_site_units(table: pl.DataFrame, sites: tuple[Site, ...]) -> pl.DataFrame:
    """Add ``unit`` and convert ``value`` where the site measures in another unit than usual."""
    usual = {name: test.unit for name, test in TESTS.items()}
    table = table.with_columns(unit=pl.col("test").replace_strict(usual))
    for index, site in enumerate(sites):
        for test, unit in site.units.items():
            factor, places = UNITS[test, unit]
            here = (pl.col("site") == index) & (pl.col("test") == test)
            converted = (pl.col("value") * factor).round(places)
            table = table.with_columns(
                value=pl.when(here).then(converted).otherwise("value"),
                unit=pl.when(here).then(pl.lit(unit)).otherwise("unit"),
            )
    return table


# Everything else -------------------------------------------------------------------------------


def _conditions(
    rng: np.random.Generator, course: Course, visits: pl.DataFrame, start: np.datetime64
) -> pl.DataFrame:
    """Diagnoses, recorded at the end of the first visit or stay that follows their onset.

    A diagnosis of somebody who never comes back is never recorded.
    """
    order = ["patient", "day"]
    onsets = course.diagnoses.sort(order, maintain_order=True)
    seen = visits.select("patient", "day", visit_day="day", end_day="end_day", encounter="id")
    table = onsets.sort("day", maintain_order=True).join_asof(
        seen.with_columns(day=pl.col("day") + 0.03).sort("day", maintain_order=True),
        on="day",
        by="patient",
        strategy="forward",
        check_sortedness=False,
    )
    table = table.filter(pl.col("encounter").is_not_null()).sort(*order, "diagnosis")
    lag = pl.Series(rng.uniform(0.01, 0.2, len(table)))
    return _numbered(
        table.select(
            "patient",
            "encounter",
            "diagnosis",
            moment(pl.col("day"), start).alias("onset"),
            moment(pl.col("end_day") + lag, start).alias("recorded"),
            pl.lit("confirmed").alias("verification"),
        ),
        "condition",
    )


def _medications(course: Course, start: np.datetime64) -> pl.DataFrame:
    stop = pl.when(pl.col("stop_day").is_not_nan()).then(moment(pl.col("stop_day"), start))
    return _numbered(
        course.medicines.select(
            "patient", "medicine", moment(pl.col("start_day"), start).alias("start"), stop=stop
        ),
        "medication",
    )


def _procedures(stays: pl.DataFrame) -> pl.DataFrame:
    stents = stays.filter(pl.col("reason") == "stent")
    return _numbered(
        stents.select(
            "patient",
            encounter="id",
            procedure=pl.lit("stent"),
            time=pl.col("start") + pl.duration(hours=2),
        ),
        "procedure",
    )


def _immunizations(
    rng: np.random.Generator, course: Course, people: People, start: np.datetime64, months: int
) -> pl.DataFrame:
    """Influenza vaccination each autumn, more often in the old."""
    exit_day = np.full(len(people.site), np.inf)
    exit_day[course.exits["patient"].to_numpy()] = course.exits["day"].to_numpy()
    pieces = []
    for year in range(months // 12):
        day = 365.25 * year + rng.uniform(260, 330, len(exit_day))
        wanted = 0.15 + 0.008 * (people.age_years - 40)
        who = np.flatnonzero((rng.random(len(exit_day)) < wanted) & (day < exit_day))
        pieces.append(pl.DataFrame({"patient": who, "day": day[who]}))
    table = pl.concat(pieces).sort("patient", "day")
    return _numbered(
        table.select("patient", vaccine=pl.lit("influenza"), time=moment(pl.col("day"), start)),
        "immunization",
    )


def _first_visits(visits: pl.DataFrame) -> pl.DataFrame:
    return visits.group_by("patient", maintain_order=True).first().select("patient", "day")


def _allergies(
    rng: np.random.Generator, visits: pl.DataFrame, start: np.datetime64
) -> pl.DataFrame:
    """Allergies are asked for at the first visit; they cause nothing here."""
    first, pieces = _first_visits(visits), []
    for allergy, chance in (("penicillin", 0.08), ("sulfonamide", 0.03)):
        who = first.filter(pl.Series(rng.random(len(first)) < chance))
        pieces.append(who.with_columns(allergy=pl.lit(allergy)))
    table = pl.concat(pieces).sort("patient", "allergy")
    recorded = moment(pl.col("day") + 0.01, start).alias("recorded")
    return _numbered(table.select("patient", "allergy", recorded), "allergy")


def _family(
    rng: np.random.Generator, visits: pl.DataFrame, polygenic_z: Array, start: np.datetime64
) -> pl.DataFrame:
    """A father with coronary disease is likelier with a high polygenic score (a proxy of genes)."""
    first = _first_visits(visits)
    z = polygenic_z[first["patient"].to_numpy()]
    chance = 1 / (1 + np.exp(1.4 - 0.5 * z))
    who = first.filter(pl.Series(rng.random(len(first)) < chance))
    recorded = moment(pl.col("day") + 0.01, start).alias("recorded")
    return _numbered(who.select("patient", recorded), "family")
