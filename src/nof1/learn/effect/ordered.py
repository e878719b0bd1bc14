"""What happens when the people with the largest predicted benefit come first.

Rows fall into bins of predicted benefit that all sites agree on; the scores of each bin, also of
each bootstrap draw, are sums. From them: the rank-weighted average effect (AUTOC and Qini), the
policy curve and the calibration by fifths.

References
----------
Yadlowsky et al., JASA 120 (2025) 38 (RATE); Athey & Wager, Econometrica 89 (2021) 133 (policies).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nof1.learn.bins import agree_cuts, encode
from nof1.learn.effect.arms import Arms, patient_sums
from nof1.learn.figures import Figure, z_value
from nof1.learn.rows import Keys, patient_shares, uniform
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum, weighed

BINS = 50
_POISSON = np.cumsum([np.exp(-1) / f for f in (1, 1, 2, 6, 24, 120, 720, 5040)])


@dataclass(frozen=True)
class Ordered:
    """Bins by falling predicted benefit.

    Attributes
    ----------
    people : (draws + 1, bins) rows; row 0 is the data, the others are bootstrap draws.
    gains : same shape, sums of the scores of benefit.
    predicted : (bins,) sum of the predicted benefit, in the data.
    level : of the intervals.
    """

    people: FloatArray
    gains: FloatArray
    predicted: FloatArray
    level: float

    def mean(self) -> Figure:
        """Average benefit of the option of interest."""
        return self._figure(self.gains.sum(axis=1) / self.people.sum(axis=1))

    def autoc(self) -> Figure:
        """Area under the targeting curve; 0 when the order says nothing about the benefit."""
        return self._figure(np.array([_autoc(*pair) for pair in self._pairs()]))

    def qini(self) -> Figure:
        """The same, weighted by the share of people who are treated."""
        return self._figure(np.array([_qini(*pair) for pair in self._pairs()]))

    def treated_first(self, share: float) -> Figure:
        """Mean benefit over all people when the first ``share`` of them get the option."""
        return self._figure(np.array([_captured(*pair, share) for pair in self._pairs()]))

    def over_random(self, share: float) -> Figure:
        """What the order adds to treating a random ``share`` of the people."""
        return self._figure(
            np.array([_captured(n, s, share) - share * s.sum() / n.sum() for n, s in self._pairs()])
        )

    def groups(self, count: int = 5) -> list[tuple[float, float, Figure]]:
        """(people, mean predicted, observed) benefit in ``count`` groups, the largest first."""
        middle = np.cumsum(self.people[0]) - self.people[0] / 2
        place = np.minimum((middle / self.people[0].sum() * count).astype(int), count - 1)
        found = []
        for group in np.unique(place):
            cells = place == group
            size = self.people[0, cells].sum()
            observed = self.gains[:, cells].sum(axis=1) / np.maximum(
                self.people[:, cells].sum(axis=1), 1e-9
            )
            found.append((float(size), float(self.predicted[cells].sum() / size),
                          self._figure(observed)))  # fmt: skip
        return found

    def _pairs(self) -> zip[tuple[FloatArray, FloatArray]]:
        return zip(self.people, self.gains, strict=True)

    def _figure(self, values: FloatArray) -> Figure:
        """Normal interval with the bootstrap's standard error."""
        half = z_value(self.level) * float(values[1:].std(ddof=1))
        return Figure(float(values[0]), float(values[0]) - half, float(values[0]) + half,
                      self.level)  # fmt: skip


def ordered(
    benefit: FloatArray,
    score: FloatArray,
    arms: Arms,
    rows: FloatArray,
    *,
    resamples: int,
    seed: int,
    level: float,
    total: SecureSum = local_sum,
) -> Ordered:
    """Bins of the predicted benefit with the scores of benefit in each.

    Parameters
    ----------
    benefit, score : (n,) predicted out of fold, and observed (doubly robust); more is better.
    rows : (n,) 1 for rows that count.
    """
    chosen = rows > 0
    shares = patient_shares(arms.keys[chosen])
    cuts = agree_cuts(benefit[chosen, None], shares, CountedSum(total), max_bins=BINS, smallest=1)
    size = len(cuts[0]) + 2
    code = encode(benefit[chosen, None], cuts)[0]
    gains, predicted, keys = score[chosen], benefit[chosen], arms.keys[chosen]
    tables = [weighed(code, np.ones(len(code)), size), weighed(code, gains, size)]
    for draw in range(resamples):
        drawn = times(keys, seed, draw)
        tables += [weighed(code, drawn, size), weighed(code, drawn * gains, size)]
    sums = total(np.concatenate([*tables, weighed(code, predicted, size)])).reshape(-1, size)
    used = sums[0] > 0.5
    parts = sums[:-1].reshape(-1, 2, size)[:, :, used][:, :, ::-1]
    return Ordered(parts[:, 0], parts[:, 1], sums[-1, used][::-1], level)


def times(keys: Keys, seed: int, draw: int) -> FloatArray:
    """How often (n,) each row is in a draw of the Poisson bootstrap: alike within a patient."""
    return np.searchsorted(_POISSON, uniform(keys, seed, 9_001, draw)).astype(np.float64)


def slope(
    benefit: FloatArray, score: FloatArray, arms: Arms, rows: FloatArray,
    level: float = 0.95, total: SecureSum = local_sum,
) -> tuple[Figure, float, float]:  # fmt: skip
    """How much of a predicted difference between people is real: 1 all of it, 0 none.

    Returns
    -------
    (slope with interval, mean of ``benefit``, standard error of the slope). Sandwich variance over
    patients (Chernozhukov et al. 2018, best linear predictor).
    """
    mass, first, gain = total(np.array([rows.sum(), rows @ benefit, rows @ score]))
    centre, level_of = first / mass, gain / mass
    x, y = (benefit - centre) * rows, (score - level_of) * rows
    across, along, patients = total(np.array([x @ y, x @ x, len(np.unique(arms.keys[rows > 0]))]))
    if along <= 1e-12 * mass:
        return Figure.missing("no difference is predicted between people", level), centre, 0.0
    value = float(across / along)
    residual = x * (y - value * x)
    (second,) = total(np.array([(patient_sums(arms.keys, residual) ** 2).sum()]))
    error = float(np.sqrt(second * patients / max(patients - 1, 1)) / along)
    figure = Figure(value, value - error, value + error, 0.6826894921370859)
    return figure.at_level(level), float(centre), error


def _shares(people: FloatArray) -> FloatArray:
    filled: FloatArray = np.concatenate([[0.0], np.cumsum(people)]) / people.sum()
    return filled


def _autoc(people: FloatArray, gains: FloatArray) -> float:
    """Exact integral of the targeting curve when the order inside a bin is random."""
    filled = people > 0
    q = _shares(people[filled])
    mean = gains[filled] / people[filled]
    caught = np.concatenate([[0.0], np.cumsum(gains[filled])]) / people.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(q[:-1] > 0, (caught[:-1] - mean * q[:-1]) * np.log(q[1:] / q[:-1]), 0.0)
    return float((logs + mean * np.diff(q)).sum() - caught[-1])


def _qini(people: FloatArray, gains: FloatArray) -> float:
    q = _shares(people)
    caught = np.concatenate([[0.0], np.cumsum(gains)]) / people.sum()
    return float(((caught[1:] + caught[:-1]) / 2 * np.diff(q)).sum() - caught[-1] / 2)


def _captured(people: FloatArray, gains: FloatArray, share: float) -> float:
    caught = np.concatenate([[0.0], np.cumsum(gains)]) / people.sum()
    return float(np.interp(share, _shares(people), caught))
