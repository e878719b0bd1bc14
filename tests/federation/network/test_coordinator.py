"""A coordinator and sites that do what no site should; each site is a line that the test holds."""

import threading

import msgspec
import numpy as np
import pytest

from federation_samples import manifest
from network_samples import NAMES, federation
from nof1.core import audit
from nof1.core.errors import InputError, ModelError, UsageError
from nof1.federation.manifest import sign
from nof1.federation.network import coordinator, lead
from nof1.federation.network.board import Board, Decision, Done, Failed, Job
from nof1.federation.network.home import Enrol
from nof1.federation.network.wire import HEAD, MAGIC, Ended, Gone, Kind, decode, encode
from nof1.federation.ring import from_bytes, to_bytes

YES = encode(Decision(True))


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with federation(tmp_path_factory.mktemp("coordinator"), patience=20) as made:
        made.agree()
        yield made


class Played:
    """A job whose sites are played by the test."""

    def __init__(self, up, **changes):
        self.up, self.lines = up, {name: up.homes[name].call(20) for name in NAMES}
        for line in self.lines.values():
            line.send(Kind.WAIT)
        up.idle()
        raw = sign(manifest(**changes), "study-lead", up.project.signing_key())
        self.lead = lead.call(up.project)
        self.states = []
        self.thread = threading.Thread(target=self._submit, args=(raw,))
        self.thread.start()
        self.tags = {name: line.read(Kind.JOB, most=2**20).tag for name, line in self.lines.items()}

    def _submit(self, raw):
        self.states.append(lead.submit(self.lead, raw))

    def decide(self, **others):
        for name, line in self.lines.items():
            line.send(Kind.DECISION, encode(others.get(name, Decision(True))))
        return {name: line.read(Kind.START, Kind.ENDED) for name, line in self.lines.items()}

    def send(self, name, kind, data, number=0, tag=None):
        self.lines[name].send(kind, data, self.tags[name] if tag is None else tag, number)

    def read(self, name):
        return self.lines[name].read(Kind.TOTAL, Kind.MESSAGES, Kind.ERROR, Kind.ENDED, most=2**20)

    def end(self):
        """Close everything; the job's last state."""
        for line in self.lines.values():
            line.close()
        self.thread.join(20)
        self.lead.close()
        assert self.states, "the job did not end"
        return self.states[0]


@pytest.fixture
def played(up):
    made = Played(up)
    made.decide()
    yield made
    if made.thread.is_alive():
        made.end()


def vector(*values):
    return to_bytes(np.array(values, dtype=np.uint64))


def test_vectors_are_added(played):
    for name in NAMES:
        played.send(name, Kind.VECTOR, vector(1, 2**63))
    for name in NAMES:
        assert from_bytes(played.read(name).data).tolist() == [3, 2**63 * 3 % 2**64]


def test_messages_go_to_all(played):
    for name in NAMES:
        played.send(name, Kind.MESSAGE, name.encode())
    for name in NAMES:
        got = msgspec.msgpack.decode(played.read(name).data, type=dict[str, bytes])
        assert got == {one: one.encode() for one in NAMES}


@pytest.mark.parametrize(
    ("kind", "number", "tag", "match"),
    [
        (Kind.VECTOR, 1, None, "round 1 came in round 0"),
        (Kind.VECTOR, 0, 12345, "another job"),
        (Kind.MESSAGE, 3, None, "out of turn"),
    ],
)
def test_what_is_out_of_turn_is_refused_alone(played, kind, number, tag, match):
    played.send("north", kind, vector(1), number, tag)
    got = played.read("north")
    assert (got.kind, match in decode(got.data, Ended).why) == (Kind.ERROR, True)
    for name in NAMES:
        played.send(name, Kind.VECTOR, vector(1))
    assert {from_bytes(played.read(name).data)[0] for name in NAMES} == {3}


def test_a_vector_twice_is_refused_and_the_first_one_counts(played):
    for name in NAMES:
        played.send(name, Kind.VECTOR, vector(1))
        played.read(name) if name == "west" else None
    for name in ("north", "south"):
        played.read(name)
    played.send("north", Kind.VECTOR, vector(100))  # late: the round is over
    assert played.read("north").kind is Kind.ERROR
    for name in NAMES:
        played.send(name, Kind.VECTOR, vector(2), 1)
    assert {from_bytes(played.read(name).data)[0] for name in NAMES} == {6}


