"""The body: laboratory values and vital signs as they truly are, month by month.

Measured values (``chart.py``) are these with laboratory noise, at the times somebody measured them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nof1.synthetic.causes import Array

WANDER_KEPT = 0.85

# Value -> standard deviation of its month-to-month wander around the person's own level.
WANDER_SD = {
    "systolic_mm_hg": 7.0,
    "ldl_mmol_l": 0.25,
    "hba1c_percent": 0.20,
    "haemoglobin_g_dl": 0.35,
    "egfr_ml_min_173m2": 2.5,
}


@dataclass
class Body:
    """Levels without treatment, their decline, and the wander around them; arrays (patients,)."""

    systolic: Array
    ldl: Array
    hba1c: Array
    haemoglobin: Array
    egfr: Array
    egfr_decline_per_year: Array
    bmi: Array
    blood_lost: Array
    wander: dict[str, Array]

    def month(self, rng: np.random.Generator, now: dict[str, Array]) -> None:
        """Move on by one month and write the true values into ``now``."""
        loss = self.egfr_decline_per_year + 1.4 * now["diabetes"] + 0.8 * now["hypertension"]
        self.egfr -= loss / 12
        self.hba1c += 0.012 * now["diabetes"] / 12
        self.blood_lost *= 0.75
        for name, sd in WANDER_SD.items():
            shock = rng.normal(0, sd * np.sqrt(1 - WANDER_KEPT**2), len(self.ldl))
            self.wander[name] = WANDER_KEPT * self.wander[name] + shock
        now.update(self.values(now))

    def values(self, now: dict[str, Array]) -> dict[str, Array]:
        """Today's true values, treatment included."""
        w = self.wander
        egfr = np.clip(self.egfr + w["egfr_ml_min_173m2"], 6, 125)
        anaemia = np.clip(60 - egfr, 0, None) / 22
        return {
            "systolic_mm_hg": self.systolic - 11 * now["ace_inhibitor"] + w["systolic_mm_hg"],
            "ldl_mmol_l": np.clip(
                self.ldl * (1 - 0.38 * now["statin"]) + w["ldl_mmol_l"], 0.5, None
            ),
            "hba1c_percent": np.clip(
                self.hba1c - 0.9 * now["metformin"] + w["hba1c_percent"], 4.2, 15
            ),
            "haemoglobin_g_dl": np.clip(
                self.haemoglobin - anaemia - self.blood_lost + w["haemoglobin_g_dl"], 5, 19
            ),
            "egfr_ml_min_173m2": egfr,
            "bmi_kg_m2": self.bmi,
        }


def bodies(rng: np.random.Generator, now: dict[str, Array], diabetes: Array) -> Body:
    """Draw everybody's levels at the start, given age, sex, genes, place and diabetes."""
    count = len(diabetes)
    decades = (now["age_years"] - 65) / 10
    activity = (now["activity_min_per_week"] - 120) / 100
    return Body(
        systolic=rng.normal(136 + 4 * decades + 2 * now["deprivation_z"], 14),
        ldl=np.clip(rng.normal(3.6 + 0.15 * now["polygenic_z"], 0.85), 1.2, None),
        hba1c=np.where(diabetes > 0, rng.normal(8.1, 1.2, count), rng.normal(5.6, 0.35, count)),
        haemoglobin=rng.normal(13.4 + 1.1 * now["male"] - 0.2 * decades, 1.1),
        egfr=np.clip(rng.normal(80 - 9 * decades - 5 * diabetes, 16), 8, 122),
        egfr_decline_per_year=rng.gamma(2.0, 0.6, count),
        bmi=np.clip(rng.normal(28 - 0.5 * activity + 2 * diabetes, 4.2), 16, 60),
        blood_lost=np.zeros(count),
        wander={name: rng.normal(0, sd, count) for name, sd in WANDER_SD.items()},
    )
