"""One member of the ensemble: passes over the pictures, early stop, checkpoints.

Everything random in a pass comes from the seed and the number of the pass alone. So a run that was
stopped and goes on from a checkpoint ends with exactly the numbers of an uninterrupted one.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.imaging.nets.residual import Plan, build
from nof1.imaging.nets.squares import scaled
from nof1.imaging.nets.torchkit import Module, Tensor, torch
from nof1.imaging.training import checkpoints
from nof1.imaging.training.augmenting import augmented
from nof1.imaging.training.course import Course, Epoch, OnEpoch
from nof1.imaging.training.labels import Labels, loss_of
from nof1.imaging.training.precision import computing, fastest, laid_out

WARM_UP = 0.1  # share of the steps in which the rate rises
MEMORY = 0.99  # of the running mean of the weights, which is what answers
EVALUATED_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Data:
    """Squares (n, 1, s, s), labels, and masks (n,) of the inner and the training rows."""

    squares: Tensor
    labels: Labels
    inner: NDArray[np.bool_]
    training: NDArray[np.bool_]


@dataclass(eq=False)
class Job:
    """What all members share."""

    data: Data
    plan: Plan
    course: Course
    precision: Any
    store: checkpoints.Store | None

    def train(self, seed: int, on_epoch: OnEpoch | None) -> tuple[Module, tuple[Epoch, ...]]:
        """The network of one seed at its best pass, and its passes."""
        with torch.random.fork_rng(devices=[]):  # the caller's own random numbers go on untouched
            return Member(self, seed).run(on_epoch)


def prepared(data: Data, plan: Plan, course: Course, folder: str | Path | None) -> Job:
    """Choose the number format and open the checkpoints.

    Raises
    ------
    InputError : the folder holds checkpoints of another run, or damaged ones.
    """
    store = (
        None if folder is None else checkpoints.Store.open(folder, _signature(data, plan, course))
    )
    kept = store.precision if store else None
    precision = kept or _precision(data, plan, course)
    if store and not kept:
        store.keep_precision(precision)
    return Job(data, plan, course, precision, store)


def _precision(data: Data, plan: Plan, course: Course) -> str:
    if course.precision != "measure":
        return course.precision
    with torch.random.fork_rng(devices=[]):
        net = build(plan, len(data.labels.classes)).train()
    return fastest(net, scaled(data.squares[: course.batch]))[0]


def _signature(data: Data, plan: Plan, course: Course) -> str:
    arrays = (data.squares.numpy(), data.labels.values, data.inner, data.training)
    return checkpoints.signature(arrays, plan.to_dict(), course.to_dict(), data.labels.classes)


class Member:
    """The training of one seed."""

    def __init__(self, job: Job, seed: int) -> None:
        self.job, self.seed = job, seed
        torch.manual_seed(seed)
        self.net = build(job.plan, len(job.data.labels.classes))
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=job.course.rate, weight_decay=job.course.decay
        )
        self.mean = build(job.plan, len(job.data.labels.classes)).eval()
        self.mean.load_state_dict(self.net.state_dict())
        self.steps = 0
        self.best: dict[str, Tensor] = {}
        self.passes: list[Epoch] = []
        self.values = torch.from_numpy(job.data.labels.values)
        absent, present = job.data.labels.weights(job.course.balanced)
        self.weights = torch.from_numpy(absent), torch.from_numpy(present)
        self.rows = torch.from_numpy(np.flatnonzero(job.data.training))
        self.inner = torch.from_numpy(np.flatnonzero(job.data.inner))

    def run(self, on_epoch: OnEpoch | None) -> tuple[Module, tuple[Epoch, ...]]:
        """Train from the last checkpoint, or from the start, until the end or the early stop."""
        if self.job.store:
            self._resume(self.job.store)
        while len(self.passes) < self.job.course.epochs and not self._stopped():
            self._pass(len(self.passes))
            if self.job.store:
                self._keep(self.job.store)
            if on_epoch:
                on_epoch(self.passes[-1])
        self.mean.load_state_dict(self.best)
        return self.mean, tuple(self.passes)

    def _stopped(self) -> bool:
        since = next((i for i, one in enumerate(reversed(self.passes)) if one.best), 0)
        return since >= self.job.course.patience

    def _pass(self, number: int) -> None:
        draw = torch.Generator().manual_seed(self.seed * 100_003 + number)
        torch.manual_seed(self.seed * 100_003 + number)  # dropout draws from the global generator
        order = self.rows[torch.randperm(len(self.rows), generator=draw)]
        batches = self._batches(order)
        self.net.train()
        total = 0.0
        for place, part in enumerate(batches):
            self._set_rate(
                (number * len(batches) + place) / (self.job.course.epochs * len(batches))
            )
            total += self._step(part, draw)
        inner = self._inner_loss()
        if not math.isfinite(total + inner):
            raise ModelError(
                "The training went astray: the loss is no number.",
                next_step="Lower `rate`, or use precision: float32.",
            )
        best = all(inner < one.inner_loss for one in self.passes)
        if best:
            self.best = {name: v.detach().clone() for name, v in self.mean.state_dict().items()}
        mean = total / max(len(batches), 1)
        of = self.job.course.epochs
        self.passes.append(Epoch(self.seed, number, of, mean, inner, best))

    def _batches(self, order: Tensor) -> list[Tensor]:
        """Steps of a pass; a batch of one picture has no spread and is left out."""
        return [part for part in order.split(self.job.course.batch) if len(part) > 1]

    def _set_rate(self, done: float) -> None:
        """Rises in a line, falls as half a cosine; ``done`` from 0 to 1."""
        if done < WARM_UP:
            share = (done + 0.01) / (WARM_UP + 0.01)
        else:
            share = 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))
        for group in self.optimiser.param_groups:
            group["lr"] = self.job.course.rate * share

    def _step(self, part: Tensor, draw: Tensor) -> float:
        squares = augmented(scaled(self.job.data.squares[part]), self.job.course.augmentation, draw)
        with computing(self.job.precision):
            logits = self.net(laid_out(squares, self.job.precision))
        loss = loss_of(
            self.job.data.labels.question, logits.float(), self.values[part], *self.weights
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self._remember()
        return float(loss.detach())

    def _remember(self) -> None:
        """Running mean of the weights (Polyak & Juditsky, 1992): steadier than the last step."""
        self.steps += 1
        new = 1 - min(MEMORY, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for mean, now in zip(
                self.mean.state_dict().values(), self.net.state_dict().values(), strict=True
            ):
                if mean.dtype.is_floating_point:
                    mean.lerp_(now, new)
                else:  # the counters of the norms
                    mean.copy_(now)

    def _inner_loss(self) -> float:
        with torch.inference_mode(), computing(self.job.precision):
            parts = [
                self.mean(laid_out(scaled(self.job.data.squares[rows]), self.job.precision)).float()
                for rows in self.inner.split(EVALUATED_AT_ONCE)
            ]
        question = self.job.data.labels.question
        return float(loss_of(question, torch.cat(parts), self.values[self.inner], *self.weights))

    def _keep(self, store: checkpoints.Store) -> None:
        state = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        state |= {f"mean.{name}": value for name, value in self.mean.state_dict().items()}
        state |= {f"best.{name}": value for name, value in self.best.items()}
        for place, moments in self.optimiser.state_dict()["state"].items():
            state |= {f"optimiser.{place}.{name}": value for name, value in moments.items()}
        arrays = {name: value.detach().numpy() for name, value in state.items()}
        store.keep(self.seed, arrays, [asdict(one) for one in self.passes])

    def _resume(self, store: checkpoints.Store) -> None:
        found = store.last(self.seed)
        if found is None:
            return
        arrays, passes = found
        kinds = ("net", "mean", "best", "optimiser")
        parts: dict[str, dict[str, Tensor]] = {kind: {} for kind in kinds}
        for name, array in arrays.items():
            kind, _, rest = name.partition(".")
            parts[kind][rest] = torch.from_numpy(np.array(array))
        self.net.load_state_dict(parts["net"])
        self.mean.load_state_dict(parts["mean"])
        self.best = parts["best"]
        self.passes = [Epoch(**one) for one in passes]
        state = self.optimiser.state_dict()
        for name, value in parts["optimiser"].items():
            place, _, moment = name.partition(".")
            state["state"].setdefault(int(place), {})[moment] = value
        self.optimiser.load_state_dict(state)
        self.steps = len(self.passes) * len(self._batches(self.rows))
