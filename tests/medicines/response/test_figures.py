import numpy as np
from scipy.stats import pearsonr

from nof1.medicines.response.figures import (
    Draws,
    Figure,
    figures,
    normalised_pearson,
    r_squared,
    root_mean_square,
)


def made(seed=0):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(50, 4))
    truth[random.random(truth.shape) < 0.2] = np.nan
    guess = np.nan_to_num(truth) + random.normal(0, 0.5, truth.shape)
    lines = np.broadcast_to(np.arange(50)[:, None], truth.shape)
    return truth, guess, Draws.of(lines, np.isfinite(truth), 0, 200)


def test_the_first_row_is_the_plain_figure():
    truth, guess, draws = made()
    seen = np.isfinite(truth)
    error = (guess - truth)[seen]
    assert np.isclose(root_mean_square(draws, guess - truth)[0], np.sqrt((error**2).mean()))
    wanted = 1 - (error**2).sum() / ((truth[seen] - truth[seen].mean()) ** 2).sum()
    assert np.isclose(r_squared(draws, truth, guess - truth)[0], wanted)


def test_the_normalised_correlation_is_the_mean_over_drugs_and_zero_for_the_naive():
    truth, guess, draws = made()
    naive = np.full_like(guess, 0.3)
    seen = np.isfinite(truth)
    # scipy 1.x, scipy.stats.pearsonr(x, y)
    wanted = np.mean([pearsonr(truth[s, j], guess[s, j])[0] for j, s in enumerate(seen.T)])
    assert np.isclose(normalised_pearson(draws, truth, guess, naive)[0], wanted)
    assert normalised_pearson(draws, truth, naive, naive)[0] == 0


def test_a_paired_difference_is_surer_than_two_figures():
    truth, guess, draws = made()
    guesses = {"naive": guess, "better": 0.9 * guess + 0.1 * np.nan_to_num(truth)}
    found = figures(truth, guesses, "naive", draws)
    difference = found["better"]["difference"]
    assert difference.high < 0
    rmse = found["better"]["rmse"]
    assert difference.high - difference.low < rmse.high - rmse.low
    assert found["naive"]["difference"] == Figure(0.0, 0.0, 0.0)


def test_whole_lines_are_drawn():
    """Pairs of a line that say the same thing add no certainty."""
    random = np.random.default_rng(3)
    column = random.normal(size=(60, 1))
    lines = np.arange(60)[:, None]
    one = root_mean_square(Draws.of(lines, np.isfinite(column), 0, 400), column)
    many = np.repeat(column, 30, axis=1)
    wide = np.broadcast_to(lines, many.shape)
    thirty = root_mean_square(Draws.of(wide, np.isfinite(many), 0, 400), many)
    assert np.isclose(one[1:].std(), thirty[1:].std())
