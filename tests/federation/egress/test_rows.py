"""A memorised row is found wherever and however it was written; a clean file is not accused."""

import numpy as np
import pytest

from nof1.federation.egress.contents import Numbers
from nof1.federation.egress.rows import bag, coded, search

RNG = np.random.default_rng(3)
ROWS, COLUMNS, WHO = 300, 40, 17


def table():
    rng = np.random.default_rng(5)
    X = np.exp(rng.normal(3, 1, (ROWS, COLUMNS)))
    X[rng.random(X.shape) < 0.2] = np.nan
    X[:, ::4] = np.where(np.isnan(X[:, ::4]), 0, np.floor(X[:, ::4] / 10))
    return X.astype(np.float32).astype(np.float64)


X = table()
PATIENTS = np.arange(ROWS) + 10**12
KNOWN = np.isfinite(X[WHO])
MEAN, SD = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
LOW, HIGH = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
Z = (X[WHO] - MEAN) / SD
PLANTED = {
    "as it is": X[WHO],
    "rounded to three digits": np.array([float(f"{v:.2e}") for v in X[WHO]]),
    "without missing values": X[WHO][KNOWN],
    "without missing values and zeros": X[WHO][KNOWN & (X[WHO] != 0)],
    "a part": X[WHO, 10:28],
    "standardised": Z[KNOWN],
    "standardised, rounded": np.round(Z[KNOWN], 3),
    "standardised, filled with the mean": np.where(KNOWN, Z, 0.0),
    "scaled to 0..1": ((X[WHO] - LOW) / (HIGH - LOW))[KNOWN],
    "logarithms": np.log1p(X[WHO][KNOWN & (X[WHO] != 0)]),
    "times 7.31": 7.31 * X[WHO],
    "times -0.02": -0.02 * X[WHO][KNOWN],
    "shifted and scaled": 3.1 * X[WHO][KNOWN] - 41.7,
    "with the number of the column before each value": np.column_stack(
        [np.flatnonzero(KNOWN) + 0.5, X[WHO][KNOWN]]
    ).ravel(),
}


def hidden(values):
    """The values in the middle of other numbers."""
    around = np.random.default_rng(8).normal(0, 2, 5000)
    return [Numbers("model.json", np.r_[around[:2500], values, around[2500:]], [0], ["/x"])]


@pytest.mark.parametrize("how", PLANTED)
def test_a_planted_row_is_found(how):
    found = search(X, PATIENTS, hidden(PLANTED[how]))
    assert found
    assert all(one.status == "fail" for one in found)
    assert "model.json, /x" in {one.where for one in found}


def test_a_row_written_as_the_models_bins_is_found():
    cuts = [np.quantile(column[np.isfinite(column)], np.linspace(0.02, 0.98, 40)) for column in X.T]
    cuts = [np.unique(own) for own in cuts]
    codes = [0 if np.isnan(v) else np.searchsorted(own, v, side="right") + 1
             for v, own in zip(X[WHO], cuts, strict=True)]  # fmt: skip
    around = RNG.integers(0, 60, 3000)
    file = [Numbers("model.json", np.r_[around, codes, around].astype(float), [0], [""])]
    assert search(X, PATIENTS, file, cuts=cuts)
    assert not search(X, PATIENTS, file)


def test_values_in_another_order_are_found_by_their_rarity():
    mixed = RNG.permutation(X[WHO][KNOWN])
    values, whose = X.ravel(), np.repeat(PATIENTS, COLUMNS)
    known = np.isfinite(values)
    found = bag(values[known], whose[known], hidden(mixed), width=100)
    assert [one.what for one in found][:1] == ["rare values of one patient, close together"]
    assert not search(X, PATIENTS, hidden(mixed))


@pytest.mark.parametrize("seed", range(5))
def test_numbers_that_are_nobodys_row_are_not_accused(seed):
    rng = np.random.default_rng(seed)
    stranger = np.exp(rng.normal(3, 1, 40))
    numbers = np.r_[rng.normal(0, 1, 20_000), stranger, rng.integers(0, 300, 20_000)]
    file = [Numbers("model.json", numbers, [0], [""])]
    values, whose = X.ravel(), np.repeat(PATIENTS, COLUMNS)
    known = np.isfinite(values)
    assert not search(X, PATIENTS, file)
    assert not bag(values[known], whose[known], file, width=100)


def test_what_many_patients_share_is_nobodys_secret():
    same = np.tile(X[WHO], (ROWS, 1))
    same[:250] = X[:250]
    assert search(same[:251], PATIENTS[:251], hidden(X[WHO]))
    assert not search(same, PATIENTS, hidden(X[WHO]), few=10)


def test_no_finding_tells_a_value_or_a_patient():
    for one in search(X, PATIENTS, hidden(X[WHO])):
        assert str(PATIENTS[WHO]) not in one.where + one.what
        assert not any(f"{value:.3g}" in one.what for value in X[WHO][KNOWN & (X[WHO] > 9.99)])


def test_rounding_to_digits_meets_at_the_borders():
    values = np.array([999.96, 1000.04, -0.00123456, 0.0, np.nan, 5e300])
    a, b, c, zero, none, large = coded(values)
    assert a == b
    assert c == coded(np.array([-0.001234]))[0]
    assert len({zero, none, large}) == 3
