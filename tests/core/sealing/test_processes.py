"""Who uses a folder: by an open file, by standing in it, by an inherited mark."""

import subprocess
import sys

from nof1.core.sealing import processes

WAIT = "print(1, flush=True); input()"


def started(code, **how):
    user = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **how
    )
    user.stdout.readline()
    return user


def test_an_open_file_counts_and_a_closed_one_does_not(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in2").mkdir()
    (tmp_path / "in2" / "x").touch()
    with started(f"f = open({str(tmp_path / 'in2' / 'x')!r}); {WAIT}") as user:
        assert processes.using(tmp_path / "in2") == [user.pid]
        assert processes.using(tmp_path / "in") == []
        assert processes.using(tmp_path / "in2", apart=frozenset({user.pid})) == []
        user.communicate(b"\n")
    assert processes.using(tmp_path / "in2") == []


def test_standing_in_it_counts_with_a_mark_only(tmp_path):
    with started(WAIT, cwd=tmp_path) as user:
        assert processes.using(tmp_path) == []
        assert processes.using(tmp_path, b"NOF1_OPENED=x") == [user.pid]
        user.communicate(b"\n")


def test_a_mark_is_found_and_its_bearer_ended_also_when_it_will_not(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "GRACE_S", 0.5)
    mark = {"NOF1_OPENED": str(tmp_path / "one")}
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"
    with started(deaf, env=mark) as user, started(WAIT, env={"NOF1_OPENED": "other"}) as other:
        whole = f"NOF1_OPENED={tmp_path / 'one'}".encode()
        assert processes.using(tmp_path / "one", whole) == [user.pid]
        processes.end(tmp_path / "one", whole, frozenset())
        assert user.wait() == -9
        assert other.poll() is None
        other.communicate(b"\n")
