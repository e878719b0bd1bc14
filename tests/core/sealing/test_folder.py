"""Seal and unseal in place: all comes back, and nothing is done by halves."""

import os
import subprocess
import sys

import pytest

from nof1.core import audit
from nof1.core.errors import WorkspaceError
from nof1.core.sealing import disk, folder, vault
from nof1.core.sealing.keys import KeyFile
from nof1.core.workspace import create, open_workspace
from sealing_samples import KEY, MINE, SECRET, contents, plain, raw, sealed


def unsealed(root):
    with disk.held(root):
        return folder.unseal(vault.open_vault(root, KEY))


def test_seal_and_unseal_give_back_the_same_workspace(tmp_path):
    root = plain(tmp_path / "ws")
    before, opened_before = contents(root), open_workspace(root)
    folder.seal(root, KEY, [MINE])
    assert sorted(os.listdir(root)) == [".nof1-lock", "nof1.sealed", "sealed"]
    assert unsealed(root) == len(disk.tree(root).files)
    assert contents(root) == before
    assert open_workspace(root) == opened_before
    assert not set(os.listdir(root)) & disk.RESERVED
    actions = [entry["action"] for entry in audit.entries(root / "audit")]
    assert actions == ["privacy.seal", "privacy.unseal"]
    assert audit.verify(root / "audit").intact


def test_a_sealed_folder_is_neither_opened_nor_made_anew(tmp_path):
    root = sealed(tmp_path / "ws").root
    with pytest.raises(WorkspaceError, match="privacy with"):
        open_workspace(root)
    with pytest.raises(WorkspaceError, match="already"):
        create(root)
    with pytest.raises(WorkspaceError, match="is sealed"):
        folder.seal(root, KEY, [MINE])


def test_a_workspace_with_a_link_is_left_as_it_is(tmp_path):
    root = plain(tmp_path / "ws")
    (root / "link").symlink_to("/etc/passwd")
    with pytest.raises(WorkspaceError, match="link"):
        folder.seal(root, KEY, [MINE])
    assert open_workspace(root)
    assert not (root / "nof1.sealed").exists()


def test_a_workspace_that_changes_meanwhile_is_left_as_it_is(tmp_path):
    root = plain(tmp_path / "ws")

    def meddle(text):
        if text == "Read back":
            (root / "models" / "late").write_text("a model that was just trained")

    with pytest.raises(WorkspaceError, match="changed while it was sealed"):
        folder.seal(root, KEY, [MINE], tell=meddle)
    assert (root / "models" / "late").exists()
    assert open_workspace(root)
    assert folder.seal(root, KEY, [MINE]).verify()


def test_a_key_that_opens_nothing_leaves_the_plain_files(tmp_path):
    root = plain(tmp_path / "ws")
    before = contents(root)
    wrong = KeyFile(b"9" * 32)
    with pytest.raises(WorkspaceError, match="does not open"):
        folder.seal(root, wrong, [MINE])
    assert contents(root) == before


def test_a_workspace_in_use_is_not_sealed(tmp_path):
    root = plain(tmp_path / "ws")
    code = f"f = open({str(root / 'record' / 'CURRENT')!r}); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as user:
        user.stdout.readline()
        with pytest.raises(WorkspaceError, match="1 running program"):
            folder.seal(root, KEY, [MINE])
        user.communicate(b"\n")
    assert folder.seal(root, KEY, [MINE]).verify()


def test_a_plain_file_that_differs_is_never_deleted(tmp_path):
    root = sealed(tmp_path / "ws").root
    (root / "models").mkdir()
    (root / "models" / "nothing").write_text("other words")
    with disk.held(root), pytest.raises(WorkspaceError, match="which one counts"):
        folder.clear(vault.open_vault(root, KEY))
    with pytest.raises(WorkspaceError, match="which one counts"):
        unsealed(root)
    assert (root / "models" / "nothing").read_text() == "other words"


def test_a_strange_file_is_not_overwritten(tmp_path):
    root = sealed(tmp_path / "ws").root
    (root / "record").write_text("a file where a folder would go")
    with pytest.raises(WorkspaceError, match="stands where"):
        unsealed(root)
    assert (root / "record").read_text() == "a file where a folder would go"
    (root / "record").unlink()
    assert unsealed(root)


def test_damage_is_found_before_anything_is_put_in_place(tmp_path):
    opened = sealed(tmp_path / "ws")
    entry = next(one for one in opened.manifest.files if one.path == "models/nothing")
    (opened.objects / entry.object.hex()).write_bytes(b"")
    with pytest.raises(WorkspaceError, match="refused"):
        unsealed(opened.root)
    assert (opened.root / "nof1.sealed").exists()
    assert not (opened.root / "nof1.toml").exists()


def test_only_what_changed_is_encrypted_again(tmp_path):
    opened = sealed(tmp_path / "ws")
    copy = tmp_path / "copy"
    copy.mkdir()
    folder.extract(opened, copy)
    (copy / "models" / "nothing").write_bytes(b"now something")
    os.rename(copy / "reports" / f"{SECRET}.html", copy / "reports" / "moved.html")
    times = (copy / "record" / "CURRENT").stat()
    (copy / "record" / "CURRENT").write_text("1\n")  # same length ...
    os.utime(copy / "record" / "CURRENT", ns=(times.st_atime_ns, times.st_mtime_ns))  # same time
    files, new = folder.collected(opened, copy, disk.tree(copy), opened.manifest)
    assert {one.path for one in new} == {"models/nothing", "record/CURRENT"}
    old = {one.path: one.object for one in opened.manifest.files}
    now = {one.path: one.object for one in files}
    assert now["reports/moved.html"] == old[f"reports/{SECRET}.html"]


def test_equal_files_do_not_become_one(tmp_path):
    root = plain(tmp_path / "ws")
    for name in ("one", "two"):
        (root / "models" / name).write_text("the same words")
    opened = folder.seal(root, KEY, [MINE])
    copy = tmp_path / "copy"
    copy.mkdir()
    folder.extract(opened, copy)
    (copy / "models" / "three").write_text("the same words")
    files, _ = folder.collected(opened, copy, disk.tree(copy), opened.manifest)
    objects = [
        one.object for one in files if one.path in ("models/one", "models/two", "models/three")
    ]
    assert len(set(objects)) == 3


def test_files_with_two_names_that_part_are_kept_apart(tmp_path):
    opened = sealed(tmp_path / "ws")
    copy = tmp_path / "copy"
    copy.mkdir()
    folder.extract(opened, copy)
    data = (copy / "record" / "2" / "0000.parquet").read_bytes()
    (copy / "record" / "2" / "0000.parquet").unlink()
    (copy / "record" / "2" / "0000.parquet").write_bytes(data)
    files, new = folder.collected(opened, copy, disk.tree(copy), opened.manifest)
    assert len(new) == 1
    assert len({one.object for one in files if one.path.endswith("parquet")}) == 2


def test_a_full_disk_leaves_the_plain_workspace(tmp_path, monkeypatch):
    root = plain(tmp_path / "ws")
    before = contents(root)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(audit.os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(vault.os, "fsync", full)
    with pytest.raises((WorkspaceError, OSError), match="No space"):
        folder.seal(root, KEY, [MINE])
    assert contents(root) == before
    assert SECRET.encode() in raw(root)
