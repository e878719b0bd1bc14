"""A second opinion on a heatmap from another method, with Captum (extra ``imaging``).

The exact split of the logit and these methods ask different questions: the split says what each
place gave; occlusion, by how much the score falls when a window is hidden (Zeiler & Fergus, ECCV
2014); integrated gradients, how the score grows along the way from a blurred to the real picture
(Sundararajan et al., ICML 2017). On a sound map they agree in direction. For torch nets only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.imaging.explaining.deletion import blurred

FloatMap = NDArray[np.float64]


def occlusion(
    net: Any, picture: ArrayLike, label: int = 0, *, window: int | None = None
) -> FloatMap:
    """Fall of the logit when a window around a pixel is hidden, (s, s); high = for the finding.

    Parameters
    ----------
    net : torch module, (n, 1, s, s) -> (n, K) logits, in evaluation mode.
    picture : (s, s) as the net sees it, 0 to 1.
    label : index of the logit.
    window : side of the hidden square, pixels; default a fifth of the picture.
    """
    captum, tensor, base = _ready(picture)
    side = window or max(2, tensor.shape[-1] // 5)
    step = max(1, side // 2)
    found = captum.Occlusion(net).attribute(
        tensor,
        sliding_window_shapes=(1, side, side),
        strides=(1, step, step),
        baselines=base,
        target=label,
        perturbations_per_eval=16,
    )
    return _map(found)


def integrated_gradients(
    net: Any, picture: ArrayLike, label: int = 0, *, steps: int = 32
) -> FloatMap:
    """Share of each pixel in the logit's way from a blurred picture, (s, s); high = for it.

    Summed over pixels it is the logit minus that of the blurred picture (completeness).
    """
    captum, tensor, base = _ready(picture)
    found = captum.IntegratedGradients(net).attribute(
        tensor, baselines=base, target=label, n_steps=steps
    )
    return _map(found)


def agreement(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman rank correlation of two maps of one shape: 1 same order, -1 one is upside down.

    Raises
    ------
    InputError : when the shapes differ.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape:
        raise InputError(f"Maps of {one.shape} and {two.shape} cannot be compared.")
    a, b = (rankdata(values.ravel()) for values in (one, two))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _ready(picture: ArrayLike) -> tuple[Any, Any, Any]:
    captum, torch = require("captum.attr", "imaging"), require("torch", "imaging")
    square = np.asarray(picture, dtype=np.float32)
    base = blurred(square, max(1, square.shape[0] // 5))
    return captum, torch.from_numpy(square)[None, None], torch.from_numpy(base)[None, None]


def _map(found: Any) -> FloatMap:
    values: FloatMap = found.detach().numpy()[0, 0].astype(np.float64)
    return values
