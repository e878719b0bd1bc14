"""torch and ONNX say the same, or the file is not written."""

import pytest

pytest.importorskip("torch", reason="needs the extra imaging (torch, onnx, onnxruntime)")
import numpy as np
import onnx
import torch

from nof1.core.errors import ModelError
from nof1.imaging.nets import export
from nof1.imaging.nets.residual import Plan, build
from nof1.imaging.nets.runtime import open_session


@pytest.fixture
def net():
    torch.manual_seed(2)
    net = build(Plan(widths=(8, 16)), 2)
    net(torch.rand(16, 1, 24, 24))  # the norms see something
    return net.eval()


def test_three_outputs_for_any_number_of_pictures(net):
    content = export.to_onnx(net, 24)
    squares = torch.rand(5, 1, 24, 24)
    logits, features, maps = open_session(content).run(
        ["logits", "features", "maps"], {"squares": squares.numpy()}
    )
    with torch.inference_mode():
        assert np.abs(logits - net(squares).numpy()).max() <= 1e-4
        assert np.abs(maps - net.maps(squares).numpy()).max() <= 1e-4
    assert np.allclose(features, maps.mean(axis=(2, 3)), atol=1e-5)


def test_the_file_names_no_place_of_this_machine(net):
    content = export.to_onnx(net, 24)
    assert b"/" not in b"".join(
        node.doc_string.encode() for node in onnx.load_from_string(content).graph.node
    )
    for word in (b"site-packages", b".py", str(export.__file__).encode()):
        assert word not in content


def test_half_precision_is_half_as_large_and_close(net):
    whole, half = export.to_onnx(net, 24), export.to_onnx(net, 24, half=True)
    assert len(half) < 0.62 * len(whole)
    squares = np.random.default_rng(0).random((3, 1, 24, 24), dtype=np.float32)
    first, second = (
        open_session(one).run(["logits"], {"squares": squares})[0] for one in (whole, half)
    )
    assert 0 < np.abs(first - second).max() < export.HALF_LIMIT


def test_the_last_layer_stays_exact_in_half_precision(net):
    content = export.to_onnx(net, 24, half=True)
    squares = np.random.default_rng(1).random((3, 1, 24, 24), dtype=np.float32)
    logits, features = open_session(content).run(["logits", "features"], {"squares": squares})
    weights, constant = export.head_of(net)
    assert np.allclose(features @ weights.T + constant, logits, atol=1e-5)


def test_a_file_that_says_something_else_is_refused(net):
    content = export.to_onnx(net, 24)
    with torch.no_grad():
        net.head.bias += 0.01
    parts = export._Parts(net).eval()
    with pytest.raises(ModelError, match=r"differs from the trained one by 0\.01"):
        export.check(parts, content, torch.rand(2, 1, 24, 24))


def test_nonsense_is_no_network():
    with pytest.raises(ModelError, match="damaged"):
        open_session(b"nonsense")
