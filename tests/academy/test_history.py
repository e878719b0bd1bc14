"""History: tests and all answers, from sittings."""

from nof1.academy.history import all_scores, exams, pairs_of, sittings_of_form
from nof1.academy.sitting import begin
from sitting_samples import NOW, bank, later

CASES = bank()
BY_ID = {one.id: one for one in CASES}


def sat(number, form=1, count=12, kind="test"):
    """A sitting of which ``count`` cases are answered; what was begun is left."""
    cases = CASES if kind == "test" else CASES[:12]
    made = begin(cases, later(number), kind=kind, form=form, number=number)
    for name in made.cases[:count]:
        of = BY_ID[name]
        made = made.own(name, of.truth.right, 0.3, NOW).final(of, of.advised, 0.3, "accept", NOW)
        made = made.learn(name, "", NOW)
    return made.left() if count < len(made.cases) else made


def test_a_test_is_complete_with_four_whole_sittings():
    whole = [sat(number) for number in (1, 2, 3, 4)]
    (exam,) = exams(whole)
    assert (exam.done, exam.complete, exam.scores.cases) == (4, True, 48)
    assert exam.to_dict()["scores"]["faulty"] == 20
    (exam,) = exams([*whole[:3], sat(4, count=11)])
    assert (exam.done, exam.complete, exam.scores.cases) == (3, False, 47)


def test_two_forms_are_two_tests_and_practice_is_none():
    found = exams([sat(1, form=1), sat(1, form=2), sat(1, form=9, kind="practice")])
    assert [(one.form, one.done) for one in found] == [(1, 1), (2, 1)]


def test_answers_by_kind():
    sittings = [sat(1), sat(1, kind="practice", count=5)]
    assert len(pairs_of(sittings)) == 17
    assert len(pairs_of(sittings, "practice")) == 5


def test_an_answer_to_a_known_case_is_left_out_of_all_scores():
    found, repeated = all_scores([sat(1), sat(1, kind="practice", count=5)])
    assert (found.cases, repeated) == (12, 5)


def test_sittings_of_a_form_that_are_over():
    open_one = begin(CASES, later(9), form=1, number=3)
    found = sittings_of_form([sat(2), sat(1), open_one, sat(1, form=2)], 1)
    assert [one.number for one in found] == [1, 2]
