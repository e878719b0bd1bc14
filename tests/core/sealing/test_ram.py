"""Memory as a place for files: told apart from disks, private, and wiped."""

import os
import re
import tempfile
from pathlib import Path

import pytest

from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.sealing import ram

needs_memory = pytest.mark.skipif(
    ram.mount(ram.DEFAULT).kind not in ram.KINDS, reason="/dev/shm is no memory here"
)


@pytest.fixture
def place():
    with tempfile.TemporaryDirectory(dir=ram.DEFAULT, prefix="nof1-test-") as folder:
        yield Path(folder)


def made(place, size=1000):
    return ram.make(size, "ab" * 16, Path("/ws"), 3, place, swap_is_encrypted=True)


@needs_memory
def test_memory_is_told_apart_from_a_disk(tmp_path):
    assert ram.mount(ram.DEFAULT).kind == "tmpfs"
    assert ram.mount(Path("/proc")).kind == "proc"


def test_a_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ram, "mount", lambda folder: ram.Mount("ext4", False))
    with pytest.raises(UsageError, match="its kind is ext4"):
        made(tmp_path)
    with pytest.raises(UsageError, match="its kind is missing"):
        made(tmp_path / "none")


@needs_memory
def test_swap_is_refused_unless_somebody_answers_for_it(place, monkeypatch):
    monkeypatch.setattr(ram, "swap", lambda: ["/dev/sda2"])
    with pytest.raises(UsageError, match="swap is on"):
        ram.make(1, "ab", Path("/ws"), 1, place, swap_is_encrypted=False)
    monkeypatch.setattr(ram, "swap", lambda: None)
    with pytest.raises(UsageError, match="swap is on"):
        ram.make(1, "ab", Path("/ws"), 1, place, swap_is_encrypted=False)
    monkeypatch.setattr(ram, "mount", lambda folder: ram.Mount("tmpfs", True))
    copy, lock = ram.make(1, "ab", Path("/ws"), 1, place, swap_is_encrypted=False)
    os.close(lock)
    ram.wipe(copy)


def fake_proc(monkeypatch, texts):
    """Files below /proc and /sys with these texts; all others are missing."""
    real = Path.read_text

    def read(path, *arguments, **named):
        if str(path).startswith(("/proc", "/sys")):
            if str(path) not in texts:
                raise FileNotFoundError
            return texts[str(path)]
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, "read_text", read)


HEAD = "Filename Type Size Used Priority\n"


@pytest.mark.parametrize(
    ("texts", "areas"),
    [
        ({}, None),
        ({"/proc/swaps": HEAD}, []),
        ({"/proc/swaps": HEAD + "/swapfile file 1 0 -2\n"}, ["/swapfile"]),
        ({"/proc/swaps": HEAD + "/dev/zram0 partition 1 0 5\n"}, []),
        (
            {
                "/proc/swaps": HEAD + "/dev/zram0 partition 1 0 5\n",
                "/sys/block/zram0/backing_dev": "/dev/sda3\n",
            },
            ["/dev/zram0"],
        ),
        (
            {
                "/proc/swaps": HEAD + "/dev/zram0 partition 1 0 5\n",
                "/sys/block/zram0/backing_dev": "none\n",
            },
            [],
        ),
    ],
)
def test_swap_areas_on_a_disk(monkeypatch, texts, areas):
    fake_proc(monkeypatch, texts)
    assert ram.swap() == areas


def test_the_innermost_mount_counts(monkeypatch, tmp_path):
    lines = [
        "1 1 0:1 / / rw - ext4 /dev/sda rw",
        f"2 1 0:2 / {tmp_path} rw - tmpfs tmpfs rw,size=1k,noswap",
        f"3 1 0:3 / {tmp_path}x rw - nfs host rw",
    ]
    fake_proc(monkeypatch, {"/proc/self/mountinfo": "\n".join(lines)})
    assert ram.mount(tmp_path) == ram.Mount("tmpfs", True)
    assert ram.mount(tmp_path.parent) == ram.Mount("ext4", False)
    fake_proc(monkeypatch, {})
    assert ram.mount(tmp_path).kind == "unknown"


@needs_memory
def test_too_little_memory_is_told_before_the_work(place):
    with pytest.raises(WorkspaceError, match="MiB of memory"):
        made(place, 1 << 50)
    assert list(place.iterdir()) == []


@needs_memory
def test_an_open_copy_is_private_known_and_wiped(place):
    copy, lock = made(place)
    assert copy.folder.stat().st_mode & 0o777 == 0o700
    assert re.fullmatch(rf"nof1-open-{os.getuid()}-\w+", copy.folder.name)
    assert copy.alive
    assert not copy.ready
    assert (ram.copies(place), ram.left_over(place)) == ([copy], [])
    os.close(lock)
    assert ram.left_over(place) == [copy]
    ram.wipe(copy)
    assert list(place.iterdir()) == []


@needs_memory
def test_wiping_overwrites_what_a_second_name_still_shows(place):
    copy, lock = made(place)
    os.close(lock)
    inside = copy.files / "deep"
    inside.mkdir()
    (inside / "x").write_bytes(b"secret" * 500_000)
    os.link(inside / "x", place / "witness")
    (inside / "link").symlink_to(place / "untouched")
    (place / "untouched").write_text("mine")
    (inside / "x").chmod(0o400)
    inside.chmod(0o500)
    ram.wipe(copy)
    assert (place / "witness").read_bytes() == bytes(3_000_000)
    assert (place / "untouched").read_text() == "mine"
    assert not copy.folder.exists()


@needs_memory
def test_folders_of_others_are_no_copies(place):
    strange = place / f"nof1-open-{os.getuid()}-strange"
    strange.mkdir(mode=0o755)
    strange.chmod(0o755)
    (strange / "session.json").write_text("{}")
    (place / f"nof1-open-{os.getuid()}-link").symlink_to(strange)
    assert ram.copies(place) == []


@needs_memory
def test_a_copy_whose_wiping_was_killed_is_still_found(place):
    copy, lock = made(place)
    os.close(lock)
    (copy.folder / "session.json").write_text("")
    (found,) = ram.left_over(place)
    assert (found.folder, found.workspace, found.ready) == (copy.folder, "", False)
    ram.wipe(found)
    assert list(place.iterdir()) == []
