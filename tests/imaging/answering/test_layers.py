"""The evidence alone: stored without loss that matters, drawn as a layer, as a DICOM SEG has it."""

import io

import numpy as np
import pytest
from PIL import Image

from nof1.core.errors import InputError
from nof1.imaging.answering import layers
from nof1.imaging.explaining.drawing import AGAINST, FOR
from nof1.imaging.explaining.heatmap import for_segmentation


@pytest.fixture
def evidence():
    rows, columns = np.mgrid[0:96, 0:64]
    hill = 3.0 * np.exp(-((rows - 30) ** 2 + (columns - 40) ** 2) / 200)
    return hill - 1.0 * np.exp(-((rows - 70) ** 2 + (columns - 20) ** 2) / 200)


@pytest.fixture
def stored(evidence, tmp_path):
    path = tmp_path / "map.png"
    path.write_bytes(layers.encode(evidence))
    return path


def test_a_map_comes_back_as_shares_of_its_strongest_place(evidence, stored):
    assert np.abs(layers.decode(stored) - evidence / np.abs(evidence).max()).max() < 1e-4


def test_what_supports_is_what_the_model_itself_gives_a_segmentation(evidence, stored):
    ours = layers.supporting(layers.decode(stored))
    assert np.abs(ours - for_segmentation(evidence)).max() < 1e-4


def test_the_layer_is_orange_for_blue_against_and_clear_without_evidence(stored):
    painted = np.asarray(Image.open(io.BytesIO(layers.layer(layers.decode(stored)))))
    assert painted.shape == (96, 64, 4)
    assert tuple(painted[30, 40, :3]) == FOR
    assert tuple(painted[70, 20, :3]) == AGAINST
    assert painted[30, 40, 3] == 255
    assert painted[0, 0, 3] == 0


def test_a_large_layer_is_shrunk(stored):
    assert Image.open(io.BytesIO(layers.layer(layers.decode(stored), 32))).size == (21, 32)


def test_no_evidence_at_all(tmp_path):
    path = tmp_path / "map.png"
    path.write_bytes(layers.encode(np.zeros((8, 8))))
    assert not layers.decode(path).any()
    assert not layers.supporting(layers.decode(path)).any()


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 40])
def test_a_damaged_map_is_refused(tmp_path, content):
    path = tmp_path / "map.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        layers.decode(path)


def test_a_picture_of_eight_bits_is_no_map(tmp_path):
    path = tmp_path / "map.png"
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(InputError, match="damaged"):
        layers.decode(path)
    with pytest.raises(InputError, match="no film's"):
        layers.encode(np.zeros((2, 2, 3)))
