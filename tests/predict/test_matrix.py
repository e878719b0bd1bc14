"""Dense and sparse forms of the feature matrix."""

import random

import numpy as np
import pytest

from nof1.core.errors import UsageError
from nof1.predict import features, matrix
from predict.random_records import SPEC, cohort, moment, record, table


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    source = random.Random(2)
    path = tmp_path_factory.mktemp("matrix") / "0.parquet"
    table({subject: record(source, 20) for subject in range(50)}).write_parquet(path)
    rows = [(source.randrange(-2, 52), moment(source)) for _ in range(120)]
    return features.build([path], cohort(rows), SPEC)


def test_shape_and_columns(made):
    assert made.shape == made.dense().shape == (120, len(SPEC.columns))
    assert made.n_entries == sum(len(block.code) for block in made.blocks)


def test_chosen_columns_are_those_of_the_whole(made):
    names = list(SPEC.columns)
    random.Random(0).shuffle(names)
    whole = dict(zip(SPEC.columns, made.dense().T, strict=True))
    for name, column in zip(names[:50], made.dense(names[:50]).T, strict=True):
        np.testing.assert_array_equal(column, whole[name])
    np.testing.assert_array_equal(made.column(names[0]), whole[names[0]])


def test_small_pieces_give_the_same_numbers(made, monkeypatch):
    whole = made.dense()
    monkeypatch.setattr(matrix, "MOST_ROWS", 7)
    assert made.dense().tobytes() == whole.tobytes()


def test_csr_means_the_same_as_dense(made):
    np.testing.assert_array_equal(made.csr().toarray(), made.dense())


def test_csr_of_chosen_columns(made):
    names = [name for name in SPEC.columns if name.endswith(("count", "value_last"))]
    np.testing.assert_array_equal(made.csr(names).toarray(), made.dense(names))


def test_csr_stores_true_zeros_and_leaves_absent_counts_out(made):
    count = made.csr(["never/full/count"])
    assert count.nnz == 0
    minimum = made.csr(["LAB//a/full/value_min"])
    dense = made.column("LAB//a/full/value_min")
    assert minimum.nnz == len(dense)
    assert (minimum.data == 0).sum() == (dense == 0).sum() > 0


def test_lightgbm_predicts_the_same_from_both_forms(made):
    lightgbm = pytest.importorskip("lightgbm")
    dense = made.dense()
    label = np.random.default_rng(0).random(len(dense)) < 0.4
    settings = {"n_estimators": 5, "min_child_samples": 3, "verbose": -1, "n_jobs": 1}
    model = lightgbm.LGBMClassifier(**settings).fit(dense, label)
    left = model.predict_proba(dense)
    right = model.predict_proba(made.csr())
    np.testing.assert_array_equal(left, right)


def test_unknown_and_repeated_columns_are_refused(made):
    with pytest.raises(UsageError, match="No feature is called"):
        made.dense(["LAB//a/9d/count"])
    with pytest.raises(UsageError, match="twice"):
        made.dense(["age_years", "age_years"])


def test_no_columns(made):
    assert made.dense([]).shape == (120, 0)
    assert made.csr([]).shape == (120, 0)
