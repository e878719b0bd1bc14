"""Refusals in a row are counted, not written one by one."""

from nof1.core import audit
from nof1.web.access.journal import EVERY_S, MOST, Journal


def test_the_same_refusal_is_written_once_a_minute(tmp_path):
    now = [0.0]
    journal = Journal(tmp_path, lambda: now[0])
    for _ in range(50):
        journal.refused("access refused", account="local:anna", what="read Model")
    journal.refused("access refused", account="local:bob", what="read Model")
    now[0] = EVERY_S
    journal.refused("access refused", account="local:anna", what="read Model")
    told = [one["details"] for one in audit.entries(tmp_path)]
    assert [one["account"] for one in told] == ["local:anna", "local:bob", "local:anna"]
    assert [one.get("before") for one in told] == [None, None, 49]
    assert audit.verify(tmp_path).intact


def test_a_flood_of_different_ones_is_not_remembered_without_end(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(audit, "append", lambda folder, action, **more: written.append(action))
    journal = Journal(tmp_path, lambda: 0.0)
    for number in range(MOST + 500):
        journal.refused("sign-in refused", why=str(number))
    assert len(written) == MOST
