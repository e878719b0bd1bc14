"""The guard of the tests refuses other machines, and a swallowed refusal still fails the test."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import network_guard
from network_guard import TRIED, Reached, is_local

ROOT = Path(__file__).resolve().parents[1]
OTHER = "192.0.2.1"  # RFC 5737: an address of nobody


def caught(act):
    with pytest.raises(Reached):
        act()
    tried = list(TRIED)
    TRIED.clear()  # else this test would fail, as it should elsewhere
    return tried


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_connection_to_another_machine_is_refused_and_noted(kind):
    with socket.socket(socket.AF_INET, kind) as one:
        assert caught(lambda: one.connect((OTHER, 80))) == [("socket.connect", OTHER)]


def test_a_packet_to_another_machine_is_refused_and_noted():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        assert caught(lambda: one.sendto(b"x", (OTHER, 53))) == [("socket.sendto", OTHER)]


def test_a_name_is_not_asked_for():
    assert caught(lambda: socket.getaddrinfo("nobody.example", 80))
    assert caught(lambda: socket.gethostbyname("nobody.example"))


def test_this_machine_is_allowed():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=60) as one,
    ):
        assert one.getpeername() == server.getsockname()
    with contextlib.suppress(OSError):
        socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
        ("::ffff:10.0.0.1", False), ("10.0.0.1", False), ("8.8.8.8", False), ("fe80::1%lo", False),
        ("localhost.example", False), ("127.0.0.1.example", False),
    ],
)  # fmt: skip
def test_what_counts_as_this_machine(host, here):
    assert is_local(host) is here


SWALLOWED = """
import contextlib, socket

def test_swallowed():
    with socket.socket() as one, contextlib.suppress(Exception):
        one.connect(("192.0.2.1", 80))
"""


def test_a_test_that_swallows_the_refusal_fails(tmp_path):
    (tmp_path / "conftest.py").write_text(_fixture())
    (tmp_path / "test_it.py").write_text(SWALLOWED)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True, text=True, cwd=tmp_path, check=False,
        env={"PYTHONPATH": str(ROOT / "tests"), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 1
    assert "reached for another machine" in done.stdout


def _fixture():
    """The lines of our own conftest that install the guard."""
    text = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    _, _, rest = text.partition("network_guard.install()\n")
    body = rest.partition("\n\n\n@dataclass")[0]
    return f"import pytest\nimport network_guard\n\nnetwork_guard.install()\n{body}\n"


def test_the_guard_is_on_in_this_run():
    assert network_guard._installed


def test_the_whole_suite_can_run_where_there_is_only_loopback():
    """``./dev test --no-network`` says what it needs, or closes the network; never neither."""
    text = (ROOT / "dev").read_text(encoding="utf-8")
    assert '"unshare", "--net"' in text
    assert "This machine cannot run the tests without a network" in text
