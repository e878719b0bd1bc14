"""Frame features know nothing of the middle."""

import numpy as np

from nof1.imaging.gates.cells import (
    GRID,
    TURNS,
    cell_features,
    frame_levels,
    frame_mask,
    only_frame,
    squares_of,
    useful,
)
from nof1.synthetic.films import film_set


def test_frame_features_do_not_change_with_the_middle():
    squares = squares_of(list(film_set(3, size=96).images))
    changed = squares.copy()
    changed[:, ~frame_mask()] = np.random.default_rng(0).random((3, (~frame_mask()).sum()))
    assert np.array_equal(cell_features(only_frame(squares)), cell_features(only_frame(changed)))
    assert not np.allclose(cell_features(squares), cell_features(changed))


def test_the_frame_is_an_eighth_of_each_side():
    mask = frame_mask()
    assert mask[:12].all()
    assert not mask[12:-12, 12:-12].any()


def test_features_tell_the_direction_of_edges():
    line = np.linspace(0, 1, 96, dtype=np.float32)
    across = np.tile(np.sin(40 * line), (96, 1)) / 2 + 0.5
    features = cell_features(np.stack([across, across.T])).reshape(2, 2 + TURNS, GRID, GRID)
    assert features[0, 2].mean() > 0.9  # edges across in the first picture
    assert features[1, 2 + TURNS // 2].mean() > 0.9  # edges down in the second
    assert features[1, 2].mean() < 0.1


def test_levels_of_the_frame_are_those_of_the_file():
    image = np.full((64, 64), 100.0)
    image[20:40, 20:40] = 9000
    assert frame_levels(image) == (100, 100, 100)
    assert useful(np.array([[1.0, 2.0], [1.0, 3.0]], dtype=np.float32)).shape == (2, 1)
