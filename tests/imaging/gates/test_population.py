"""A patient or a picture outside training is refused; what is not said is never passed over."""

import pytest

from nof1.imaging.gates.population import Population, age_range
from nof1.imaging.image import Header

CHILDREN = Population.from_dict(
    {
        "age_years": [1, 5],
        "sexes": [],
        "modalities": ["DX"],
        "views": ["AP"],
        "body_parts": ["CHEST"],
    }
)


def header(**changes):
    usual = {"modality": "DX", "body_part": "CHEST", "view": "AP", "age_years": 3.0, "sex": "F"}
    return Header(**{**usual, **changes})


def test_a_child_passes_the_model_of_children():
    assert [one.status for one in CHILDREN.check(header())] == ["passed"]


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"age_years": 60.0}, "age", "refused"),
        ({"age_years": 0.2}, "age", "refused"),
        ({"age_years": None}, "age", "not validated"),
        ({"modality": "CT"}, "modality", "refused"),
        ({"body_part": "HAND"}, "body_part", "refused"),
        ({"body_part": None}, "body_part", "not validated"),
        ({"view": "LL"}, "view", "refused"),
    ],
)
def test_everything_outside_is_named(changes, code, status):
    found = CHILDREN.check(header(**changes))
    assert [(one.code, one.status) for one in found] == [(code, status)]
    assert found[0].next_step


def test_other_words_for_the_same_thing_pass():
    assert CHILDREN.check(header(modality="CR", body_part="thorax"))[0].passed
    assert CHILDREN.check(header(age_years=5.9))[0].passed


def test_a_verdict_never_tells_the_age_of_the_patient():
    text = str(CHILDREN.check(header(age_years=61.0))[0].to_dict())
    assert "61" not in text
    assert "1 to 5 years" in text


def test_a_model_of_unknown_people_is_not_validated():
    found = Population().check(header())
    assert [(one.code, one.status) for one in found] == [("age", "not validated")]


def test_a_sex_that_training_lacked_is_a_doubt():
    men = Population.from_dict({"age_years": [18, 90], "sexes": ["M"]})
    found = men.check(header(age_years=40.0))
    assert [(one.code, one.status) for one in found] == [("sex", "not validated")]


def test_single_odd_pictures_do_not_widen_the_population():
    many = [header(age_years=30.0 + number % 30, view="PA") for number in range(300)]
    found = Population.fit([*many, header(age_years=2.0, view="LL", modality="CT")])
    assert found.age_years == (30, 59)
    assert (found.views, found.modalities) == (frozenset({"PA"}), frozenset({"DX"}))
    assert Population.from_dict(found.to_dict()) == found
    assert age_range([3.0] * 5) is None
