import numpy as np

from nof1.medicines.response.factors import choose_setting, fit_factors


def low_rank(seed=0):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(80, 2)) @ random.normal(size=(2, 15)) + random.normal(size=15)
    noisy = truth + random.normal(0, 0.3, truth.shape)
    return truth, np.where(random.random(truth.shape) < 0.3, np.nan, noisy)


def test_gaps_of_a_low_rank_table_are_filled():
    truth, seen = low_rank()
    gaps = np.isnan(seen)
    filled = fit_factors(seen, (5, 5.0)).completed()
    naive = np.broadcast_to(np.nanmean(seen, axis=0), truth.shape)
    error, usual = ((x - truth)[gaps].std() for x in (filled, naive))
    assert error < 0.5 * usual


def test_the_shape_and_scale_of_the_numbers_do_not_matter():
    _, seen = low_rank()
    one = fit_factors(seen, (5, 5.0)).completed()
    ten = fit_factors(10 * seen + 7, (5, 5.0)).completed()
    np.testing.assert_allclose(ten, 10 * one + 7, atol=1e-6)


def test_the_setting_is_chosen_reproducibly_from_a_table_with_an_almost_empty_line():
    _, seen = low_rank()
    seen[0] = np.nan
    seen[0, 0] = 1.0
    assert choose_setting(seen, 3) == choose_setting(seen, 3)
