"""A network from elsewhere becomes a calibrated model of one member."""

from importlib.util import find_spec

import numpy as np
import pytest

if find_spec("monai") is None:  # to import it takes 3 seconds
    pytest.skip("needs the extra imaging (monai, torch)", allow_module_level=True)
import torch

from imaging.training.films import squares
from nof1.core.errors import InputError
from nof1.imaging.nets.densenet import Wrapped
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.weights import Loaded
from nof1.imaging.training.adopting import adopted
from nof1.imaging.training.saving import save


def test_it_is_calibrated_and_saved(tmp_path):
    torch.manual_seed(0)
    loaded = Loaded(Wrapped("resnet18", 1).eval(), 1, "monai", "0" * 64)
    images, y = squares(200)
    fitted = adopted(loaded, images, y, classes=("square",), groups=np.arange(200))
    assert fitted.calibration().rows == 200
    folder = save(fitted, tmp_path / "m", name="theirs")
    assert "Weights from elsewhere" in folder.about["notes"][0]
    inputs = images[:3, None] / np.float32(255)
    gap = Ensemble.open(tmp_path / "m").logits(inputs) - fitted.logits(images[:3])
    assert np.abs(gap).max() <= 1e-4


def test_few_pictures_are_refused():
    loaded = Loaded(Wrapped("resnet18", 2).eval(), 2, "monai", "0" * 64)
    images, y = squares(60)
    with pytest.raises(InputError, match="60 pictures"):
        adopted(loaded, images, y, classes=("a", "b"))
