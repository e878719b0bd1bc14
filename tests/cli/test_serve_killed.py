"""A server that is killed has lost no answer and no feedback that a client was told of."""

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("httpx")

from nof1.advice.ledger.store import read_ledger
from nof1.core.workspace import create
from serve_process import Server, Told, check, clients

KILLS, OUTCOMES, LONGEST_S = 3, 24, 120


def test_nothing_that_was_told_is_lost(tmp_path):
    """Killed in the middle of a stream, several times, and started again on the same ledger."""
    server = Server(create(tmp_path / "ws"))
    told, heads = Told(), []
    try:
        for kill in range(1, KILLS + 1):
            server.start()
            server.ready()
            told.enough.clear()
            asking = clients([server], told, OUTCOMES * kill, each=3)
            assert told.enough.wait(LONGEST_S)
            server.kill()
            for one in asking:
                one.join()
            assert not told.wrong, told.wrong
            with read_ledger(server.workspace.audit) as ledger:
                check(ledger, told)
                heads.append(ledger.head())
    finally:
        server.stop()
    assert len(told.outcomes) >= KILLS * OUTCOMES
    with read_ledger(server.workspace.audit) as ledger:
        assert all(ledger.verify(head).anchored for head in heads)
