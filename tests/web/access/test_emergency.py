"""Emergency access: a reason, an hour, one patient, and a record of each step."""

import logging

import pytest

from access_samples import PASSWORD, cheap
from access_samples import server as samples_server
from nof1.advice.ledger.keys import load
from nof1.core import audit
from nof1.core.errors import UsageError
from nof1.web.access.emergency import LASTS_S, mark

WORDS = "Maria Musterfrau was brought in unconscious"


@pytest.fixture
def server(tmp_path, monkeypatch):
    cheap(monkeypatch)
    made = samples_server(tmp_path)
    made.desk.accounts.add("anna", ["clinician"], password=PASSWORD)
    yield made
    made.desk.close()


def begin(server, patient="p9", reason="emergency", words=WORDS):
    marked = mark(server.desk.workspace.audit, patient)
    return server.desk.emergencies.begin("local:anna", marked, reason, words)


def may(server, patient, action="read"):
    who = server.desk.principal(server.desk.accounts.get("local:anna"))
    return server.desk.decide(who, action, "Condition", patient).allowed


def test_it_opens_one_patient_for_an_hour(server):
    assert not may(server, "p9")
    begin(server)
    assert may(server, "p9")
    assert not may(server, "p8")
    assert not may(server, "p9", "delete")
    server.clock.now += LASTS_S - 1
    assert may(server, "p9")
    server.clock.now += 1
    assert not may(server, "p9")


def test_it_can_be_ended_before_by_whoever_began_it(server):
    made = begin(server)
    server.desk.emergencies.end("local:bob", made.number)
    assert may(server, "p9")
    server.desk.emergencies.end("local:anna", made.number)
    assert not may(server, "p9")


@pytest.mark.parametrize(
    ("reason", "words"),
    [("", WORDS), ("curiosity", WORDS), ("emergency", ""), ("emergency", "    .     "),
     ("emergency", "x" * 501)],
)  # fmt: skip
def test_without_a_reason_nothing_opens(server, reason, words):
    with pytest.raises(UsageError):
        begin(server, reason=reason, words=words)
    assert not may(server, "p9")
    assert server.log("EMERGENCY ACCESS") == []


def test_beginning_use_and_end_are_recorded_without_the_words(server, caplog):
    with caplog.at_level(logging.WARNING):
        made = begin(server)
    assert "EMERGENCY ACCESS by local:anna" in caplog.text
    may(server, "p9")
    may(server, "p9")
    server.desk.emergencies.end("local:anna", made.number)
    patient = mark(server.desk.workspace.audit, "p9")
    (begun,) = server.log("EMERGENCY ACCESS")
    assert begun["details"] == {
        "account": "local:anna", "patient": patient, "reason": "emergency",
        "emergency": made.number, "minutes": 60,
    }  # fmt: skip
    uses = server.log("EMERGENCY USE")
    assert [one["details"]["what"] for one in uses] == ["read Condition"] * 2
    assert len(server.log("emergency access ended")) == 1
    text = (server.desk.workspace.audit / "audit.jsonl").read_text()
    assert "Musterfrau" not in text
    assert '"p9"' not in text
    assert "Musterfrau" not in caplog.text
    assert server.desk.emergencies.all()[0].words == WORDS


def test_the_pseudonym_is_that_of_log_and_ledger(server):
    folder = server.desk.workspace.audit
    assert mark(folder, "17") == audit.pseudonym(folder, 17)
    assert mark(folder, "p9") == load(folder, new=True).pseudonym("p9")


@pytest.mark.parametrize("patient", ["", " p9", "p9\n", "x" * 65, "a\u202eb"])
def test_what_is_no_identifier_is_refused(server, patient):
    with pytest.raises(UsageError):
        mark(server.desk.workspace.audit, patient)
