"""Killed (SIGKILL) at every step that touches the disk: nothing is lost, and the next try ends it.

A child process does the work; before its n-th call that changes the disk it kills itself, for every
n until it comes to its end. What a power cut would lose besides (unflushed writes) is not shown
here; that data are flushed before the step that counts is a test of its own below.
"""

import os
import shutil
import signal

import pytest

from nof1.core.errors import WorkspaceError
from nof1.core.sealing import disk, folder, rotation, vault
from nof1.core.workspace import SEALED_FILE, open_workspace
from sealing_samples import KEY, MINE, OTHER, THEIRS, contents, inside, plain, sealed

CALLS = ("replace", "rename", "unlink", "rmdir", "mkdir", "fsync", "open", "link", "ftruncate")


@pytest.fixture
def no_waiting(monkeypatch):
    """Steps are counted; whether the disk has really turned matters to a power cut only."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def kill_before(call: int) -> None:
    """This process dies by SIGKILL before its ``call``-th step."""
    count = 0
    me = os.getpid()

    def counted(real):
        def step(*arguments, **named):
            nonlocal count
            count += 1
            if count == call and os.getpid() == me:
                os.kill(me, signal.SIGKILL)
            return real(*arguments, **named)

        return step

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


def ends(work, call: int) -> bool:
    """Do the work in a child that dies before its ``call``-th step; whether it came to its end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            kill_before(call)
            work()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0, "the work failed on its own"
    return True


def every_death(tmp_path, start, work, judge) -> int:
    """Kill ``work`` on a fresh copy of ``start`` at every step, and judge what is left."""
    for call in range(1, 2000):
        root = tmp_path / "ws"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(start, root, copy_function=_linked)
        done = ends(lambda root=root: work(root), call)
        judge(root, tmp_path / f"out{call}")
        shutil.rmtree(tmp_path / f"out{call}", ignore_errors=True)
        if done:
            return call
    raise AssertionError("it never came to its end")


def _linked(source, target):
    """Copy a file; the one with two names keeps them."""
    twin = str(target).replace("record/2", "record/1")
    if twin != str(target) and os.path.exists(twin) and source.endswith("parquet"):
        os.link(twin, target)
    else:
        shutil.copy2(source, target)


def seal(root):
    if (root / SEALED_FILE).exists():
        with disk.held(root):
            folder.clear(vault.open_vault(root, KEY))
    else:
        folder.seal(root, KEY, [MINE, THEIRS])


def unseal(root):
    if (root / SEALED_FILE).exists():
        with disk.held(root):
            folder.unseal(vault.open_vault(root, KEY))


def judged(before, finish, end):
    """All is there in one form, the other tools see which, and doing it again ends it."""

    def judge(root, out):
        if (root / SEALED_FILE).exists():
            with pytest.raises(WorkspaceError, match="sealed"):
                open_workspace(root)
            assert inside(vault.open_vault(root, KEY), out) == before
            if (root / "nof1.toml").exists():  # without the head it would pass for a whole one
                assert contents(root) == before
        else:
            assert open_workspace(root)
            assert contents(root) == before
        finish(root)
        assert (root / SEALED_FILE).exists() == (end == "sealed")
        if end == "sealed":
            assert set(os.listdir(root)) <= disk.RESERVED
            opened = vault.open_vault(root, KEY)
            assert opened.tidy() == 0
            assert opened.verify()
        else:
            assert contents(root) == before

    return judge


def test_sealing_killed_at_every_step(tmp_path, no_waiting):
    start = plain(tmp_path / "start")
    steps = every_death(tmp_path, start, seal, judged(contents(start), seal, "sealed"))
    assert steps > 40


def test_unsealing_killed_at_every_step(tmp_path, no_waiting):
    opened = sealed(tmp_path / "start", who=(MINE, THEIRS))
    before = inside(opened, tmp_path / "before")
    steps = every_death(tmp_path, opened.root, unseal, judged(before, unseal, "plain"))
    assert steps > 40


@pytest.mark.parametrize("everything", [False, True], ids=["quick", "all"])
def test_rotating_killed_at_every_step(tmp_path, everything, no_waiting):
    opened = sealed(tmp_path / "start", who=(MINE, THEIRS))
    before = inside(opened, tmp_path / "before")

    def rotate(root):
        with disk.held(root):
            now = vault.open_vault(root, KEY)
            gone = [name for name in ("officer-b",) if name in now.head.names]
            rotation.rotate(now, remove=gone, everything=everything)

    def judge(root, out):
        now = vault.open_vault(root, KEY)
        assert inside(now, out) == before
        if "officer-b" not in now.head.names:
            with pytest.raises(WorkspaceError, match="does not open"):
                vault.open_vault(root, OTHER)
        rotate(root)
        assert vault.open_vault(root, KEY).head.names == ["officer-a"]
        assert vault.open_vault(root, KEY).tidy() == 0

    steps = every_death(tmp_path, opened.root, rotate, judge)
    assert steps > (30 if everything else 8)


def test_what_the_head_names_is_flushed_before_the_head(tmp_path, monkeypatch):
    """A power cut keeps what was flushed: every object and its folder come before the head."""
    root, flushed, at_head = plain(tmp_path / "ws"), set(), {}
    fsync, replace = os.fsync, os.replace

    def flush(descriptor):
        flushed.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def put(source, target):
        at_head.setdefault(str(target), set(flushed))
        assert str(source) in flushed
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", put)
    opened = folder.seal(root, KEY, [MINE])
    objects = {str(path) for path in opened.objects.iterdir()}
    assert objects | {str(opened.objects)} <= at_head[str(root / SEALED_FILE)]
