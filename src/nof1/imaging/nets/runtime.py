"""onnxruntime (extra ``imaging``), opened in one place: one thread, the CPU, no talk."""

from __future__ import annotations

from typing import Any

from nof1.core.errors import ModelError
from nof1.core.extras import require

OUTPUTS = ("logits", "features", "maps")


def open_session(content: bytes) -> Any:
    """An onnxruntime session on one thread.

    Raises
    ------
    ModelError : not a network that onnxruntime runs.
    """
    runtime = require("onnxruntime", "imaging")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception:  # onnxruntime has its own kinds, none of them public
        raise ModelError(
            "A network of the model is damaged.", next_step="Train it again, or restore it."
        ) from None
