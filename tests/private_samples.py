"""Drawn patients of sites, and sums whose noise is watched, for the tests of private training."""

import re

import numpy as np

from nof1.federation.judging import Groups
from nof1.federation.private.bins import even
from nof1.federation.private.noise import NoisySum
from nof1.federation.private.site import divided
from nof1.federation.private.tables import Scale, tabulate

NAMES = ("age", "pressure", "flag", "nothing")
GRIDS = (even(0.0, 100.0), None, np.array([0.5]), even(-4.0, 4.0))


def patients(seed, n):
    """Features (n, 4) with missing ones, outcomes (n,) and keys (n,)."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.uniform(20, 90, n), rng.normal(130, 20, n), rng.random(n) < 0.3, rng.normal(size=n)]
    ).astype(np.float64)
    odds = 0.05 * (X[:, 0] - 60) + 0.03 * (X[:, 1] - 130) + 0.8 * X[:, 2] - 0.8
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    X[rng.random(X.shape) < 0.08] = np.nan
    return X, y, rng.integers(1, 2**60, n).astype(np.uint64)


def rows(seed, n):
    """A site's rows, divided into those who train and those who judge."""
    return divided(*patients(seed, n), 1)


def nothing(size, sigma):
    """No noise at all, for tests of what the noise is added to."""
    return np.zeros(size, dtype=np.int64)


def fast(rng):
    """Rounded float Gaussians: right in size and quick, where safety is not what is tested."""
    return lambda size, sigma: np.rint(rng.normal(0, sigma, size)).astype(np.int64)


def alone(draw, sites=1, dishonest=0):
    """The sum of one site that stands for all, with the noise of ``draw``."""
    return NoisySum(lambda vector: vector, sites, dishonest, draw)


class Replayed:
    """A sum that keeps what was sent and answers with totals of another run, release by release.

    So that a run with one patient more sees the same answers, as the definition of privacy wants.
    """

    def __init__(self, totals=None):
        self.totals, self.sent, self.limits = totals, [], []
        self.sites, self.dishonest, self.excess = 3, 1, np.sqrt(1.5)
        self.releases = self.bytes_sent = 0

    def sigma(self, sensitivity, noise, size):
        return noise * sensitivity

    def __call__(self, vector, sensitivity, noise):
        self.sent.append(np.ravel(vector).copy())
        self.limits.append((sensitivity, noise))
        number = len(self.sent) - 1
        return vector.copy() if self.totals is None else self.totals[number].reshape(vector.shape)


FEATURES = """\
features:
  only: [GENDER//F, LOINC//8480-6, LOINC//13457-7, SNOMED//38341003]
  windows: [full]
  aggregates: [count, value_last]
  allow_outcome_history: true
"""


def private(text):
    """A task whose features are named one by one, under a name of its own.

    The sites of the tests are shared: "the last version of the model" means another elsewhere.
    """
    text = re.sub(r"(?m)^name: .*$", "name: private-heart-attack", text)
    return re.sub(r"features:\n(?:  .*\n)+", FEATURES, text)


SCALE = Scale(-1.0, 1.2)
GROUPS = (Groups("sex", ("F", "M")),)


def table(n, noise, seed=0, shift=0.0, slope=1.0, draw=None):
    """Judging patients whose true log odds are shift + slope * decision."""
    rng = np.random.default_rng(seed)
    decision = rng.normal(SCALE.centre, SCALE.spread, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-(shift + slope * decision)))).astype(float)
    half, sex = rng.integers(0, 2, n), rng.integers(0, 2, n)
    total = alone(draw or fast(rng))
    return tabulate(decision, y, half, {"sex": sex}, GROUPS, SCALE, total, noise)
