"""Checkpoints: one state of all files, sealed while others write, whatever is killed."""

import os
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

import pytest

from nof1.core import audit
from nof1.core.errors import WorkspaceError
from nof1.core.sealing import checkpoint, disk, folder, ram, session, vault
from sealing_samples import KEY, MINE, inside, small

pytestmark = pytest.mark.skipif(
    ram.mount(ram.DEFAULT).kind not in ram.KINDS, reason="/dev/shm is no memory here"
)


@pytest.fixture
def place():
    with tempfile.TemporaryDirectory(dir=ram.DEFAULT, prefix="nof1-test-") as made:
        yield Path(made)


@pytest.fixture
def opened(tmp_path):
    return folder.seal(small(tmp_path / "ws"), KEY, [MINE])


@pytest.fixture
def copy(opened, place):
    about = (opened.head.workspace.hex(), opened.root, 1, place)
    copy, lock = ram.make(10, *about, swap_is_encrypted=True)
    folder.extract(opened, copy.files)
    (copy.folder / ram.READY).touch()
    yield copy
    os.close(lock)


def on_disk(opened, tmp_path):
    target = Path(tempfile.mkdtemp(dir=tmp_path)) / "out"
    inside(vault.open_vault(opened.root, KEY), target)
    return target


def test_a_checkpoint_seals_what_is_there_and_only_when_it_changed(tmp_path, opened, copy):
    (copy.files / "models" / "m").write_text("new")
    assert checkpoint.take(opened, copy)
    assert (on_disk(opened, tmp_path) / "models" / "m").read_text() == "new"
    assert opened.manifest.generation == 2
    assert checkpoint.take(opened, copy)
    assert opened.manifest.generation == 2
    assert not (copy.folder / "tmp" / "aside").exists()


def test_the_history_keeps_the_newest_checkpoint_of_a_session(opened, copy):
    for number in range(5):
        (copy.files / "models" / "m").write_text(str(number))
        assert checkpoint.take(opened, copy)
    lines = [(one["action"], one["generation"]) for one in opened.manifest.history]
    assert lines == [("seal", 1), ("checkpoint", 6)]


def test_a_database_that_is_written_all_the_time_is_whole_in_every_checkpoint(
    tmp_path, opened, copy
):
    """Two tables that always agree, in WAL mode as the ledger has it."""
    path = copy.files / "audit" / "ledger.db"
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE a (n INTEGER)")
        made.execute("CREATE TABLE b (n INTEGER)")
    stop, written = threading.Event(), []

    def write():
        connection = sqlite3.connect(path, isolation_level=None)
        while not stop.is_set():
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO a VALUES (?)", (len(written),))
            connection.execute("INSERT INTO b VALUES (?)", (len(written),))
            connection.execute("COMMIT")
            written.append(1)
            audit.append(copy.files / "audit", "advise", number=len(written))
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            least = len(written)
            assert checkpoint.take(opened, copy)
            target = on_disk(opened, tmp_path)
            names = sorted(os.listdir(target / "audit"))
            assert names == ["audit.jsonl", "ledger.db"]
            with sqlite3.connect(target / "audit" / "ledger.db") as found:
                assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                first, second = (
                    found.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in "ab"
                )
            assert first == second >= least
            assert audit.verify(target / "audit").intact
    finally:
        stop.set()
        writer.join()


def test_files_that_change_during_the_sweep_are_left_for_the_next_time(opened, copy, monkeypatch):
    said, link = [], os.link

    def meddled(source, target):
        link(source, target)
        (copy.files / "models" / "late").write_text("half of an import")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", meddled)
        assert not checkpoint.take(opened, copy, said.append)
    assert said == ["No checkpoint: files were being written. The next one will be tried."]
    assert opened.manifest.generation == 1
    (copy.files / "nof1.toml").rename(copy.folder / "tmp" / "kept")
    assert not checkpoint.take(opened, copy)
    (copy.folder / "tmp" / "kept").rename(copy.files / "nof1.toml")
    assert checkpoint.take(opened, copy)


