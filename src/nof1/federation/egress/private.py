"""The private glass box on trial: its recipe as a ``Trainer``, its audit, and its noise measured.

The audit runs on people who never lived, so that it costs no patient's privacy budget. Its columns
are wide and even, which is where canaries disturb each other least (differential privacy must hold
on every table), and it looks at what the coordinator and the sites see: the noised sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.stats import chi2

from nof1.federation.budget import Spend
from nof1.federation.budget import epsilon as composed
from nof1.federation.egress import onerun
from nof1.federation.egress.onerun import Audit
from nof1.federation.egress.trainer import Ints, Scorer, Target
from nof1.federation.private import glassbox
from nof1.federation.private.bins import Edges, codes_of, even
from nof1.federation.private.curves import Basis
from nof1.federation.private.glassbox import Recipe
from nof1.federation.private.noise import Draw, NoisySum, discrete_gaussian
from nof1.federation.private.plan import Plan
from nof1.federation.private.public import Public
from nof1.learn.sums import FloatArray, local_sum
from nof1.predict.task import Task

WIDTH, CANARIES, PAIRS = 800, 1_000, 4_000  # columns, canaries, and pairs of still people
UNLIKELY = 1e-6  # chance of calling rightly drawn noise too small
SLACK = 1.01  # the plan finds its noise to 0.1 %


@dataclass(frozen=True)
class Release:
    """One noised sum: what was promised, and what was really drawn."""

    sensitivity: float
    noise: float
    sigma: float
    drawn: FloatArray
    released: FloatArray


@dataclass
class Recorder(NoisySum):
    """A noised sum that keeps what it gave."""

    kept: list[Release] = field(default_factory=list)

    def __call__(self, vector: FloatArray, sensitivity: float, noise: float) -> FloatArray:
        """The sum with noise; see ``NoisySum``."""
        exact = np.array(vector, dtype=np.float64)
        given = super().__call__(vector, sensitivity, noise)
        sigma = self.sigma(sensitivity, noise, exact.size)
        self.kept.append(
            Release(sensitivity, noise, sigma, np.ravel(given - exact), np.ravel(given))
        )
        return given


@dataclass(frozen=True)
class PrivateGlassBox:
    """The curves of the private glass box, trained at one site with all of the noise.

    The patients who would judge train too: the two groups' losses stand side by side, so training
    alone may cost the whole claim, and that is what an audit must see.

    Attributes
    ----------
    names, grids : of the columns, public. plan : the noise of each release.
    draw : where the noise comes from; a test plants a wrong one.
    sums : whether a row is scored by the noised gradients instead of by the finished model.
    """

    names: tuple[str, ...]
    grids: Sequence[Edges | None]
    plan: Plan
    recipe: Recipe
    seed: int = 0
    draw: Draw = discrete_gaussian
    sums: bool = False

    def __call__(self, X: FloatArray, target: Target, keys: Ints) -> Scorer:
        """Train on the first row of each patient; see ``trainer.Trainer``."""
        first = np.sort(np.unique(keys, return_index=True)[1])
        made, kept = self.run(X[first], target.label[first])
        if not self.sums:
            return made.shapes.decision
        basis = Basis.of(made.binned, self.recipe.waves, self.recipe.decay)
        size, cycles = basis.size, self.plan.shares.cycles
        gradients = [one.released for one in kept if one.released.size == size][-cycles:]
        pull = -np.sum(gradients, axis=0)
        return lambda rows: basis.scores(pull, codes_of(rows, made.binned))

    def run(self, X: FloatArray, y: FloatArray) -> tuple[glassbox.Private, list[Release]]:
        """One training with the record of its sums."""
        total = Recorder(local_sum, 1, 0, self.draw)
        made = glassbox.train(
            X, y, self.names, self.grids, self.plan, total, self.recipe, self.seed
        )
        return made, total.kept


def private_trainer(
    task: Task, columns: tuple[str, ...], epsilon: float, delta: float
) -> PrivateGlassBox:
    """The recipe of a stored private model.

    Ranges that its job named are not stored with a model; where a column's cells hang on them this
    run finds them with noise, as a job without ranges does.

    Raises
    ------
    InputError, UsageError : the task or the claim is none of a private model.
    """
    public = Public.of(task, {})
    grids = dict(zip(public.columns, public.grids, strict=True))
    return PrivateGlassBox(
        columns,
        [grids.get(column) for column in columns],
        Plan.of(epsilon, delta),
        Recipe.of(epsilon),
        task.split.seed,
    )


def audited(trainer: PrivateGlassBox, delta: float, seed: int) -> Audit:
    """One run on made-up people, with canaries; see ``onerun``.

    Beside the canaries stand pairs of people with equal features and opposite outcomes. They hold
    the curves still, so that each canary pulls with its whole length in every cycle.
    """
    rng = np.random.default_rng(seed)
    wide = replace(
        trainer,
        names=tuple(f"c{j}" for j in range(WIDTH)),
        grids=[even(0.0, 1.0)] * WIDTH,
        sums=True,
    )
    still = rng.uniform(0, 1, (PAIRS, WIDTH))
    outcome = np.repeat([1.0, 0.0], PAIRS)
    rows, label = rng.uniform(0, 1, (CANARIES, WIDTH)), rng.integers(0, 2, CANARIES).astype(float)
    return onerun.audit(
        wide, np.vstack([still, still]), _binary(outcome), np.arange(2 * PAIRS) + 1,
        delta=delta, horizon_days=1.0, seed=seed + 1, made=(rows, _binary(label)),
    )  # fmt: skip


def _binary(label: FloatArray) -> Target:
    none = np.zeros(len(label))
    return Target("binary", label, none == 0, none, label.astype(np.int64))


@dataclass(frozen=True)
class Meter:
    """The noise of one run, measured.

    Attributes
    ----------
    ratio : of the drawn to the promised standard deviation, over all releases.
    low : releases whose noise is smaller than chance allows.
    epsilon : what the promised noise of all releases costs together.
    """

    releases: int
    ratio: float
    low: int
    epsilon: float


def metered(trainer: PrivateGlassBox, delta: float, seed: int) -> Meter:
    """Measure the noise that the installed code draws, on made-up people.

    The check of the drawn noise is a chi-square test of each release at ``UNLIKELY`` in all.
    """
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 1, (200, len(trainer.names)))
    _, kept = trainer.run(X, (np.arange(200) % 2).astype(float))
    squares = [float(((one.drawn / one.sigma) ** 2).sum()) for one in kept]
    sizes = [one.drawn.size for one in kept]
    low = sum(
        bool(chi2.cdf(square, size) < UNLIKELY / len(kept))
        for square, size in zip(squares, sizes, strict=True)
    )
    spends = [Spend("", "", "", one.noise, 1) for one in kept]
    ratio = float(np.sqrt(sum(squares) / sum(sizes)))
    return Meter(len(kept), ratio, low, composed(spends, delta))
