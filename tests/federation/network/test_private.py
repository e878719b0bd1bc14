import sys
import threading

import pytest

from nof1.core.errors import WorkspaceError
from nof1.federation.network import private


def test_two_writers_never_leave_half_a_file(tmp_path):
    """They once shared the name beside it: one took away what the other was writing."""
    path, errors, seen = tmp_path / "key", [], set()
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def write(letter):
        for _ in range(30):
            try:
                private.write(path, letter * 100_000)
                seen.add(bytes(set(path.read_bytes())) if path.stat().st_size == 100_000 else b"?")
            except (WorkspaceError, OSError) as error:
                errors.append(error)

    threads = [threading.Thread(target=write, args=(one,)) for one in (b"a", b"b", b"c")]
    try:
        for one in threads:
            one.start()
        for one in threads:
            one.join(30)
    finally:
        sys.setswitchinterval(switch)
    assert not errors
    assert seen <= {b"a", b"b", b"c"}
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_what_cannot_be_written_leaves_nothing_beside(tmp_path):
    (tmp_path / "key").mkdir()
    with pytest.raises(WorkspaceError, match="cannot be written"):
        private.write(tmp_path / "key", b"x")
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_a_secret_that_is_made_once_is_that_of_the_first(tmp_path):
    path = tmp_path / "key"
    assert private.once(path, b"first", "") == b"first"
    assert private.once(path, b"second", "") == b"first"
    assert [one.name for one in tmp_path.iterdir()] == ["key"]
