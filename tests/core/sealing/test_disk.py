"""Steps on the disk, and what may lie in a workspace."""

import os
import socket

import pytest

from nof1.core.errors import WorkspaceError
from nof1.core.sealing import disk


def test_a_tree_names_all_but_the_sealing_itself(tmp_path):
    (tmp_path / "a" / "sealed").mkdir(parents=True)
    (tmp_path / "sealed").mkdir()
    for name in ("nof1.sealed", ".nof1-lock", "sealed/x", "a/sealed/x", "b"):
        (tmp_path / name).write_text("x")
    found = disk.tree(tmp_path)
    assert [path for path, _ in found.folders] == ["a", "a/sealed"]
    assert [one.path for one in found.files] == ["a/sealed/x", "b"]


def test_links_and_special_files_are_refused_by_name(tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(WorkspaceError, match="link or a special") as caught:
        disk.tree(tmp_path)
    assert caught.value.where == "link"
    (tmp_path / "link").unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WorkspaceError, match="link or a special"):
        disk.tree(tmp_path)
    (tmp_path / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "s"))
        with pytest.raises(WorkspaceError, match="link or a special"):
            disk.tree(tmp_path)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff", "wb"):
        pass
    with pytest.raises(WorkspaceError, match="not UTF-8"):
        disk.tree(tmp_path)


def test_a_file_is_flushed_before_it_is_put_in_place(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda one: (done.append("fsync"), fsync(one)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b)))
    disk.write(tmp_path / "x", b"new")
    assert done == ["fsync", "replace", "fsync"]
    assert (tmp_path / "x").read_bytes() == b"new"


def test_one_holds_it_and_the_other_is_told(tmp_path):
    refused = pytest.raises(WorkspaceError, match="another session")
    with disk.held(tmp_path), refused, disk.held(tmp_path):
        pass
    with disk.held(tmp_path):
        pass


def test_a_lock_file_that_was_removed_is_no_lock(tmp_path):
    with disk.held(tmp_path) as first:
        (tmp_path / disk.LOCK).unlink()
        with disk.held(tmp_path) as second:
            assert os.fstat(first).st_ino != os.fstat(second).st_ino


def test_too_little_space_is_told_before_the_work(tmp_path):
    with pytest.raises(WorkspaceError, match="too little space"):
        disk.room(tmp_path, 1 << 60)


def test_all_folders_above():
    assert disk.parents(["a/b/c", "d"]) == {"a", "a/b"}
