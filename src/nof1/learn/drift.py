"""Has the world moved since the model was trained?

Two watches. *Inputs*: the shares of each feature's levels and of the risk, now against the baseline
(population stability index and Kolmogorov-Smirnov distance). *Calibration*: a cumulative sum over
patients whose outcome has become known, which alarms when the odds have shifted.

The index has a sampling error: with n and m rows and k levels it is about ``(k - 1)(1/n + 1/m)``
without any drift. A feature is ``drifted`` only when the index is both large and beyond chance.

References
----------
Yurdakul & Naranjo, J. Risk Model Valid. 14 (2020) 89 (distribution of the index); Steiner et al.,
Biostatistics 1 (2000) 441 (risk-adjusted cumulative sum); Brook & Evans, Biometrika 59 (1972) 539.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, kolmogorov

from nof1.core.errors import InputError
from nof1.learn.levels import LEVELS, MISSING, Levels, level_counts, without_small
from nof1.learn.sums import FloatArray, SecureSum, local_sum

RISK = "risk"
RISK_CUTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6)
LARGE = 0.2


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One feature: ``psi`` (0 none, 0.1 moderate, 0.2 large), ``ks`` (0 to 1), missing shares."""

    name: str
    psi: float
    psi_by_chance: float
    psi_p_value: float
    ks: float
    ks_p_value: float
    missing_before: float
    missing_now: float
    drifted: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class Drift:
    """Baseline counts of each feature's levels and of the risk (last row, named "risk").

    Parameters
    ----------
    levels : how features and risk are read.
    counts : (p + 1, LEVELS) baseline rows.
    """

    levels: Levels
    counts: FloatArray

    @classmethod
    def fit(
        cls,
        values: ArrayLike,
        risk: ArrayLike,
        cuts: Sequence[ArrayLike],
        names: Sequence[str],
        *,
        secure_sum: SecureSum = local_sum,
    ) -> Drift:
        """Count the baseline rows; features (n, p) with NaN = missing, risk (n,) from 0 to 1."""
        levels = Levels.fit([*cuts, RISK_CUTS], [*names, RISK])
        counts = level_counts(levels.codes(_with_risk(values, risk)))
        summed = secure_sum(counts.ravel()).reshape(-1, LEVELS)
        return cls(levels, without_small(summed))

    def compare(self, values: ArrayLike, risk: ArrayLike, level: float = 0.99) -> list[DriftRow]:
        """Each feature and the risk, now against the baseline, most drifted first.

        ``level`` is family-wise: without drift no row is called drifted in this share of uses.
        """
        return self.compare_counts(self.count(values, risk), level)

    def count(self, values: ArrayLike, risk: ArrayLike) -> FloatArray:
        """Rows of each level (p + 1, LEVELS), as ``compare_counts`` takes them; sites add them."""
        return level_counts(self.levels.codes(_with_risk(values, risk)))

    def compare_counts(self, now: FloatArray, level: float = 0.99) -> list[DriftRow]:
        """``compare`` for rows that were counted before, for example at several sites."""
        tests = len(self.levels.names)
        rows = [
            _row(name, before, after, (1 - level) / tests)
            for name, before, after in zip(self.levels.names, self.counts, now, strict=True)
        ]
        return sorted(rows, key=lambda row: (-row.psi, row.name))

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"levels": self.levels.to_dict(), "counts": self.counts.tolist()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Drift:
        """Read back what :meth:`to_dict` wrote."""
        return cls(Levels.from_dict(data["levels"]), np.asarray(data["counts"], dtype=np.float64))


def _with_risk(values: ArrayLike, risk: ArrayLike) -> FloatArray:
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    risks = np.asarray(risk, dtype=np.float64)
    if len(table) != len(risks) or len(risks) == 0:
        raise InputError(
            f"{len(table)} rows of features and {len(risks)} risks.",
            where="values, risk",
            allowed="as many risks as rows, at least one",
        )
    return np.column_stack([table, risks])


def _row(name: str, before: FloatArray, now: FloatArray, alpha: float) -> DriftRow:
    used = (before + now) > 0
    rows_before, rows_now = before.sum(), now.sum()
    p = (before[used] + 0.5) / (rows_before + 0.5 * used.sum())
    q = (now[used] + 0.5) / (rows_now + 0.5 * used.sum())
    psi = float(np.sum((q - p) * np.log(q / p)))
    by_chance = float((used.sum() - 1) * (1 / rows_before + 1 / rows_now))
    p_value = float(chdtrc(max(used.sum() - 1, 1), psi / (1 / rows_before + 1 / rows_now)))
    distance, ks_p_value = _kolmogorov_smirnov(before, now)
    return DriftRow(
        name=name,
        psi=psi,
        psi_by_chance=by_chance,
        psi_p_value=p_value,
        ks=distance,
        ks_p_value=ks_p_value,
        missing_before=float(before[MISSING] / rows_before),
        missing_now=float(now[MISSING] / rows_now),
        drifted=psi > LARGE and p_value < alpha,
    )


