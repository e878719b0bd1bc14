import numpy as np

from nof1.medicines.response.intervals import fit_intervals


def test_each_drug_is_covered_at_its_own_width():
    random = np.random.default_rng(0)
    spread = np.array([0.3, 1.0, 3.0])
    drugs = ("a", "b", "c")
    found = fit_intervals(random.normal(size=(4000, 3)) * spread, drugs)
    new = np.abs(random.normal(size=(20_000, 3)) * spread)
    inside = (new <= found.of(drugs)).mean(axis=0)
    assert (np.abs(inside - 0.9) < 0.02).all()


def test_a_drug_with_few_errors_borrows_the_shape_of_all():
    random = np.random.default_rng(1)
    errors = random.normal(size=(500, 2)) * np.array([1.0, 2.0])
    errors[20:, 1] = np.nan
    half = fit_intervals(errors, ("a", "b")).of(("a", "b"))
    assert 1.2 < half[1] / half[0] < 3.0


def test_a_new_drug_gets_the_quantile_of_all_errors():
    errors = np.arange(1.0, 200.0).reshape(-1, 1)
    found = fit_intervals(errors, ("a",))
    assert found.of(("new",))[0] == 180.0  # ceil(200 x 0.9) of 199
