"""A sealed workspace open in memory: changes come back, memory is wiped, no death loses them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from nof1.core import audit
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.sealing import disk, folder, processes, ram, rotation, session, vault
from nof1.core.sealing import head as heads
from nof1.core.workspace import open_workspace
from sealing_samples import KEY, MINE, SECRET, inside, raw, sealed, small

pytestmark = pytest.mark.skipif(
    ram.mount(ram.DEFAULT).kind not in ram.KINDS, reason="/dev/shm is no memory here"
)
W = "$NOF1_OPENED/workspace"


@pytest.fixture
def place(monkeypatch):
    """A folder in memory that stands for /dev/shm."""
    with tempfile.TemporaryDirectory(dir=ram.DEFAULT, prefix="nof1-test-") as made:
        monkeypatch.setattr(ram, "DEFAULT", Path(made))
        yield Path(made)


@pytest.fixture
def root(tmp_path):
    return sealed(tmp_path / "ws").root


def run(root, place, script, opener=KEY):
    with disk.held(root) as lock:
        opened = vault.open_vault(root, opener)
        return session.run(opened, ["sh", "-c", script], lock, where=place, swap_is_encrypted=True)


def recover(root, place, discard=False):
    with disk.held(root) as lock:
        return session.recover(vault.open_vault(root, KEY), lock, discard=discard, where=place)


def now(root, tmp_path):
    return inside(vault.open_vault(root, KEY), Path(tempfile.mkdtemp(dir=tmp_path)) / "out")


def test_what_a_command_changes_is_sealed_back(tmp_path, root, place):
    before = now(root, tmp_path)
    done = run(root, place, f"echo new > {W}/models/m; rm {W}/models/nothing; exit 7")
    assert (done.code, done.generation, done.written) == (7, 2, 2)  # m, and the log
    after = now(root, tmp_path)
    assert after == {**{k: v for k, v in before.items() if k != "models/nothing"},
                     "models/m": b"new\n"}  # fmt: skip
    assert list(place.iterdir()) == []
    assert SECRET.encode() not in raw(root)


def test_a_session_is_logged_without_its_arguments(tmp_path, root, place):
    run(root, place, f"true {SECRET}")
    with disk.held(root):
        folder.unseal(vault.open_vault(root, KEY))
    entries = list(audit.entries(root / "audit"))
    assert [one["action"] for one in entries] == ["privacy.seal", "privacy.with", "privacy.unseal"]
    assert entries[1]["details"] == {"by": "officer-a", "program": "sh"}
    assert SECRET not in (root / "audit" / "audit.jsonl").read_text()


def test_the_command_finds_the_open_copy_and_keeps_its_scratch_in_memory(tmp_path, root, place):
    code = (
        "from nof1.core.workspace import open_workspace as o; import tempfile, resource; "
        f"print(o().root == o({str(root)!r}).root, o().site, tempfile.gettempdir(), "
        "resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    out = tmp_path / "said"
    run(root, place, f'cd / && "{sys.executable}" -c "{code}" > {out}')
    same, site, scratch, core = out.read_text().split()
    assert (same, site, core) == ("True", "site-a", "0")
    assert scratch.startswith(str(place))


def test_another_sealed_workspace_stays_closed_in_a_session(tmp_path, root, place, monkeypatch):
    other = sealed(tmp_path / "other").root
    code = f"from nof1.core.workspace import open_workspace as o; o({str(other)!r})"
    assert run(root, place, f'"{sys.executable}" -c "{code}" 2> {tmp_path}/err').code == 1
    assert "is sealed" in (tmp_path / "err").read_text()
    monkeypatch.setenv("NOF1_OPENED", "/nowhere")
    with pytest.raises(WorkspaceError, match="is not there"):
        open_workspace()


def test_two_sessions_at_once_are_refused(root, place):
    with disk.held(root) as lock:
        opened = vault.open_vault(root, KEY)
        with pytest.raises(WorkspaceError, match="another session"):
            run(root, place, "true")
        command = ["sh", "-c", "true"]
        assert session.run(opened, command, lock, where=place, swap_is_encrypted=True).code == 0


def test_a_program_that_is_not_there(root, place):
    with disk.held(root) as lock:
        opened = vault.open_vault(root, KEY)
        with pytest.raises(UsageError, match="cannot be started"):
            session.run(opened, ["/no/such"], lock, where=place, swap_is_encrypted=True)
    assert list(place.iterdir()) == []
    assert vault.open_vault(root, KEY).manifest.generation == 1
    assert run(root, place, "true").code == 0


def test_it_waits_for_what_the_command_left_running(tmp_path, root, place):
    run(root, place, f"(sleep 0.7; echo late > {W}/models/late) > /dev/null 2>&1 &")
    assert now(root, tmp_path)["models/late"] == b"late\n"


def test_a_damaged_file_is_never_opened(root, place):
    opened = vault.open_vault(root, KEY)
    (opened.objects / opened.manifest.files[0].object.hex()).write_bytes(b"x")
    with pytest.raises(WorkspaceError, match="refused"):
        run(root, place, "touch /dev/null")
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"rm -r {W}/*", "has deleted nof1.toml"),
        (f"ln -s / {W}/link", "link or a special file"),
    ],
)
def test_what_cannot_be_sealed_back_stays_in_memory(tmp_path, root, place, script, words):
    before = now(root, tmp_path)
    with pytest.raises(WorkspaceError, match=words) as caught:
        run(root, place, script)
    assert "still in memory" in str(caught.value)
    assert now(root, tmp_path) == before
    with pytest.raises(WorkspaceError, match="still in memory"):
        run(root, place, "true")
    assert recover(root, place, discard=True) is None
    assert list(place.iterdir()) == []
    assert run(root, place, "true").code == 0


def test_a_full_disk_at_the_end_loses_nothing(tmp_path, root, place, monkeypatch):
    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(vault, "write_object", full)
        with pytest.raises(WorkspaceError, match="No space"):
            run(root, place, f"echo new > {W}/models/m")
    with disk.held(root) as lock, pytest.raises(WorkspaceError, match="still in memory"):
        session.refuse_left_over(vault.open_vault(root, KEY), lock, place)
    assert recover(root, place).written == 2
    assert now(root, tmp_path)["models/m"] == b"new\n"
    assert list(place.iterdir()) == []


def waits_until_free(root):
    for _ in range(6000):
        try:
            with disk.held(root):
                return
        except WorkspaceError:
            time.sleep(0.05)
    raise AssertionError("the guard did not end")


def test_a_killed_session_is_sealed_back_by_its_guard(tmp_path, root, place):
    child = os.fork()
    if child == 0:
        run(root, place, f"echo new > {W}/models/m; touch {tmp_path}/written; sleep 60")
        os._exit(0)
    while not (tmp_path / "written").exists():
        time.sleep(0.02)
    (copy,) = ram.copies(place)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    waits_until_free(root)
    assert list(place.iterdir()) == []
    assert processes.using(copy.folder, f"NOF1_OPENED={copy.folder}".encode()) == []
    assert now(root, tmp_path)["models/m"] == b"new\n"
    assert run(root, place, "true").code == 0


def test_nothing_is_recovered_under_a_command_that_outlived_its_session(tmp_path, root, place):
    child = os.fork()
    if child == 0:
        run(root, place, f"echo new > {W}/models/m; touch {tmp_path}/written; exec sleep 60")
        os._exit(0)
    while not (tmp_path / "written").exists():
        time.sleep(0.02)
    tasks = Path(f"/proc/{child}/task/{child}/children").read_text().split()
    guard, command = sorted(map(int, tasks))
    for pid in (guard, child):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(child, 0)
    waits_until_free(root)
    for discard in (False, True):
        with pytest.raises(WorkspaceError, match="still run on the open copy") as caught:
            recover(root, place, discard=discard)
        assert str(command) in caught.value.where
    os.kill(command, signal.SIGKILL)
    while processes.using(place, b"NOF1_OPENED=none"):
        time.sleep(0.02)
    assert recover(root, place).written == 2
    assert now(root, tmp_path)["models/m"] == b"new\n"


def test_a_session_that_is_asked_to_stop_stops_its_command_and_seals_back(tmp_path, root, place):
    child = os.fork()
    if child == 0:
        done = run(root, place, f"echo new > {W}/models/m; touch {tmp_path}/written; exec sleep 60")
        os._exit(done.code)
    while not (tmp_path / "written").exists():
        time.sleep(0.02)
    os.kill(child, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 128 + signal.SIGTERM
    assert list(place.iterdir()) == []
    assert now(root, tmp_path)["models/m"] == b"new\n"


CALLS = ("replace", "rename", "unlink", "rmdir", "mkdir", "fsync", "open", "link", "ftruncate")


def dies(root, place, call, *, guard_too):
    """A session whose first process (and guard) dies by SIGKILL before its n-th step."""
    me, count, guards, fork = os.getpid(), 0, [], os.fork

    def forked():
        made = fork()
        if made:
            guards.append(made)
        return made

    def counted(real):
        def step(*arguments, **named):
            nonlocal count
            count += 1
            if count == call and os.getpid() == me:
                if guard_too and guards:
                    os.kill(guards[0], signal.SIGKILL)
                os.kill(me, signal.SIGKILL)
            return real(*arguments, **named)

        return step

    os.fork = forked
    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    run(root, place, f"echo new > {W}/models/m")


def ends(root, place, call, guard_too):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            dies(root, place, call, guard_too=guard_too)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL)
    waits_until_free(root)
    return code == 0


@pytest.mark.parametrize("guard_too", [False, True], ids=["session", "session and guard"])
def test_a_session_killed_at_every_step(tmp_path, place, monkeypatch, guard_too):
    """Before the command: as if it had never been. After it: its change is there."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    start = folder.seal(small(tmp_path / "start"), KEY, [MINE])
    before = inside(start, tmp_path / "before")
    seen = set()
    for call in range(1, 500):
        root = tmp_path / f"ws{call}"
        subprocess.run(["cp", "-a", start.root, root], check=True)
        done = ends(root, place, call, guard_too)
        if not guard_too:
            assert ram.left_over(place) == [] or not ram.left_over(place)[0].ready
        waiting = [one for one in ram.left_over(place) if one.ready]
        if waiting:
            changed = (waiting[0].files / "models" / "m").exists()
            with pytest.raises(WorkspaceError, match="still in memory"):
                run(root, place, "true")
            recover(root, place)
        else:
            changed = None
        after = now(root, tmp_path)
        assert after in (before, {**before, "models/m": b"new\n"})
        if changed:
            assert after != before
        state = (bool(waiting), after != before)
        if state in seen or told(root):
            recover(root, place, discard=True)
        else:
            run(root, place, "true")
        seen.add(state)
        assert [one for one in ram.copies(place)] == []
        for one in place.iterdir():  # made and never filled
            assert one.name.startswith("nof1-new-")
            assert SECRET.encode() not in raw(one)
            subprocess.run(["rm", "-r", one], check=True)
        if done:
            break
    assert done
    assert seen >= {(False, False), (False, True)}
    assert ((True, True) in seen) == guard_too


