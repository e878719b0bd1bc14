"""The drawing keeps the film: size, corner, and every pixel without evidence."""

import io

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.explaining.drawing import AGAINST, FOR, coloured, grey, overlay_png
from nof1.imaging.explaining.pointing import Box

pillow = pytest.importorskip("PIL.Image")


def film(rows=90, columns=120):
    return np.random.default_rng(0).integers(0, 4096, (rows, columns)).astype(np.float32)


def read(png):
    return np.asarray(pillow.open(io.BytesIO(png)).convert("RGB"))


def test_without_evidence_the_picture_is_the_film():
    picture = read(overlay_png(film(), np.zeros((90, 120)), "opacity", window=(0, 4095)))
    expected = np.rint(film() / 4095 * 255)
    np.testing.assert_array_equal(picture[:90, :120, 0], expected)
    np.testing.assert_array_equal(picture[:90, :120, 0], picture[:90, :120, 2])


def test_support_is_orange_and_lies_on_its_own_pixels():
    evidence = np.zeros((90, 120))
    evidence[10:20, 30:50], evidence[60:70, 5:15] = 2.0, -2.0
    base = grey(film(), (0, 4095))
    made = read(overlay_png(film(), evidence, "opacity", window=(0, 4095)))[:90, :120]
    changed = (made != base).any(axis=2)
    assert changed[11:19, 31:49].all()
    assert not changed[evidence == 0].any()

    def nearer(colour):
        before, after = (np.abs(one.astype(int) - colour).sum(axis=2) for one in (base, made))
        return after < before

    assert nearer(FOR)[11:19, 31:49].mean() > 0.95
    assert nearer(AGAINST)[61:69, 6:14].mean() > 0.95


def test_the_corner_is_the_corner():
    evidence = np.zeros((90, 120))
    evidence[0, 0] = 1.0
    made = coloured(grey(film()), evidence)
    changed = np.argwhere((made != grey(film())).any(axis=2))
    np.testing.assert_array_equal(changed, [[0, 0]])


def test_the_direction_is_written_into_the_file():
    opened = pillow.open(io.BytesIO(overlay_png(film(), np.eye(90, 120), "opacity")))
    assert "above 0 speaks for the finding" in opened.text["Description"]
    assert opened.size == (360, 90 + 64)


def test_boxes_are_drawn_and_sizes_are_checked():
    made = read(overlay_png(film(), np.zeros((90, 120)), "x", boxes=[Box(10, 20, 30, 40)]))
    assert tuple(made[10, 30]) == (86, 180, 233)
    with pytest.raises(InputError):
        coloured(grey(film()), np.zeros((3, 3)))
    with pytest.raises(InputError):
        grey(np.zeros((3, 3, 3)))
