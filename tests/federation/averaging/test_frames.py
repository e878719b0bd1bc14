"""The trial against the outer frame, by sums."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.federation.averaging import frames
from nof1.federation.averaging.joint import Joint
from nof1.imaging.gates.cells import cell_features, only_frame, squares_of
from nof1.imaging.gates.plain import from_pictures
from nof1.learn.discrimination import auroc


def branded(films, lift=70):
    """The same films with a mark in the corner of those that have the finding."""
    images = films.data.images.copy()
    images[films.values[:, 0] == 1, :3, :3] = 150 + lift
    return replace(films, data=replace(films.data, images=images))


def risk_of(films):
    """A model that knows the truth three times of four."""
    rng = np.random.default_rng(int(films.values.sum()))
    right = films.values[films.test] == 1
    return np.where(rng.random(right.shape) < 0.75, right, ~right) * 0.6 + 0.2


def test_sites_together_see_what_one_place_would(films, pooled, together):
    marked = [branded(one) for one in films]
    risk = [risk_of(one) for one in marked]
    made = together(lambda joint, at: frames.against_frame(marked[at], risk[at], joint))["south"]
    alone = frames.against_frame(branded(pooled), np.concatenate(risk), Joint(True))
    for name in ("full", "frame_only", "difference"):
        assert made["square"][name]["value"] == pytest.approx(alone["square"][name]["value"],
                                                              abs=0.01)  # fmt: skip


def test_a_mark_in_the_frame_is_found_and_noise_is_not(films, together):
    def of(some):
        risk = [risk_of(one) for one in some]
        made = together(lambda joint, at: frames.against_frame(some[at], risk[at], joint))
        return made["north"]["square"]["frame_only"]["value"]

    assert of([branded(one) for one in films]) > 0.95
    assert 0.3 < of(films) < 0.7


def test_the_frames_order_is_that_of_the_gate_of_one_site(pooled):
    marked = branded(pooled, 5)
    fold = np.ones(len(marked.values), dtype=np.int64)
    fold[marked.test] = 0
    y = (marked.values[:, 0] == 1).astype(np.int64)
    cells = cell_features(only_frame(squares_of(list(marked.data.images))))
    known = auroc(y[marked.test], from_pictures(cells, y, fold)[marked.test]).value
    made = frames.against_frame(marked, risk_of(marked), Joint(True))
    assert made["square"]["frame_only"]["value"] == pytest.approx(known, abs=0.05)


def test_too_few_test_pictures_give_no_comparison(films):
    few = replace(films[0], test=films[0].test[:8])
    assert frames.against_frame(few, risk_of(few), Joint(True)) == {}
