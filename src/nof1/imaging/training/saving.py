"""From a trained ensemble to the folder of a model: ONNX, ``model.json``, arrays. No pickle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nof1.imaging.nets.export import head_of, to_onnx
from nof1.imaging.nets.folder import ModelFolder, write_folder
from nof1.imaging.nets.prepare import HIGH, LOW
from nof1.imaging.nets.residual import size_of
from nof1.imaging.nets.torchkit import VERSION
from nof1.imaging.training.fitting import Fitted


def save(
    fitted: Fitted,
    path: str | Path,
    *,
    name: str,
    sections: Mapping[str, Any] | None = None,
    half: bool = False,
) -> ModelFolder:
    """Export every member, check it against torch, and write the folder.

    Parameters
    ----------
    name : of the task.
    sections : further parts of ``model.json``: card, population, thresholds. No patient's value.
    half : store the members in half precision, half the size (see ``export``).

    Raises
    ------
    ModelError : an exported member differs from the trained one.
    UsageError : there is a model at ``path``.
    """
    networks = [to_onnx(net, fitted.size, half=half) for net in fitted.nets]
    heads = [head_of(net) for net in fitted.nets]
    arrays = {
        "head": np.stack([weights for weights, _ in heads]),
        "constant": np.stack([constant for _, constant in heads]),
    }
    about = {**described(fitted), "name": name, "half": half, **(sections or {})}
    return write_folder(path, about, arrays, networks)


def described(fitted: Fitted) -> dict[str, Any]:
    """What ``model.json`` says of every model."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "question": fitted.question,
        "classes": list(fitted.classes),
        "size": fitted.size,
        "prepare": {"low_percentile": LOW, "high_percentile": HIGH},
        "plan": fitted.plan.to_dict(),
        "course": fitted.course.to_dict(),
        "precision": fitted.precision,
        "torch": VERSION,
        "numbers": size_of(fitted.nets[0]),
        "members": [
            {
                "seed": seed,
                "passes": len(passes),
                "best_pass": max((one.number for one in passes if one.best), default=None),
                "inner_loss": min((one.inner_loss for one in passes), default=None),
            }
            for seed, passes in zip(fitted.seeds, fitted.history, strict=True)
        ],
        "pictures": {"given": len(fitted.inner), "inner": int(fitted.inner.sum())},
        "calibration": fitted.calibration().to_dict(),
        "notes": list(fitted.notes),
    }
