"""torch -> ONNX with logits, features and maps, and the check that both say the same.

The file holds numbers and layers only: names of places on the machine, which the exporter would
leave in, are taken out. A file that does not give torch's answers is refused, not written.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.core.extras import require
from nof1.imaging.nets.runtime import OUTPUTS, open_session
from nof1.imaging.nets.torchkit import Module, Tensor, nn, torch

LIMIT = 1e-4  # largest difference of a logit between torch and the file
HALF_LIMIT = 0.05  # the same when the numbers are stored in half precision
SMALLEST_HALVED = 64  # shorter arrays are kept as they are


class _Parts(nn.Module):  # type: ignore[misc]
    """A network that also tells its features and maps."""

    def __init__(self, net: Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, squares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps = self.net.maps(squares)
        features = maps.mean(dim=(2, 3))
        return self.net.head(features), features, maps


def to_onnx(net: Module, size: int, *, half: bool = False, probes: Any = None) -> bytes:
    """The ONNX file of a trained network, checked against torch.

    Parameters
    ----------
    net : with ``maps(squares)`` and ``head``, as in ``residual`` and ``densenet``.
    half : store the numbers as float16, half the size; they are float32 again when it runs.
    probes : (n, 1, size, size) float32 pictures for the check; default noise of a fixed seed.

    Raises
    ------
    ModelError : the file's logits differ from torch's by more than ``LIMIT`` (``HALF_LIMIT``).
    """
    parts = _Parts(net).eval()
    if probes is None:
        probes = torch.rand(4, 1, size, size, generator=torch.Generator().manual_seed(0))
    content = _exported(parts, probes[:2], half)
    check(parts, content, probes, HALF_LIMIT if half else LIMIT)
    return content


def check(parts: Module, content: bytes, probes: Tensor, limit: float = LIMIT) -> float:
    """Largest difference of a logit between torch and the file.

    Raises
    ------
    ModelError : it is more than ``limit``, or an output is missing or not a number.
    """
    with torch.inference_mode():
        expected = parts(probes)
    session = open_session(content)
    got = session.run(list(OUTPUTS), {"squares": probes.numpy()})
    gap = float(np.abs(got[0] - expected[0].numpy()).max())
    if not gap <= limit:  # also when it is not a number
        raise ModelError(
            f"The exported network differs from the trained one by {gap:.2g}.",
            allowed=f"{limit:g} of a logit",
            next_step="Report this with the versions of torch and onnxruntime.",
        )
    return gap


def _exported(parts: Module, probes: Tensor, half: bool) -> bytes:
    onnx = require("onnx", "imaging")
    stream = io.BytesIO()
    names = ("squares", *OUTPUTS)
    with warnings.catch_warnings():
        # torch's newer exporter needs 20 times as long and writes the same layers
        warnings.simplefilter("ignore")
        torch.onnx.export(
            parts,
            (probes,),
            stream,
            dynamo=False,
            input_names=[names[0]],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "n"} for name in names},
        )
    model = onnx.load_from_string(stream.getvalue())
    _strip(model)
    if half:
        _halve(model.graph, onnx)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _strip(model: Any) -> None:
    """Take out everything that is not needed to run, above all paths and stack traces."""
    model.doc_string = model.graph.doc_string = ""
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]


def _halve(graph: Any, onnx: Any) -> None:
    """Large arrays as float16 with a step in front that makes float32 of them."""
    casts = []
    for tensor, name in _large(graph, onnx):
        numbers = onnx.numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(onnx.numpy_helper.from_array(numbers, f"{name}.half"))
        kind = onnx.TensorProto.FLOAT
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=kind))
    for place, cast in enumerate(casts):
        graph.node.insert(place, cast)


def _large(graph: Any, onnx: Any) -> Iterator[tuple[Any, str]]:
    # the last layer stays whole: it splits the logits over the maps, and must do so exactly
    last = {name for node in graph.node if node.op_type == "Gemm" for name in node.input}
    for tensor in graph.initializer:
        large = int(np.prod(tensor.dims)) >= SMALLEST_HALVED and tensor.name not in last
        if large and tensor.data_type == onnx.TensorProto.FLOAT:
            yield tensor, str(tensor.name)


def head_of(net: Module) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (K, D) and constants (K,) of the last layer: what splits a logit over the maps."""
    head = net.head
    return head.weight.detach().float().numpy().copy(), head.bias.detach().float().numpy().copy()
