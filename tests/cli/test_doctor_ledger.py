"""``nof1 doctor`` looks at the ledger of the workspace."""

import json
import sqlite3

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import exchange
from nof1.advice.ledger.store import open_ledger
from nof1.cli import main
from nof1.core.workspace import create


def doctor(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(["doctor", "--json", *map(str, words)])
    checks = json.loads(capsys.readouterr().out)["checks"]
    return stop.value.code, {one["name"]: one for one in checks}


def test_a_broken_ledger_fails_with_a_next_step(capsys, tmp_path):
    workspace = create(tmp_path / "ws")
    assert "none yet" in doctor(capsys, "-w", workspace.root)[1]["ledger"]["detail"]
    with open_ledger(workspace.audit) as ledger:
        ledger.record(exchange(1))
        ledger.record(exchange(2))
    code, found = doctor(capsys, "-w", workspace.root)
    assert (code, found["ledger"]["verdict"], found["ledger keys"]["verdict"]) == (0, "ok", "ok")
    with sqlite3.connect(workspace.audit / "ledger.db") as connection:
        connection.execute("UPDATE nof1_entry SET status = 500 WHERE seq = 1")
    connection.close()
    for more in ((), ("--deep",)):
        code, found = doctor(capsys, "-w", workspace.root, *more)
        assert (code, found["ledger"]["verdict"]) == (1, "FAIL")
        assert "nof1 audit verify" in found["ledger"]["detail"]


def test_a_database_that_is_not_one_fails_without_its_address(capsys, tmp_path):
    workspace = create(tmp_path / "ws")
    with open_ledger(workspace.audit):
        pass
    code, found = doctor(capsys, "-w", workspace.root, "--database", "mysql://u:SECRET@h/db")
    assert (code, found["ledger database"]["verdict"]) == (1, "FAIL")
    assert "SECRET" not in json.dumps(found)


def test_without_a_workspace_nothing_is_said_of_a_ledger(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not any(name.startswith("ledger") for name in doctor(capsys)[1])
