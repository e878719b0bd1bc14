"""The room answers from the record when nothing was prefetched, and follows new imports."""

import json
from datetime import datetime

import polars as pl
import pytest

from hook_samples import AT, PATIENT, asked, cards, creatinine, draft, raw, service, told
from nof1.advice.hooks import request
from nof1.advice.hooks.outcome import Refusal
from nof1.advice.hooks.room import Room, last_day
from nof1.core.workspace import create
from nof1.record.ingest import ingest
from nof1.record.store import Record


def put(folder, workspace, *resources):
    folder.mkdir(exist_ok=True)
    lines = "\n".join(json.dumps(one) for one in resources)
    (folder / "all.ndjson").write_text(lines)
    ingest(workspace.record, [folder], site="here", settings={"shards": 1})


@pytest.fixture
def room(tmp_path):
    workspace = create(tmp_path / "ws", shards=1)
    put(tmp_path / "files", workspace, PATIENT, creatinine())
    return Room(workspace)


def bare(hook="order-sign"):
    whole = asked(hook, [draft("metformin")])
    del whole["prefetch"]
    return whole


def chart(room, whole):
    return room.chart(request.read(raw(whole), whole["hook"]), ("patient",), AT)


def test_the_record_tells_when_nothing_was_sent(room):
    found = chart(room, bare())
    assert (found.origin, found.patient, found.site, found.gaps) == ("record", "1", "here", ())
    assert "LOINC//2160-0" in found.events["code"].to_list()


def test_prefetched_data_are_preferred(room):
    assert chart(room, bare() | {"prefetch": {"patient": PATIENT}}).origin == "prefetch"


def test_an_unknown_patient_is_412(room):
    whole = bare()
    whole["context"]["patientId"] = "2"
    whole["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = {"reference": "Patient/2"}
    with pytest.raises(Refusal) as stop:
        chart(room, whole)
    assert stop.value.status == 412


def test_an_empty_workspace_is_412(tmp_path):
    reply = service(tmp_path).call("nof1-order-sign", raw(bare()))
    assert reply.status == 412
    assert b"OperationOutcome" in reply.body


def test_a_new_import_is_seen_at_once(room, tmp_path):
    assert room.opened() is room.opened()
    before = room.versions()
    put(tmp_path / "files", room.workspace, PATIENT, creatinine(), creatinine(2.0, "2024-04-25"))
    assert chart(room, bare()).events.filter(code="LOINC//2160-0").height == 2
    assert room.versions()["record"] != before["record"]


def test_versions_name_program_facts_and_record(room):
    assert set(room.versions()) == {"nof1", "code", "libraries", "settings", "knowledge", "record"}
    assert len(room.versions()["knowledge"]) == 64


def test_sources_that_are_past_their_date_are_told(tmp_path):
    made = service(tmp_path)
    late = datetime(2099, 1, 1)
    assert made.room.expired(late)
    reply = made.answer("nof1-patient-view", raw(asked("patient-view")), late)
    assert told(reply)["expiredSources"] == list(made.room.expired(late))
    assert "past their date" in cards(reply)[-1]["detail"]
    assert set(made.room.expired(AT)) < set(made.room.expired(late))


def test_the_demo_stands_at_the_end_of_its_record(room):
    assert last_day(room) == datetime(2024, 4, 21, 8)


@pytest.fixture
def sequenced(room, monkeypatch):
    """The record's patient has a gene result."""
    plain = Record.patient_events

    def with_gene(self, subject_id):
        events = plain(self, subject_id)
        row = events.filter(code="LOINC//2160-0").with_columns(
            code=pl.lit("GENE//CYP2C19"), text_value=pl.lit("{}"), numeric_value=None
        )
        return pl.concat([events, row.cast(events.schema)])

    monkeypatch.setattr(Record, "patient_events", with_gene)
    return room


def sent(**changes):
    return bare() | {"prefetch": {"patient": PATIENT | changes}}


def test_what_nof1_worked_out_joins_the_prefetch(sequenced):
    found = chart(sequenced, sent())
    assert found.origin == "prefetch and record"
    codes = found.events["code"].to_list()
    assert "GENE//CYP2C19" in codes
    assert "LOINC//2160-0" not in codes  # measurements come from the prefetch alone
    assert found.events["subject_id"].n_unique() == 1
    assert found.events["time"].is_sorted(nulls_last=False)


@pytest.mark.parametrize("change", [{"birthDate": "1950-02-04"}, {"gender": "male"}])
def test_another_person_of_the_same_identifier_lends_no_genes(sequenced, change):
    found = chart(sequenced, sent(**change))
    assert found.origin == "prefetch"
    assert "GENE//CYP2C19" not in found.events["code"].to_list()
    assert "another birth date or sex" in found.gaps[-1].reason
