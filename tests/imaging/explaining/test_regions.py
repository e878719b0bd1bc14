"""Places in words: the patient's sides, and a warning at the edge."""

import numpy as np
import pytest

from nof1.imaging.explaining.regions import EDGE_NOTE, described, regions, zone


def evidence(*blobs, size=100):
    values = np.full((size, size), -0.1)
    for row, column, height, half in blobs:
        values[row - half : row + half, column - half : column + half] = height
    return values


def test_the_picture_s_left_side_is_the_patient_s_right():
    (found,) = regions(evidence((80, 25, 2.0, 10)))
    assert found.words == "lower right zone, 4 % of the film"
    assert found.weight == pytest.approx(1)
    assert not found.at_edge


def test_the_file_s_orientation_decides():
    spot = evidence((80, 25, 2.0, 10))
    assert regions(spot, position=("R", "F"))[0].words.startswith("lower left zone")
    assert regions(spot, position=("L", "F"))[0].words.startswith("lower right zone")
    turned = regions(spot, position=("F", "R"))[0].words
    assert turned.startswith("lower part, left side of the picture")
    assert "side of the picture" in regions(spot, lateral=True)[0].words


def test_the_strongest_region_comes_first_and_faint_ones_are_left_out():
    found = regions(evidence((30, 70, 2.0, 10), (70, 30, 1.5, 8), (90, 50, 0.5, 3)))
    assert [one.words.split(",")[0] for one in found] == ["upper left zone", "lower right zone"]
    text = described(found, "opacity")
    assert text.startswith("Speaks for opacity: upper left zone, 4 % of the film (")
    assert "also lower right zone, 3 % of the film" in text


def test_evidence_at_the_edge_is_called_so():
    found = regions(evidence((4, 90, 2.0, 3)))
    assert found[0].at_edge
    assert found[0].words == "edge of the film, upper left zone, less than 1 % of the film"
    assert EDGE_NOTE in described(found, "opacity")


def test_no_support_is_said():
    assert regions(-np.ones((10, 10))) == ()
    assert described((), "opacity") == "No place of the film speaks for opacity."


def test_the_middle_is_central():
    assert zone(0.5, 0.5) == "middle central zone"


def test_a_large_film_is_looked_at_coarsely_and_placed_exactly():
    large = np.kron(evidence((80, 25, 2.0, 10)), np.ones((12, 12)))
    (found,) = regions(large)
    (small,) = regions(evidence((80, 25, 2.0, 10)))
    assert found.words == small.words
    assert found.row == pytest.approx(12 * small.row + 5.5, abs=4)
    assert found.column == pytest.approx(12 * small.column + 5.5, abs=4)


def test_a_speck_on_a_large_film_is_not_missed():
    large = np.full((1200, 1200), -1.0)
    large[600, 301] = 0.5
    assert regions(large)[0].words == "middle right zone, less than 1 % of the film"
