"""A network file with another last layer: the frozen part stays as it is, byte by byte."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.core.extras import require
from nof1.imaging.nets.export import LIMIT
from nof1.imaging.nets.runtime import OUTPUTS, open_session

Floats = NDArray[np.float32]


def with_head(content: bytes, weights: Floats, constant: Floats, size: int) -> bytes:
    """The ONNX file of a network of nof1 with a new last layer, checked.

    Parameters
    ----------
    weights : (K, D); constant : (K,). size : side of the network's squares.

    Raises
    ------
    ModelError : the file has no such layer, or does not answer as its features say.
    """
    onnx = require("onnx", "imaging")
    model = onnx.load_from_string(content)
    node = next((one for one in model.graph.node if OUTPUTS[0] in one.output), None)
    if node is None or node.op_type != "Gemm" or len(node.input) != 3:
        raise _unusable()
    turned = any(one.name == "transB" and one.i for one in node.attribute)
    new = {
        node.input[1]: weights if turned else weights.T,
        node.input[2]: constant,
    }
    for tensor in model.graph.initializer:
        if tensor.name in new:
            if tensor.name == node.input[1] and weights.shape[1] not in tensor.dims:
                raise _unusable()
            array = np.ascontiguousarray(new.pop(tensor.name), dtype=np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    if new:
        raise _unusable()
    _reshape(model, len(constant))
    made: bytes = model.SerializeToString()
    _check(made, weights, constant, size)
    return made


def _reshape(model: Any, classes: int) -> None:
    for one in model.graph.output:
        if one.name == OUTPUTS[0]:
            one.type.tensor_type.shape.dim[1].dim_value = classes


def _check(content: bytes, weights: Floats, constant: Floats, size: int) -> None:
    probes = np.random.default_rng(0).random((4, 1, size, size), dtype=np.float32)
    logits, features = open_session(content).run(list(OUTPUTS[:2]), {"squares": probes})
    gap = np.abs(logits - (features @ weights.T + constant)).max()
    if not gap <= LIMIT * max(1.0, float(np.abs(logits).max())):
        raise _unusable()


def _unusable() -> ModelError:
    return ModelError(
        "The frozen network does not end in a linear layer that can be replaced.",
        where="backbone",
        next_step="Use a model that nof1 trained or adopted.",
    )
