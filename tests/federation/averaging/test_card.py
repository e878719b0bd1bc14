"""Why a model may or may not speak, and numbers that are the same everywhere."""

from types import SimpleNamespace

import numpy as np
import pytest

from nof1.federation.averaging import card

GOOD = {
    "full": {"value": 0.9, "low": 0.85},
    "frame_only": {"value": 0.52, "low": 0.45},
    "difference": {"value": 0.38, "low": 0.3},
}


def finding(low=0.8, slope=1.0):
    figures = {"calibration_slope": SimpleNamespace(value=slope)}
    return SimpleNamespace(
        name="mass", auroc=SimpleNamespace(low=low), evaluation=SimpleNamespace(figures=figures)
    )


def test_a_good_model_may_speak():
    assert card.reasons([finding()], {"mass": GOOD}, 0, []) == ()


@pytest.mark.parametrize(
    ("found", "against", "leaks", "gates", "words"),
    [
        ([finding(low=0.49)], GOOD, 0, [], "does not lie above chance"),
        ([finding(low=None)], GOOD, 0, [], "does not lie above chance"),
        ([finding(slope=0.3)], GOOD, 0, [], "the calibration slope is 0.30"),
        ([finding(slope=None)], GOOD, 0, [], "the calibration slope is not known"),
        ([finding()], None, 0, [], "too few test pictures to rule out a shortcut"),
        ([finding()], GOOD | {"difference": {"value": 0.1, "low": -0.1}}, 0, [], "not better than"),
        ([finding()], GOOD | {"frame_only": {"value": 0.8, "low": 0.7},
                              "difference": {"value": 0.1, "low": 0.05}}, 0, [], "only 0.10 bett"),
        ([finding()], GOOD, 1, [], "leakage"),
        ([finding()], GOOD, 0, ["orientation cannot be checked: x"], "orientation"),
        ([], GOOD, 0, [], "no finding has both answers"),
    ],
)  # fmt: skip
def test_every_rule_of_a_site_alone_holds(found, against, leaks, gates, words):
    made = card.reasons(found, {"mass": against} if against else {}, leaks, gates)
    assert len(made) == 1
    assert words in made[0]


def test_a_copy_on_both_sides_at_one_site_withholds_for_all(films, together):
    from dataclasses import replace

    assert set(together(lambda joint, at: card.leaking(films[at], joint)).values()) == {0}
    images = films[1].data.images.copy()
    images[films[1].test[0]] = images[films[1].train[0]]
    copied = [films[0], replace(films[1], data=replace(films[1].data, images=images)), films[2]]
    made = together(lambda joint, at: card.leaking(copied[at], joint))
    assert set(made.values()) == {1}


def test_numbers_keep_ten_digits_and_nothing_is_infinite():
    told = card.rounded({"a": [0.1 + 0.2, np.float64(1 / 3)], 3: (np.nan, "x", 7, None, True)})
    assert told == {"a": [0.3, 0.3333333333], "3": [None, "x", 7, None, True]}
    assert card.rounded(1 / 3 + 1e-16) == card.rounded(1 / 3)
