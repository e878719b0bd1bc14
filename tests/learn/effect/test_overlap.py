"""Who has counterparts; small cells are not told."""

import numpy as np
import pytest

from effect_samples import drawn
from nof1.learn.effect.overlap import Overlap, overlap, supported


def test_both_ends_are_refused():
    chance = [0.0, 0.0999, 0.1, 0.5, 0.9, 0.9001, 1.0]
    assert supported(chance, 0.1).tolist() == [False, False, True, True, True, False, False]


def test_counts_are_those_of_the_people_and_small_cells_are_hidden():
    trial = drawn(1000, seed=6)
    found = overlap(trial.arms(), trial.propensity, 0.1)
    for arm in (0, 1):
        edges = np.linspace(0, 1, 21)
        counts, _ = np.histogram(trial.propensity[trial.treated == arm], edges)
        assert found.counts[arm].tolist() == np.where(counts < 10, 0, counts).tolist()
    outside = (trial.propensity < 0.1) | (trial.propensity > 0.9)
    assert found.refused == pytest.approx(outside.mean())


def test_with_equal_chances_every_person_counts_as_one():
    trial = drawn(500, seed=7)
    found = overlap(trial.arms(), np.full(500, 0.5), 0.1)
    assert found.effective == pytest.approx(
        ((trial.treated == 0).sum(), (trial.treated == 1).sum())
    )
    uneven = overlap(trial.arms(), trial.propensity, 0.1)
    assert uneven.effective[0] < found.effective[0]


def test_it_is_read_back():
    trial = drawn(300, seed=1)
    found = overlap(trial.arms(), trial.propensity, 0.2)
    assert Overlap.from_dict(found.to_dict()).to_dict() == found.to_dict()
