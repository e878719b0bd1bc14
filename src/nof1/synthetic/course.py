"""The course of every patient's health, simulated month by month.

A month starts on the patient's own day (an offset of 0 to 30 days). In the twelve months after a
first antiplatelet or anticoagulant, the hazards of heart attack, bleed and death read the causes as
they stood on the index date, which makes the true one-year risk exact (``risks.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.synthetic import causes as known
from nof1.synthetic.body import Body, bodies
from nof1.synthetic.causes import (
    CASE_FATALITY,
    EARLY_EXCESS,
    MONTH_DAYS,
    RISK_MONTHS,
    Array,
    probability,
)
from nof1.synthetic.genes import Genomes
from nof1.synthetic.journal import Journal
from nof1.synthetic.medicines import (
    CHRONIC,
    MEDICINES,
    Cupboard,
    chance_of_apixaban,
    chance_of_ticagrelor,
    monthly_starts,
    monthly_stops,
)
from nof1.synthetic.people import People, Site
from nof1.synthetic.risks import COMPARISONS
from nof1.synthetic.surroundings import Surroundings

Mask = npt.NDArray[np.bool_]

DIAGNOSES = (
    "hypertension", "diabetes", "chronic_kidney_disease", "atrial_fibrillation", "heart_failure",
    "mitral_stenosis", "depression", "statin_intolerance", "prior_heart_attack", "prior_bleed",
)  # fmt: skip
VISIT_VALUES = (
    "systolic_mm_hg", "ldl_mmol_l", "hba1c_percent", "haemoglobin_g_dl", "egfr_ml_min_173m2",
    "bmi_kg_m2", "age_years", "male", "current_smoker", "former_smoker", "activity_min_per_week",
    "audit_c", "diabetes", "statin", "atrial_fibrillation", "deprivation_z",
)  # fmt: skip
EARLIER = {"prior_heart_attack": "heart_attack", "prior_bleed": "gastrointestinal_bleed"}
LEAVING_PER_MONTH = 0.003
INTRACRANIAL_SHARE = 0.15


@dataclass(frozen=True)
class Course:
    """What happened; days count from the start of the records (before it: negative).

    Attributes
    ----------
    visits : patient, day, length_days, reason (``"office"`` or that of a hospital stay), and the
        true values on that day.
    diagnoses : patient, diagnosis, day.
    medicines : patient, medicine, start_day, stop_day (NaN: still taken).
    starts : patient, group, medicine, day, propensity (of the newer medicine), and all causes.
    exits : patient, day, reason (``"death"`` or ``"left"``); absent = still there at the end.
    """

    visits: pl.DataFrame
    diagnoses: pl.DataFrame
    medicines: pl.DataFrame
    starts: pl.DataFrame
    exits: pl.DataFrame


def simulate(
    rng: np.random.Generator,
    people: People,
    sites: tuple[Site, ...],
    genes: Genomes,
    around: Surroundings,
    months: int,
) -> Course:
    """Let ``months`` months pass for everybody."""
    ward = _Ward(rng, people, sites, genes, around, months)
    for month in range(months):
        ward.month(month)
    ward.cupboard.close()
    journal, end = ward.journal, months * MONTH_DAYS
    before_end = pl.col("day") < end
    medicines = journal.frame("medicines", "start_day", "medicine")
    still_taken = pl.when(pl.col("stop_day") < end).then("stop_day").otherwise(float("nan"))
    return Course(
        journal.frame("visits", "day").filter(before_end),
        journal.frame("diagnoses", "day").filter(before_end),
        medicines.filter(pl.col("start_day") < end).with_columns(stop_day=still_taken),
        journal.frame("starts", "day").filter(before_end),
        journal.frame("exits", "day").filter(before_end),
    )


def offered(month: int) -> float:
    """How far new antithrombotics are in use: not in the first six months, fully after 30.

    So everybody has a history of half a year, and no month stands out when a pool is used up.
    """
    return min(max((month - 6) / 24, 0.0), 1.0)


class _Ward:
    """The moving state of the simulation; every array has shape (patients,)."""

    def __init__(
        self,
        rng: np.random.Generator,
        people: People,
        sites: tuple[Site, ...],
        genes: Genomes,
        around: Surroundings,
        months: int,
    ) -> None:
        self.rng, self.people, self.around, self.months = rng, people, around, months
        self.count = len(people.site)
        self.site_log_odds = np.array([site.new_medicines for site in sites])[people.site]
        self.tested = np.array([site.tests_genes for site in sites])[people.site]
        self.journal = Journal()
        self.offset = rng.uniform(0, MONTH_DAYS - 1, self.count)
        self.alive = np.ones(self.count, bool)
        self.risk_month = np.full(self.count, -1)
        self.last_attack = np.full(self.count, -99)
        self.started = {name: ~self.alive for name in COMPARISONS}
        self.now = self._first_causes(genes)
        self.cupboard = Cupboard(self.now, self.journal)
        self.body: Body = bodies(rng, self.now, self.now["diabetes"])
        self.now.update(self.body.values(self.now))
        self._earlier_history()
        self.held = known.with_interactions(self.now)

    # The start ---------------------------------------------------------------------------------

    def _first_causes(self, genes: Genomes) -> dict[str, Array]:
        people, zeros = self.people, np.zeros(self.count)
        absent = [*DIAGNOSES, *MEDICINES, "recent_stent", "recent_heart_attack",
                  "prior_intracranial_bleed"]  # fmt: skip
        now = {name: zeros.copy() for name in absent} | {
            "age_years": people.age_years.copy(),
            "male": people.male,
            "current_smoker": (people.smoking == 2).astype(float),
            "former_smoker": (people.smoking == 1).astype(float),
            "activity_min_per_week": people.activity_min_per_week,
            "audit_c": people.audit_c,
            "polygenic_z": genes.polygenic_z(),
            "cyp2c19_lost_copies": genes.copies("CYP2C19", "*2", "*3"),
            "cyp2c9_activity_score": genes.cyp2c9_activity_score(),
            "vkorc1_alleles": genes.copies("VKORC1", "rs9923231 variant (T)"),
            "slco1b1_decreased_copies": genes.copies("SLCO1B1", "*5", "*15"),
            "pm25_ug_m3": self.around.pm25_last_year(people.region, 0),
            "deprivation_z": self.around.deprivation_z(people.region, 0),
        }
        chance = 1 / (
            1 + np.exp(1.5 - 0.02 * (people.age_years - 65) - 0.25 * now["deprivation_z"])
        )
        now["diabetes"] = (self.rng.random(self.count) < chance).astype(float)
        return now

    def _earlier_history(self) -> None:
        """Diagnoses and medicines from before the records begin."""
        now, rng = self.now, self.rng
        decades = (now["age_years"] - 65) / 10
        prevalence = {
            "diabetes": now["diabetes"],
            "hypertension": np.where(now["systolic_mm_hg"] > 140, 0.75, 0.15),
            "chronic_kidney_disease": np.where(now["egfr_ml_min_173m2"] < 60, 0.7, 0.0),
            "atrial_fibrillation": np.clip(0.10 + 0.05 * decades, 0.01, 0.5),
            "heart_failure": np.clip(0.05 + 0.03 * decades, 0.005, 0.3),
            "mitral_stenosis": np.full(self.count, 0.01),
            "depression": np.full(self.count, 0.10),
            "prior_heart_attack": np.clip(0.10 + 0.03 * decades + 0.04 * now["male"], 0.01, 0.5),
            "prior_bleed": np.clip(0.04 + 0.02 * decades, 0.005, 0.2),
        }
        for name, chance in prevalence.items():
            has = rng.random(self.count) < chance
            now[name] = has.astype(float)
            self._diagnose(EARLIER.get(name, name), has, -rng.uniform(180, 4000, self.count))
        for name, chance in monthly_starts(now).items():
            takes = rng.random(self.count) < np.clip(9 * chance, 0, 0.85)
            self.cupboard.start(name, takes, -rng.uniform(20, 900, self.count))

    # One month ---------------------------------------------------------------------------------

    def month(self, month: int) -> None:
        """Let one month pass: surroundings and body, diagnoses, medicines, events, visits."""
        day = month * MONTH_DAYS + self.offset
        now, people = self.now, self.people
        now["age_years"] = people.age_years + day / 365.25
        now["pm25_ug_m3"] = self.around.pm25_last_year(people.region, month)
        now["deprivation_z"] = self.around.deprivation_z(people.region, month)
        quits = self._happens(0.006 * now["current_smoker"])
        now["former_smoker"] = np.where(quits, 1.0, now["former_smoker"])
        now["current_smoker"] = np.where(quits, 0.0, now["current_smoker"])
        self.body.month(self.rng, now)
        self._new_diagnoses(day)
        self._chronic_medicines(day)
        self._antiplatelets(day, month)
        self._anticoagulants(day, month)
        self._visits(day)
        self._outcomes(day, month)
        self._close_risk_year(day)

    def _new_diagnoses(self, day: Array) -> None:
        now = self.now
        chances = {
            "hypertension": 0.06 * (now["systolic_mm_hg"] > 142),
            "diabetes": 0.12 * (now["hba1c_percent"] >= 6.5),
            "chronic_kidney_disease": 0.08 * (now["egfr_ml_min_173m2"] < 60),
            "atrial_fibrillation": probability(known.ATRIAL_FIBRILLATION.rate(now)),
            "heart_failure": 0.0008 + 0.004 * now["prior_heart_attack"],
            "depression": np.full(self.count, 0.0012),
            "statin_intolerance": 0.008 * now["slco1b1_decreased_copies"] * now["statin"],
        }
        for name, chance in chances.items():
            new = self._happens(chance) & (now[name] == 0)
            now[name][new] = 1.0
            self._diagnose(name, new, day)

    def _chronic_medicines(self, day: Array) -> None:
        starts, stops = monthly_starts(self.now), monthly_stops(self.now)
        for name in CHRONIC:
            draw = self.rng.random(self.count)
            taken = self.now[name] == 1
            self.cupboard.stop(name, self.alive & taken & (draw < stops[name]), day)
            self.cupboard.start(name, self.alive & ~taken & (draw < starts[name]), day)
        self.cupboard.stop("statin", self.alive & (self.now["statin_intolerance"] == 1), day)

    def _antiplatelets(self, day: Array, month: int) -> None:
        """Stents, and the medicine that follows."""
        now = self.now
        after_attack = 0.5 * now["recent_heart_attack"]
        chance = np.maximum(probability(known.STENT.rate(now)), after_attack) * offered(month)
        free = (self.risk_month < 0) & ~self.started["antiplatelet"]
        free &= (now["warfarin"] == 0) & (now["apixaban"] == 0)
        new = self._happens(chance) & free
        self._stay("stent", new, day - self.rng.uniform(1, 3, self.count), 2.9)
        newer = chance_of_ticagrelor(now, self.site_log_odds, month / 12, self.tested)
        protect = self.rng.random(self.count)
        uncovered = new & (now["omeprazole"] + now["pantoprazole"] == 0)
        tolerant = new & (now["statin_intolerance"] == 0)
        self.cupboard.start("aspirin", new, day)
        self.cupboard.start("statin", tolerant & (protect < 0.9), day)
        self.cupboard.start("omeprazole", uncovered & (protect < 0.3), day)
        self.cupboard.start("pantoprazole", uncovered & (protect > 0.7), day)
        now["recent_stent"][new] = 1.0
        self._begin("antiplatelet", ("clopidogrel", "ticagrelor"), new, newer, day)

    def _anticoagulants(self, day: Array, month: int) -> None:
        """Anticoagulants for atrial fibrillation, after a visit that decides on them."""
        now = self.now
        free = (self.risk_month < 0) & ~self.started["anticoagulant"]
        new = self._happens(0.16 * now["atrial_fibrillation"] * offered(month)) & free
        self._note_visit("office", new, day - self.rng.uniform(0.1, 3, self.count), 0.02)
        for name in ("clopidogrel", "ticagrelor"):
            self.cupboard.stop(name, new, day)
        newer = chance_of_apixaban(now, self.site_log_odds, month / 12)
        self._begin("anticoagulant", ("warfarin", "apixaban"), new, newer, day)

    def _begin(
        self, group: str, options: tuple[str, str], who: Mask, newer: Array, day: Array
    ) -> None:
        """The index date: start the older or newer medicine, and hold today's causes for a year."""
        takes_newer = self.rng.random(self.count) < newer
        for name, choice in zip(options, (~takes_newer, takes_newer), strict=True):
            self.cupboard.start(name, who & choice, day)
        self.started[group] |= who
        self.risk_month[who] = 0
        for name, values in known.with_interactions(self.now).items():
            self.held[name] = np.where(who, values, self.held[name])
        patients = np.flatnonzero(who)
        self.journal.add(
            "starts",
            patients,
            group=group,
            medicine=np.where(takes_newer, options[1], options[0])[patients],
            day=day[patients],
            propensity=newer[patients],
            **{name: values[patients] for name, values in self.now.items()},
        )

    def _outcomes(self, day: Array, month: int) -> None:
        """Heart attack, then bleed, then death: each may happen once in a month."""
        holding = self.risk_month >= 0
        today = known.with_interactions(self.now)
        causes = {name: np.where(holding, self.held[name], today[name]) for name in today}
        stent = (causes["recent_stent"] > 0) & holding
        early = np.where(stent, EARLY_EXCESS[self.risk_month], 1.0)
        attack = self._happens(probability(early * known.HEART_ATTACK.rate(causes)))
        attack_day = day + self.rng.uniform(0, MONTH_DAYS, self.count)
        self._diagnose("heart_attack", attack, attack_day)
        self._stay("heart_attack", attack, attack_day - 0.02, 5.0)
        killed = attack & self._happens(np.full(self.count, CASE_FATALITY["heart_attack"]))
        bleed = self._happens(probability(known.MAJOR_BLEED.rate(causes))) & ~killed
        bleed_day = day + self.rng.uniform(0, MONTH_DAYS, self.count)
        self._bleeds(bleed, bleed_day)
        killed |= bleed & self._happens(np.full(self.count, CASE_FATALITY["major_bleed"]))
        killed |= self._happens(probability(known.DEATH.rate(causes)))
        event_day = np.maximum(np.where(attack, attack_day, day), np.where(bleed, bleed_day, day))
        end = day + MONTH_DAYS
        self._exit("death", killed, event_day + self.rng.random(self.count) * (end - event_day))
        self._exit("left", self._happens(np.full(self.count, LEAVING_PER_MONTH)), end)
        self.last_attack[attack] = month
        self.now["prior_heart_attack"][attack] = 1.0
        self.now["recent_heart_attack"] = (month - self.last_attack < 3).astype(float)

    def _bleeds(self, who: Mask, day: Array) -> None:
        brain = self.rng.random(self.count) < INTRACRANIAL_SHARE
        self._diagnose("gastrointestinal_bleed", who & ~brain, day)
        self._diagnose("intracranial_bleed", who & brain, day)
        self._stay("major_bleed", who, day - 0.02, 4.0)
        self.now["prior_bleed"][who] = 1.0
        self.now["prior_intracranial_bleed"][who & brain] = 1.0
        self.body.blood_lost[who] += 2.0

    def _close_risk_year(self, day: Array) -> None:
        """After twelve months the hazards read the present again; most stop the antiplatelet."""
        self.risk_month[self.risk_month >= 0] += 1
        over = self.risk_month == RISK_MONTHS
        self.risk_month[over] = -1
        self.now["recent_stent"][over] = 0.0
        stopping = over & self.alive & (self.rng.random(self.count) < 0.8)
        for name in ("clopidogrel", "ticagrelor"):
            self.cupboard.stop(name, stopping, day + MONTH_DAYS)

    # Noting ------------------------------------------------------------------------------------

    def _happens(self, chance: Array) -> Mask:
        """Who of those still there is struck, at this chance each."""
        return np.asarray(self.alive & (self.rng.random(self.count) < chance))

    def _diagnose(self, name: str, who: Mask, day: Array) -> None:
        patients = np.flatnonzero(who)
        self.journal.add("diagnoses", patients, diagnosis=name, day=day[patients])

    def _exit(self, reason: str, who: Mask, day: Array) -> None:
        patients = np.flatnonzero(who & self.alive)
        self.journal.add("exits", patients, day=day[patients], reason=reason)
        for name in MEDICINES:
            self.cupboard.stop(name, who & self.alive & (reason == "death"), day)
        self.alive &= ~who

    def _visits(self, day: Array) -> None:
        """Office visits, more often of the sicker."""
        sicker = self.now["diabetes"] + self.now["chronic_kidney_disease"]
        when = day + self.rng.uniform(0, MONTH_DAYS, self.count)
        self._note_visit("office", self._happens(0.16 + 0.04 * sicker), when, 0.02)

    def _stay(self, reason: str, who: Mask, day: Array, length_days: float) -> None:
        """A hospital stay."""
        self._note_visit(reason, who, day, length_days)

    def _note_visit(self, reason: str, who: Mask, day: Array, length_days: float) -> None:
        patients = np.flatnonzero(who)
        values = {name: self.now[name][patients] for name in VISIT_VALUES}
        self.journal.add(
            "visits", patients, day=day[patients], length_days=length_days, reason=reason, **values
        )
