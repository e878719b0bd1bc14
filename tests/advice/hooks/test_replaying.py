"""Past answers built again by the real service: byte for byte, or with what has changed since."""

import json
import shutil
from collections import Counter
from datetime import datetime, timedelta

import polars as pl
import pytest

pytest.importorskip("sqlalchemy")

from genome.gene_events import gene_rows, medicine_row, result
from governance_samples import PAIR, decide
from hook_samples import AT, PATIENT, asked, creatinine, draft, prefetched, raw, sign
from nof1.advice.governance import decisions
from nof1.advice.hooks import card, versions
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.replaying import asker
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.replay import replay, replay_all
from nof1.advice.ledger.store import open_ledger
from nof1.core.finding import Subject
from nof1.core.workspace import create
from nof1.genome import findings as genome_findings
from nof1.knowledge.base import Base
from nof1.record.events import SCHEMA
from nof1.record.ingest import ingest
from nof1.record.store import Record

SIGN, VIEW = "nof1-order-sign", "nof1-patient-view"
HOOKS = {offer.id: offer.hook for offer in OFFERS.values()}
NAMES = ("simvastatin", "clarithromycin", "metformin", "amoxicillin", "warfarin", "zzz unknown")
CARDS = 200


def put(workspace, *resources):
    folder = workspace.root.parent / "files"
    folder.mkdir(exist_ok=True)
    (folder / "all.ndjson").write_text("\n".join(json.dumps(one) for one in resources))
    ingest(workspace.record, [folder], site="here", settings={"shards": 1})


class Desk:
    """A workspace with a record, its ledger and a service whose clock runs."""

    def __init__(self, folder):
        self.workspace = create(folder / "ws", shards=1)
        put(self.workspace, PATIENT, creatinine())
        self.ledger = open_ledger(self.workspace.audit)
        self.at = AT
        self.service = Service(Room(self.workspace), self.ledger, lambda: self.at)

    def ask(self, body, service=SIGN):
        reply = self.service.call(service, body)
        return self.ledger.entry(self.ledger.head().seq), reply

    def again(self, entry):
        return replay(self.ledger, entry, asker(self.workspace))


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def bare(hook="order-sign"):
    """A request without prefetch: the record answers."""
    whole = asked(hook, [draft("metformin")] if hook.startswith("order") else [])
    del whole["prefetch"]
    return raw(whole)


def many(desk, cards):
    """Answers of all services at different times, with refusals and failures, until so many cards
    were shown."""
    shown, number = 0, 0
    while shown < cards:
        number += 1
        desk.at = AT + timedelta(hours=7 * number)
        hook = list(HOOKS.values())[number % len(HOOKS)]
        service = list(HOOKS)[number % len(HOOKS)]
        orders = [draft(NAMES[(number + k) % len(NAMES)]) for k in range(1 + number % 3)]
        instance = {"hookInstance": f"d1577c69-dfbe-44ad-ba6d-{number:012d}"}
        whole = asked(hook, orders if hook.startswith("order") else [], **instance)
        whole["prefetch"] = (
            prefetched(laboratory={"resourceType": "OperationOutcome"})
            if (number % 5 == 0)
            else prefetched()
        )
        if number % 7 == 0:
            del whole["prefetch"]
        if number % 11 == 0:
            whole["context"]["patientId"] = "nobody"
        reply = desk.service.call(service, raw(whole))
        shown += len(json.loads(reply.body).get("cards", ()))
    return shown


def test_past_cards_are_built_again_byte_for_byte(desk):
    assert many(desk, CARDS) >= CARDS
    done = list(replay_all(desk.ledger, desk.ledger.entries(), asker(desk.workspace)))
    states = Counter(one.state for one in done)
    assert (states["different"], states["not_comparable"]) == (
        0,
        sum(entry.status != 200 for entry in desk.ledger.entries()),
    )
    assert {one.why for one in done} == {None, "refused"}
    cards = sum(len(desk.ledger.entry(one.seq).cards) for one in done if one.state == "same")
    assert cards >= CARDS


def test_an_answer_from_a_record_that_was_replaced_says_so(desk):
    entry, reply = desk.ask(bare())
    assert reply.status == 200
    assert entry.versions["record"].startswith("1-")
    assert desk.again(entry).state == "same"
    put(desk.workspace, PATIENT, creatinine(), creatinine(5.0, "2024-04-25"))
    made = desk.again(entry)
    assert (made.state, made.why) == ("not_comparable", "versions")
    assert [one.name for one in made.changed] == ["record"]
    assert "the record of then was replaced by an import" in made.reason


def test_an_answer_to_which_the_record_gave_nothing_outlives_imports(desk):
    entry, _ = desk.ask(sign("metformin"))
    assert entry.versions["record"] == versions.UNUSED
    put(desk.workspace, PATIENT, creatinine(5.0, "2024-04-25"))
    assert desk.again(entry).state == "same"


def test_the_record_is_named_that_was_read_and_not_the_one_of_a_moment_later(desk, monkeypatch):
    """An import between reading and keeping must not lend its name to the answer."""
    read = Service.answered

    def imported_meanwhile(self, *arguments):
        made = read(self, *arguments)
        put(desk.workspace, PATIENT, creatinine(5.0, "2024-04-25"))
        return made

    monkeypatch.setattr(Service, "answered", imported_meanwhile)
    entry, _ = desk.ask(bare())
    assert entry.versions["record"].startswith("1-")


