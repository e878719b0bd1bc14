"""Which places of a film speak for a finding: the logit, split exactly over the places.

The nets of this room end in a mean over all places and one linear layer. So the logit of a label is
a plain sum: the bias and, for each place, head x maps / number of places (the class activation map
of Zhou et al., CVPR 2016). Nothing is rescaled, cut at zero or turned over on the way, and the
direction is always the same: **above 0 speaks for the finding, below 0 against it**, in logit
units. (A library's default that inverts and stretches its map has been read backwards by its users;
see the direction test with planted lesions in tests/imaging/explaining.)

A map says what the *net* used. It is no outline of a lesion and no proof that there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.explaining.placing import Frame, Grid, covered, on_film

FloatMap = NDArray[np.float64]
DIRECTION = "above 0 speaks for the finding, below 0 against it"


@dataclass(frozen=True, eq=False, kw_only=True)
class Heatmap:
    """The evidence for one label on the net's own grid.

    Attributes
    ----------
    label : name of the finding.
    places : (h, w) mean over the ensemble's members, logit units; ``bias + places.sum()`` is the
        mean logit.
    disagreement : (h, w) standard deviation between members, same unit; None with one member.
    bias : part of the logit that belongs to no place.
    """

    label: str
    places: FloatMap
    disagreement: FloatMap | None
    bias: float

    @property
    def logit(self) -> float:
        """Log odds that the places and the bias add up to."""
        return self.bias + float(self.places.sum())

    def on_film(self, frame: Frame, grid: Grid | None = None) -> FloatMap:
        """The evidence on the film's own pixels, (rows, columns); see :func:`placing.on_film`."""
        return on_film(self.places, frame, grid)

    def in_padding(self, frame: Frame, grid: Grid | None = None) -> float:
        """Share (0 to 1) of all evidence, for and against, that lies outside the film."""
        shape = (self.places.shape[0], self.places.shape[1])
        total = float(np.abs(self.places).sum())
        outside = np.abs(self.places[~covered(frame, shape, grid)]).sum()
        return float(outside / total) if total > 0 else 0.0


def split(maps: ArrayLike, head: ArrayLike) -> FloatMap:
    """The part of each logit that each place gives.

    Parameters
    ----------
    maps : (members, n, D, h, w) last maps.
    head : (members, K, D) weights of the linear layer.

    Returns
    -------
    (members, n, K, h, w) in logit units; summed over the places it is the logit without the bias.

    Raises
    ------
    InputError : maps and head do not fit each other.
    """
    values, weights = np.asarray(maps, dtype=np.float64), np.asarray(head, dtype=np.float64)
    if values.ndim != 5 or weights.ndim != 3 or weights.shape[::2] != values.shape[:3:2]:
        raise InputError(
            f"Maps {values.shape} and head {weights.shape} do not fit.",
            allowed="maps (members, films, D, h, w) and head (members, labels, D)",
        )
    places = values.shape[3] * values.shape[4]
    parts: FloatMap = np.einsum("mkd,mndhw->mnkhw", weights, values, optimize=True) / places
    return parts


def against_the_rest(parts: FloatMap) -> FloatMap:
    """For labels that exclude each other: each label's part minus the mean of the others'.

    A softmax only sees differences of logits; one label's own part alone could be high where all
    labels' parts are high.
    """
    labels = parts.shape[2]
    if labels < 2:
        return parts
    others = (parts.sum(axis=2, keepdims=True) - parts) / (labels - 1)
    rest: FloatMap = parts - others
    return rest


def heatmaps(
    maps: ArrayLike,
    head: ArrayLike,
    logits: ArrayLike,
    labels: Sequence[str],
    *,
    exclusive: bool = False,
) -> list[list[Heatmap]]:
    """A heatmap for each film and label.

    Parameters
    ----------
    maps, head : as in :func:`split`.
    logits : (members, n, K) of the same run; gives the bias.
    labels : K names.
    exclusive : labels exclude each other (softmax): evidence against the mean of the others.

    Returns
    -------
    films, each with one :class:`Heatmap` for each label.

    Raises
    ------
    InputError : when shapes differ, or when the parts and the logits do not belong together (the
        bias of one member would differ between films).
    """
    parts, given = split(maps, head), np.asarray(logits, dtype=np.float64)
    if given.shape != parts.shape[:3] or given.shape[2] != len(labels):
        raise InputError(f"Logits {given.shape} do not fit {parts.shape[:3]} maps and labels.")
    bias = given - parts.sum(axis=(3, 4))  # (members, n, K)
    _check_exact(bias, given)
    if exclusive:
        parts, bias = against_the_rest(parts), against_the_rest(bias[..., None, None])[..., 0, 0]
    mean, middle = parts.mean(axis=0), bias.mean(axis=0)
    spread = parts.std(axis=0, ddof=1) if len(parts) > 1 else None
    return [
        [
            Heatmap(
                label=label,
                places=mean[film, k],
                disagreement=None if spread is None else spread[film, k],
                bias=float(middle[film, k]),
            )
            for k, label in enumerate(labels)
        ]
        for film in range(parts.shape[1])
    ]


def _check_exact(bias: FloatMap, logits: FloatMap) -> None:
    """The rest after the split must be one number for each member and label."""
    allowed = 1e-3 * (1 + np.abs(logits).max(initial=0.0))
    if bias.size and np.ptp(bias, axis=1).max() > allowed:
        raise InputError(
            "The logits are not the sum of these maps under this head.",
            allowed="maps, head and logits of the same run of a net that ends in a mean "
            "over places and one linear layer",
            next_step="Export the model again.",
        )


def for_segmentation(evidence: FloatMap) -> NDArray[np.float32]:
    """Evidence on the film as a fraction for a DICOM SEG: 0 = none or against, 1 = strongest for.

    Relative to the film's own strongest place: it says *where*, never *how much*.
    """
    supporting = np.maximum(evidence, 0.0)
    top = float(supporting.max(initial=0.0))
    fraction = supporting / top if top > 0 else supporting
    return fraction.astype(np.float32)
