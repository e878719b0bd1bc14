"""A detector on disk: a section and arrays in the folder of the nets that it looks through.

Either the nets were trained for it (:func:`write`), or they are those of a model for findings, and
the detector is added to that model (:func:`add`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nof1.core.errors import ModelError
from nof1.imaging.anomaly.detector import Detector
from nof1.imaging.anomaly.planting import CHANGES, Kind
from nof1.imaging.anomaly.sight import Origin, Sight, of_ensemble
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.folder import extend_folder, write_folder

if TYPE_CHECKING:  # torch is needed to train and export only
    from nof1.imaging.anomaly.learning import Learned

SECTION = "anomaly"
TASK = "anomaly"
CLASS = "changed place"


def write(path: str | Path, learned: Learned, detector: Detector) -> None:
    """A new folder with the exported nets and the detector.

    Raises
    ------
    UsageError : there is a model already. ModelError : the export differs from the nets.
    """
    from nof1.imaging.nets.export import head_of, to_onnx

    heads, constants = zip(*(head_of(net) for net in learned.nets), strict=True)
    section, arrays = _parts(learned.sight, detector)
    about = {
        "task": TASK,
        "classes": [CLASS],
        "size": learned.size,
        "plan": learned.plan.to_dict(),
        "losses": [round(one[-1], 5) for one in learned.losses],
        SECTION: section,
    }
    networks = [to_onnx(net, learned.size) for net in learned.nets]
    own = {"head": np.stack(heads), "constant": np.stack(constants)}
    write_folder(path, about, {**own, **arrays}, networks)


def add(path: str | Path, sight: Sight, detector: Detector) -> None:
    """Add a detector to the folder of the model whose nets it looks through."""
    section, arrays = _parts(sight, detector)
    extend_folder(path, {SECTION: section}, arrays)


def open_detector(ensemble: Ensemble) -> tuple[Sight, Detector] | None:
    """The detector of an opened model, or None when it has none.

    Raises
    ------
    ModelError : when it is damaged.
    """
    section = ensemble.folder.about.get(SECTION)
    if section is None:
        return None
    detector = Detector.from_parts(section, ensemble.folder.arrays)
    origin, kinds = _origin(section)
    return of_ensemble(ensemble, origin, kinds), detector


def _parts(sight: Sight, detector: Detector) -> tuple[dict[str, Any], dict[str, Any]]:
    section, arrays = detector.to_parts()
    return {**section, "origin": sight.origin, "kinds": list(sight.kinds)}, arrays


def _origin(section: dict[str, Any]) -> tuple[Origin, tuple[Kind, ...]]:
    origins: tuple[Origin, ...] = ("planted changes", "labelled films", "untrained")
    given = [one for one in origins if one == section.get("origin")]
    kinds = section.get("kinds", [])
    if not given or not isinstance(kinds, list) or set(kinds) - set(CHANGES):
        raise ModelError("The anomaly detector is damaged.", next_step="Build it again.")
    return given[0], tuple(kind for kind in CHANGES if kind in kinds)
