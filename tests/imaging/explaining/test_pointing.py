"""Hits, chance, and the chance of a map that only knows the usual place."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.explaining.pointing import Box, mask_of, peak, pointing_game


def map_with_peak(row, column, shape=(100, 100)):
    values = np.zeros(shape)
    values[row, column] = 1.0
    return values


def test_perfect_maps_in_a_tenth_of_the_film_are_ten_times_chance():
    corners = [(10 * k, 90 - 10 * k) for k in range(10)]
    maps = [map_with_peak(r + 3, c + 3) for r, c in corners]
    boxes = [[Box(r, c, 10, 10)] for r, c in corners]
    found = pointing_game(maps, boxes)
    assert found.hits == found.films == 10
    assert found.chance == pytest.approx(0.01)
    assert found.ratio.value == pytest.approx(100)
    assert found.elsewhere == 0
    assert found.rate.low == pytest.approx(0.025 ** (1 / 10))  # not certain: ten films
    assert found.ratio.low == pytest.approx(100 * 0.025 ** (1 / 10))


def test_a_map_that_always_points_to_the_usual_place_is_no_better_than_the_others():
    maps = [map_with_peak(50, 50)] * 8
    boxes = [[Box(40, 40, 20, 20)]] * 6 + [[Box(0, 0, 20, 20)]] * 2
    found = pointing_game(maps, boxes)
    assert found.rate.value == 0.75
    assert found.ratio.value > 2
    assert found.over_elsewhere.value == 0
    assert not found.over_elsewhere.lies_above(0)


def test_inverted_maps_miss():
    rng = np.random.default_rng(0)
    maps, boxes = [], []
    for _ in range(20):
        row, column = rng.integers(0, 80, 2)
        box = Box(float(row), float(column), 20, 20)
        maps.append(-mask_of([box], (100, 100)).astype(float) + rng.random((100, 100)) * 0.1)
        boxes.append([box])
    found = pointing_game(maps, boxes)
    assert found.hits == 0
    assert found.rate.high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_films_of_one_patient_are_resampled_together():
    maps = [map_with_peak(5, 5)] * 9 + [map_with_peak(95, 95)] * 9
    boxes = [[Box(0, 0, 10, 10)]] * 18
    alone = pointing_game(maps, boxes).rate
    shared = pointing_game(maps, boxes, patients=np.arange(18) // 3).rate
    assert shared.high - shared.low > alone.high - alone.low


def test_boxes_scale_and_hold_pixel_centres():
    box = Box(102.4, 204.8, 102.4, 102.4).scaled(160 / 1024)
    assert (box.top, box.left) == pytest.approx((16, 32))
    assert box.holds(16, 32)
    assert not box.holds(15, 32)
    assert not box.holds(16, 48)
    assert mask_of([box], (160, 160)).sum() == 256
    assert peak([[0, 1], [5, 2]]) == (1, 0)


def test_a_film_without_a_box_is_refused():
    with pytest.raises(InputError):
        pointing_game([np.zeros((4, 4))], [[]])
    assert pointing_game([np.eye(4)], [[Box(0, 0, 2, 2)]]).rate.value is None