def test_a_full_disk_is_told_and_the_command_goes_on(opened, copy, monkeypatch):
    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    said = []
    (copy.files / "models" / "m").write_text("new")
    with monkeypatch.context() as patch:
        patch.setattr(vault, "write_object", full)
        assert not checkpoint.take(opened, copy, said.append)
    assert said == ["No checkpoint: No space left on device"]
    assert checkpoint.take(opened, copy)


def session_that_takes_one(root, place, tmp_path):
    """In a child: write, take a checkpoint, write more, and wait; the child's number."""
    child = os.fork()
    if child == 0:
        script = (
            "echo one > $NOF1_OPENED/workspace/models/one; sleep 1; "
            f"echo two > $NOF1_OPENED/workspace/models/two; touch {tmp_path}/two; sleep 60"
        )
        with disk.held(root) as lock:
            now = vault.open_vault(root, KEY)
            command = ["sh", "-c", script]
            session.run(now, command, lock, where=place, swap_is_encrypted=True, every=0.2)
        os._exit(0)
    while not (tmp_path / "two").exists():
        time.sleep(0.02)
    return child


def waits_until_free(root):
    for _ in range(6000):
        try:
            with disk.held(root):
                return
        except WorkspaceError:
            time.sleep(0.05)
    raise AssertionError("the guard did not end")


def test_the_guard_goes_on_from_the_last_checkpoint(tmp_path, opened, place):
    child = session_that_takes_one(opened.root, place, tmp_path)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    waits_until_free(opened.root)
    names = os.listdir(on_disk(opened, tmp_path) / "models")
    assert {"one", "two"} <= set(names)
    assert list(place.iterdir()) == []


def test_after_a_power_cut_the_last_checkpoint_is_there_and_the_loss_is_told(
    tmp_path, opened, place
):
    child = session_that_takes_one(opened.root, place, tmp_path)
    for pid in (*guards(child), child):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(child, 0)
    for copy in ram.copies(place):
        shutil.rmtree(copy.folder)  # what a restart does to memory
    waits_until_free(opened.root)
    assert "one" in os.listdir(on_disk(opened, tmp_path) / "models")
    with disk.held(opened.root) as lock:
        now = vault.open_vault(opened.root, KEY)
        with pytest.raises(WorkspaceError, match="since its last checkpoint is lost"):
            session.refuse_left_over(now, lock, place)
        session.recover(now, lock, discard=True, where=place)
        session.refuse_left_over(now, lock, place)


def guards(child):
    """The children of a session: its guard and its command."""
    tasks = Path(f"/proc/{child}/task/{child}/children").read_text().split()
    return [int(pid) for pid in tasks]


def test_a_checkpoint_killed_at_every_step_leaves_the_old_or_the_new_state(
    tmp_path, opened, copy, monkeypatch
):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    start = tmp_path / "start"
    shutil.copytree(opened.root, start)
    (copy.files / "models" / "m").write_text("new")
    seen = set()
    for call in range(1, 400):
        shutil.rmtree(opened.root)
        shutil.copytree(start, opened.root)
        child = os.fork()
        if child == 0:
            _kill_before(call)
            checkpoint.take(vault.open_vault(opened.root, KEY), copy)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        seen.add("m" in os.listdir(on_disk(opened, tmp_path) / "models"))
        now = vault.open_vault(opened.root, KEY)
        assert checkpoint.take(now, copy)
        now.tidy()
        assert now.verify() >= 0
        assert "m" in os.listdir(on_disk(opened, tmp_path) / "models")
        if code == 0:
            break
    assert code == 0
    assert seen == {False, True}


def _kill_before(call):
    count, me = 0, os.getpid()

    def counted(real):
        def step(*arguments, **named):
            nonlocal count
            count += 1
            if count == call:
                os.kill(me, signal.SIGKILL)
            return real(*arguments, **named)

        return step

    for name in ("replace", "unlink", "rmdir", "mkdir", "fsync", "open", "link"):
        setattr(os, name, counted(getattr(os, name)))