@pytest.mark.parametrize("name", ["code", "knowledge", "settings", "libraries", "nof1"])
@pytest.mark.parametrize("notice", [card.NOTICE, "Another notice."])
def test_another_version_is_named_whether_or_not_the_bytes_are_equal(
    desk, monkeypatch, name, notice
):
    entry, _ = desk.ask(sign("metformin"))
    fixed = desk.service.room.fixed
    monkeypatch.setattr(versions, "fixed", lambda *_: {**fixed, name: "other"})
    monkeypatch.setattr(card, "NOTICE", notice)
    made = desk.again(entry)
    assert (made.state, [one.name for one in made.changed]) == ("not_comparable", [name])
    assert made.equal_now is (notice != "Another notice.")
    assert name in made.reason


def replaced(workspace, more="\n"):
    """A workspace's own table of sources, with something at its end."""
    workspace.knowledge.mkdir(exist_ok=True)
    (workspace.knowledge / "sources.tsv").write_text(Base().text("sources.tsv") + more)


def test_facts_that_were_replaced_before_an_answer_are_those_of_the_answer(desk):
    before, _ = desk.ask(sign("metformin"))
    replaced(desk.workspace)
    after, _ = desk.ask(sign("metformin"))
    assert after.versions["knowledge"] != before.versions["knowledge"]
    assert desk.again(after).state == "same"
    made = desk.again(before)
    assert (made.state, [one.name for one in made.changed]) == ("not_comparable", ["knowledge"])


def test_facts_that_were_replaced_during_an_answer_make_no_version(desk, monkeypatch):
    """It has read some of them before and reads others after: which, nobody can say."""
    read = Service.answered

    def meanwhile(self, *arguments):
        replaced(desk.workspace)
        return read(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Service, "answered", meanwhile)
        during, _ = desk.ask(sign("metformin"))
    assert during.versions["knowledge"].startswith(versions.UNSURE)
    made = desk.again(during)
    assert (made.state, [one.name for one in made.changed]) == ("not_comparable", ["knowledge"])
    assert "changed-while-running" in made.reason


def test_facts_that_were_replaced_by_damaged_ones_stop_every_answer_until_they_are_whole(desk):
    replaced(desk.workspace, "not a source\n")
    assert [desk.service.call(SIGN, sign("metformin")).status for _ in "ab"] == [
        500, 500,
    ]  # fmt: skip
    replaced(desk.workspace)
    assert desk.service.call(SIGN, sign("metformin")).status == 200


def test_a_past_answer_is_built_under_the_decisions_of_its_time(desk):
    body = sign("simvastatin", "clarithromycin")
    entries = [desk.ask(body)[0]]
    for value in ("off", "shadow", "on"):
        decide(desk.workspace, "switch", PAIR, value)
        entries.append(desk.ask(body)[0])
    assert len({entry.response_hash for entry in entries[:2]}) == 2
    assert [desk.again(entry).state for entry in entries] == ["same"] * 4
    shutil.rmtree(decisions.path(desk.workspace).parent)  # what was decided is not known any more
    states = [desk.again(entry) for entry in entries]
    assert [one.state for one in states[1:]] == ["not_comparable"] * 3
    assert all("governance" in one.reason for one in states[1:])


def test_a_change_that_no_version_names_is_a_fault_with_its_place(desk, monkeypatch):
    entry, _ = desk.ask(sign("metformin"))
    monkeypatch.setattr(card, "NOTICE", "Another notice.")
    made = desk.again(entry)
    assert (made.state, made.why) == ("different", "bytes")
    assert made.first_difference > 0


def test_a_measurement_dated_after_the_moment_of_asking_is_refused_again_years_later(desk):
    """Read against the clock of the machine, the replay would take it."""
    desk.at = datetime(2024, 4, 1)
    late = creatinine(9.9, "2024-04-20")
    body = sign("metformin", prefetch=prefetched(laboratory={
        "resourceType": "Bundle", "type": "searchset", "entry": [{"resource": late}]}))  # fmt: skip
    entry, reply = desk.ask(body)
    assert b"could not be used" in reply.body
    assert desk.again(entry).state == "same"


class Later(datetime):
    """A clock of the machine long after."""

    @classmethod
    def now(cls, tz=None):
        return datetime(2099, 1, 1, tzinfo=tz)


def subject_of(desk):
    return Record(desk.workspace.record).subject("1")


def test_sources_that_grow_old_after_the_answer_do_not_change_it(desk, monkeypatch):
    plain = Record.patient_events

    def with_genes(self, subject_id):
        events = plain(self, subject_id)
        taken = medicine_row("clopidogrel", datetime(2024, 4, 20))
        rows = pl.DataFrame([*gene_rows(result("CYP2C19", "*2/*2")), taken], SCHEMA)
        same = {name: pl.lit(events[name][0]) for name in ("subject_id", "site")}
        return pl.concat([events, rows.with_columns(**same)]).sort("time", nulls_last=False)

    monkeypatch.setattr(Record, "patient_events", with_genes)
    entry, reply = desk.ask(bare("patient-view"), VIEW)
    assert b"clopidogrel" in reply.body.lower()
    assert b"were valid until" not in reply.body
    monkeypatch.setattr(genome_findings, "datetime", Later)
    assert desk.again(entry).state == "same"
    events = with_genes(Record(desk.workspace.record), subject_of(desk))
    told = genome_findings.findings(Subject(id="1"), events, AT)
    assert any("were valid until" in note for one in told for note in one.notes)
