"""Scopes are read as SMART App Launch 2 writes them, and never more widely."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import UsageError
from nof1.web.access.scopes import ACTIONS, OWN_KINDS, PATIENT_KINDS, parse, parse_all, written

GOOD = ["patient/Observation.rs", "user/*.cruds", "system/*.r", "patient/*.s", "user/Model.u",
        "system/Service.r", "user/Compound.d", "user/Federation.rs"]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_good_scope_is_read_and_written_again(text):
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "patient/Observation.sr",  # letters in another order
        "patient/Observation.rr",
        "patient/Observation.",
        "patient/Observation",
        "patient/Observation.read",  # version 1
        "patient/*.*",
        "patient/Observation.rs?category=laboratory",  # would be wider without its parameter
        "patient/Observaton.rs",
        "Patient/Observation.rs",
        "patient/observation.rs",
        "patient/Model.r",  # a model is about no patient
        "patient/Observation.rs ",
        " patient/Observation.rs",
        "patient/Observation.rs\n",
        "patient//Observation.rs",
        "launch/patient",
        "openid",
        "*/*.cruds",
        "",
        "patient/Öbservation.rs",
    ],
)
def test_what_is_not_understood_is_refused(text):
    with pytest.raises(UsageError):
        parse(text)


def test_the_star_means_the_patients_record_and_nothing_of_ours():
    everything = parse("user/*.cruds")
    assert all(everything.covers(action, kind) for action in ACTIONS for kind in PATIENT_KINDS)
    assert not any(everything.covers(action, kind) for action in ACTIONS for kind in OWN_KINDS)


def test_a_list_has_single_spaces_and_an_end():
    assert written(parse_all("user/Model.r patient/*.rs")) == "patient/*.rs user/Model.r"
    for text in ("", "user/Model.r  patient/*.rs", "user/Model.r,patient/*.rs"):
        with pytest.raises(UsageError):
            parse_all(text)
    with pytest.raises(UsageError):
        parse_all(["user/Model.r"] * 101)


@given(st.text(max_size=60))
def test_any_text_is_a_scope_that_is_written_the_same_or_refused(text):
    try:
        made = str(parse(text))
    except UsageError as error:
        made = None if "\n" not in error.message else "a line break in a message"
    assert made in (text, None)


@given(
    st.sampled_from(["patient", "user", "system"]),
    st.sampled_from(sorted(PATIENT_KINDS | {"*"})),
    st.sets(st.sampled_from("cruds"), min_size=1),
)
def test_a_scope_covers_its_letters_and_no_other(context, kind, letters):
    ordered = "".join(letter for letter in "cruds" if letter in letters)
    scope = parse(f"{context}/{kind}.{ordered}")
    for action, letter in ACTIONS.items():
        assert scope.covers(action, "Condition") == (
            letter in letters and kind in ("*", "Condition")
        )
