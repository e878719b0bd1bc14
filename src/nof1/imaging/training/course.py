"""How a training goes, and what one pass reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from nof1.imaging.training.augmenting import Augmentation


@dataclass(frozen=True)
class Course:
    """How the training goes.

    Attributes
    ----------
    epochs : most passes over the pictures; the learning rate falls to 0 at the last.
    batch : pictures in a step.
    rate : highest learning rate (AdamW), reached after a tenth of the steps.
    decay : weight decay.
    patience : passes without a better inner loss before a member stops.
    inner : share of the patients kept for early stopping and calibration.
    balanced : whether both answers of a class weigh the same in total.
    precision : ``measure``, ``float32`` or ``bfloat16``.
    threads : of torch.
    split_seed : decides the inner part; the same for all members.
    """

    epochs: int = 24
    batch: int = 64
    rate: float = 3e-3
    decay: float = 0.02
    patience: int = 8
    inner: float = 0.15
    balanced: bool = False
    precision: str = "measure"
    threads: int = 1
    split_seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class Epoch:
    """One pass of one member: number from 0, mean losses, whether it is the best so far."""

    seed: int
    number: int
    of: int
    loss: float
    inner_loss: float
    best: bool


OnEpoch = Callable[[Epoch], None]
