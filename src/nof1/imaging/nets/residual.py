"""Small residual networks whose answer can be split exactly over the picture.

Every network ends in the mean over its last maps and ONE linear layer. A logit is therefore the
mean over the map of ``head . maps`` plus a constant: the class activation map is not an estimate
but an exact sum (Zhou et al., CVPR 2016). Blocks as in He et al., CVPR 2016.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from nof1.imaging.nets.torchkit import Module, Tensor, functional, nn

MEAN, SPREAD = 0.5, 0.25  # squares come as 0 to 1; the first layer sees about -2 to 2


@dataclass(frozen=True)
class Plan:
    """What a network looks like.

    Attributes
    ----------
    kind : ``residual`` (ours), ``densenet121`` or ``resnet18`` (MONAI's).
    widths : channels of each stage; each stage after the first halves the map's side.
    blocks : residual blocks in a stage.
    stem : step of the first layer: 1 keeps the side (small pictures), 2 halves it.
    dropout : share of features hidden while training, 0 to 1.
    """

    kind: str = "residual"
    widths: tuple[int, ...] = (24, 48, 96)
    blocks: int = 1
    stem: int = 1
    dropout: float = 0.1

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Plan:
        """Read back what ``to_dict`` wrote."""
        return cls(**{**data, "widths": tuple(data["widths"])})


SMALL = Plan(widths=(16, 32, 64))  # about 75 thousand numbers: ships as reference weights


def plan_for(size: int) -> Plan:
    """The residual network that fits a picture's side."""
    if size <= 48:
        return Plan(widths=(16, 32, 96))
    return Plan(widths=(16, 32, 64, 128), stem=2, dropout=0.2)


class Residual(nn.Module):  # type: ignore[misc]
    """Input (n, 1, side, side) from 0 to 1; output (n, classes) logits."""

    def __init__(self, plan: Plan, classes: int) -> None:
        super().__init__()
        first = plan.widths[0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, 3, stride=plan.stem, padding=1, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
        )
        stages: list[Module] = []
        before = first
        for number, width in enumerate(plan.widths):
            for block in range(plan.blocks):
                step = 2 if number > 0 and block == 0 else 1
                stages.append(Block(before, width, step))
                before = width
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(plan.dropout)
        self.head = nn.Linear(before, classes)

    def maps(self, squares: Tensor) -> Tensor:
        """(n, features, height, width) of the last stage, zero or above."""
        return self.stages(self.stem((squares - MEAN) / SPREAD))

    def forward(self, squares: Tensor) -> Tensor:
        """(n, classes) logits."""
        return self.head(self.dropout(self.maps(squares).mean(dim=(2, 3))))


class Block(nn.Module):  # type: ignore[misc]
    """Two convolutions around a shortcut."""

    def __init__(self, before: int, after: int, step: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride=step, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(after)
        self.shortcut: Module = nn.Identity()
        if step != 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride=step, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of the next depth."""
        inner = functional.relu(self.first_norm(self.first(maps)))
        return functional.relu(self.second_norm(self.second(inner)) + self.shortcut(maps))


def build(plan: Plan, classes: int) -> Module:
    """A fresh network with random weights (torch's own seed decides them).

    Raises
    ------
    UsageError : an unknown kind.
    """
    if plan.kind == "residual":
        return Residual(plan, classes)
    from nof1.imaging.nets.densenet import Wrapped  # MONAI takes seconds to import

    return Wrapped(plan.kind, classes, dropout=plan.dropout)


def size_of(net: Module) -> int:
    """How many numbers the network holds."""
    return sum(int(one.numel()) for one in net.parameters())
