"""Features without labels: a small net learns where a normal film was changed.

Each pass plants new changes into the site's normal films (:mod:`planting`) and asks the net, at
every place of its last map, whether that place was changed. Asking at each place teaches far more
from a few hundred films than one question for each film. The net has the same shape as all others
of this room (maps, mean over places, one linear layer), so it is exported and explained alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.anomaly.planting import LEARNING, Kind, plant
from nof1.imaging.anomaly.sight import Sight, of_nets
from nof1.imaging.nets.residual import Plan, build
from nof1.imaging.nets.torchkit import Module, Tensor, functional, torch
from nof1.imaging.training.precision import threads

FEWEST = 60  # normal films
OnPass = Callable[[int, int, float], None]  # seed, pass from 0, mean loss


@dataclass(frozen=True)
class Lesson:
    """How the training goes.

    Attributes
    ----------
    passes : over all films, each once as it is and once changed.
    batch : pictures in a step (half of them changed, on average).
    rate, decay : highest learning rate and weight decay of AdamW, one cycle.
    contrast, brightness, noise : largest change of exposure, shares of the range; they teach that
        another exposure is not an abnormality.
    kinds : planted kinds.
    """

    passes: int = 40
    batch: int = 64
    rate: float = 3e-3
    decay: float = 0.02
    contrast: float = 0.2
    brightness: float = 0.1
    noise: float = 0.02
    kinds: tuple[Kind, ...] = LEARNING


@dataclass(frozen=True, eq=False)
class Learned:
    """Trained nets, their losses (one list for each seed), and what they were trained with."""

    nets: tuple[Module, ...]
    losses: tuple[tuple[float, ...], ...]
    size: int
    plan: Plan
    lesson: Lesson

    @property
    def sight(self) -> Sight:
        """The nets as the detector uses them."""
        return of_nets(self.nets, self.size, "planted changes", self.lesson.kinds, self.plan)


def plan_for(size: int) -> Plan:
    """A net with a map fine enough to say where: a quarter or an eighth of the side."""
    return Plan(widths=(16, 32, 64), stem=1 if size <= 48 else 2, dropout=0.0)


def learn(
    films: ArrayLike,
    *,
    seeds: Sequence[int] = (1, 2),
    lesson: Lesson | None = None,
    plan: Plan | None = None,
    on_pass: OnPass | None = None,
) -> Learned:
    """Train one net for each seed on normal films (n, s, s) ``uint8``.

    Raises
    ------
    InputError : fewer than 60 films; with so few the net learns the films by heart.
    """
    stack = np.asarray(films)
    if len(stack) < FEWEST:
        raise InputError(
            f"Only {len(stack)} normal films to learn from.",
            allowed=f"{FEWEST} or more; 300 or more are better",
            next_step="Collect more normal films of the site.",
        )
    way, size = lesson or Lesson(), int(stack.shape[1])
    shape = plan or plan_for(size)
    with threads(1), torch.random.fork_rng(devices=[]):
        trained = [_member(stack, seed, way, shape, on_pass) for seed in seeds]
    nets, losses = zip(*trained, strict=True)
    return Learned(nets, losses, size, shape, way)


def _member(
    films: NDArray[np.uint8], seed: int, way: Lesson, plan: Plan, on_pass: OnPass | None
) -> tuple[Module, tuple[float, ...]]:
    torch.manual_seed(seed)
    net = build(plan, 1).train()
    draw = torch.Generator().manual_seed(seed)
    steps = way.passes * -(-2 * len(films) // way.batch)
    optimiser = torch.optim.AdamW(net.parameters(), lr=way.rate, weight_decay=way.decay)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, way.rate, total_steps=steps + 1)
    losses = []
    for number in range(way.passes):
        changed, masks = plant(films, way.kinds, seed=seed * 100_003 + number)
        pictures = _tensor(np.concatenate([films, changed])) / 255
        answers = _tensor(np.concatenate([np.zeros_like(masks), masks]))
        losses.append(_one_pass(net, pictures, answers, way, draw, (optimiser, pace)))
        if on_pass:
            on_pass(seed, number, losses[-1])
    return net.eval(), tuple(losses)


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(values[:, None]).float()


def _one_pass(
    net: Module, pictures: Tensor, answers: Tensor, way: Lesson, draw: Tensor, tools: Any
) -> float:
    optimiser, pace = tools
    total = 0.0
    for part in torch.randperm(len(pictures), generator=draw).split(way.batch):
        found = at_places(net, _exposed(pictures[part], way, draw))
        share = functional.adaptive_avg_pool2d(answers[part], found.shape[-2:])
        loss = functional.binary_cross_entropy_with_logits(found, share)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        pace.step()
        total += float(loss.detach()) * len(part)
    return total / len(pictures)


def at_places(net: Module, pictures: Tensor) -> Tensor:
    """(n, 1, h, w) log odds that a place was changed: the head at each place, without the mean."""
    weight = net.head.weight[:, :, None, None]
    return functional.conv2d(net.maps(pictures), weight, net.head.bias)


def _exposed(pictures: Tensor, way: Lesson, draw: Tensor) -> Tensor:
    """Another exposure and a little noise for each picture."""
    shape = (len(pictures), 1, 1, 1)
    gain = 1 + way.contrast * (2 * torch.rand(shape, generator=draw) - 1)
    offset = way.brightness * (2 * torch.rand(shape, generator=draw) - 1)
    noise = way.noise * torch.randn(pictures.shape, generator=draw)
    return ((pictures - 0.5) * gain + 0.5 + offset + noise).clamp(0, 1)
