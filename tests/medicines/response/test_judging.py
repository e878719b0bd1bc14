import numpy as np

from nof1.medicines.response.crossing import Plan, cross
from nof1.medicines.response.judging import discoveries, judge
from response_samples import MARKED, planted

PLAN = Plan(folds=4, trees=False)


def verdict(screen, kind="cell-line"):
    return judge(screen, cross(screen, kind, PLAN, lambda text: None), 0)


def test_where_tissue_x_drug_is_the_truth_the_model_is_withheld():
    found = verdict(planted())
    assert not found.speaks
    assert found.naive in ("tissue_drug", "tissue_drug_line", "tissue_smooth", "naive_average")
    assert "no better than the naive predictor" in found.reason
    assert found.drugs == ()


def test_where_a_marker_matters_it_speaks_about_the_drugs_of_the_marker_alone():
    screen = planted(marker=1.5)
    found = verdict(screen)
    assert found.speaks
    speaking = {one.drug for one in found.drugs if one.speaks}
    assert speaking == set(screen.drugs[:MARKED])
    assert all(one.gain.low > 0 for one in found.drugs if one.speaks)


def test_the_intervals_cover_new_cell_lines():
    found = verdict(planted(marker=1.5, lines=240, drugs=16))
    assert 0.88 <= found.coverage.value <= 0.92


def test_a_hidden_trait_is_used_for_known_lines_only():
    """Lines share a trait that the omics do not show: it helps for a known line, not a new one."""
    screen = planted(drugs=15)
    random = np.random.default_rng(8)
    trait = random.normal(size=(96, 1)) * random.normal(0, 1.5, size=(1, 15))
    hidden = type(screen)(**{**vars(screen), "response": screen.response + trait})
    assert verdict(hidden, "pairs").speaks
    assert not verdict(hidden).speaks


def test_a_better_average_of_the_tissue_is_nothing_personal():
    """Few lines a tissue and drugs that go together: smoothing helps, the omics say nothing."""
    screen = planted()
    random = np.random.default_rng(4)
    tissue = np.arange(96) // 4
    pattern = random.normal(size=(24, 1)) * random.normal(0, 1, size=(1, 12))
    response = pattern[tissue] + random.normal(0, 1.0, size=(96, 12))
    names = tuple(f"tissue{t}" for t in tissue)
    found = verdict(type(screen)(**{**vars(screen), "response": response, "tissues": names}))
    assert found.naive in ("tissue_smooth", "naive_average")
    assert found.figures["tissue_smooth"]["rmse"].value < found.figures["tissue_drug"]["rmse"].value
    assert not found.speaks


def test_many_questions_do_not_make_discoveries():
    chance = np.random.default_rng(0).random(1000)
    assert discoveries(chance, 0.05).sum() <= 1
    assert discoveries(np.full(10, 0.001), 0.05).all()
