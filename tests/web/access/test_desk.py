"""Signing in: what it costs, what it tells, and what it writes down."""

import threading

import pytest

import access_samples as samples
from access_samples import OTHER, PASSWORD
from nof1.web.access import passwords
from nof1.web.access.desk import AT_ONCE, WAITING, Refused
from nof1.web.access.throttle import FREE, LOCKED, LONGEST_S

HOME = "192.0.2.1"


@pytest.fixture
def server(tmp_path, monkeypatch):
    samples.cheap(monkeypatch)
    made = samples.server(tmp_path)
    made.desk.accounts.add("anna", ["clinician"], password=PASSWORD)
    yield made
    made.desk.close()


def refused(server, name, password, address=HOME):
    with pytest.raises(Refused) as stop:
        server.desk.sign_in(name, password, address)
    assert stop.value.args == ()
    return stop.value.slow


def test_the_right_password_gives_a_new_session_and_ends_the_one_before(server):
    first = server.desk.sign_in("anna", PASSWORD, HOME)
    second = server.desk.sign_in(" Anna ", PASSWORD, HOME, old=first)
    assert first != second
    assert server.desk.by_session(first) is None
    assert server.desk.by_session(second).account == "local:anna"
    assert [one["details"] for one in server.log("sign-in")] == [
        {"account": "local:anna", "way": "password"}
    ] * 2


def test_an_unknown_name_costs_the_same_work_and_gets_the_same_answer(server, monkeypatch):
    server.desk.accounts.add("robot", ["monitor"], password=None)
    work, real = [], passwords.fits
    monkeypatch.setattr(
        passwords, "fits", lambda given, kept: work.append(kept.split("$")[:4]) or real(given, kept)
    )
    for name in ("anna", "nobody", "robot", "oidc:x", "", "x" * 500, "an\udcffna"):
        assert refused(server, name, OTHER) is False
    assert len(work) == 7
    assert all(one == work[0] for one in work)
    assert len(server.log("sign-in refused")) == 7  # the same waits for the disk


def test_names_that_nobody_has_are_throttled_alike_and_not_written_down(server):
    for name in ("anna", "my secret password"):
        answers = [refused(server, name, OTHER) for _ in range(FREE + 2)]
        assert answers == [False] * FREE + [True] * 2
    assert refused(server, "anna", PASSWORD) is True  # the right one is not even looked at
    server.clock.now += LONGEST_S
    assert server.desk.sign_in("anna", PASSWORD, HOME)
    text = (server.desk.workspace.audit / "audit.jsonl").read_text()
    assert "my secret password" not in text
    assert OTHER not in text
    reasons = [one["details"] for one in server.log("sign-in refused")]
    assert {"account": "local:anna", "why": "name or password"} in reasons


def test_after_a_hundred_failures_the_right_password_is_not_enough(server):
    for number in range(LOCKED):
        server.clock.now += LONGEST_S + 1
        refused(server, "anna", OTHER, f"198.51.100.{number}")
    server.clock.now += LONGEST_S + 1
    assert refused(server, "anna", PASSWORD) is False  # the words are those of a wrong password
    server.desk.throttle.forgive("local:anna")
    assert server.desk.sign_in("anna", PASSWORD, HOME)


def test_an_old_hash_is_made_anew_without_ending_sessions(server, monkeypatch):
    session = server.desk.sign_in("anna", PASSWORD, HOME)
    monkeypatch.setattr(passwords, "COST", 2**5)
    server.desk.sign_in("anna", PASSWORD, HOME)
    assert server.desk.accounts.password_of("local:anna").startswith("scrypt$32$")
    assert server.desk.by_session(session) is not None


def test_a_flood_of_sign_ins_does_not_take_the_threads_of_advice(server, monkeypatch):
    begun, go = threading.Semaphore(0), threading.Event()
    monkeypatch.setattr(passwords, "fits", lambda *_: begun.release() or not go.wait(120))
    names = [f"name-{number}" for number in range(WAITING)]
    threads = [threading.Thread(target=refused, args=(server, name, OTHER)) for name in names]
    for one in threads:
        one.start()
    for _ in range(AT_ONCE):
        begun.acquire()
    while server.desk.waiting.acquire(blocking=False):  # until all of them are here
        server.desk.waiting.release()
    assert refused(server, "anna", PASSWORD) is True  # at once, and it is no failed try
    assert not begun.acquire(blocking=False)  # no third password is looked at
    go.set()
    for one in threads:
        one.join()
    monkeypatch.undo()
    samples.cheap(monkeypatch)
    assert server.desk.sign_in("anna", PASSWORD, HOME)


def test_when_the_log_cannot_be_written_nobody_comes_in(server, monkeypatch):
    def full(*_, **__):
        raise OSError("no space")

    monkeypatch.setattr("nof1.core.audit.append", full)
    with pytest.raises(OSError, match="no space"):
        server.desk.sign_in("anna", PASSWORD, HOME)
    assert server.desk.sessions.all("local:anna") == []
