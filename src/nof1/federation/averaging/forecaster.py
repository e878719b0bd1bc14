"""The algorithm ``forecaster``: the deep forecaster's networks, averaged over regions.

Every site trains the same networks on the series of its own places for a few steps, the masked sum
averages the weights, and so on (``averages``). Every site ends with the same members, stored as the
surveillance room stores its own. Trees cannot be averaged and are left out.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from nof1.core import audit
from nof1.core.extras import require
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.averaging.averages import Averaged, Course, average
from nof1.federation.averaging.joint import Joint, offers, same
from nof1.federation.averaging.series import Series, SeriesTask, climatology, enough, prepare, read
from nof1.learn.sums import FloatArray
from nof1.surveillance.forecast import learned as members
from nof1.surveillance.forecast import seir
from nof1.surveillance.forecast.learned import Learned
from nof1.surveillance.forecast.nets import ENSEMBLE, Kind, Nets, fed
from nof1.surveillance.forecast.windows import LENGTH, Examples, Inputs
from nof1.surveillance.store import FOLDER

if TYPE_CHECKING:
    from torch import Tensor

    from nof1.surveillance.forecast.training_nets import Network

NAME = "forecaster"
OUTPUTS = ("model",)
KEPT = "federated"  # below the surveillance folder of a workspace
BOUND = 20.0  # norm of a network's change in one round; honest ones stay below 5
TURN = threading.Lock()  # torch's generator is one for the process; sites of one process take turns


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site says in the clear: versions and the weights' start; nothing of its series."""

    torch: str
    start: str
    until: str


def run(asked: Asked) -> Result:
    """Take part in a job; called at every site at the same time.

    Raises
    ------
    Refused : too few cases here. InputError : no such signal, or sites that differ.
    ModelError : what is missing at all sites together, or sums that cannot be.
    """
    series = prepare(asked.text, asked.workspace, asked.policy)
    starts = [start_of(series.task.steps, Kind(*kind)) for kind in ENSEMBLE]
    said = offers(asked.link, _offer(series, starts))
    same(
        [(one.torch, one.start, one.until) for one in said],
        "the version of torch or the calendar",
        "Install the same version of nof1 and of torch at every site.",
    )
    joint = Joint.open(asked.link, asked.text, said)
    windows, synthetic = joint.sums(
        np.array([float(len(series.train) + len(series.held))]), np.array([1.0 * series.synthetic])
    )
    count = round(float(windows[0]))
    enough(count, members.FEWEST)
    made = [averaged(series, Kind(*kind), start, joint)
            for kind, start in zip(ENSEMBLE, starts, strict=True)]  # fmt: skip
    networks = tuple(_file(series.task, Kind(*kind), one.weights)
                     for kind, one in zip(ENSEMBLE, made, strict=True))  # fmt: skip
    table = climatology(series, joint)
    found = Learned(
        trees=None,
        nets=Nets(networks, series.task.steps),
        table=np.array([[float(f"{v:.9e}") for v in row] for row in table]),
        curves=seir.bank(),
        steps=series.task.steps,
        until=series.until,
        examples=count,
        digest=_digest(asked.text, networks),
    )
    kept = asked.workspace.root / FOLDER / KEPT / series.task.name / series.digest[:16]
    members.save(found, kept)
    audit.append(
        asked.workspace.audit, "federated training", job=asked.link.job,
        sites=list(asked.link.roster.names), model=series.task.name, rounds=joint.total.rounds,
    )  # fmt: skip
    figures = told(made, count, bool(synthetic[0] > 0), joint)
    return Result(series.task.name, "1", _hash(kept), figures)


def averaged(series: Series, kind: Kind, start: FloatArray, joint: Joint) -> Averaged:
    """One network of the ensemble, averaged over the sites from the start that all offered.

    Raises
    ------
    ModelError : as ``averages.average``.
    """
    task = series.task
    local = Local(series.train, kind, task)
    held = _tensors(series.held)

    def judge(weights: FloatArray) -> tuple[float, float]:
        return local.loss(weights, held)

    course = Course(rounds=task.rounds, patience=task.patience, bound=BOUND)
    return average(start, local.step, judge, len(series.train), course, joint)


