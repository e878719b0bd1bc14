"""From any film to one square: true areas, robust range, no distortion."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.nets.prepare import inner_box, prepare, stored


def slow_shrink(film, size):
    """Mean of each covered area, by counting small pieces; for sides that divide."""
    step = len(film) // size
    return film.reshape(size, step, size, step).mean(axis=(1, 3))


def test_shrinking_is_the_mean_of_the_covered_area():
    film = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    means = slow_shrink(film, 16)
    low, high = np.percentile(means, [1, 99])
    expected = np.rint(np.clip((means - low) / (high - low), 0, 1) * 255) / 255
    assert np.abs(prepare(film, 16) - expected).max() <= 1.01 / 255


def test_a_fraction_of_a_pixel_counts_by_its_area():
    film = np.zeros((12, 12), dtype=np.float32)
    film[:, 1] = 8.0  # column 1 of 12 lies 1/2 in the first, 1/2 in the second of 8 columns
    square = prepare(film, 8)
    assert square[0, 0] == square[0, 1] > 0
    assert (square[:, 2:] == 0).all()


def test_units_bit_depth_and_one_bright_marker_do_not_matter():
    film = np.random.default_rng(1).integers(0, 4096, (64, 80)).astype(np.float32)
    marked = film.copy()
    marked[0, 0] = 1e6
    assert (prepare(film, 32) == prepare(film * 16 - 500, 32)).all()
    assert np.abs(prepare(film, 32) - prepare(marked, 32))[1:, 1:].max() < 0.05


def test_the_shorter_side_is_padded_and_nothing_is_stretched():
    film = np.random.default_rng(2).uniform(1, 2, (50, 100))
    square = prepare(film, 40)
    top, left, rows, columns = inner_box((50, 100), 40)
    assert (top, left, rows, columns) == (10, 0, 20, 40)
    assert (square[:10] == 0).all()
    assert (square[30:] == 0).all()
    assert square[10:30].mean() > 0.3


def test_a_square_kept_as_bytes_is_the_same_square():
    square = prepare(np.random.default_rng(3).normal(size=(33, 47)), 24)
    assert (stored(square).astype(np.float32) / np.float32(255) == square).all()
    assert square.dtype == np.float32


def test_small_pictures_are_enlarged_smoothly():
    ramp = np.tile(np.arange(8.0), (8, 1))
    square = prepare(ramp, 32)
    assert (np.diff(square[5]) >= 0).all()
    assert len(np.unique(square[5])) > 20


def test_one_grey_only_is_dark():
    assert (prepare(np.full((20, 20), 7.0), 16) == 0).all()


@pytest.mark.parametrize(
    ("film", "size"),
    [(np.zeros((3, 30)), 16), (np.zeros((4, 30, 30)), 16), (np.zeros((30, 30)), 4)],
)
def test_what_is_no_film_is_refused(film, size):
    with pytest.raises(InputError):
        prepare(film, size)


def test_pixels_that_are_no_numbers_are_refused():
    film = np.ones((16, 16))
    film[3, 3] = np.nan
    with pytest.raises(InputError, match="finite"):
        prepare(film, 16)
