"""One test over the whole catalogue: a fault happens, flips the advice, and shows in its check."""

import numpy as np
import pytest

from nof1.academy.cases import CHECKS, SURPRISING, per_hundred
from nof1.academy.checks import look
from nof1.academy.curriculum.lesson import lessons
from nof1.academy.faults import FAULTS, LESSON_OF_SURPRISE, TOPICS
from nof1.academy.learners import FAULTS as FAULTS_OF_LEARNERS
from nof1.academy.making import Desk, FaultStream, with_rule
from nof1.academy.situation import card, sound

EACH = 2


def test_the_catalogue_has_ten_entries():
    assert len(TOPICS) == 10
    assert TOPICS[-1] == SURPRISING
    assert all(fault.name == name for name, fault in FAULTS.items())
    assert len({fault.catches for fault in FAULTS.values()}) == len(FAULTS)
    assert {fault.catches for fault in FAULTS.values()} == set(CHECKS) - {"range"}
    assert set(FAULTS_OF_LEARNERS) == set(FAULTS)


def test_every_entry_is_taught_in_its_lesson():
    topics = {lesson.id: lesson.topics for lesson in lessons()}
    for fault in FAULTS.values():
        assert fault.name in topics[fault.lesson]
    assert SURPRISING in topics[LESSON_OF_SURPRISE]


@pytest.mark.parametrize("name", FAULTS)
def test_words_are_plain_and_whole(name):
    fault = FAULTS[name]
    for text in (fault.title, fault.happens, fault.how, fault.explain):
        assert len(text) > 10
        assert text[0].isupper()
    assert fault.explain.endswith(".")
    assert len(fault.explain) < 250


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_flips_the_advice_and_its_check_shows_it(ward, name):
    """Straight from the engine, not from what the case says of itself."""
    fault = FAULTS[name]
    desk = Desk(ward, seed=11)
    stream = FaultStream(desk, fault, 0)
    people = {desk._name(one): one for one in (*ward.people, *ward.others)}
    for _ in range(EACH):
        made = stream.next()
        assert made is not None, f"{name} flips nothing in this hospital"
        person = people[made.id]
        assert made.advised != made.truth.right == (person.risk >= made.threshold)
        healthy = sound(ward, person)
        before = card(ward, healthy, made.id)
        if fault.others:
            assert before is None  # the sound engine refuses people it was not made for
            healthy = sound(ward, ward.people[0])
            before = card(ward, healthy, made.id)
        else:
            assert (before.value.amount >= made.threshold) == made.truth.right
            ruled = "for this card: none" not in made.evidence["knowledge-date"]
            if ruled and name != "old-rule":
                before = card(ward, with_rule(healthy), made.id)
            assert f"would have said {per_hundred(before.value.amount)}" in made.explain
        clean = look(ward, healthy, before, made.threshold)[fault.catches]
        assert not clean.odd
        assert clean.text != made.evidence[fault.catches]
        assert clean.text.splitlines()[0] == made.evidence[fault.catches].splitlines()[0]


@pytest.mark.parametrize("name", FAULTS)
def test_the_same_seed_gives_the_same_case(ward, name):
    first, second = (FaultStream(Desk(ward, seed=4), FAULTS[name], 0).next() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_cannot_happen_is_said_so(ward, name):
    """Injecting never fails for anybody; where the fault cannot happen the answer is None."""
    rng = np.random.default_rng(3)
    pool = ward.others if FAULTS[name].others else ward.people
    made = [FAULTS[name].inject(ward, person, rng) for person in pool[:40]]
    assert any(one is not None for one in made)
    assert all(one.done for one in made if one is not None)
