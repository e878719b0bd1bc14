"""Plain learners for audits: quick, the same each time, and never meant to be used on a patient."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import lightgbm
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nof1.imaging.gates.cells import Cells, useful

PARTS = 100  # principal parts that the logistic regression sees
RESTRAINT = 0.01  # inverse strength of its penalty

Floats = NDArray[np.float64]
Folds = NDArray[np.int64]


def from_pictures(features: Cells, y: NDArray[np.int64], fold: Folds) -> Floats:
    """(n,) out-of-fold probability from many picture features: principal parts, then logistic."""
    columns = useful(features)
    answer = np.full(len(y), y.mean(), dtype=np.float64)
    for one in np.unique(fold):
        train, test = fold != one, fold == one
        if len(np.unique(y[train])) < 2:
            continue
        parts = min(PARTS, int(train.sum()) // 3, columns.shape[1])
        model = make_pipeline(
            StandardScaler(),
            PCA(parts, svd_solver="randomized", random_state=0),
            StandardScaler(),
            LogisticRegression(C=RESTRAINT, max_iter=500),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(columns[train], y[train])
        answer[test] = model.predict_proba(columns[test])[:, 1]
    return answer


def from_table(columns: Mapping[str, ArrayLike], y: NDArray[np.int64], fold: Folds) -> Floats:
    """(n,) out-of-fold probability from columns about the pictures (numbers or names): trees."""
    table = np.column_stack([_numbers(values) for values in columns.values()])
    answer = np.full(len(y), y.mean(), dtype=np.float64)
    settings = {
        "objective": "binary",
        "num_leaves": 7,
        "learning_rate": 0.05,
        "min_data_in_leaf": 10,
        "num_threads": 1,
        "deterministic": True,
        "seed": 0,
        "verbose": -1,
    }
    for one in np.unique(fold):
        train, test = fold != one, fold == one
        if len(np.unique(y[train])) < 2:
            continue
        data = lightgbm.Dataset(table[train], label=y[train])
        model = lightgbm.train(settings, data, num_boost_round=80)
        answer[test] = model.predict(table[test])
    return answer


def _numbers(values: ArrayLike) -> Floats:
    """Numbers as they are; names as their rank by count; blanks as missing."""
    column = np.asarray(values)
    if column.dtype.kind in "fiub":
        return column.astype(np.float64)
    try:
        return np.array([_number(value) for value in column], dtype=np.float64)
    except ValueError:
        names, code, count = np.unique(
            [str(value) for value in column], return_inverse=True, return_counts=True
        )
        rank = np.empty(len(names))
        rank[np.argsort(-count, kind="stable")] = np.arange(len(names))
        return rank[code]


def _number(value: object) -> float:
    return float("nan") if value in (None, "") else float(str(value))


def same_kinds(columns: Sequence[ArrayLike]) -> NDArray[np.str_]:
    """One name for each row from several columns of names."""
    rows = zip(*[[str(v) for v in np.asarray(column)] for column in columns], strict=True)
    return np.array([" / ".join(row) for row in rows])
