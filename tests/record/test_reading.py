"""Files of strangers: links, pipes, bombs, damage."""

import gzip
import os
from pathlib import Path

import pytest

from nof1.core.errors import InputError
from nof1.record import reading
from nof1.record.reading import files_below, first_bytes, passed_over, safe_open


def test_plain_and_gzip_read_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000)
    (tmp_path / "b").write_bytes(gzip.compress(b"x" * 1000))
    for name in ("a", "b"):
        with safe_open(tmp_path / name) as stream:
            assert stream.read() == b"x" * 1000


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one") + gzip.compress(b"two"))
    with safe_open(tmp_path / "a.gz") as stream:
        assert stream.read() == b"onetwo"


def test_a_bomb_is_refused_while_reading(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(reading, "BOMB_FLOOR", 2**20)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(32 * 2**20)))
    with safe_open(tmp_path / "bomb.gz") as stream, pytest.raises(InputError, match="300 times"):
        stream.read()


def test_the_size_limit_holds(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(5000))
    with safe_open(tmp_path / "a", limit=4999) as stream, pytest.raises(InputError, match="4,999"):
        stream.read()


@pytest.mark.parametrize("cut", [12, 30, -4])
def test_a_cut_gzip_file_is_an_error(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(os.urandom(5000))[:cut])
    with safe_open(tmp_path / "a.gz") as stream, pytest.raises(InputError, match="damaged"):
        stream.read()


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.csv").write_text("a\n1\n")
    (folder / "near.csv").symlink_to(folder / "good.csv")
    (folder / "far.csv").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    assert [p.name for p in files_below(folder)] == ["good.csv", "near.csv"]
    (folder / "broken.csv").symlink_to(folder / "nothing")
    (folder / "again").symlink_to(folder)
    assert passed_over(folder) == {
        "link that leads out of the folder: not followed": 2,
        "link to a folder: not followed": 1,
        "pipe, device or broken link: not read": 1,
    }
    with pytest.raises(InputError, match="link"):
        safe_open(folder / "far.csv", root=folder)


def test_a_pipe_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="regular"):
        safe_open(tmp_path / "pipe")
    assert first_bytes(tmp_path / "pipe") == b""
    with pytest.raises(InputError, match="cannot be read"):
        safe_open(tmp_path / "absent")


def test_the_start_of_a_damaged_file_is_still_seen(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"PAR1" + os.urandom(50_000))[:30_000])
    assert first_bytes(tmp_path / "a.gz", 4) == b"PAR1"
    assert 20_000 < len(first_bytes(tmp_path / "a.gz")) < 50_000


def test_a_file_that_may_not_be_read_is_an_input_error(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a").write_bytes(b"x")

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", closed)
    with pytest.raises(InputError, match="Permission denied"):
        safe_open(tmp_path / "a")
    assert first_bytes(tmp_path / "a") == b""
