"""The order of a sitting: what is due, what is refused, and what may be seen when."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.academy.sitting import CASES, Sitting, Step, begin
from nof1.core.errors import InputError
from sitting_samples import NOW, bank, case, later

GIVEN = [case("a", faulty=True), case("b", right=False)]


@pytest.fixture
def sitting():
    return begin(GIVEN, NOW, kind="practice")


@pytest.fixture
def carded(sitting):
    return sitting.own("a", True, 0.3, later(20))


def finished(sitting, of, *, at=100, lesson="look"):
    made = sitting.own(of.id, of.truth.right, 0.3, later(at))
    made = made.final(of, of.advised, 0.3, "accept", later(at + 10))
    return made.learn(of.id, lesson, later(at + 20)) if made.step is Step.FEEDBACK else made


def test_one_case_from_question_to_line(carded):
    opened = carded.open_check("a", "units", later(25)).open_check("a", "range", later(31))
    done = opened.final(GIVEN[0], True, 0.2, "reject", later(50))
    assert done.step is Step.FEEDBACK
    made = done.learn("a", "  Look at \n the units. ", later(80))
    assert (made.step, made.case, made.place) == (Step.OWN, "b", (2, 2))
    (answer,) = made.answers
    assert (answer.before.act, answer.before.probability) == (True, 0.3)
    assert (answer.after.act, answer.after.probability, answer.move) == (True, 0.2, "reject")
    assert (answer.checks, answer.check_seconds) == (("units", "range"), (5.0, 11.0))
    assert (answer.seconds, answer.lesson) == (50.0, "Look at the units.")
    assert [fact.id for fact in made.facts] == ["a"]


def test_the_end_is_the_end(sitting):
    done = finished(finished(sitting, GIVEN[0]), GIVEN[1], at=200)
    assert (done.step, done.case, done.place) == (Step.DONE, "", (2, 2))
    for act in (lambda: done.own("b", True, 0.1, NOW), lambda: done.learn("b", "", NOW),
                lambda: done.final(GIVEN[1], True, 0.1, "accept", NOW)):  # fmt: skip
        with pytest.raises(InputError, match="finished"):
            act()


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (lambda s: s.final(GIVEN[0], True, 0.1, "reject", NOW), "own answer comes first"),
        (lambda s: s.open_check("a", "units", NOW), "own answer comes first"),
        (lambda s: s.learn("a", "", NOW), "own answer comes first"),
        (lambda s: s.own("b", True, 0.1, NOW), "neither skipped nor"),
        (lambda s: s.own("unknown", True, 0.1, NOW), "neither skipped nor"),
    ],
)
def test_before_the_own_answer_nothing_else_is_due(sitting, do, words):
    with pytest.raises(InputError, match=words):
        do(sitting)
    assert sitting.step is Step.OWN


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (lambda s: s.own("a", False, 0.1, NOW), "given and stays"),
        (lambda s: s.learn("a", "", NOW), "given and stays"),
        (lambda s: s.final(GIVEN[1], True, 0.1, "accept", NOW), "neither skipped nor"),
        (lambda s: s.open_check("a", "crystal-ball", NOW), "no such check"),
        (lambda s: s.final(GIVEN[0], True, 0.1, "shrug", NOW), "no such move"),
    ],
)
def test_with_the_card_the_own_answer_stays(carded, do, words):
    with pytest.raises(InputError, match=words):
        do(carded)


def test_a_final_answer_is_final(carded):
    done = carded.final(GIVEN[0], True, 0.2, "reject", NOW)
    for act in (lambda: done.final(GIVEN[0], False, 0.2, "accept", NOW),
                lambda: done.own("a", False, 0.2, NOW),
                lambda: done.open_check("a", "units", NOW)):  # fmt: skip
        with pytest.raises(InputError, match="answered"):
            act()
    with pytest.raises(InputError, match="neither skipped nor"):
        finished(done.learn("a", "", NOW), GIVEN[0])  # back to a case that is answered


@pytest.mark.parametrize("chance", [-0.001, 1.001, float("nan"), float("inf"), None, "0.2", True])
def test_a_chance_out_of_range_is_refused(sitting, carded, chance):
    with pytest.raises(InputError, match="out of range"):
        sitting.own("a", True, chance, NOW)
    with pytest.raises(InputError, match="out of range"):
        carded.final(GIVEN[0], True, chance, "reject", NOW)


@pytest.mark.parametrize("act", [None, "yes", 1])
def test_an_act_is_yes_or_no(sitting, act):
    with pytest.raises(InputError, match="whether you would act"):
        sitting.own("a", act, 0.2, NOW)


def test_the_move_must_fit_the_act(carded):
    # The card of "a" says: do not act.
    with pytest.raises(InputError, match="does not act as the card"):
        carded.final(GIVEN[0], True, 0.2, "accept", NOW)
    with pytest.raises(InputError, match="acts as the card"):
        carded.final(GIVEN[0], False, 0.2, "reject", NOW)
    for act in (True, False):
        assert carded.final(GIVEN[0], act, 0.2, "modify", NOW).step is Step.FEEDBACK


def test_a_check_counts_once_with_its_first_time(carded):
    opened = carded.open_check("a", "units", later(22)).open_check("a", "units", later(40))
    assert [(one.check, one.seconds) for one in opened.opened] == [("units", 2.0)]


def test_a_long_line_is_refused_and_a_clock_set_back_gives_no_time_below_zero(carded):
    done = carded.final(GIVEN[0], True, 0.2, "reject", NOW - timedelta(hours=1))
    assert done.pending.seconds == 0
    with pytest.raises(InputError, match="too long"):
        done.learn("a", "x" * 281, NOW)


def keys(view):
    return set(json.loads(json.dumps(view)))


def test_the_card_is_not_seen_before_the_own_answer_nor_the_truth_before_the_final(sitting):
    secrets = ("SHOWN-", "EXPLAINED", '"truth"', '"faulty"', "0.4", '"catches"', "unit-slip")
    first = json.dumps(sitting.view(GIVEN[0]))
    assert not any(word in first for word in (*secrets, '"card"', '"advised"'))
    carded = sitting.own("a", True, 0.3, NOW).open_check("a", "range", NOW)
    second = json.dumps(carded.view(GIVEN[0]))
    assert '"card"' in second
    assert second.count("SHOWN-") == second.count("SHOWN-range") == 1
    assert not any(word in second for word in ('"truth"', '"faulty"', "EXPLAINED", '"catches"',
                                               "unit-slip"))  # fmt: skip
    third = carded.final(GIVEN[0], True, 0.3, "reject", NOW).view(GIVEN[0])
    told = third["feedback"]
    assert (told["truth"]["risk"], told["faulty"], told["topic"]) == (0.4, True, "unit-slip")
    assert (told["catches"], told["caught"], told["shows"]) == ("units", False, "SHOWN-units")
    assert (told["before_right"], told["after_right"]) == (True, True)


@pytest.mark.parametrize(
    ("own", "final", "words"),
    [(True, True, "before the card and after"), (True, False, "led you away"),
     (False, True, "helped"), (False, False, "as your own was not")],
)  # fmt: skip
def test_the_feedback_says_what_the_card_did(own, final, words):
    one = case("a", right=True)
    made = begin([one], NOW, kind="practice").own("a", own, 0.1, NOW)
    made = made.final(one, final, 0.1, "modify", NOW)
    assert words in made.view(one)["feedback"]["effect"]


def test_the_view_of_another_case_is_refused(sitting):
    with pytest.raises(InputError, match="not the case"):
        sitting.view(GIVEN[1])


def test_a_test_is_four_sittings_of_twelve_and_each_case_is_in_one():
    cases = bank()
    sittings = [begin(cases, NOW, number=number) for number in (1, 2, 3, 4)]
    assert [len(one.cases) for one in sittings] == [CASES] * 4
    assert [name for one in sittings for name in one.cases] == [one.id for one in cases]
    for wrong in (0, 5):
        with pytest.raises(InputError, match="not a sitting of a test"):
            begin(cases, NOW, number=wrong)
    with pytest.raises(InputError, match="not a sitting of a test"):
        begin(cases[:40], NOW)


@pytest.mark.parametrize("cases", [[], [GIVEN[0], GIVEN[0]]])
def test_practice_needs_cases_each_once(cases):
    with pytest.raises(InputError, match="each one once"):
        begin(cases, NOW, kind="practice")


def test_a_silent_sitting_goes_on_without_feedback():
    made = begin(GIVEN, NOW, kind="practice", silent=True).own("a", True, 0.3, NOW)
    made = made.final(GIVEN[0], True, 0.3, "reject", NOW)
    assert (made.step, made.case, len(made.answers), made.pending) == (Step.OWN, "b", 1, None)


def test_leaving_keeps_what_is_finished_and_drops_the_rest(sitting):
    half = finished(sitting, GIVEN[0]).own("b", True, 0.3, NOW)
    left = half.final(GIVEN[1], True, 0.3, "reject", NOW).left()
    assert (left.step, len(left.answers), len(left.facts)) == (Step.DONE, 1, 1)
    assert [fact.id for fact, _ in left.pairs] == ["a"]


@given(st.data())
def test_every_state_survives_json_and_no_order_of_steps_breaks_it(data):
    made = begin(GIVEN, NOW, kind="practice")
    for _ in range(data.draw(st.integers(0, 14))):
        of = data.draw(st.sampled_from(GIVEN))
        step = data.draw(st.sampled_from(["own", "check", "final", "learn"]))
        try:
            made = {
                "own": lambda m, of: m.own(of.id, True, 0.3, NOW),
                "check": lambda m, of: m.open_check(of.id, "range", NOW),
                "final": lambda m, of: m.final(of, of.advised, 0.3, "accept", NOW),
                "learn": lambda m, of: m.learn(of.id, "", NOW),
            }[step](made, of)
        except InputError:
            continue
        assert Sitting.from_dict(json.loads(json.dumps(made.to_dict()))) == made
        assert [one.case for one in made.answers] == [one.id for one in GIVEN][: len(made.answers)]
        assert len(made.facts) == len(made.answers) + (made.step is Step.FEEDBACK)


def test_times_are_utc():
    zone = datetime(2026, 11, 26, 10, 0, tzinfo=UTC).astimezone()
    assert begin(GIVEN, zone, kind="practice").begun == "2026-11-26T10:00:00.000000Z"


def test_damaged_data_is_no_sitting():
    with pytest.raises(InputError, match="not a sitting"):
        Sitting.from_dict({"cases": "abc"})
