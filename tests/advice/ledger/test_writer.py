"""The group writer: order, groups, errors that reach everybody, callers who go away."""

import threading
from concurrent.futures import Future, wait

import pytest

from nof1.advice.ledger import writer
from nof1.advice.ledger.shapes import Draft, Receipt
from nof1.advice.ledger.writer import Writer
from nof1.core.errors import WorkspaceError


class Disk:
    """Stands for the database: counts groups, may be held up or fail."""

    def __init__(self):
        self.groups = []
        self.open = threading.Event()
        self.open.set()
        self.begun = threading.Event()
        self.failure = None

    def commit(self, group):
        self.begun.set()
        assert self.open.wait(60)
        if self.failure is not None:
            raise self.failure
        first = sum(map(len, self.groups))
        self.groups.append([draft.fields["n"] for draft in group])
        return [Receipt(first + number, "h") for number in range(1, len(group) + 1)]


def held(disk, made, count):
    """Queue ``count`` drafts while the first of them is being written."""
    disk.open.clear()
    futures = [made.submit(Draft({"n": 0}))]
    assert disk.begun.wait(60)
    return futures + [made.submit(Draft({"n": number})) for number in range(1, count)]


def test_what_waits_is_written_together_and_in_order():
    disk = Disk()
    made = Writer(disk.commit)
    futures = held(disk, made, 10)
    disk.open.set()
    assert [one.result(60).seq for one in futures] == list(range(1, 11))
    assert disk.groups == [[0], list(range(1, 10))]
    made.close()


def test_a_failure_reaches_all_of_its_group_and_the_next_group_is_tried():
    disk = Disk()
    made = Writer(disk.commit)
    futures = held(disk, made, 3)
    disk.failure = WorkspaceError("disk full")
    disk.open.set()
    wait(futures, 10)
    assert all(isinstance(one.exception(), WorkspaceError) for one in futures)
    disk.failure = None
    assert made.submit(Draft({"n": 9})).result(60).seq == 1
    made.close()


def test_what_belongs_together_is_never_split():
    disk = Disk()
    made = Writer(disk.commit)
    alone = held(disk, made, 200)
    together = made.submit_together([Draft({"n": number}) for number in range(1000, 1300)])
    after = made.submit(Draft({"n": 1}))
    disk.open.set()
    wait([*alone, *together, after], 10)
    (group,) = [one for one in disk.groups if 1000 in one]
    assert group[-300:] == list(range(1000, 1300))
    assert [one.result().seq for one in together] == list(range(201, 501))
    assert after.result().seq == 501
    disk.failure = WorkspaceError("disk full")
    failed = made.submit_together([Draft({"n": number}) for number in range(3)])
    wait(failed, 10)
    assert all(isinstance(one.exception(), WorkspaceError) for one in failed)
    made.close()


def test_a_caller_who_goes_away_does_not_stop_the_writer():
    disk = Disk()
    made = Writer(disk.commit)
    futures = held(disk, made, 3)
    assert futures[1].cancel()
    assert not futures[0].cancel()  # it is being written
    disk.open.set()
    assert futures[2].result(60).seq == 3
    assert disk.groups == [[0], [1, 2]]  # the cancelled one was kept all the same
    made.close()


def test_closing_writes_what_waits():
    disk = Disk()
    made = Writer(disk.commit)
    futures = held(disk, made, 600)
    closing = threading.Thread(target=made.close)
    closing.start()
    disk.open.set()
    closing.join(60)
    assert all(isinstance(one, Future) and one.done() for one in futures)
    assert max(map(len, disk.groups)) <= writer.LARGEST_GROUP
    assert [one for group in disk.groups for one in group] == list(range(600))
    with pytest.raises(WorkspaceError, match="closed"):
        made.submit(Draft({"n": 1}))
    made.close()


def test_too_many_waiting_entries_are_refused_at_once(monkeypatch):
    monkeypatch.setattr(writer, "MOST_WAITING", 2)
    disk = Disk()
    made = Writer(disk.commit)
    held(disk, made, 3)
    with pytest.raises(WorkspaceError, match="wait for the ledger"):
        made.submit(Draft({"n": 4}))
    disk.open.set()
    made.close()