def test_vectors_of_different_lengths_end_the_job_for_all(played):
    for name in NAMES:
        played.send(name, Kind.VECTOR, vector(*range(2 if name == "west" else 3)))
    for name in NAMES:
        got = played.read(name)
        assert (got.kind, "lengths" in decode(got.data, Ended).why) == (Kind.ENDED, True)
    assert (played.end().step, played.states[0].why) == (
        "failed",
        "The sites sent vectors of different lengths.",
    )


def test_a_vector_with_a_broken_length_ends_the_job_for_all(played):
    played.send("north", Kind.VECTOR, b"1234567")
    assert played.read("north").kind is Kind.ENDED
    assert "broken length" in played.end().why


@pytest.mark.parametrize(
    ("kind", "data", "number"),
    [
        (Kind.VECTOR, b"\0" * 8 * 1004, 0),  # the manifest says 1000 entries, three words more
        (Kind.VECTOR, b"\0" * 8, 100),  # and 100 rounds
        (Kind.SUBMIT, b"", 0),
        (Kind.ENROL, b"{}", 0),
        (Kind.DONE, b"\x80\x04.", 0),
    ],
)
def test_too_much_or_the_wrong_kind_puts_the_site_out_and_ends_the_job(played, kind, data, number):
    played.send("south", kind, data, number)
    assert played.lines["south"].read(Kind.ENDED).kind is Kind.ENDED
    with pytest.raises(Gone):
        played.lines["south"].read(Kind.ENDED)
    played.send("north", Kind.VECTOR, vector(1))
    assert played.read("north").kind is Kind.ENDED
    assert played.end().why.startswith("south has sent what is not allowed: ")


def test_a_site_that_goes_ends_the_job_for_all(played):
    played.send("north", Kind.VECTOR, vector(1))
    played.lines["west"].close()
    got = played.read("north")
    assert "west is not there" in decode(got.data, Ended).why
    assert played.end().step == "failed"


def test_one_refusal_ends_it_and_everybodys_reasons_are_told(up):
    made = Played(up)
    answers = made.decide(
        south=Decision(False, "outputs", "Rows do not leave."),
        west=Decision(False, "code", "Other code.\x1b[31m"),
    )
    assert {one.kind for one in answers.values()} == {Kind.ENDED}
    state = made.end()
    assert state.step == "refused"
    assert state.decisions["south"].why == "Rows do not leave."
    assert state.decisions["north"].accepted


def test_different_models_are_no_model(played):
    for name in NAMES:
        played.send(name, Kind.DONE, encode(Done("m", "1", name, {})))
        played.read(name)
    assert (played.end().step, played.states[0].why) == (
        "failed",
        "The sites hold different models.",
    )


def test_a_job_that_all_report_is_finished_and_written_down(up, played):
    for name in NAMES:
        played.send(name, Kind.DONE, encode(Done("m", "1", "hash", {})))
        played.read(name)
    assert played.end().step == "finished"
    entries = [one["action"] for one in audit.entries(up.project.server / "audit")]
    assert "federation job" in entries
    assert audit.verify(up.project.server / "audit").intact


def test_the_words_of_a_site_become_one_plain_line():
    job = Job("j", 1, b"", NAMES, 1, 1, 1.0)
    job.report("north", Failed("", "a\nb\x1b[2Jc" + "x" * 10_000))
    assert job.why.startswith("north: a b [2Jc")
    assert len(job.why) < 500


def test_a_site_that_does_not_decide_in_time_ends_it():
    job = Job("j", 1, b"", NAMES, 1, 1, 0.05)
    assert not job.decide("north", Decision(True))
    assert "in time" in job.why


def test_a_job_needs_all_sites(up):
    line = lead.call(up.project)
    with pytest.raises(ModelError, match="Not ready: north, south, west"):
        lead.submit(line, sign(manifest(), "study-lead", up.project.signing_key()))
    line.close()


@pytest.mark.parametrize("changes", [{"entries": 2**40}, {"rounds": 0}])
def test_a_manifest_out_of_all_bounds_is_refused_by_the_coordinator(up, changes):
    line = lead.call(up.project)
    with pytest.raises(ModelError, match="too large or too many"):
        lead.submit(line, sign(manifest(**changes), "study-lead", up.project.signing_key()))
    line.close()


