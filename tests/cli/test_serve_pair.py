"""Two servers on one PostgreSQL: one chain and one memory of used tokens, also when killed."""

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("httpx")

import httpx

from hook_samples import sign
from nof1.advice.ledger.store import open_ledger, read_ledger
from nof1.core.workspace import create
from postgres_cluster import empty_database, running_cluster  # noqa: F401
from serve_process import JSON, Server, Told, check, clients
from token_samples import SIGN, bearer, clients_file

OUTCOMES, LONGEST_S, SINGLE = 40, 120, 6


@pytest.fixture
def pair(tmp_path, url):
    """Two servers with workspaces and keys of their own, each trusting the other."""
    workspaces = [create(tmp_path / name) for name in ("a", "b")]
    for one in workspaces:
        with open_ledger(one.audit):  # makes the keys
            (one.audit / "trusted").mkdir()
    for one, other in (workspaces, workspaces[::-1]):
        (other.audit / "trusted/peer.pub").write_bytes((one.audit / "ledger.pub").read_bytes())
    words = ("--database", url, "--clients", str(clients_file(tmp_path)))
    servers = [Server(one, *words) for one in workspaces]
    yield servers
    for one in servers:
        one.stop()


def start(servers):
    for one in servers:
        one.start()
    for one in servers:
        one.ready()


def header(path):
    return {"Authorization": bearer(path)}


def answers(servers, authorization):
    """Status of the same call with the same token at each server, one after the other."""
    headers = JSON | {"Authorization": authorization}
    posts = (
        httpx.post(one.address + SIGN, content=sign("metformin"), headers=headers, timeout=60)
        for one in servers
    )
    return [one.status_code for one in posts]


def test_two_servers_agree(pair, url):
    told, used = Told(), []
    for enough in (OUTCOMES, 2 * OUTCOMES):  # the second time both were killed and started again
        start(pair)
        for one in used:  # the restart has forgotten no token
            assert answers(pair, one) == [401, 401]
        told.enough.clear()
        asking = clients(pair, told, enough, header)
        assert told.enough.wait(LONGEST_S)
        for number in range(SINGLE):
            used.append(bearer())
            order = pair if number % 2 else pair[::-1]
            assert answers(order, used[-1]) == [200, 401]
        for one in pair:
            one.kill()
        for one in asking:
            one.join()
        assert not told.wrong, told.wrong
    agreed(pair, url, told)


def agreed(pair, url, told):
    """Both workspaces read one and the same whole chain, to which both have written."""
    audit = [one.workspace.audit for one in pair]
    with read_ledger(audit[0], url) as one, read_ledger(audit[1], url) as other:
        assert one.verify() == other.verify()
        assert list(one.entries()) == list(other.entries())
        both = Both(one, other)
        entries = check(both, told)
    assert {entry.kind for entry in entries} == {"exchange", "feedback"}
    assert min(both.wrote) > 0


class Both:
    """One ledger read with the sealing keys of two workspaces; counts whose bytes they were."""

    def __init__(self, *ledgers):
        self.ledgers, self.wrote = ledgers, [0, 0]

    def kept(self, entry, part):
        for number, one in enumerate(self.ledgers):
            if (found := one.kept(entry, part)) is not None:
                self.wrote[number] += 1
                return found
        return None

    def __getattr__(self, name):
        return getattr(self.ledgers[0], name)
