"""The logit is split exactly, and the direction is right on planted lesions."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.explaining.heatmap import (
    Heatmap,
    against_the_rest,
    for_segmentation,
    heatmaps,
    split,
)
from nof1.imaging.explaining.placing import Frame


def made_run(members=3, films=4, depth=6, labels=2, h=5, w=4, seed=0):
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(members, films, depth, h, w)).astype(np.float32)
    head = rng.normal(size=(members, labels, depth)).astype(np.float32)
    bias = rng.normal(size=(members, 1, labels))
    logits = np.einsum("mkd,mnd->mnk", head, maps.mean(axis=(3, 4))) + bias
    return maps, head, logits, bias


def test_the_places_and_the_bias_sum_to_the_logit():
    maps, head, logits, bias = made_run()
    found = heatmaps(maps, head, logits, ("opacity", "nodule"))
    assert len(found) == 4
    for film, pair in enumerate(found):
        for label, one in enumerate(pair):
            assert one.places.shape == (5, 4)
            assert one.bias + one.places.sum() == pytest.approx(logits[:, film, label].mean())
            assert one.bias == pytest.approx(bias[:, 0, label].mean(), abs=1e-5)
            assert one.logit == pytest.approx(logits[:, film, label].mean())


def test_the_split_is_that_of_a_slow_loop():
    maps, head, _, _ = made_run(members=2, films=2)
    parts = split(maps, head)
    for index in np.ndindex(parts.shape):
        m, n, k, i, j = index
        slow = sum(float(head[m, k, d]) * float(maps[m, n, d, i, j]) for d in range(6)) / 20
        assert parts[index] == pytest.approx(slow, abs=1e-6)


def test_the_disagreement_is_that_of_the_members():
    maps, head, logits, _ = made_run()
    one = heatmaps(maps, head, logits, ("opacity", "nodule"))[1][0]
    parts = split(maps, head)[:, 1, 0]
    np.testing.assert_allclose(one.disagreement, parts.std(axis=0, ddof=1))
    alone = heatmaps(maps[:1], head[:1], logits[:1], ("opacity", "nodule"))[1][0]
    assert alone.disagreement is None


def test_logits_of_another_run_are_refused():
    maps, head, logits, _ = made_run()
    with pytest.raises(InputError, match="not the sum"):
        heatmaps(maps, head, logits[:, ::-1], ("opacity", "nodule"))
    with pytest.raises(InputError, match="do not fit"):
        split(maps, head[:, :, :3])


def test_kinds_that_exclude_each_other_are_compared_with_the_rest():
    maps, head, logits, _ = made_run(labels=3)
    found = heatmaps(maps, head, logits, ("a", "b", "c"), exclusive=True)
    mean = logits.mean(axis=0)[2]
    assert found[2][0].logit == pytest.approx(mean[0] - (mean[1] + mean[2]) / 2)
    only = np.ones((1, 1, 1, 2, 2))
    np.testing.assert_array_equal(against_the_rest(only), only)


def test_evidence_in_the_padding_is_counted():
    places = np.zeros((8, 8))
    places[0, 0], places[4, 4] = -1.0, 3.0
    one = Heatmap(label="x", places=places, disagreement=None, bias=0.0)
    assert one.in_padding(Frame.of((100, 50), 64)) == pytest.approx(0.25)
    assert one.in_padding(Frame.of((64, 64), 64)) == 0.0


def test_a_segmentation_holds_support_only():
    fraction = for_segmentation(np.array([[-2.0, 0.0], [1.0, 4.0]]))
    np.testing.assert_allclose(fraction, [[0, 0], [0.25, 1]])
    assert fraction.dtype == np.float32
    assert not for_segmentation(-np.ones((2, 2))).any()