class Local:
    """A site's own training between two averages; AdamW's moments stay at the site."""

    def __init__(self, examples: Examples, kind: Kind, task: SeriesTask) -> None:
        from nof1.surveillance.forecast import training_nets as nets

        torch: Any = require("torch", "surveillance")
        self.kind, self.task, self.data = kind, task, _tensors(examples)
        with TURN:  # a new network draws from the generator that another site may have seeded
            self.net = nets.Network(task.steps, kind.look_back)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=nets.RATE, weight_decay=nets.DECAY
        )

    def step(self, weights: FloatArray, number: int) -> FloatArray:
        """The weights after this round's steps from the shared ones."""
        from nof1.surveillance.forecast import training_nets as nets

        torch: Any = require("torch", "surveillance")
        share = 0.5 * (1 + math.cos(math.pi * number / self.task.rounds))
        with TURN, torch.random.fork_rng(devices=[]):
            torch.manual_seed(1000 * self.kind.seed + number)
            filled(self.net, weights).train()
            for group in self.optimiser.param_groups:
                group["lr"] = nets.RATE * (share if number else 0.5)
            for _ in range(self.task.local_steps):
                self._one(torch.randint(len(self.data[0]), (nets.BATCH,)))
            return flat(self.net)

    def _one(self, rows: Tensor) -> None:
        from nof1.surveillance.forecast import training_nets as nets

        torch: Any = require("torch", "surveillance")
        window, context, change, known = (part[rows] for part in self.data)
        if self.kind.stretch:
            factor = torch.exp(torch.randn(len(rows), 1) * self.kind.stretch)
            window, change = (window + nets.CENTRE) * factor - nets.CENTRE, change * factor
        missed = nets.pinball(change, self.net(window, context)) * known
        loss: Any = missed.sum() / known.sum().clamp(min=1)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()

    def loss(self, weights: FloatArray, data: tuple[Tensor, ...]) -> tuple[float, float]:
        """Summed pinball loss and number of known values."""
        from nof1.surveillance.forecast import training_nets as nets

        torch: Any = require("torch", "surveillance")
        window, context, change, known = data
        if not len(window):
            return 0.0, 0.0
        with TURN, torch.inference_mode():
            filled(self.net, weights).eval()
            missed = nets.pinball(change, self.net(window, context)) * known
            return float(missed.double().sum()), float(known.sum())


def start_of(steps: int, kind: Kind) -> FloatArray:
    """The weights at the start, from the kind's seed: the same at all sites."""
    from nof1.surveillance.forecast.training_nets import Network

    torch: Any = require("torch", "surveillance")
    with TURN, torch.random.fork_rng(devices=[]):
        torch.manual_seed(kind.seed)
        return flat(Network(steps, kind.look_back))


def flat(net: Network) -> FloatArray:
    """All numbers of a network as one vector."""
    return np.concatenate(
        [one.detach().numpy().astype(np.float64).ravel() for one in net.state_dict().values()]
    )


def filled(net: Network, weights: FloatArray) -> Network:
    """The network with the numbers of a vector."""
    torch: Any = require("torch", "surveillance")
    state, at = net.state_dict(), 0
    for name, old in state.items():
        part = weights[at : at + old.numel()].reshape(tuple(old.shape))
        state[name] = torch.from_numpy(np.array(part, dtype=np.float32))
        at += old.numel()
    net.load_state_dict(state)
    return net


def _tensors(examples: Examples) -> tuple[Tensor, ...]:
    torch: Any = require("torch", "surveillance")
    window, context = (torch.from_numpy(part) for part in fed(examples.inputs))
    change = torch.from_numpy(examples.change.astype(np.float32))
    return window, context, change.nan_to_num(), torch.isfinite(change)


def _file(task: SeriesTask, kind: Kind, weights: FloatArray) -> bytes:
    """The network as ONNX, checked on made-up windows, which are the same at all sites."""
    from nof1.surveillance.forecast.training_nets import Network, to_onnx

    draw = np.random.default_rng(0)
    inputs = Inputs(draw.normal(0, 0.3, (64, LENGTH)), draw.uniform(-20, 12, 64), np.full(64, 15.0))
    probe = Examples(inputs, np.zeros((64, task.steps)), np.zeros(64, dtype=np.int64))
    with TURN:
        return to_onnx(filled(Network(task.steps, kind.look_back), weights).eval(), probe)


def _offer(series: Series, starts: list[FloatArray]) -> Offer:
    torch: Any = require("torch", "surveillance")
    start = hashlib.sha256(b"".join(one.tobytes() for one in starts)).hexdigest()
    return Offer(str(torch.__version__), start, series.until.isoformat())


def _digest(text: str, networks: tuple[bytes, ...]) -> str:
    parts = [hashlib.sha256(one).hexdigest() for one in (text.encode(), *networks)]
    return hashlib.sha256(json.dumps([NAME, *parts]).encode()).hexdigest()


def _hash(folder: Path) -> str:
    return hashlib.sha256((folder / members.CARD).read_bytes()).hexdigest()


def told(made: list[Averaged], windows: int, synthetic: bool, joint: Joint) -> dict[str, Any]:
    """What the coordinator gets: figures of all sites together."""
    return {
        "windows": windows,
        "networks": [
            {
                "rounds": len(one.losses) - 1,
                "best_round": one.best,
                "start_loss": one.losses[0],
                "held_out_loss": one.losses[one.best],
            }
            for one in made
        ],
        "synthetic": synthetic,
        "rounds": joint.total.rounds,
    }


def words(figures: Mapping[str, Any]) -> list[str]:
    """The result for people."""
    lines = [f"{figures['windows']:,} windows of all sites, {figures['rounds']:,} masked sums"]
    for number, one in enumerate(figures["networks"], 1):
        lines.append(
            f"network {number}: best after {one['best_round']} rounds, loss in the season kept "
            f"apart {one['held_out_loss']:.4f}"
        )
    return [*lines, "", "Use it: nof1 surveillance forecast SIGNAL --models FOLDER"]


def _read(text: str) -> None:
    read(text)


FORECASTER = Algorithm(NAME, OUTPUTS, _read, run, words=words)
