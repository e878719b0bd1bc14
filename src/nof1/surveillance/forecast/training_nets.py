"""Training of the deep member: one global network over all places and signals, in torch.

Residual blocks join the last weeks, as differences from the newest one, with the calendar (after
N-BEATS, Oreshkin et al. 2020), and a head gives the median and the distances between neighbouring
quantiles, which are positive: quantiles cannot cross. The loss is the pinball loss of all 23
levels, so it is the weighted interval score that is minimised. The ensemble varies seed, look-back
and how far heights are trusted. Convolutions and a GRU in front were tried and gave nothing
(docs/forecasting.md).
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nof1.core.errors import ModelError
from nof1.surveillance.forecast.nets import CONTEXT, ENSEMBLE, Kind, Nets, fed
from nof1.surveillance.forecast.windows import LENGTH, Examples
from nof1.surveillance.scores import LEVELS

HIDDEN, BLOCKS = 48, 2
BATCH, MOST_STEPS, FEWEST_STEPS = 512, 800, 300
EPOCHS = 25
RATE, DECAY, DROPOUT = 3e-3, 1e-3, 0.1
MIDDLE = len(LEVELS) // 2
GAP = 0.3  # the distances' unit on the common scale, so that a fresh network is not absurd
CENTRE = 0.55  # about the centre of every place: a window plus this is proportional to the root
LIMIT = 1e-4  # largest difference between torch and the ONNX file


class Network(nn.Module):
    """Windows (n, 16) and context (n, 19) to changes (n, steps, 23), ascending in the level."""

    def __init__(self, steps: int, look_back: int) -> None:
        super().__init__()
        self.steps, self.look_back = steps, look_back
        self.enter = nn.Linear(look_back + CONTEXT, HIDDEN)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN))
            for _ in range(BLOCKS)
        )
        self.drop = nn.Dropout(DROPOUT)
        self.leave = nn.Linear(HIDDEN, steps * len(LEVELS))
        nn.init.normal_(self.leave.weight, std=0.01)
        with torch.no_grad():
            self.leave.bias.zero_().view(steps, -1)[:, 1:] = -3.0

    def forward(self, window: Tensor, context: Tensor) -> Tensor:
        """The quantiles of the change from the newest week, 1 to ``steps`` weeks later."""
        recent = window[:, LENGTH - self.look_back :]
        last = recent[:, -1:]
        shape = recent - last  # (n, look_back)
        state = torch.cat([shape[:, :-1], last, context], dim=1)
        state = self.drop(functional.gelu(self.enter(state)))
        for block in self.blocks:
            state = state + block(state)
        return _quantiles(self.leave(state).view(-1, self.steps, len(LEVELS)))


def _quantiles(raw: Tensor) -> Tensor:
    """(n, steps, 23): the first number is the median, the others are distances outward."""
    median, gaps = raw[..., :1], functional.softplus(raw[..., 1:]) * GAP
    below = torch.cumsum(gaps[..., :MIDDLE], dim=-1).flip(-1)
    above = torch.cumsum(gaps[..., MIDDLE:], dim=-1)
    return torch.cat([median - below, median, median + above], dim=-1)


def learn(examples: Examples, *, ensemble: Sequence[Kind] = ENSEMBLE) -> Nets:
    """Train the ensemble and write each network as ONNX; one thread, reproducible.

    Raises
    ------
    ModelError : an exported network does not give torch's answers.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        nets = [_fitted(examples, Kind(*one)) for one in ensemble]
        files = tuple(to_onnx(net, examples) for net in nets)
    finally:
        torch.set_num_threads(threads)
    return Nets(files, examples.change.shape[1])


def _fitted(examples: Examples, kind: Kind) -> Network:
    generator = torch.Generator().manual_seed(kind.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(kind.seed)
        net = Network(examples.change.shape[1], kind.look_back).train()
        window, context = (torch.from_numpy(part) for part in fed(examples.inputs))
        change = torch.from_numpy(examples.change.astype(np.float32))
        known = torch.isfinite(change)
        _descend(net, (window, context, change.nan_to_num(), known), generator, kind.stretch)
    return net.eval()


def _descend(
    net: Network, data: tuple[Tensor, ...], generator: torch.Generator, stretch: float
) -> None:
    count = len(data[0])
    steps = int(np.clip(EPOCHS * count / BATCH, FEWEST_STEPS, MOST_STEPS))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.1)
    for _ in range(steps):
        rows = torch.randint(count, (BATCH,), generator=generator)
        window, context, change, known = (part[rows] for part in data)
        if stretch:
            factor = torch.exp(torch.randn(BATCH, 1, generator=generator) * stretch)
            window, change = (window + CENTRE) * factor - CENTRE, change * factor
        loss = (pinball(change, net(window, context)) * known).sum() / known.sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()


def pinball(change: Tensor, quantiles: Tensor) -> Tensor:
    """(n, steps) mean over the levels of the pinball loss of (n, steps, 23) quantiles."""
    levels = torch.as_tensor(LEVELS, dtype=quantiles.dtype)
    miss = change[..., None] - quantiles
    return torch.maximum(levels * miss, (levels - 1) * miss).mean(dim=-1)


def to_onnx(net: Network, examples: Examples) -> bytes:
    """A trained network as ONNX, checked against torch on some of its examples.

    Raises
    ------
    ModelError : the answers differ by more than ``LIMIT``.
    """
    probe = examples.inputs.take(np.arange(min(64, len(examples))))
    window, context = (torch.from_numpy(part) for part in fed(probe))
    content = _exported(net, window, context)
    with torch.inference_mode():
        expected = net(window, context).numpy()
    gap = float(np.abs(Nets((content,), net.steps).quantiles(probe) - expected).max())
    if not gap <= LIMIT:  # also when it is not a number
        raise ModelError(
            f"The exported network differs from the trained one by {gap:.2g}.",
            allowed=f"{LIMIT:g}",
            next_step="Report this with the versions of torch and onnxruntime.",
        )
    return content


def _exported(net: Network, window: Tensor, context: Tensor) -> bytes:
    rows = torch.export.Dim("rows", min=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program: Any = torch.onnx.export(
            net,
            (window[:2], context[:2]),
            input_names=["window", "context"],
            output_names=["quantiles"],
            dynamic_shapes=({0: rows}, {0: rows}),
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto
    for node in model.graph.node:  # names of places on this machine stay here
        del node.metadata_props[:]
    del model.metadata_props[:]
    buffer = io.BytesIO(model.SerializeToString())
    return buffer.getvalue()
