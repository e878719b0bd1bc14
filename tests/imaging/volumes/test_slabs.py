"""Scaling, neighbours and patches."""

import numpy as np
import pytest

from nof1.imaging.volumes.slabs import MARKED_SHARE, Patches, Scaling, slabs


def test_hounsfield_units_keep_one_window_and_other_numbers_their_own():
    volume = np.linspace(-1000, 1000, 8000, dtype=np.float32).reshape(20, 20, 20)
    window = Scaling.fit([volume], "HU")
    assert window(volume).min() == 0
    assert window(volume).max() == 1
    assert window(volume + 500).mean() > window(volume).mean() + 0.1
    own = Scaling.fit([volume], "raw")
    assert own(volume * 7 + 500) == pytest.approx(own(volume), abs=1e-3)


def test_a_slab_holds_the_slice_between_its_neighbours():
    volume = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((4, 2, 2), np.float32)
    assert slabs(volume)[:, :, 0, 0].tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]]


def test_patches_carry_the_labels_of_their_own_place():
    rng = np.random.default_rng(0)
    labels = np.zeros((6, 40, 44), np.uint8)
    labels[2:4, 5:9, 30:34] = 1
    volume = labels.astype(np.float32)
    pixels, found = Patches([volume], [labels], 16).draw(rng, 200)
    assert pixels.shape == (200, 3, 16, 16)
    assert found.shape == (200, 1, 16, 16)
    assert ((pixels[:, 1] > 0.5) == (found[:, 0] == 1)).all()
    assert found.any(axis=(1, 2, 3)).mean() > MARKED_SHARE - 0.1


def test_slices_smaller_than_a_patch_are_padded():
    volume = np.ones((3, 5, 30), np.float32)
    pixels, _ = Patches([volume], [np.zeros((3, 5, 30), np.uint8)], 16).draw(
        np.random.default_rng(1), 4
    )
    assert pixels.shape == (4, 3, 16, 16)
    assert (pixels[:, :, 10:] < 0.1).all()