def told(root):
    """Whether the lock file says that a session of this generation was not closed."""
    with disk.held(root) as lock:
        about = session.noted(lock)
        return bool(about) and about["generation"] == heads.read(root)[0].generation


def test_a_machine_that_was_restarted_is_not_silent(root, place):
    with disk.held(root) as lock:
        about = {
            "folder": "/dev/shm/gone",
            "host": "ward-7",
            "since": "2026-01-01",
            "generation": 1,
        }
        os.pwrite(lock, json.dumps(about).encode(), 0)
    with pytest.raises(WorkspaceError, match="ward-7, opened 2026-01-01, was not closed"):
        run(root, place, "true")
    with pytest.raises(WorkspaceError, match="changed since then is lost"):
        recover(root, place)
    recover(root, place, discard=True)
    assert run(root, place, "true").code == 0


def test_a_copy_of_an_older_generation_is_not_sealed_over_a_newer_one(tmp_path, root, place):
    opened = vault.open_vault(root, KEY)
    about = (opened.head.workspace.hex(), root, 1, place)
    copy, lock = ram.make(10, *about, swap_is_encrypted=True)
    folder.extract(opened, copy.files)
    (copy.folder / ram.READY).touch()
    (copy.files / "models" / "m").write_text("mine")
    os.close(lock)
    with disk.held(root):
        rotation.rotate(opened)
    with pytest.raises(WorkspaceError, match="Another generation"):
        recover(root, place)
    assert (copy.files / "models" / "m").read_text() == "mine"
    (copy.files / "models" / "m").unlink()
    assert recover(root, place).written == 0  # the same content: nothing to lose
    assert list(place.iterdir()) == []
