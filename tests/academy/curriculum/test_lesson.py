"""Every lesson: complete, ten minutes long, sourced, and prepared for the faults of the cases."""

import re

import pytest

from nof1.academy.curriculum import drawings
from nof1.academy.curriculum.lesson import TRACKS, lesson, lessons, read, track
from nof1.academy.curriculum.posing import pose
from nof1.academy.curriculum.words import CITE
from nof1.academy.faults import FAULTS
from nof1.core.errors import InputError, UsageError

ALL = lessons()
IDS = [one.id for one in ALL]
KNOWN_TOPICS = {*FAULTS, "none", "surprising"}
SMALL = """
id: x
number: 1
track: core
title: X
goal: Do x.
topics: []
remember: x
sections: [{heading: A, parts: [{text: One.}]}]
live: {page: models, link: Open, do: Look.}
sources: []
"""


def test_eight_lessons_for_everybody_and_two_for_each_other_track():
    assert [len(track(name)) for name in TRACKS] == [8, 2, 2]
    assert [one.number for one in ALL] == [*range(1, 9), 1, 2, 1, 2]
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("one", ALL, ids=IDS)
def test_a_lesson_takes_about_ten_minutes(one):
    assert 7 <= one.minutes <= 13
    assert one.count() >= 600


@pytest.mark.parametrize("one", ALL, ids=IDS)
def test_a_lesson_is_complete(one):
    assert len(one.sections) >= 3
    assert all(section.heading and section.parts for section in one.sections)
    assert len(one.exercises) >= 3
    assert len(one.questions) >= 3
    assert any(part.drawing for part in one.parts())
    names = [part.id for part in (*one.exercises, *one.questions)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}", name) for name in (one.id, *names))
    assert set(one.topics) <= KNOWN_TOPICS


@pytest.mark.parametrize("one", ALL, ids=IDS)
def test_sources_are_given_and_used(one):
    told = " ".join(part.text or "" for part in one.parts())
    told += " ".join(c.feedback for q in one.questions for c in q.choices)
    cited = set(CITE.findall(told))
    assert cited == {source.key for source in one.sources}
    assert cited
    assert all(re.search(r"\b(19|20)\d\d\b", source.full) for source in one.sources)
    assert not re.search(r"\[[^\]]*\]", CITE.sub("", told))


@pytest.mark.parametrize("one", ALL, ids=IDS)
def test_every_choice_has_its_own_feedback(one):
    for question in one.questions:
        told = [choice.feedback for choice in question.choices]
        assert len(set(told)) == len(told)
        assert all(len(words) > 20 for words in told)


def test_the_right_choice_stands_at_every_place_about_as_often():
    places = [
        [choice.right for _, choice in question.shuffled(seed)].index(True)
        for seed in range(20)
        for one in ALL
        for question in one.questions
    ]
    assert all(0.28 < places.count(place) / len(places) < 0.39 for place in range(3))


@pytest.mark.parametrize("one", ALL, ids=IDS)
def test_drawings_are_made_and_said(one):
    for part in one.parts():
        if part.drawing:
            made = drawings.make(part.drawing.kind, part.drawing.of)
            assert made.title
            assert made.description
            assert made.table.rows


@pytest.mark.parametrize("one", ALL, ids=IDS)
def test_no_number_of_an_exercise_is_left_open(one):
    for exercise in one.exercises:
        for seed in range(6):
            posed = pose(exercise, seed)
            assert "{" not in posed.ask + posed.solution
            assert posed.shown in posed.solution


def test_an_answer_is_never_typed_in_a_solution():
    assert all("{answer}" in one.solution for found in ALL for one in found.exercises)


def test_every_fault_of_the_cases_is_taught_where_it_says():
    taught = {one.id: one.topics for one in ALL}
    missing = [f.name for f in FAULTS.values() if f.name not in taught.get(f.lesson, ())]
    assert missing == []


def test_words_that_people_must_not_be_told():
    told = " ".join(part.text or "" for one in ALL for part in one.parts())
    assert "http" not in told
    assert "guarantee" not in told


def test_an_unknown_lesson_is_refused_with_those_there_are():
    with pytest.raises(UsageError) as refused:
        lesson("<b>")
    assert "natural-frequency" in refused.value.allowed


def test_a_small_lesson_reads():
    assert read(SMALL, "x.yaml").title == "X"


@pytest.mark.parametrize(
    "change",
    [
        ("title: X\n", ""),
        ("title: X", "title: 3"),
        ("track: core", "track: other"),
        ("page: models", "page: nowhere"),
        ("{text: One.}", "{}"),
        ("{text: One.}", "{text: One., exercise: {id: a, kind: b, ask: c, solution: d}}"),
        ("{text: One.}", "{exercise: {id: a, kind: no-such, ask: c, solution: d}}"),
        ("{text: One.}", "{question: {id: a, ask: b, choices: [{text: c, feedback: d}]}}"),
        ("id: x", "id: !!python/object/apply:os.system [ls]"),
        ("id: x", "id: ["),
    ],
)
def test_what_is_no_lesson_is_refused_by_name(change):
    with pytest.raises(InputError) as refused:
        read(SMALL.replace(*change), "x.yaml")
    assert refused.value.where == "x.yaml"
