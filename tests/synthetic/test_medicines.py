import numpy as np

from nof1.synthetic.journal import Journal
from nof1.synthetic.medicines import MEDICINES, Cupboard, chance_of_apixaban, chance_of_ticagrelor


def people(**given: list[float]) -> dict[str, np.ndarray]:
    names = (
        "recent_heart_attack", "prior_bleed", "prior_intracranial_bleed", "atrial_fibrillation",
        "diabetes", "cyp2c19_lost_copies", "mitral_stenosis", "deprivation_z",
    )  # fmt: skip
    count = len(next(iter(given.values())))
    plain = {name: np.zeros(count) for name in names}
    usual = {"age_years": np.full(count, 65.0), "egfr_ml_min_173m2": np.full(count, 80.0)}
    return plain | usual | {name: np.array(values) for name, values in given.items()}


def test_the_newer_antiplatelet_goes_to_the_acute_and_the_young() -> None:
    now = people(age_years=[65, 65, 80, 85], recent_heart_attack=[0, 1, 0, 1])
    chance = chance_of_ticagrelor(now, np.zeros(4), 2.0, np.zeros(4, bool))
    assert chance[1] > chance[0] > chance[2] > chance[3] == 0


def test_the_site_that_tests_genes_acts_on_them() -> None:
    now = people(cyp2c19_lost_copies=[2, 2, 1], prior_intracranial_bleed=[0, 1, 0])
    chance = chance_of_ticagrelor(now, np.zeros(3), 2.0, np.ones(3, bool))
    assert chance.tolist() == [1.0, 0.0, 0.5]


def test_apixaban_is_kept_from_some() -> None:
    now = people(mitral_stenosis=[0, 1, 0], egfr_ml_min_173m2=[90, 90, 19])
    chance = chance_of_apixaban(now, np.zeros(3), 2.0)
    assert chance[0] > 0.4
    assert chance[1:].tolist() == [0.0, 0.0]


def test_the_cupboard_notes_each_course_once() -> None:
    journal = Journal()
    now = {name: np.zeros(3) for name in (*MEDICINES, "age_years")}
    cupboard = Cupboard(now, journal)
    everyone, first = np.ones(3, bool), np.array([True, False, False])
    cupboard.start("nsaid", first, np.full(3, 5.0))
    cupboard.start("nsaid", everyone, np.full(3, 9.0))  # the first takes it already
    cupboard.stop("nsaid", first, np.full(3, 20.0))
    cupboard.stop("ssri", everyone, np.full(3, 20.0))  # nobody takes it
    cupboard.close()
    rows = journal.frame("medicines").rows()
    assert rows[0] == (0, "nsaid", 5.0, 20.0)
    assert [row[:3] for row in rows[1:]] == [(1, "nsaid", 9.0), (2, "nsaid", 9.0)]
    assert all(np.isnan(row[3]) for row in rows[1:])
    assert now["nsaid"].tolist() == [0, 1, 1]