def _kolmogorov_smirnov(before: FloatArray, now: FloatArray) -> tuple[float, float]:
    """Largest distance of the two distribution functions over the levels that have a value."""
    order = [9, *range(1, 9), 10]  # far below, the ranges, far above
    first, second = before[order], now[order]
    if first.sum() == 0 or second.sum() == 0:
        return 0.0, 1.0
    gap = np.cumsum(first) / first.sum() - np.cumsum(second) / second.sum()
    distance = float(np.abs(gap).max())
    rows = first.sum() * second.sum() / (first.sum() + second.sum())
    return distance, float(kolmogorov(distance * np.sqrt(rows)))


@dataclass(frozen=True)
class CalibrationCusum:
    """Watches whether the odds of the outcome have moved away from the predicted ones.

    Each known outcome adds the log likelihood ratio of "the odds are ``odds_ratio`` times those
    predicted" against "they are as predicted"; the sum never falls below 0 and alarms at ``limit``.
    Two sums run: one for more outcomes than predicted, one (with the inverse ratio) for fewer.
    """

    odds_ratio: float
    limit_more: float
    limit_fewer: float

    @classmethod
    def design(
        cls, risk: ArrayLike, *, odds_ratio: float = 1.5, false_alarm_every: float = 100_000
    ) -> CalibrationCusum:
        """Choose the limits for risks distributed like these.

        Parameters
        ----------
        risk : (n,) calibrated risks of the baseline; only their histogram is used.
        false_alarm_every : average number of patients between false alarms, for the two sums
            together.
        """
        if not odds_ratio > 1:
            raise InputError("The odds ratio must be above 1.", where="odds_ratio")
        counts, edges = np.histogram(np.asarray(risk, dtype=np.float64), bins=100, range=(0, 1))
        middle = (edges[:-1] + edges[1:]) / 2
        shares = counts / max(counts.sum(), 1)
        limits = [
            _limit(middle, shares, ratio, 2 * false_alarm_every)
            for ratio in (odds_ratio, 1 / odds_ratio)
        ]
        return cls(odds_ratio, limits[0], limits[1])

    def run(self, risk: ArrayLike, y: ArrayLike) -> tuple[FloatArray, int | None]:
        """Both sums (n, 2) in order of time, and the index of the first alarm (None: no alarm)."""
        p = np.asarray(risk, dtype=np.float64)
        labels = np.asarray(y, dtype=np.float64)
        steps = [_step(p, labels, ratio) for ratio in (self.odds_ratio, 1 / self.odds_ratio)]
        sums = np.column_stack([_never_below_zero(one) for one in steps])
        crossed = np.flatnonzero((sums >= [self.limit_more, self.limit_fewer]).any(axis=1))
        return sums, int(crossed[0]) if len(crossed) else None

    def to_dict(self) -> dict[str, float]:
        """JSON form."""
        return asdict(self)


def _step(risk: FloatArray, y: FloatArray, ratio: float) -> FloatArray:
    steps: FloatArray = y * np.log(ratio) - np.log1p(risk * (ratio - 1))
    return steps


def _never_below_zero(steps: FloatArray) -> FloatArray:
    """S_t = max(0, S_{t-1} + step_t), as the path minus its running minimum."""
    path = np.cumsum(steps)
    sums: FloatArray = path - np.minimum(np.minimum.accumulate(path), 0.0)
    return sums


def _limit(risk: FloatArray, share: FloatArray, ratio: float, run_length: float) -> float:
    """Limit with the wanted average run length, by bisection."""
    low, high = 0.5, 15.0
    for _ in range(25):
        middle = (low + high) / 2
        if _average_run_length(risk, share, ratio, middle) < run_length:
            low = middle
        else:
            high = middle
    return high


def _average_run_length(
    risk: FloatArray, share: FloatArray, ratio: float, limit: float, states: int = 200
) -> float:
    """Patients until the sum crosses the limit when the risks are right (Markov chain)."""
    filled = share > 0
    risk, share = risk[filled], share[filled]
    width = limit / (states - 0.5)  # state 0 is the sum at 0, with half a width
    centre = np.arange(states) * width
    move = np.zeros((states, states))
    for outcome, chance in ((1.0, share * risk), (0.0, share * (1 - risk))):
        step = _step(risk, np.full(len(risk), outcome), ratio)
        target = np.maximum(np.rint((centre[:, None] + step) / width), 0).astype(np.int64)
        for row in range(states):
            stays = target[row] < states
            np.add.at(move[row], target[row][stays], chance[stays])
    return float(np.linalg.solve(np.eye(states) - move, np.ones(states))[0])
