"""The learners' file: opt-in first, private, and really empty after forgetting."""

import json
import os
import sqlite3
import stat
import threading

import pytest

from nof1.academy.sitting import Step, begin
from nof1.academy.store import CONSENT, FILE, Store
from nof1.core.errors import InputError, UsageError, WorkspaceError
from sitting_samples import NOW, bank, case, later

NAME, OTHER = "local:anna-canary", "local:otto-canary"
LINE = "a-lesson-canary"


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "academy")
    yield made
    made.close()


def done(lesson=LINE, number=1, form=1, name="a"):
    one = case(name)
    made = begin([one], later(number), kind="practice", form=form).own(name, True, 0.4, NOW)
    return made.final(one, True, 0.4, "accept", NOW).learn(name, lesson, NOW)


def test_nothing_is_written_before_somebody_opts_in(store, tmp_path):
    with pytest.raises(UsageError, match="did not opt in"):
        store.keep(NAME, done(), NOW)
    with pytest.raises(UsageError, match="did not opt in"):
        store.keep_lesson(NAME, "calibration", {}, NOW)
    for ask in (store.export, store.forget):
        with pytest.raises(UsageError, match="did not opt in"):
            ask(NAME)
    assert (store.opted(NAME), store.sittings(NAME), store.lessons(NAME)) == (None, [], {})
    assert not (tmp_path / "academy").exists()


def test_what_was_agreed_to_is_kept_with_its_time_and_stays_the_first(store):
    store.opt_in(NAME, NOW)
    store.opt_in(NAME, later(days=3), "another text")
    told = store.export(NAME)["opted_in"]
    assert told == {"at": "2026-11-26T09:00:00.000000Z", "text": CONSENT}


def test_the_file_is_its_owners_alone(store, tmp_path):
    store.opt_in(NAME, NOW)
    mode = stat.S_IMODE(os.stat(tmp_path / "academy" / FILE).st_mode)
    assert mode == 0o600


def test_a_file_that_others_can_read_is_refused(store, tmp_path):
    store.opt_in(NAME, NOW)
    store.close()
    (tmp_path / "academy" / FILE).chmod(0o644)
    with pytest.raises(WorkspaceError, match="Other users"):
        Store(tmp_path / "academy")


@pytest.mark.parametrize("damage", ["other", "version", "cut"])
def test_a_damaged_file_is_refused_in_words(store, tmp_path, damage):
    store.opt_in(NAME, NOW)
    store.close()
    path = tmp_path / "academy" / FILE
    if damage == "version":
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version=9")
    else:
        path.write_bytes(b"no database at all" * 200 if damage == "other"
                         else path.read_bytes()[:700])  # fmt: skip
    with pytest.raises(WorkspaceError, match="cannot be used"):
        Store(tmp_path / "academy").export(NAME)


def test_a_sitting_takes_the_place_of_its_earlier_state(store):
    store.opt_in(NAME, NOW)
    first = begin([case("a")], NOW, kind="practice")
    store.keep(NAME, first, NOW)
    store.keep(NAME, first.own("a", True, 0.2, NOW), NOW)
    store.keep(NAME, done(number=7), NOW)
    assert [one.step for one in store.sittings(NAME)] == [Step.CARD, Step.DONE]


def test_it_is_there_again_after_the_program_ended(store, tmp_path):
    store.opt_in(NAME, NOW)
    store.keep(NAME, done(), NOW)
    store.keep_lesson(NAME, "calibration", {"right": 3}, NOW)
    store.close()
    again = Store(tmp_path / "academy")
    assert again.sittings(NAME) == [done()]
    assert again.lessons(NAME)["calibration"]["right"] == 3
    again.close()


