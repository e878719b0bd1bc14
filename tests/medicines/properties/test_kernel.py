"""The kernel learner against scikit-learn's, its choice of settings, and storing."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from nof1.medicines.properties import kernel

RNG = np.random.default_rng(4)
X = RNG.normal(size=(120, 6)).astype(np.float32)
Y = np.sin(X[:, 0]) + X[:, 1] ** 2 + 0.05 * RNG.normal(size=120)


def test_it_answers_as_scikit_learns_kernel_ridge(monkeypatch):
    monkeypatch.setattr(kernel, "WIDTHS", (3.0,))
    monkeypatch.setattr(kernel, "NOISES", (0.03,))
    scaled = np.clip((X - X.mean(axis=0)) / X.std(axis=0), -kernel.FAR, kernel.FAR)
    oracle = KernelRidge(alpha=0.03, kernel="rbf", gamma=1 / (6 * 3.0))
    oracle.fit(scaled[:100], Y[:100] - Y[:100].mean())
    made = kernel.Kernel(X.mean(axis=0), X.std(axis=0), scaled[:100], np.zeros(100), 0.0, 3.0)
    weight = next(kernel._tried(scaled[:100].astype(np.float32), Y[:100] - Y[:100].mean()))[2]
    assert weight == pytest.approx(oracle.dual_coef_, rel=1e-3, abs=1e-3)
    assert made.predict(X[100:]) == pytest.approx(np.zeros(20))


def test_the_closed_form_is_leaving_one_out():
    points = kernel._scaled(X, X.mean(axis=0), X.std(axis=0))[:40]
    error, width, _ = next(kernel._tried(points, Y[:40]))
    apart = []
    for out in range(40):
        kept = np.arange(40) != out
        square = kernel._kernel(points, points, width)
        inverse = kernel._inverse(square[np.ix_(kept, kept)], kernel.NOISES[0])
        apart.append(Y[out] - square[out, kept] @ inverse @ Y[:40][kept])
    assert error == pytest.approx(np.mean(np.square(apart)), rel=1e-6)


def test_it_learns_a_smooth_function_and_stores_itself():
    made = kernel.fit(X[:100], Y[:100])
    assert np.sqrt(np.mean((made.predict(X[100:]) - Y[100:]) ** 2)) < 0.5 * Y[100:].std()
    again = kernel.Kernel.from_arrays(made.arrays("k"), "k")
    assert np.array_equal(again.predict(X), made.predict(X))
    assert kernel.Kernel.from_arrays({}, "k") is None


def test_a_column_that_never_varied_does_not_matter():
    flat = np.hstack([X, np.ones((120, 1), np.float32)])
    made, plain = kernel.fit(flat[:100], Y[:100]), kernel.fit(X[:100], Y[:100])
    other = flat[100:].copy()
    other[:, -1] = 50.0
    assert made.predict(other) == pytest.approx(plain.predict(X[100:]))
