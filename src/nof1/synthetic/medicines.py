"""Who takes what: the rules by which the synthetic doctors start and stop medicines.

Antiplatelets and anticoagulants are chosen by indication, age, history, site and year - the
confounding that an effect estimate has to undo. Some people have no choice at all (no overlap).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nof1.synthetic.causes import Array, Causes
from nof1.synthetic.journal import Journal

CHRONIC = (
    "statin", "ace_inhibitor", "metformin", "nsaid", "ssri", "omeprazole", "pantoprazole", "aspirin"
)  # fmt: skip
ANTITHROMBOTIC = ("clopidogrel", "ticagrelor", "warfarin", "apixaban")
MEDICINES = CHRONIC + ANTITHROMBOTIC

Mask = npt.NDArray[np.bool_]


class Cupboard:
    """Everybody's current medicines; starts and stops are noted when a course ends."""

    def __init__(self, now: dict[str, Array], journal: Journal) -> None:
        self._now = now
        self._journal = journal
        self._since = {name: np.full(len(now["age_years"]), np.nan) for name in MEDICINES}

    def start(self, name: str, who: Mask, day: Array) -> None:
        """Begin ``name`` for those of ``who`` who do not take it yet."""
        new = who & (self._now[name] == 0)
        self._since[name][new] = day[new]
        self._now[name][new] = 1.0

    def stop(self, name: str, who: Mask, day: Array) -> None:
        """End ``name`` for those of ``who`` who take it."""
        old = who & (self._now[name] == 1)
        self._note(name, old, day)
        self._now[name][old] = 0.0

    def close(self) -> None:
        """Note what is still being taken at the end of the records, without a stop."""
        for name in MEDICINES:
            open_ended = np.full(len(self._since[name]), np.nan)
            self._note(name, self._now[name] == 1, open_ended)

    def _note(self, name: str, who: Mask, stop_day: Array) -> None:
        patients = np.flatnonzero(who)
        self._journal.add(
            "medicines",
            patients,
            medicine=name,
            start_day=self._since[name][patients],
            stop_day=stop_day[patients],
        )


def monthly_starts(now: Causes) -> dict[str, Array]:
    """Chance per month of starting each chronic medicine, for those not taking it."""
    tolerant = 1 - now["statin_intolerance"]
    need = (now["ldl_mmol_l"] > 3.4) | (now["diabetes"] > 0) | (now["prior_heart_attack"] > 0)
    return {
        "statin": 0.05 * need * tolerant,
        "ace_inhibitor": 0.10 * now["hypertension"],
        "metformin": 0.15 * now["diabetes"] * (now["egfr_ml_min_173m2"] > 30),
        "nsaid": 0.016 * (1 - 0.5 * now["chronic_kidney_disease"]),
        "ssri": 0.10 * now["depression"],
        "omeprazole": 0.006 + 0.03 * now["nsaid"] * (1 - now["pantoprazole"]),
        "pantoprazole": 0.005 + 0.02 * now["nsaid"] * (1 - now["omeprazole"]),
        "aspirin": 0.004 + 0.02 * now["prior_heart_attack"],
    }


def monthly_stops(now: Causes) -> dict[str, Array]:
    """Chance per month of stopping each chronic medicine, for those taking it."""
    ones = np.ones_like(now["age_years"])
    return {
        "statin": 0.003 + 0.015 * now["slco1b1_decreased_copies"],
        "ace_inhibitor": 0.006 * ones,
        "metformin": np.where(now["egfr_ml_min_173m2"] < 30, 0.5, 0.004),
        "nsaid": 0.06 * ones,
        "ssri": 0.02 * ones,
        "omeprazole": 0.02 * ones,
        "pantoprazole": 0.02 * ones,
        "aspirin": 0.01 * ones,
    }


def chance_of_ticagrelor(now: Causes, site_log_odds: Array, year: float, tested: Mask) -> Array:
    """The chance that somebody who needs an antiplatelet is given ticagrelor, not clopidogrel.

    No choice: nobody of 85 or older or with an earlier intracranial bleed gets ticagrelor; at the
    site that tests genes (``tested``), everybody else without CYP2C19 function gets it.
    """
    log_odds = (
        site_log_odds
        + 0.25 * (year - 2)
        + 1.1 * now["recent_heart_attack"]
        - 0.05 * (now["age_years"] - 65)
        - 0.8 * now["prior_bleed"]
        - 0.7 * now["atrial_fibrillation"]
        + 0.3 * now["diabetes"]
    )
    chance = _logistic(log_odds)
    chance = np.where(tested & (now["cyp2c19_lost_copies"] == 2), 1.0, chance)
    never = (now["age_years"] >= 85) | (now["prior_intracranial_bleed"] > 0)
    return np.where(never, 0.0, chance)


def chance_of_apixaban(now: Causes, site_log_odds: Array, year: float) -> Array:
    """The chance that somebody who needs an anticoagulant is given apixaban, not warfarin.

    No choice: with mitral stenosis, or an eGFR under 20, everybody gets warfarin.
    """
    log_odds = (
        site_log_odds
        + 0.45 * (year - 2)
        + 0.02 * (now["age_years"] - 70)
        + 0.6 * now["prior_bleed"]
        - 0.02 * (90 - now["egfr_ml_min_173m2"])
        - 0.3 * now["deprivation_z"]
    )
    never = (now["mitral_stenosis"] > 0) | (now["egfr_ml_min_173m2"] < 20)
    return np.where(never, 0.0, _logistic(log_odds))


def _logistic(log_odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