def test_a_site_twice_is_refused():
    board = Board(NAMES, 1.0)
    board.enter("north")
    with pytest.raises(UsageError, match="already"):
        board.enter("north")
    board.leave("north")
    board.enter("north")


def test_another_identity_key_for_a_site_is_refused(up):
    line = up.homes["north"].call(20)
    with pytest.raises(ModelError, match="another identity key"):
        line.ask(Kind.ENROL, encode(Enrol("ab" * 32)), due=Kind.MEMBERS)
    line.close()


@pytest.mark.parametrize("key", ["", "zz" * 32, "ab" * 31, "AB" * 32])
def test_a_key_of_a_wrong_form_is_not_kept(tmp_path, key):
    with federation(tmp_path) as made:
        line = made.homes["north"].call(20)
        with pytest.raises(ModelError, match="form"):
            line.ask(Kind.ENROL, encode(Enrol(key)), due=Kind.MEMBERS)
        line.close()
        assert made.project.enrolled().members == ()


def test_whatever_a_site_sends_the_coordinator_lives(up):
    noise = np.random.default_rng(3)
    heads = [b"", b"nof1", b"nof1\x04", HEAD.pack(MAGIC, Kind.WAIT, 0, 0, 2**32 - 1)]
    for number in range(20):
        line = up.homes["west"].call(20)
        line.socket.sendall(heads[number % 4] + noise.bytes(int(noise.integers(1, 3000))))
        line.close()
    up.homes["west"].call(20).close()


def test_too_many_strangers_are_turned_away(tmp_path, monkeypatch):
    import socket

    monkeypatch.setattr(coordinator, "STRANGERS", 2)
    with federation(tmp_path) as made:
        port = made.coordinator.settings.port
        idle = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(2)]
        with pytest.raises((Gone, InputError)):
            made.homes["north"].call(5)
        for one in idle:
            one.close()
        made.wait(lambda: made.coordinator.refused >= 1)


def test_a_site_that_announces_the_key_of_another_is_refused(tmp_path):
    with federation(tmp_path) as made:
        made.homes["north"].announce()
        stolen = made.homes["north"].identity().public_key().public_bytes_raw().hex()
        line = made.homes["west"].call(20)
        with pytest.raises(ModelError, match="Another site has announced"):
            line.ask(Kind.ENROL, encode(Enrol(stolen)), due=Kind.MEMBERS)
        assert [one.name for one in made.homes["south"].announce()] == ["north", "south"]


def done(**figures):
    return Done("m", "1", "hash", figures)


def job():
    return Job("j", 1, b"", ("a", "b"), 1, 1, 1.0)


@pytest.mark.parametrize(
    "forged",
    [
        {"patients": 999, "auroc": {"value": 0.7}},
        {"patients": 900, "auroc": 7},
        {"patients": 900, "auroc": {"value": 0.7}, "more": 1},
        {"patients": "900", "auroc": {"value": 0.7}},
        {"patients": 900, "auroc": {"value": 0.71}},
        {},
    ],
)
def test_a_site_that_reports_other_figures_than_the_rest_is_seen(forged):
    made = job()
    made.report("a", done(patients=900, auroc={"value": 0.7}))
    made.report("b", done(**forged))
    assert made.why == "The sites report different figures."


def test_the_last_digits_of_two_processors_may_differ():
    made = job()
    made.report("a", done(patients=900, auroc={"value": 0.7}, names=["x"], none=None))
    made.report("b", done(patients=900, auroc={"value": 0.7 + 1e-12}, names=["x"], none=None))
    assert not made.why


def test_the_rule_that_a_site_names_cannot_steer_a_terminal():
    made = job()
    made.report("a", Failed("\x1b[31m" + "r" * 5000, "why\x1b[2J"))
    assert "\x1b" not in made.why
    assert len(made.why) < 1000


def test_a_caller_that_is_gone_before_it_is_taken_does_not_end_the_server(up, monkeypatch):
    monkeypatch.setattr(coordinator, "SOON", 0.0)

    errors = [ConnectionAbortedError(103, "gone"), OSError(24, "no file"), OSError(9, "closed")]

    class Listener:
        def accept(self):
            raise errors.pop(0)

    up.coordinator.serve(Listener())
    assert not errors
