"""The file of the accounts: private, whole or not at all, never older or newer than understood."""

import sqlite3

import pytest

from nof1.core.errors import WorkspaceError
from nof1.web.access.database import FILE, Database, exists


def test_the_file_is_its_owners_alone(tmp_path):
    folder = tmp_path / "service"
    assert not exists(folder)
    Database(folder).close()
    assert exists(folder)
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    (folder / FILE).chmod(0o640)
    with pytest.raises(WorkspaceError, match="Other users"):
        Database(folder)


def test_a_link_to_another_file_is_not_followed(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    (tmp_path / FILE).symlink_to(tmp_path / "other")
    with pytest.raises(WorkspaceError):
        Database(tmp_path)


def test_a_damaged_file_and_another_version_are_told(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to look at" * 100)
    (tmp_path / FILE).chmod(0o600)
    with pytest.raises(WorkspaceError, match="cannot be used"):
        Database(tmp_path)
    (tmp_path / FILE).unlink()
    Database(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(WorkspaceError, match="version 99"):
        Database(tmp_path)


def test_a_transaction_is_whole_or_nothing(tmp_path):
    database = Database(tmp_path)

    def half():
        with database.writing() as db:
            db.execute("INSERT INTO tries VALUES ('a', 1, 0)")
            with database.writing() as inner:
                inner.execute("INSERT INTO tries VALUES ('b', 1, 0)")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        half()
    assert database.rows("SELECT * FROM tries") == []
    with database.writing() as db:
        db.execute("INSERT INTO tries VALUES ('a', 1, 0)")
    assert len(database.rows("SELECT * FROM tries")) == 1
    database.close()
