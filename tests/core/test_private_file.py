import stat

import pytest

from nof1.core.errors import WorkspaceError
from nof1.core.private_file import make_private, owned


def test_a_new_file_is_its_owners_alone(tmp_path):
    owned(tmp_path / "service" / "x.db", "the accounts")
    assert stat.S_IMODE((tmp_path / "service" / "x.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "service").stat().st_mode) == 0o700


def test_a_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "x.db"
    path.write_text("")
    path.chmod(0o640)
    with pytest.raises(WorkspaceError, match="may read the accounts"):
        owned(path, "the accounts")


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "real").write_text("")
    (tmp_path / "x.db").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="symbolic"):
        owned(tmp_path / "x.db", "the accounts")


def test_a_new_private_file_is_whole_and_never_replaces_one(tmp_path):
    make_private(tmp_path / "key", b"secret")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "key", b"other")
    assert (tmp_path / "key").read_bytes() == b"secret"


def test_half_a_private_file_does_not_stay(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        make_private(tmp_path / "key", b"secret")
    assert not list(tmp_path.iterdir())
