"""The two guards of a stored model: is this patient like those it has seen, and has the world
drifted since? Both are counts over agreed bins, so no patient can be read back.
"""

from __future__ import annotations

import numpy as np

from nof1.core.errors import ModelError
from nof1.learn.bins import agree_cuts
from nof1.learn.domain import Domain
from nof1.learn.drift import Drift
from nof1.learn.rows import patient_shares
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum
from nof1.predict.dataset import Dataset, Rows

BINS = 16


def fit_domain(data: Dataset, folds: Rows, secure_sum: SecureSum = local_sum) -> Domain | None:
    """Learn what is usual from all folds but the first, and how unusual people are from the first.

    None when there are too few rows to say; then nobody is called usual by this model.
    """
    calibrating, training = np.flatnonzero(folds == 0), np.flatnonzero(folds > 0)
    cuts = _cuts(data, training, secure_sum)
    before, after = data.X[training], data.X[calibrating]
    try:
        return Domain.fit(before, after, cuts, data.columns, secure_sum=secure_sum)
    except ModelError:
        return None


def fit_drift(
    data: Dataset, rows: Rows, risk: FloatArray, secure_sum: SecureSum = local_sum
) -> Drift:
    """The baseline that later patients are compared with."""
    cuts = _cuts(data, rows, secure_sum)
    return Drift.fit(data.X[rows], risk, cuts, data.columns, secure_sum=secure_sum)


def _cuts(data: Dataset, rows: Rows, secure_sum: SecureSum) -> list[FloatArray]:
    shares = patient_shares(data.patients[rows].astype(np.uint64))
    return agree_cuts(data.X[rows], shares, CountedSum(secure_sum), max_bins=BINS)
