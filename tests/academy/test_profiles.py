"""The picture of a reader: the kind that explains the answers best, or nothing said."""

import math

import numpy as np
import pytest

from nof1.academy.learners import ARCHETYPES, answers, plain_form
from nof1.academy.profiles import ENOUGH, picture, profile


def pairs(name, seed=5, form=None):
    cases = plain_form(seed) if form is None else form
    return list(zip(cases, answers(ARCHETYPES[name], cases, np.random.default_rng(seed)),
                    strict=True))  # fmt: skip


@pytest.mark.parametrize("name", ARCHETYPES)
def test_two_forms_show_each_kind(name):
    found = profile(pairs(name, form=[*plain_form(1), *plain_form(2)]))
    assert next(iter(found)) == name
    assert sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_the_posterior_is_the_product_of_the_chances():
    case, said = next(one for one in pairs("calibrated") if one[0].topic == "stale-lab")
    own_right = said.before.act == case.truth.right
    chances = []
    for kind in ARCHETYPES.values():
        wrong = kind.first.over if own_right else 0.98
        chances.append(wrong if said.after.act != case.truth.right else 1 - wrong)
    found = profile([(case, said)])
    for name, chance in zip(ARCHETYPES, chances, strict=True):
        assert math.isclose(found[name], chance / sum(chances))


def test_too_few_cases_say_nothing():
    made = picture(pairs("always-follow")[: ENOUGH - 1])
    assert made == {"kinds": {}, "words": "too few cases to say (47 of at least 48)"}


def test_a_clear_picture_is_named_and_a_mixture_is_not():
    assert "whatever it says" in picture(pairs("always-follow"))["words"]
    half = pairs("never-follow")[:24], pairs("always-follow")[:24]
    unclear = [one for two in zip(*half, strict=True) for one in two]
    words = {picture(unclear)["words"], picture(pairs("calibrated"))["words"]}
    assert any("drops wrong ones" in one for one in words)
