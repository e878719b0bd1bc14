"""Guessing is slow for accounts, addresses and names that nobody has."""

import threading

import pytest

from access_samples import Clock
from nof1.web.access.database import Database
from nof1.web.access.throttle import ADDRESS, FREE, LOCKED, LONGEST_S, WINDOW_S, Slow, Throttle


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(tmp_path, clock):
    database = Database(tmp_path)
    yield Throttle(database, clock)
    database.close()


def tries(throttle, account, address="192.0.2.1"):
    """How many tries come through until one is slowed down."""
    for number in range(1000):
        try:
            throttle.begin(account, address)
        except Slow:
            return number
    return 1000


def test_an_account_has_a_few_tries_then_waits_longer_and_longer(throttle, clock):
    assert tries(throttle, "local:anna") == FREE
    waits = []
    for _ in range(8):
        begun = clock.now
        while True:
            clock.now += 1
            try:
                throttle.begin("local:anna", f"192.0.2.{len(waits)}")
            except Slow:
                continue
            waits.append(clock.now - begun)
            break
    assert waits == [30, 60, 120, 240, 480, LONGEST_S, LONGEST_S, LONGEST_S]


def test_success_starts_anew_and_others_are_not_touched(throttle):
    for _ in range(FREE - 1):
        throttle.begin("local:anna", "192.0.2.1")
    throttle.succeeded("local:anna", "192.0.2.1")
    assert tries(throttle, "local:anna") == FREE
    assert tries(throttle, "local:bob", "192.0.2.9") == FREE


def test_an_address_has_a_limit_over_all_names(throttle, clock):
    done = 0
    for number in range(ADDRESS + 10):
        try:
            throttle.begin(f"local:{number}", "2001:db8::1")
            done += 1
        except Slow:
            pass
    assert done == ADDRESS
    assert tries(throttle, "local:new", "2001:db8::ffff") == 0  # the same subscriber
    assert tries(throttle, "local:new", "2001:db8:0:1::1") == FREE  # another one
    clock.now += WINDOW_S + 1
    assert tries(throttle, "local:newer", "2001:db8::1") == FREE


def test_after_a_hundred_failures_only_an_administrator_helps(throttle, clock):
    for number in range(LOCKED + 1):
        assert not throttle.locked("local:anna")
        clock.now += LONGEST_S + 1
        throttle.begin("local:anna", f"198.51.100.{number}")
    assert throttle.locked("local:anna")
    clock.now += 10 * 86_400
    assert throttle.locked("local:anna")
    throttle.forgive("local:anna")
    assert not throttle.locked("local:anna")


def test_many_at_once_do_not_slip_through(throttle):
    through, gate = [], threading.Barrier(20)

    def one():
        gate.wait()
        try:
            throttle.begin("local:anna", "192.0.2.1")
            through.append(1)
        except Slow:
            pass

    threads = [threading.Thread(target=one) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(through) == FREE
