"""The known truth: which causes act on which hazard, and how strongly.

Every hazard is a monthly one, with a complementary log-log link::

    log hazard = log(baseline) + sum of log_hazard_ratio * (cause - reference) / per
    probability of the event within the month = 1 - exp(-hazard)

so each number below is a log hazard ratio. An estimate that another room makes from the written
files can be held against these tables (``docs/synthetic-hospital.md`` draws them as a diagram).
Sizes are invented, of the order that cardiology reports; they are no medical knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Causes = Mapping[str, Array]

RISK_MONTHS = 12
MONTH_DAYS = 30.4375  # 365.25 / 12

# The hazard of a heart attack in the months after a stent, relative to the plateau.
EARLY_EXCESS = np.array([2.2, 1.6, 1.3, 1.1] + [1.0] * (RISK_MONTHS - 4))


@dataclass(frozen=True)
class Effect:
    """One arrow of the causal diagram.

    Attributes
    ----------
    cause : name of the cause (unit in the name; 0 = absent, 1 = present where there is none).
    log_hazard_ratio : added to the log hazard per ``per`` units above ``reference``.
    least, most : the cause is cut off at these values, beyond which it does no more harm or good.
    """

    cause: str
    log_hazard_ratio: float
    reference: float = 0.0
    per: float = 1.0
    least: float = -np.inf
    most: float = np.inf

    def on(self, causes: Causes) -> Array:
        """What this cause adds to each person's log hazard."""
        values = np.clip(causes[self.cause], self.least, self.most)
        return self.log_hazard_ratio * (values - self.reference) / self.per


@dataclass(frozen=True)
class Hazard:
    """A monthly hazard: its baseline and the causes that raise or lower it."""

    event: str
    monthly_baseline: float
    effects: tuple[Effect, ...]

    def rate(self, causes: Causes) -> Array:
        """Expected events per person and month; higher is worse."""
        log_rate = np.log(self.monthly_baseline) + sum(e.on(causes) for e in self.effects)
        return np.asarray(np.exp(log_rate))


HEART_ATTACK = Hazard(
    "heart_attack",
    0.00105,
    (
        # Genes
        Effect("polygenic_z", 0.40),
        Effect("clopidogrel_x_reduced_cyp2c19", 0.60),
        Effect("clopidogrel_x_no_cyp2c19", 1.15),
        Effect("clopidogrel_x_omeprazole", 0.40),
        # Lifestyle
        Effect("current_smoker", 0.55),
        Effect("former_smoker", 0.15),
        Effect("activity_min_per_week", -0.22, reference=120, per=100, most=300),
        # Surroundings
        Effect("pm25_ug_m3", 0.30, reference=12, per=5),
        Effect("current_smoker_x_pm25", 0.20, per=5),
        Effect("deprivation_z", 0.18),
        # History and laboratory
        Effect("age_years", 0.036, reference=65),
        Effect("male", 0.25),
        Effect("prior_heart_attack", 0.45),
        Effect("diabetes", 0.25),
        Effect("hba1c_percent", 0.20, reference=5.7, least=5.0, most=11.0),
        Effect("ldl_mmol_l", 0.30, reference=2.5, least=1.0, most=6.0),
        Effect("systolic_mm_hg", 0.12, reference=130, per=10, least=110, most=190),
        Effect("egfr_ml_min_173m2", -0.13, reference=90, per=10, least=15, most=90),
        # Medicines
        Effect("nsaid", 0.40),
        Effect("recent_stent", 0.95),
        Effect("ticagrelor", -0.10),
    ),
)

MAJOR_BLEED = Hazard(
    "major_bleed",
    0.00125,
    (
        Effect("age_years", 0.035, reference=65),
        Effect("prior_bleed", 0.90),
        Effect("egfr_ml_min_173m2", -0.12, reference=90, per=10, least=15, most=90),
        Effect("haemoglobin_g_dl", -0.28, reference=13.5, most=13.5),
        Effect("audit_c", 0.11, reference=3),
        Effect("systolic_mm_hg", 0.08, reference=130, per=10, least=110, most=190),
        Effect("deprivation_z", 0.12),
        Effect("nsaid", 0.60),
        Effect("nsaid_x_chronic_kidney_disease", 0.50),
        Effect("ssri", 0.35),
        Effect("proton_pump_inhibitor", -0.35),
        Effect("clopidogrel", 0.50),
        Effect("ticagrelor", 0.85),
        Effect("warfarin", 1.15),
        Effect("apixaban", 0.90),
        Effect("warfarin_x_cyp2c9_deficit", 0.65),
        Effect("warfarin_x_vkorc1_alleles", 0.35),
    ),
)

DEATH = Hazard(
    "death",
    0.0011,
    (
        Effect("age_years", 0.075, reference=65),
        Effect("male", 0.20),
        Effect("current_smoker", 0.45),
        Effect("activity_min_per_week", -0.12, reference=120, per=100, most=300),
        Effect("deprivation_z", 0.15),
        Effect("egfr_ml_min_173m2", -0.10, reference=90, per=10, least=15, most=90),
        Effect("haemoglobin_g_dl", -0.15, reference=13.5, most=13.5),
        Effect("heart_failure", 0.60),
        Effect("diabetes", 0.20),
    ),
)

STENT = Hazard(
    "coronary_stent",
    0.055,
    (
        Effect("age_years", 0.012, reference=65),
        Effect("male", 0.20),
        Effect("current_smoker", 0.20),
        Effect("diabetes", 0.20),
        Effect("polygenic_z", 0.12),
        Effect("ldl_mmol_l", 0.10, reference=2.5),
    ),
)

ATRIAL_FIBRILLATION = Hazard(
    "atrial_fibrillation",
    0.0050,
    (
        Effect("age_years", 0.055, reference=65),
        Effect("hypertension", 0.40),
        Effect("audit_c", 0.08, reference=3),
        Effect("heart_failure", 0.60),
    ),
)

HAZARDS = (HEART_ATTACK, MAJOR_BLEED, DEATH, STENT, ATRIAL_FIBRILLATION)

# A heart attack or a major bleed kills at once with these probabilities.
CASE_FATALITY = {"heart_attack": 0.07, "major_bleed": 0.06}


def with_interactions(causes: Causes) -> dict[str, Array]:
    """The causes and the products of causes that the hazards name."""
    clopidogrel, warfarin = causes["clopidogrel"], causes["warfarin"]
    lost = causes["cyp2c19_lost_copies"]
    return {
        **causes,
        "clopidogrel_x_reduced_cyp2c19": clopidogrel * (lost == 1),
        "clopidogrel_x_no_cyp2c19": clopidogrel * (lost == 2),
        "clopidogrel_x_omeprazole": clopidogrel * causes["omeprazole"] * (lost < 2),
        "current_smoker_x_pm25": causes["current_smoker"] * (causes["pm25_ug_m3"] - 12),
        "nsaid_x_chronic_kidney_disease": causes["nsaid"] * (causes["egfr_ml_min_173m2"] < 60),
        "warfarin_x_cyp2c9_deficit": warfarin * (2.0 - causes["cyp2c9_activity_score"]),
        "warfarin_x_vkorc1_alleles": warfarin * causes["vkorc1_alleles"],
        "proton_pump_inhibitor": np.maximum(causes["omeprazole"], causes["pantoprazole"]),
    }


def probability(rate: Array) -> Array:
    """The chance of at least one event within the month at this hazard."""
    return np.asarray(-np.expm1(-rate))
