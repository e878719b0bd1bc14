import numpy as np
import pytest

from nof1.synthetic import causes
from nof1.synthetic.causes import Effect, Hazard, probability, with_interactions


def one(**given: float) -> dict[str, np.ndarray]:
    """A person with every cause at 0 (laboratory values at their references) but for these."""
    names = {effect.cause for hazard in causes.HAZARDS for effect in hazard.effects}
    plain = {
        "age_years": 65, "egfr_ml_min_173m2": 90, "haemoglobin_g_dl": 13.5, "audit_c": 3,
        "systolic_mm_hg": 130, "ldl_mmol_l": 2.5, "hba1c_percent": 5.7, "pm25_ug_m3": 12,
        "activity_min_per_week": 120, "cyp2c9_activity_score": 2,
    }  # fmt: skip
    needed = ("cyp2c19_lost_copies", "vkorc1_alleles", "omeprazole", "pantoprazole", "clopidogrel")
    values = dict.fromkeys([*names, *needed], 0.0) | plain | given
    return with_interactions({name: np.array([float(value)]) for name, value in values.items()})


def test_an_effect_counts_from_its_reference_within_its_limits() -> None:
    effect = Effect("dose", 0.5, reference=10, per=5, least=5, most=20)
    doses = {"dose": np.array([0.0, 5.0, 10.0, 15.0, 20.0, 99.0])}
    assert effect.on(doses).tolist() == [-0.5, -0.5, 0.0, 0.5, 1.0, 1.0]


def test_a_hazard_multiplies_its_effects() -> None:
    hazard = Hazard("fall", 0.01, (Effect("a", 1.0), Effect("b", -0.5)))
    rate = hazard.rate({"a": np.array([0.0, 1.0]), "b": np.array([0.0, 2.0])})
    assert rate == pytest.approx([0.01, 0.01])
    assert probability(np.array([0.0, 0.01, 50.0])) == pytest.approx([0.0, 0.00995017, 1.0])


def test_at_the_reference_every_hazard_is_its_baseline() -> None:
    for hazard in causes.HAZARDS:
        assert hazard.rate(one())[0] == pytest.approx(hazard.monthly_baseline)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"clopidogrel": 1, "cyp2c19_lost_copies": 1}, 0.60),
        ({"clopidogrel": 1, "cyp2c19_lost_copies": 2}, 1.15),
        ({"clopidogrel": 1, "omeprazole": 1}, 0.40),
        # Without CYP2C19 there is nothing left that omeprazole could inhibit.
        ({"clopidogrel": 1, "omeprazole": 1, "cyp2c19_lost_copies": 2}, 1.15),
        ({"ticagrelor": 1, "cyp2c19_lost_copies": 2}, -0.10),
        ({"current_smoker": 1, "pm25_ug_m3": 17}, 0.55 + 0.30 + 0.20),
    ],
)
def test_interactions_on_heart_attacks(given: dict[str, float], expected: float) -> None:
    ratio = causes.HEART_ATTACK.rate(one(**given)) / causes.HEART_ATTACK.rate(one())
    assert np.log(ratio[0]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"warfarin": 1, "cyp2c9_activity_score": 1}, 1.15 + 0.65),
        ({"apixaban": 1, "cyp2c9_activity_score": 1}, 0.90),
        ({"warfarin": 1, "vkorc1_alleles": 2}, 1.15 + 0.70),
        ({"nsaid": 1, "egfr_ml_min_173m2": 59}, 0.60 + 0.50 + 0.12 * 3.1),
        ({"omeprazole": 1, "pantoprazole": 1}, -0.35),
    ],
)
def test_interactions_on_bleeds(given: dict[str, float], expected: float) -> None:
    ratio = causes.MAJOR_BLEED.rate(one(**given)) / causes.MAJOR_BLEED.rate(one())
    assert np.log(ratio[0]) == pytest.approx(expected)
