"""An opened model: onnxruntime only, every file checked."""

import json
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra imaging (torch, onnx, onnxruntime)")
import torch

from nof1.core.errors import InputError, ModelError, UsageError
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.export import head_of, to_onnx
from nof1.imaging.nets.folder import extend_folder, read_folder, write_folder
from nof1.imaging.nets.residual import Plan, build


@pytest.fixture
def model(tmp_path):
    nets = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        nets.append(build(Plan(widths=(4, 8)), 3).eval())
    heads, constants = zip(*(head_of(net) for net in nets), strict=True)
    write_folder(
        tmp_path / "m",
        {"classes": ["a", "b", "c"], "size": 24},
        {"head": np.stack(heads), "constant": np.stack(constants)},
        [to_onnx(net, 24) for net in nets],
    )
    return tmp_path / "m", nets


def test_it_answers_as_torch_does(model):
    path, nets = model
    ensemble = Ensemble.open(path)
    squares = np.random.default_rng(0).random((5, 1, 24, 24), dtype=np.float32)
    found = ensemble.run(squares)
    assert (found.logits.shape, found.features.shape) == ((2, 5, 3), (2, 5, 8))
    assert found.maps.shape == (2, 5, 8, 12, 12)
    with torch.inference_mode():
        expected = np.stack([net(torch.from_numpy(squares)).numpy() for net in nets])
    assert np.abs(found.logits - expected).max() <= 1e-4
    assert np.abs(ensemble.logits(squares, at_once=2) - found.logits).max() <= 1e-5


def test_the_logits_split_exactly_over_the_maps(model):
    ensemble = Ensemble.open(model[0])
    found = ensemble.run(np.random.default_rng(1).random((2, 1, 24, 24), dtype=np.float32))
    places = np.einsum("mkd,mndhw->mnkhw", ensemble.head, found.maps)
    rebuilt = places.mean(axis=(3, 4)) + ensemble.constant[:, None]
    assert np.allclose(rebuilt, found.logits, atol=1e-5)


def test_a_changed_or_missing_file_is_refused(model):
    path, _ = model
    content = bytearray((path / "net-1.onnx").read_bytes())
    content[-20] ^= 1
    (path / "net-1.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="not the one that was trained"):
        Ensemble.open(path)
    (path / "net-1.onnx").unlink()
    with pytest.raises(ModelError, match="missing"):
        Ensemble.open(path)


def test_files_outside_the_folder_are_refused(model):
    path, _ = model
    about = json.loads((path / "model.json").read_text())
    about["files"]["../net-9.onnx"] = "0"
    (path / "model.json").write_text(json.dumps(about))
    with pytest.raises(ModelError, match="no imaging model"):
        read_folder(path)


def test_sections_and_arrays_can_be_added(model):
    path, _ = model
    before = read_folder(path)
    after = extend_folder(path, {"population": {"age": [1, 5]}}, {"means": np.zeros(3)})
    assert after.about["population"] == {"age": [1, 5]}
    assert after.arrays["means"].shape == (3,)
    assert (after.arrays["head"] == before.arrays["head"]).all()
    assert after.sha256 != before.sha256
    assert len(Ensemble.open(path).sessions) == 2


def test_a_model_is_not_written_over(model):
    path, _ = model
    with pytest.raises(UsageError, match="already"):
        write_folder(path, {}, {}, [])


@pytest.mark.parametrize("squares", [np.zeros((1, 1, 20, 20)), np.full((1, 1, 24, 24), 255.0)])
def test_wrong_squares_are_refused(model, squares):
    with pytest.raises(InputError):
        Ensemble.open(model[0]).run(squares)


def test_an_empty_folder_is_no_model(tmp_path):
    with pytest.raises(ModelError, match="no imaging model"):
        Ensemble.open(tmp_path)


def test_torch_is_not_needed(model):
    code = (
        "import sys; from nof1.imaging.nets.ensemble import Ensemble; "
        f"Ensemble.open({str(model[0])!r}); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
