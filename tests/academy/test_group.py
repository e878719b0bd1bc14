"""The view of all learners: ten or none, in blocks, without names."""

import json

import pytest

from nof1.academy.group import BLOCK, FEWEST, group
from nof1.academy.sitting import begin
from nof1.academy.store import Store
from nof1.core.errors import UsageError
from sitting_samples import NOW, bank, later

CASES = bank()
BY_ID = {one.id: one for one in CASES}


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "academy")
    yield made
    made.close()


def join(store, name, *, follows, when=0, parts=4, leaves=False):
    """A learner who takes a test, following every card or none, and may leave the last sitting."""
    store.opt_in(name, NOW)
    for number in range(1, parts + 1):
        made = begin(CASES, later(when + number), number=number)
        for case in made.cases:
            of = BY_ID[case]
            act = of.advised if follows else of.truth.right
            move = "accept" if act == of.advised else "reject"
            made = made.own(case, of.truth.right, 0.3, NOW).final(of, act, 0.3, move, NOW)
            made = made.learn(case, "", NOW)
            if leaves and number == parts and len(made.answers) == 11:
                made = made.left()
                break
        store.keep(name, made, later(when + number))


def test_nine_learners_are_too_few_and_ten_are_enough(store):
    for i in range(FEWEST - 1):
        join(store, f"canary-{i}", follows=True, when=10 * i)
    join(store, "canary-half", follows=True, parts=3)  # not finished: does not count
    join(store, "canary-left", follows=True, leaves=True)
    with pytest.raises(UsageError, match="picked out"):
        group(store)
    join(store, "canary-x", follows=False, when=500)
    made = group(store)
    assert made.learners == 10
    assert (made.pooled["over_reliance"].count, made.pooled["over_reliance"].of) == (180, 200)
    assert made.mean["over_reliance"].low < made.mean["over_reliance"].value < 1
    assert "canary" not in json.dumps(made.to_dict())


def test_one_more_learner_changes_nothing_until_there_are_five(store):
    for i in range(FEWEST):
        join(store, f"a{i}", follows=True, when=10 * i)
    first = group(store)
    for i in range(BLOCK - 1):
        join(store, f"b{i}", follows=False, when=1000 + 10 * i)
        assert group(store) == first
    join(store, "last", follows=False, when=2000)
    assert group(store).learners == FEWEST + BLOCK


def test_a_second_test_of_a_learner_does_not_count(store):
    for i in range(FEWEST):
        join(store, f"a{i}", follows=True, when=10 * i)
    first = group(store)
    for number in range(1, 5):
        made = begin(CASES, later(5000 + number), form=2, number=number)
        for case in made.cases:
            of = BY_ID[case]
            right = of.truth.right
            made = made.own(case, right, 0.3, NOW).final(of, right, 0.3, "modify", NOW)
            made = made.learn(case, "", NOW)
        store.keep("a0", made, later(5000 + number))
    assert group(store) == first
