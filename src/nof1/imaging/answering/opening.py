"""Which kind of model lies in a folder, and its reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from nof1.core.errors import ModelError
from nof1.imaging.answering.study import AnyReader
from nof1.imaging.nets.folder import ABOUT

Sort = Literal["findings", "anomaly", "segmentation"]
SEGMENTER = "nof1/segmenter/"


def sort_of(folder: str | Path) -> Sort:
    """What the model answers; nothing else of it is checked here.

    Raises
    ------
    ModelError : there is no model, or its ``model.json`` is damaged.
    """
    about = _about(Path(folder))
    if str(about.get("schema", "")).startswith(SEGMENTER):
        return "segmentation"
    return "anomaly" if about.get("task") == "anomaly" else "findings"


def open_model(folder: str | Path) -> AnyReader:
    """The reader of a model of any kind, with all of it checked.

    Raises
    ------
    ModelError : no model, one without gates, damaged, or changed since it was trained.
    MissingExtra : a package that it needs is not installed.
    """
    sort = sort_of(folder)
    if sort == "segmentation":
        from nof1.imaging.answering.segmenting import VolumeReader

        return VolumeReader.open(folder)
    if sort == "anomaly":
        from nof1.imaging.answering.anomalies import AnomalyReader

        return AnomalyReader.open(folder)
    from nof1.imaging.answering.reader import Reader

    return Reader.open(folder)


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        if not isinstance(about, dict):
            raise ValueError
    except (OSError, ValueError):
        raise ModelError(
            "There is no imaging model here.",
            where=folder.name,
            allowed=f"a folder with {ABOUT}",
            next_step="Train one: nof1 imaging train TASK.yaml",
        ) from None
    return about
