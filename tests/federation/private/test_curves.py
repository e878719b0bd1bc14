import numpy as np
import pytest

from nof1.federation.private.bins import codes_of, even, private_bins
from nof1.federation.private.curves import MISSING, Basis
from private_samples import alone, nothing, patients


def test_a_vector_is_as_long_as_it_says():
    X, _, _ = patients(1, 300)
    binned = private_bins(X, [even(0, 100)] * 4, alone(nothing), 1e-3)
    basis, codes = Basis.of(binned), codes_of(X, binned)
    unit = np.zeros(300)
    for row in (0, 7, 299):
        unit[:] = 0.0
        unit[row] = 1.0
        length = np.linalg.norm(basis.gather(unit, codes))
        assert length == pytest.approx(basis.lengths(codes)[row])
    values = np.random.default_rng(0).normal(size=basis.size)
    expected = [values @ basis.gather((np.arange(300) == row) * 1.0, codes) for row in (3, 8)]
    np.testing.assert_allclose(basis.scores(values, codes)[[3, 8]], expected)


def test_quicker_waves_have_less_weight_and_missing_values_a_number_of_their_own():
    X, _, _ = patients(1, 2000)
    basis = Basis.of(private_bins(X[:, :1], [even(0, 100)], alone(nothing), 1e-3), waves=4)
    assert basis.degree == (-1, 0, 1, 2, 3, MISSING)
    assert np.all(np.diff(basis.spread[1:5]) < 0)
    assert basis.spread[5] == pytest.approx(0.08 * 0.92, abs=0.02)


def test_a_curve_is_centred_over_the_patients():
    X, _, _ = patients(1, 2000)
    (one,) = private_bins(X[:, :1], [even(0, 100)], alone(nothing), 1e-3)
    basis = Basis.of([one])
    curve = basis.curve(np.random.default_rng(0).normal(size=basis.size), 0)
    assert abs(one.shares @ curve) < 0.02
