"""Decisions are chained, audited, and a changed file is seen."""

import hashlib
import json
from dataclasses import replace

import pytest

from governance_samples import BY, PAIR, WHY, decide
from nof1.advice.governance import decisions
from nof1.core import audit
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.workspace import create


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "ws")


def test_nothing_was_decided_in_a_new_workspace(workspace):
    assert decisions.read(decisions.path(workspace)) == ()
    assert decisions.signed_off(workspace, ())


def test_a_decision_says_who_when_and_why(workspace):
    made = decide(workspace, "switch", PAIR, "shadow")
    (kept,) = decisions.read(decisions.path(workspace))
    assert kept == made
    assert (kept.by, kept.why, kept.at, kept.day) == (
        BY,
        WHY,
        "2024-04-01T08:00:00Z",
        "2024-04-01",
    )


def test_decisions_are_a_chain_and_each_is_in_the_audit_log(workspace):
    made = [decide(workspace, "switch", PAIR, value) for value in ("shadow", "off", "on")]
    found = decisions.read(decisions.path(workspace))
    assert [one.number for one in found] == [1, 2, 3]
    assert [one.previous for one in found] == [decisions.START, made[0].hash, made[1].hash]
    logged = [one for one in audit.entries(workspace.audit) if one["action"] == "governance"]
    assert [one["details"]["head"] for one in logged] == [one.hash for one in made]
    assert audit.verify(workspace.audit).intact
    assert decisions.signed_off(workspace, found)


def test_the_audit_log_holds_no_words_of_the_reason(workspace):
    decide(workspace, "switch", PAIR, "shadow", why="Mrs Canary complained")
    assert "Canary" not in (workspace.audit / "audit.jsonl").read_text()
    assert "Canary" in decisions.path(workspace).read_text()


@pytest.mark.parametrize("field", ["value", "by", "why", "at", "number", "subject"])
def test_a_changed_field_breaks_the_chain(workspace, field):
    decide(workspace, "switch", PAIR, "shadow")
    file = decisions.path(workspace)
    data = json.loads(file.read_text())
    data["decisions"][0][field] = 7 if field == "number" else "off"
    file.write_text(json.dumps(data))
    with pytest.raises(WorkspaceError, match="changed by hand"):
        decisions.read(file)


@pytest.mark.parametrize(
    "change",
    [
        {"value": "quiet"},
        {"kind": "tier", "value": "9"},
        {"by": "<b>chief</b>"},
        {"at": "yesterday"},
        {"at": "2024-13-01T08:00:00Z"},
        {"details": None},
        {"details": []},
        {"subject": "../../x"},
        {"why": 7},
        {"why": ""},
    ],
)
def test_a_file_of_another_form_is_refused_though_its_hashes_fit(workspace, change):
    made = replace(decide(workspace, "switch", PAIR, "shadow"), **change)
    told = {name: value for name, value in vars(made).items() if name != "hash"}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    data = {"schema": decisions.SCHEMA, "decisions": [told | {"hash": digest}]}
    decisions.path(workspace).write_text(json.dumps(data))
    with pytest.raises(WorkspaceError, match="changed by hand"):
        decisions.read(decisions.path(workspace))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "x", "decisions": []}', "\x00"])
def test_a_damaged_file_is_refused_without_a_traceback(workspace, text):
    file = decisions.path(workspace)
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(WorkspaceError, match="damaged"):
        decisions.read(file)


def test_an_older_file_that_was_put_back_is_not_signed_off(workspace):
    decide(workspace, "switch", PAIR, "off")
    old = decisions.path(workspace).read_bytes()
    decide(workspace, "switch", PAIR, "on")
    decisions.path(workspace).write_bytes(old)
    found = decisions.read(decisions.path(workspace))
    assert not decisions.signed_off(workspace, found)
    with pytest.raises(WorkspaceError, match="not those that the audit log knows"):
        decide(workspace, "switch", PAIR, "shadow")


def test_a_file_can_be_signed_off_as_it_is(workspace):
    decide(workspace, "switch", PAIR, "off")
    old = decisions.path(workspace).read_bytes()
    decide(workspace, "switch", PAIR, "on")
    decisions.path(workspace).write_bytes(old)
    decide(workspace, "adopted", "governance", "adopted")
    found = decisions.read(decisions.path(workspace))
    assert decisions.signed_off(workspace, found)
    assert [one.kind for one in found] == ["switch", "adopted"]


def test_a_deleted_file_is_not_signed_off(workspace):
    decide(workspace, "switch", PAIR, "off")
    decisions.path(workspace).unlink()
    assert not decisions.signed_off(workspace, decisions.read(decisions.path(workspace)))


@pytest.mark.parametrize("by", ["", " ", "x", "7", "a\nb", "<b>chief</b>", "a" * 61, "[link](x)"])
def test_a_role_is_needed_and_cannot_be_markup(workspace, by):
    with pytest.raises(UsageError, match="role"):
        decide(workspace, "switch", PAIR, "off", by=by)
    assert not decisions.path(workspace).exists()


@pytest.mark.parametrize("why", ["", "  ", "no", "x" * 301])
def test_a_reason_is_needed(workspace, why):
    with pytest.raises(UsageError, match="reason"):
        decide(workspace, "switch", PAIR, "off", why=why)


@pytest.mark.parametrize("subject", ["", "interactions", "../x", "a/b c", "a/b/c/d", "ä/b"])
def test_a_subject_is_a_name(workspace, subject):
    with pytest.raises(UsageError, match="no rule"):
        decide(workspace, "switch", subject, "off")


def test_an_unknown_kind_is_refused(workspace):
    with pytest.raises(UsageError, match="kind"):
        decide(workspace, "silence", PAIR, "off")
