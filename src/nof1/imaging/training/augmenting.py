"""Small changes of a training picture that do not change its answer.

Shift, rotation, scale, contrast, brightness and noise. A left-right flip moves the heart to the
other side and is done only when asked; an upside-down flip is never done.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from nof1.imaging.nets.torchkit import Tensor, functional, torch


@dataclass(frozen=True)
class Augmentation:
    """Largest changes; each picture gets its own, drawn evenly between minus and plus the value.

    Attributes
    ----------
    shift : share of the side.
    rotation_deg : degrees.
    scale : share of the size, 0.1 means 0.9 to 1.1.
    contrast, brightness : shares of the range.
    noise : standard deviation of a grey noise, as a share of the range.
    flip : whether half of the pictures are mirrored left to right. It changes laterality.
    """

    shift: float = 0.06
    rotation_deg: float = 8.0
    scale: float = 0.08
    contrast: float = 0.15
    brightness: float = 0.08
    noise: float = 0.02
    flip: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


NONE = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def augmented(squares: Tensor, plan: Augmentation, draw: Tensor) -> Tensor:
    """Changed copies of ``squares`` (n, 1, side, side); ``draw`` is a torch.Generator."""
    if plan == NONE:
        return squares
    moved = _moved(squares, plan, draw)
    gain = 1 + plan.contrast * _even(len(squares), draw)
    offset = plan.brightness * _even(len(squares), draw)
    noise = plan.noise * torch.randn(moved.shape, generator=draw)
    changed = (moved - 0.5) * gain.view(-1, 1, 1, 1) + 0.5 + offset.view(-1, 1, 1, 1) + noise
    return changed.clamp(0, 1)


def _even(count: int, draw: Tensor) -> Tensor:
    """(count,) numbers spread evenly from -1 to 1."""
    return torch.rand(count, generator=draw) * 2 - 1


def _moved(squares: Tensor, plan: Augmentation, draw: Tensor) -> Tensor:
    count = len(squares)
    angle = math.radians(plan.rotation_deg) * _even(count, draw)
    size = 1 + plan.scale * _even(count, draw)
    across, down = 2 * plan.shift * _even(count, draw), 2 * plan.shift * _even(count, draw)
    mirror = torch.where(torch.rand(count, generator=draw) < 0.5, -1.0, 1.0)
    turn = mirror if plan.flip else torch.ones(count)
    cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
    first = torch.stack([turn * cosine, -sine, across], dim=1)
    second = torch.stack([turn * sine, cosine, down], dim=1)
    theta = torch.stack([first, second], dim=1)
    grid = functional.affine_grid(theta, list(squares.shape), align_corners=False)
    return functional.grid_sample(squares, grid, padding_mode="border", align_corners=False)
