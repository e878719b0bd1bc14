"""A site's own rows as judged by models that never saw them; kept at the site, for the site.

Out-of-fold decisions are the only honest ground on which a site can later ask whether the shared
model fits its own patients (``gain``, ``recalibrating``). They hold no identifier, but one line a
row: the file is private (0600) and is never sent.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.core.workspace import Workspace
from nof1.federation.network import private
from nof1.learn.sums import FloatArray

FOLDER = Path("federation") / "judged"
AGAIN = "Train the model together again: nof1 federation train"


@dataclass(frozen=True)
class Judged:
    """Rows of one site at one horizon.

    Attributes
    ----------
    days : the horizon.
    decision : (n,) log odds before recalibration; bags : (n, bags) those of each bag.
    risk : (n,) recalibrated on other folds. y, weight : (n,) outcome and its weight, 0 = unknown.
    folds : (n,). patients : (n,) which rows are of one patient, as numbers from 0 on.
    """

    days: float
    decision: FloatArray
    bags: FloatArray
    risk: FloatArray
    y: FloatArray
    weight: FloatArray
    folds: NDArray[np.int64]
    patients: NDArray[np.int64]


def save(workspace: Workspace, content_hash: str, found: Sequence[Judged]) -> Path:
    """Keep the rows behind a model in the workspace; returns the file."""
    arrays = {
        f"{place}_{one.name}": np.asarray(getattr(each, one.name))
        for place, each in enumerate(found)
        for one in fields(Judged)
    }
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return private.write(_path(workspace, content_hash), file.getvalue())


def load(workspace: Workspace, content_hash: str) -> list[Judged]:
    """The rows behind a model, one entry for each horizon.

    Raises
    ------
    ModelError : there are none, or the file is damaged.
    """
    path = _path(workspace, content_hash)
    if not path.exists():
        raise ModelError(
            "This site has no out-of-fold decisions of the model.", where=path.name, next_step=AGAIN
        )
    try:
        with np.load(io.BytesIO(private.read(path, AGAIN))) as kept:
            horizons = 1 + max(int(name.partition("_")[0]) for name in kept.files)
            return [_one(kept, place) for place in range(horizons)]
    except (ValueError, KeyError, OSError, EOFError, BadZipFile):
        raise ModelError(
            "The file of out-of-fold decisions is damaged.", where=path.name, next_step=AGAIN
        ) from None


def _one(kept: np.lib.npyio.NpzFile, place: int) -> Judged:
    found: dict[str, Any] = {one.name: kept[f"{place}_{one.name}"] for one in fields(Judged)}
    return Judged(**{**found, "days": float(found["days"])})


def _path(workspace: Workspace, content_hash: str) -> Path:
    return workspace.root / FOLDER / f"{content_hash[:32]}.npz"
