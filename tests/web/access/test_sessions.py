"""Sessions end when they should, and a copy of the file opens none."""

import pytest

from access_samples import PASSWORD, cheap
from access_samples import server as samples_server
from nof1.web.access import secrets
from nof1.web.access.sessions import IDLE_S, MOST, WHOLE_S


@pytest.fixture
def server(tmp_path, monkeypatch):
    cheap(monkeypatch)
    made = samples_server(tmp_path)
    made.desk.accounts.add("anna", ["clinician"], password=PASSWORD)
    yield made
    made.desk.close()


def test_a_session_has_256_random_bits_and_is_kept_hashed(server):
    made = {server.desk.sessions.begin("local:anna") for _ in range(10)}
    assert len(made) == 10
    assert all(secrets.FORM.fullmatch(one) for one in made)
    folder = server.desk.workspace.root / "service"
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not any(one.encode() in raw for one in made)
    assert all(secrets.kept(one) in raw for one in made)  # the test looks into the right file


def test_it_ends_when_nobody_uses_it(server):
    secret = server.desk.sessions.begin("local:anna")
    for _ in range(5):
        server.clock.now += IDLE_S - 1
        assert server.desk.sessions.find(secret) is not None
    server.clock.now += IDLE_S
    assert server.desk.sessions.find(secret) is None
    server.clock.now -= IDLE_S
    assert server.desk.sessions.find(secret) is None  # it is gone, whatever the clock does


def test_it_ends_after_its_whole_time_in_any_case(server):
    secret, begun = server.desk.sessions.begin("local:anna"), server.clock.now
    while server.clock.now < begun + WHOLE_S:
        assert server.desk.sessions.find(secret) is not None
        server.clock.now += IDLE_S / 2
    assert server.desk.sessions.find(secret) is None


def test_it_ends_when_it_is_signed_out_and_others_stay(server):
    one, other = (server.desk.sessions.begin("local:anna") for _ in range(2))
    server.desk.sessions.end(one)
    assert server.desk.sessions.find(one) is None
    assert server.desk.sessions.find(other) is not None
    assert server.desk.sessions.end_all("local:anna") == 1
    assert server.desk.sessions.find(other) is None


def test_an_account_has_only_so_many(server):
    first = server.desk.sessions.begin("local:anna")
    for _ in range(MOST):
        server.clock.now += 1
        server.desk.sessions.begin("local:anna")
    assert len(server.desk.sessions.all("local:anna")) == MOST
    assert server.desk.sessions.find(first) is None


@pytest.mark.parametrize("secret", ["", "x", "A" * 42, "A" * 44, "A" * 42 + "=", "' OR 1=1 --"])
def test_what_is_no_secret_is_nobody(server, secret):
    assert server.desk.sessions.find(secret) is None
