import numpy as np

from nof1.synthetic.body import Body, bodies
from nof1.synthetic.medicines import MEDICINES


def draw(count: int = 4000) -> tuple[Body, dict[str, np.ndarray]]:
    names = (*MEDICINES, "male", "polygenic_z", "deprivation_z", "diabetes", "hypertension")
    now = {name: np.zeros(count) for name in names}
    now |= {"age_years": np.full(count, 65.0), "activity_min_per_week": np.full(count, 120.0)}
    now["diabetes"][: count // 2] = 1
    return bodies(np.random.default_rng(1), now, now["diabetes"]), now


def test_medicines_change_what_they_treat() -> None:
    body, now = draw()
    before = body.values(now)
    treated = now | {name: np.ones(4000) for name in ("statin", "ace_inhibitor", "metformin")}
    after = body.values(treated)
    change = {name: float((after[name] - before[name]).mean()) for name in before}
    assert -1.5 < change["ldl_mmol_l"] < -1.2
    assert abs(change["systolic_mm_hg"] + 11) < 1e-9
    assert change["hba1c_percent"] < -0.8
    assert change["egfr_ml_min_173m2"] == 0


def test_kidneys_decline_and_faster_with_diabetes() -> None:
    body, now = draw()
    rng = np.random.default_rng(2)
    start = body.values(now)["egfr_ml_min_173m2"].copy()
    for _ in range(60):
        body.month(rng, now)
    lost = start - now["egfr_ml_min_173m2"]
    assert 4 < lost[2000:].mean() < 8
    assert lost[:2000].mean() > lost[2000:].mean() + 5


def test_a_bleed_is_made_up_for_within_months() -> None:
    body, now = draw()
    rng = np.random.default_rng(2)
    body.blood_lost[:] = 2.0
    body.month(rng, now)
    assert 1.4 < body.blood_lost.mean() < 1.6
    for _ in range(12):
        body.month(rng, now)
    assert body.blood_lost.max() < 0.1
