"""Standardising, the penalty, and the plain layer that is stored."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from nof1.core.errors import ModelError
from nof1.federation.averaging import heads
from nof1.federation.averaging.heads import learn
from nof1.federation.averaging.joint import Joint


def learned(rows, joint, mine, kinds=False):
    inner = rows.inner[mine]
    return learn(rows.features[:, mine], rows.values[mine], np.flatnonzero(~inner),
                 np.flatnonzero(inner), kinds, joint)  # fmt: skip


@pytest.fixture(scope="module")
def alone(rows):
    return learned(rows, Joint(True), np.arange(len(rows.values)))


def test_sites_together_learn_what_one_site_would(rows, together, alone):
    made = together(lambda joint, at: learned(rows, joint, np.flatnonzero(rows.site == at)))
    for one in made.values():
        assert one.decay == alone.decay
        assert np.array_equal(one.weights, made["north"].weights)
        assert one.weights == pytest.approx(alone.weights, abs=1e-6)
        assert one.constant == pytest.approx(alone.constant, abs=1e-5)
        assert one.rows == alone.rows == int((~rows.inner).sum())


def test_each_member_is_its_own_regression_on_raw_features(rows, alone):
    train = np.flatnonzero(~rows.inner & (rows.values[:, 0] >= 0))
    scale = rows.features[:, ~rows.inner]
    for member in range(2):
        mean, spread = scale[member].mean(axis=0), scale[member].std(axis=0)
        x = (rows.features[member, train] - mean) / spread
        # scikit-learn 1.9.1: C is one over the penalty times the rows
        known = LogisticRegression(C=1 / (alone.decay * len(train)), tol=1e-12, max_iter=9999)
        known.fit(x, rows.values[train, 0])
        logits = known.decision_function((rows.features[member] - mean) / spread)
        assert alone.logits(rows.features)[member, :, 0] == pytest.approx(logits, abs=1e-3)


def test_the_penalty_is_that_of_the_lowest_inner_loss_and_the_path_stops(alone):
    assert alone.decay == min(alone.losses, key=alone.losses.get)
    tried = list(alone.losses)
    assert tried == list(heads.DECAYS[: len(tried)])
    assert len(tried) - 1 - tried.index(alone.decay) <= heads.PATIENCE


def test_kinds_get_one_softmax_a_member(rows):
    kind = (rows.features[0, :, 0] > 1.5).astype(int) + (rows.features[0, :, 1] > 2)
    values = np.eye(3, dtype=np.int8)[kind]
    part = np.flatnonzero(~rows.inner)
    made = learn(rows.features, values, part, np.flatnonzero(rows.inner), True, Joint(True))
    right = made.logits(rows.features)[0].argmax(axis=1) == kind
    assert made.weights.shape == (2, 3, 12)
    assert np.bincount(kind[rows.inner]).max() / rows.inner.sum() < 0.6  # the best guess
    assert right[rows.inner].mean() > 0.7


def test_a_feature_without_spread_gets_no_weight(rows):
    features = rows.features.copy()
    features[:, :, 4] = 7.0
    part, inner = np.flatnonzero(~rows.inner), np.flatnonzero(rows.inner)
    made = learn(features, rows.values, part, inner, False, Joint(True))
    assert made.weights[:, 0, 4] == pytest.approx([0, 0], abs=1e-12)


def test_one_answer_only_at_all_sites_is_refused(rows, together):
    def one(joint, at):
        mine = np.flatnonzero((rows.site == at) & (rows.values[:, 0] != 1))
        return learned(rows, joint, mine)

    with pytest.raises(ModelError, match="only one answer in the pictures of all sites"):
        together(one)


def test_a_site_with_one_answer_only_still_takes_part(rows, together):
    def one(joint, at):
        mine = (rows.site == at) & ((rows.values[:, 0] != 1) | (at != 2))
        return learned(rows, joint, np.flatnonzero(mine))

    made = together(one)
    kept = np.flatnonzero((rows.site != 2) | (rows.values[:, 0] != 1))
    assert made["west"].weights == pytest.approx(learned(rows, Joint(True), kept).weights, abs=1e-6)
