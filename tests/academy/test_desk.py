"""The desk: one sitting at a time, in memory or kept, and steps that happen once."""

import threading
from pathlib import Path

import pytest

from nof1.academy import bank as bank_module
from nof1.academy import desk as desk_module
from nof1.academy.desk import Desk
from nof1.academy.history import all_scores, exams
from nof1.academy.sitting import Step
from nof1.academy.store import FILE, Store
from nof1.core.errors import InputError, UsageError
from sitting_samples import NOW, bank, case, follow, later

ANNA, OTTO = "local:anna", "local:otto"
CASES = bank(60, 26)


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "academy"


@pytest.fixture
def desk(folder):
    store = Store(folder)
    yield Desk(store, CASES)
    store.close()


def sit(desk, name, *, seconds=0):
    """Answer the current sitting to its end; gives how many cases it had."""
    count = 0
    while (sitting := desk.current(name)) is not None:
        of = desk.case(sitting)
        follow(desk, name, of, own=of.truth.right, final=of.advised, seconds=seconds + 30 * count)
        count += 1
    return count


def test_a_test_is_four_sittings_with_48_cases_each_once(desk):
    for number in (1, 2, 3, 4):
        begun = desk.begin_test(ANNA, later(1000 * number))
        assert (begun.number, begun.kind) == (number, "test")
        assert sit(desk, ANNA, seconds=1000 * number) == 12
    (exam,) = exams(desk.sittings(ANNA))
    assert (exam.complete, exam.scores.cases) == (True, 48)
    assert 17 <= exam.scores.faulty <= 24
    assert exam.scores.over_reliance.count == exam.scores.over_reliance.of == exam.scores.faulty
    assert len({case.id for case, _ in desk.pairs(ANNA)}) == 48
    assert desk.begin_test(ANNA, later(9000)).number == 1  # a new form
    assert len(exams(desk.sittings(ANNA))) == 2


def test_one_sitting_at_a_time_and_steps_in_order(desk):
    desk.begin_test(ANNA, NOW)
    for again in (desk.begin_test, desk.begin_practice):
        with pytest.raises(UsageError, match="not finished"):
            again(ANNA, NOW)
    of = desk.case(desk.current(ANNA))
    with pytest.raises(InputError, match="own answer comes first"):
        desk.final(ANNA, of.id, True, 0.2, "modify", NOW)
    desk.own(ANNA, of.id, True, 0.2, NOW)
    desk.open_check(ANNA, of.id, "units", NOW)
    assert set(desk.view(ANNA)["opened"]) == {"units"}
    other = next(one for one in CASES if one.id != of.id)
    with pytest.raises(InputError, match="neither skipped nor"):
        desk.final(ANNA, other.id, True, 0.2, "modify", NOW)


def test_learners_do_not_meet(desk):
    desk.begin_practice(ANNA, NOW)
    assert desk.current(OTTO) is None
    with pytest.raises(UsageError, match="No sitting is begun"):
        desk.view(OTTO)


def test_nothing_is_written_of_whoever_did_not_opt_in(desk, folder):
    desk.begin_practice(ANNA, NOW)
    sit(desk, ANNA)
    assert not (folder / FILE).exists()
    assert len(desk.pairs(ANNA)) == 12


def test_opting_in_keeps_this_session_and_goes_on_after_the_program_ended(desk, folder):
    desk.begin_practice(ANNA, NOW)
    sit(desk, ANNA)
    desk.opt_in(ANNA, later(900))
    begun = desk.begin_test(ANNA, later(1000))
    of = desk.case(begun)
    desk.own(ANNA, of.id, True, 0.2, later(1010))
    again = Desk(Store(folder), CASES)
    assert again.current(ANNA).step is Step.CARD
    assert len(again.pairs(ANNA)) == 12
    again.store.close()


@pytest.mark.parametrize("kept", [True, False])
def test_forgetting_removes_memory_and_file(desk, kept):
    if kept:
        desk.opt_in(ANNA, NOW)
    desk.begin_practice(ANNA, NOW)
    desk.forget(ANNA)
    assert (desk.sittings(ANNA), desk.current(ANNA), desk.store.opted(ANNA)) == ([], None, None)


def test_a_form_that_is_sent_twice_at_once_counts_once(desk):
    desk.begin_practice(ANNA, NOW)
    of = desk.case(desk.current(ANNA))
    refused = []

    def send():
        try:
            desk.own(ANNA, of.id, True, 0.2, NOW)
        except InputError:
            refused.append(1)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(refused) == 7
    assert desk.current(ANNA).step is Step.CARD


def test_leaving_ends_a_sitting_and_counts_what_was_finished(desk):
    begun = desk.begin_test(ANNA, NOW)
    of = desk.case(begun)
    follow(desk, ANNA, of, final=of.advised)
    desk.leave(ANNA, later(100))
    assert desk.current(ANNA) is None
    (exam,) = exams(desk.sittings(ANNA))
    assert (exam.done, exam.complete, exam.scores.cases) == (0, False, 1)
    assert desk.begin_test(ANNA, later(200)).number == 2


def test_a_bank_that_was_built_anew_ends_the_sitting_in_words(desk, folder):
    desk.opt_in(ANNA, NOW)
    of = desk.case(desk.begin_practice(ANNA, NOW))
    follow(desk, ANNA, of, final=of.advised)
    again = Desk(Store(folder), [case("new", faulty=True), case("new2")])
    with pytest.raises(UsageError, match="built anew"):
        again.view(ANNA)
    again.leave(ANNA, later(50))
    assert all_scores(again.sittings(ANNA))[0].cases == 1  # what was answered still counts
    again.store.close()


def test_memory_is_bounded(desk, monkeypatch):
    monkeypatch.setattr(desk_module, "MOST_LEARNERS", 2)
    for name in ("a", "b", "c"):
        desk.begin_practice(name, NOW)
    assert [bool(desk.current(name)) for name in ("a", "b", "c")] == [False, True, True]


def test_a_silent_test_shows_no_feedback(desk):
    of = desk.case(desk.begin_test(ANNA, NOW, silent=True))
    desk.own(ANNA, of.id, True, 0.2, NOW)
    desk.final(ANNA, of.id, True, 0.2, "modify", NOW)
    assert desk.view(ANNA)["step"] == "own"


def test_the_form_is_that_of_the_bank(desk):
    begun = desk.begin_test(ANNA, NOW)
    cases = bank_module.form(CASES, begun.form)
    assert begun.cases == tuple(one.id for one in cases[:12])
