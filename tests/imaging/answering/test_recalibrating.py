"""New probabilities are taken only where they are better on the site's own cases."""

from types import SimpleNamespace

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.answering.recalibrating import compare
from nof1.imaging.training.calibrating import Calibration


def cases(count, shift=0.0, seed=0):
    """Logits of two members, and truth that follows them after a shift."""
    rng = np.random.default_rng(seed)
    decision = rng.normal(0, 2, count)
    truth = (rng.random(count) < 1 / (1 + np.exp(-(decision + shift)))).astype(np.int8)
    members = decision + rng.normal(0, 0.2, (2, count))
    return members[:, :, None], truth[:, None]


def model(members, truth):
    calibration = Calibration.fit(members, truth, "findings")
    return SimpleNamespace(calibration=calibration, ensemble=SimpleNamespace(classes=("x",)))


def test_a_shifted_site_gets_better_probabilities_and_they_are_kept():
    reader = model(*cases(600))
    done = compare(reader, *cases(500, shift=2.5, seed=1))
    (one,) = done.findings
    assert done.kept
    assert one.after["brier"]["value"] < one.before["brier"]["value"]
    assert abs(one.after["calibration_in_the_large"]["value"]) < 0.2
    assert "taken" in done.verdict


def test_a_site_like_the_training_keeps_the_old_ones():
    reader = model(*cases(600))
    done = compare(reader, *cases(400, seed=1))
    assert not done.kept
    assert "stays" in done.verdict


def test_too_few_cases_are_refused():
    reader = model(*cases(600))
    with pytest.raises(InputError, match="too few"):
        compare(reader, *cases(150))


def test_one_answer_only_is_refused():
    reader = model(*cases(600))
    members, truth = cases(400)
    with pytest.raises(InputError, match="only 0 cases"):
        compare(reader, members, np.zeros_like(truth))
