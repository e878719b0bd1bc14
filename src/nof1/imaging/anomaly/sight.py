"""What trained nets see at each place of a film, from torch nets or from an ONNX ensemble.

``origin`` is part of it, because features without training do not find anything (AUROC 0.15 to 0.59
on chest films): where they come from must be said, and "untrained" is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.anomaly.planting import Kind
from nof1.imaging.nets.ensemble import Ensemble

if TYPE_CHECKING:  # a plan is only passed on; its module needs torch
    from nof1.imaging.nets.residual import Plan

FloatMap = NDArray[np.float64]
Origin = Literal["planted changes", "labelled films", "untrained"]
Maps = Callable[[NDArray[np.float32]], NDArray[np.float32]]
AT_ONCE = 128
TWINS = 3  # random nets whose mean is the twin


@dataclass(frozen=True, eq=False, kw_only=True)
class Sight:
    """The nets as the detector uses them.

    Attributes
    ----------
    maps : (n, 1, size, size) 0..1 -> (members, n, D, h, w) of the last layer.
    head, bias : (members, D) and (members,): log odds that a *place* was changed. None for nets
        that learned from labelled films; then only the memory bank speaks.
    size : side of the pictures.
    origin : what the nets were trained on.
    kinds : planted kinds that they were trained on; a proof must not use them.
    plan : shape of the nets, from which the untrained twin of the trial is made; None: no twin, and
        the detector cannot prove itself.
    """

    maps: Maps
    size: int
    origin: Origin
    head: FloatMap | None = None
    bias: FloatMap | None = None
    kinds: tuple[Kind, ...] = ()
    plan: Plan | None = None

    def look(self, films: ArrayLike) -> NDArray[np.float32]:
        """(members, n, D, h, w) maps of films (n, s, s), ``uint8`` or 0 to 1.

        Raises
        ------
        InputError : another shape, or values outside 0 to 1.
        """
        stack = np.asarray(films)
        if stack.ndim != 3 or stack.shape[1:] != (self.size, self.size) or not len(stack):
            raise InputError(
                f"Films of shape {stack.shape}.",
                allowed=f"(films, {self.size}, {self.size}), one film or more",
            )
        top = np.float32(255 if stack.dtype == np.uint8 else 1)
        whole: NDArray[np.float32] = stack.astype(np.float32) / top
        if not (whole.min() >= 0 and whole.max() <= 1):  # also when one is not a number
            raise InputError("The films are not from 0 to 1.", next_step="Use prepare() first.")
        parts = [
            self.maps(whole[start : start + AT_ONCE, None])
            for start in range(0, len(whole), AT_ONCE)
        ]
        return np.concatenate(parts, axis=1)


def of_nets(
    nets: Sequence[Any],
    size: int,
    origin: Origin,
    kinds: tuple[Kind, ...] = (),
    plan: Plan | None = None,
) -> Sight:
    """From torch nets of this room (``maps`` and ``head``), as they come out of training."""
    from nof1.imaging.nets.torchkit import torch

    def maps(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            seen = [net.eval().maps(torch.from_numpy(pictures)) for net in nets]
            return np.stack([one.float().numpy() for one in seen])

    planted = origin == "planted changes"
    heads = [net.head.weight.detach().numpy()[0].astype(np.float64) for net in nets]
    biases = [float(net.head.bias.detach()[0]) for net in nets]
    return Sight(
        maps=maps,
        size=size,
        origin=origin,
        head=np.stack(heads) if planted else None,
        bias=np.array(biases) if planted else None,
        kinds=kinds,
        plan=plan,
    )


def twin_of(sight: Sight, *, seed: int = 0) -> Sight | None:
    """Nets of the same shape with random weights; needs torch. None without a plan."""
    if sight.plan is None:
        return None
    from nof1.imaging.nets.residual import build
    from nof1.imaging.nets.torchkit import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7919 + seed)
        nets = [build(sight.plan, 1).eval() for _ in range(TWINS)]
    return of_nets(nets, sight.size, "untrained", plan=sight.plan)


def of_ensemble(
    ensemble: Ensemble, origin: Origin, kinds: tuple[Kind, ...] = (), plan: Plan | None = None
) -> Sight:
    """From an opened ensemble (ONNX); no torch. ``plan`` is needed only to build a detector."""
    planted = origin == "planted changes"
    return Sight(
        maps=lambda pictures: ensemble.run(pictures).maps,
        size=ensemble.size,
        origin=origin,
        head=ensemble.head[:, 0].astype(np.float64) if planted else None,
        bias=ensemble.constant[:, 0].astype(np.float64) if planted else None,
        kinds=kinds,
        plan=plan,
    )
