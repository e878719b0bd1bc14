"""Files that are there whole or not at all."""

import os
import threading

import pytest

from nof1.core.errors import UsageError
from nof1.core.whole import whole_file, write_whole


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def test_what_was_made_together_arrives_together(tmp_path):
    path = tmp_path / "new" / "page.html"
    with whole_file(path) as there:
        assert there.name == "page.html"
        there.write_text("page")
        there.with_suffix(".json").write_text("twin")
        assert names(path.parent) == [there.parent.name]  # nothing has arrived yet
    assert names(path.parent) == ["page.html", "page.json"]
    assert path.read_text() == "page"


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, OSError(28, "No space left")])
def test_what_breaks_off_leaves_nothing_and_harms_nothing(tmp_path, stop):
    path = write_whole(tmp_path / "a.txt", "old")

    def broken():
        with whole_file(path) as there:
            there.write_text("half")
            raise stop

    with pytest.raises((ValueError, KeyboardInterrupt, UsageError)):
        broken()
    assert names(tmp_path) == ["a.txt"]
    assert path.read_text() == "old"


def test_a_place_that_cannot_be_written_says_why(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written") as error:
        write_whole(tmp_path / "file" / "a.txt", "x")
    assert error.value.where == "a.txt"
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        write_whole(tmp_path / "folder", b"x")
    assert names(tmp_path) == ["file", "folder"]


def test_a_link_stays_and_a_new_file_may_be_read_like_any_other(tmp_path):
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"
    (tmp_path / "plain").touch()
    assert (tmp_path / "target").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"through")
    reader.join(timeout=60)
    assert got == [b"through"]
    assert pipe.is_fifo()