def test_an_export_is_all_of_one_learner_and_nothing_of_another(store):
    for name in (NAME, OTHER):
        store.opt_in(name, NOW)
        store.keep(name, done(lesson=f"line of {name}"), NOW)
    store.keep_lesson(NAME, "intervals", {"done": True}, NOW)
    text = json.dumps(store.export(NAME))
    made = json.loads(text)
    assert made["schema"] == "nof1/academy-export/1"
    assert made["sittings"][0]["answers"][0]["lesson"] == f"line of {NAME}"
    assert made["lessons"]["intervals"]["done"] is True
    assert OTHER not in text


def test_after_forgetting_no_byte_of_the_learner_is_left(store, tmp_path):
    for name in (NAME, OTHER):
        store.opt_in(name, NOW)
        for number in range(30):
            store.keep(name, done(lesson=f"{LINE}-{name}", number=number), NOW)
        store.keep_lesson(name, "intervals", {"words": f"{LINE}-{name}"}, NOW)
    files = [*(tmp_path / "academy").iterdir()]
    size = (tmp_path / "academy" / FILE).stat().st_size
    assert any(NAME.encode() in one.read_bytes() for one in files)  # the search can find it
    assert store.forget(NAME) == {"sitting": 30, "lesson": 1, "learner": 1}
    for one in (tmp_path / "academy").iterdir():
        assert NAME.encode() not in one.read_bytes(), one.name
        assert b"anna" not in one.read_bytes()
    assert (tmp_path / "academy" / FILE).stat().st_size < 0.7 * size  # written anew
    assert store.opted(NAME) is None
    assert len(store.sittings(OTHER)) == 30


def test_another_program_that_has_the_file_open_sees_it_gone(store, tmp_path):
    store.opt_in(NAME, NOW)
    other = Store(tmp_path / "academy")
    assert other.opted(NAME)
    store.forget(NAME)
    assert other.opted(NAME) is None
    other.close()


def test_a_store_that_was_opened_before_the_file_was_made_finds_it(tmp_path, store):
    early = Store(tmp_path / "academy")
    store.opt_in(NAME, NOW)
    assert early.opted(NAME)
    early.close()


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_name_that_is_none_is_refused(store, name):
    with pytest.raises(InputError, match="no usable name"):
        store.opt_in(name, NOW)


def test_a_name_is_a_value_and_never_a_part_of_a_question(store):
    nasty = "x'; DROP TABLE learner; --"
    store.opt_in(nasty, NOW)
    store.opt_in(NAME, NOW)
    store.forget(nasty)
    assert store.opted(NAME)


def test_several_threads_write_at_once(store):
    store.opt_in(NAME, NOW)
    threads = [threading.Thread(target=store.keep, args=(NAME, done(number=n), NOW))
               for n in range(12)]  # fmt: skip
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(store.sittings(NAME)) == 12


def test_a_file_that_another_program_holds_is_told_in_words(store, tmp_path):
    store.opt_in(NAME, NOW)
    store._db.execute("PRAGMA busy_timeout=1")  # instead of ten seconds
    holder = sqlite3.connect(tmp_path / "academy" / FILE, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(WorkspaceError, match="cannot be used"):
        store.opt_in(OTHER, NOW)
    holder.execute("ROLLBACK")
    holder.close()
    store.opt_in(OTHER, NOW)


def test_the_first_finished_tests_come_without_a_name(store):
    cases = bank()
    for learner, parts in (("anna-canary", 4), ("otto", 3)):
        store.opt_in(learner, NOW)
        for number in range(1, parts + 1):
            made = begin(cases, later(number), number=number)
            while made.step is not Step.DONE:
                of = next(one for one in cases if one.id == made.case)
                made = made.own(of.id, True, 0.2, NOW)
                made = made.final(of, of.advised, 0.2, "accept", NOW).learn(of.id, "", NOW)
            store.keep(learner, made, later(number))
    (only,) = store.first_tests(4)
    assert [one.number for one in only] == [1, 2, 3, 4]
    assert "canary" not in json.dumps([part.to_dict() for part in only])
