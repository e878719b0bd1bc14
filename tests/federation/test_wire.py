"""Watches everything that a site sends: no patient, no row, no small count; and a coordinator that
asks for more is refused before anything is sent."""

import dataclasses
import re
import threading
from contextlib import suppress

import msgspec
import numpy as np
import pytest

from network_samples import federation
from nof1.core.errors import Nof1Error
from nof1.core.workspace import create
from nof1.federation import local
from nof1.federation.algorithms import Asked, algorithm
from nof1.federation.network import lead
from nof1.federation.network.resident import NetworkChannel, Resident
from nof1.federation.network.wire import Frame, Kind, Line
from nof1.federation.people import People
from nof1.federation.policy import Policy
from nof1.federation.refusal import Refused
from nof1.predict.cohort import compile_cohort
from nof1.predict.task import Task
from nof1.record.store import Record

OPEN = Policy({}, {}, frozenset(), least_patients=20, least_events=5)
NAMES = ("glassbox", "counts", "survival", "quality")
SEEN = 100_000  # words of vectors that are looked at
DAY = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


@dataclasses.dataclass
class Recorder:
    """A channel on which everything is noted."""

    channel: object
    plain: list = dataclasses.field(default_factory=list)
    laid: list = dataclasses.field(default_factory=list)

    def exchange(self, message):
        self.plain.append(message)
        return self.channel.exchange(message)

    def lay(self, number, payload):
        self.laid.append(payload)
        return self.channel.lay(number, payload)


def heard(name, workspaces, text, policy=OPEN):
    """What each site has sent in a job, and what it reports."""
    entry, heard_by = algorithm(name), {}

    def site(workspace):
        def run(link):
            link.channel = heard_by[link.site] = Recorder(link.channel)
            return entry.run(Asked(link, workspace, text, policy, "all", None))

        return run

    sites = {one: site(workspace) for one, workspace in workspaces.items()}
    done = local.run(sites, job=f"wire-{name}", patience=300)
    return heard_by, done


@pytest.fixture(scope="module", params=NAMES)
def sent(request, hospitals, tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("wire"), {}
    for name, one in hospitals.sites.items():
        made[name] = create(folder / name, shards=1, synthetic=True)
        made[name].record.symlink_to(one.record)
    return (request.param, *heard(request.param, made, hospitals.task))


def opened(message):
    """What stands in a signed message."""
    signed = msgspec.json.decode(message)
    return msgspec.json.decode(f'"{signed["message"]}"'.encode(), type=bytes)


def numbers(thing):
    """All numbers in a decoded message; words, and what is sealed, are none."""
    if isinstance(thing, bool) or thing is None:
        return
    if isinstance(thing, int | float):
        yield thing
    elif isinstance(thing, dict):
        for one in thing.values():
            yield from numbers(one)
    elif isinstance(thing, list):
        for one in thing:
            yield from numbers(one)


def test_no_patient_and_no_row_is_in_what_can_be_read(sent, hospitals):
    _, heard_by, done = sent
    for name, workspace in hospitals.sites.items():
        plain = b"\n".join(map(opened, heard_by[name].plain))
        plain += msgspec.json.encode(done[name].figures)
        assert len(plain) > 100
        subjects = Record(workspace.record).subjects()
        for column in ("subject_id", "patient"):
            words = {str(one).encode() for one in subjects[column].to_list()}
            assert len(words) > 100
            assert not {one for one in words if one in plain}
        assert not DAY.search(plain), "a moment of a patient"


def test_a_message_holds_no_number_but_those_of_the_task_and_the_policy(sent, hospitals):
    """Names and words go in the clear; counts, sums and measurements never do."""
    _, heard_by, _ = sent
    allowed = {float(one) for one in re.findall(r"\d+(?:\.\d+)?", hospitals.task)}
    allowed |= {float(OPEN.least_cell), 0.0, 1.0}
    for recorder in heard_by.values():
        for message in map(opened, recorder.plain):
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                found = {float(one) for one in numbers(msgspec.json.decode(message))}
                assert found <= allowed, sorted(found - allowed)


def test_what_is_laid_down_is_noise(sent):
    name, heard_by, _ = sent
    for recorder in heard_by.values():
        words = np.frombuffer(b"".join(recorder.laid)[: 8 * SEEN], "<u8")
        assert words.size > 10, name
        assert np.unique(words).size == words.size
        bits = np.unpackbits(words.view(np.uint8))
        assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(bits.size)


def test_a_report_holds_no_small_count_and_is_the_same_everywhere(sent):
    _, _, done = sent
    reports = [one.figures for one in done.values()]
    assert all(one == reports[0] for one in reports)
    for name in ("patients", "with_outcome", "people", "cases"):
        for count in named(reports[0], name):
            assert not 0 < count < OPEN.least_cell, name


def named(thing, name):
    """Counts under a name, at any depth."""
    if isinstance(thing, dict):
        for key, one in thing.items():
            if key == name and isinstance(one, int | float):
                yield one
            yield from named(one, name)
    elif isinstance(thing, list):
        for one in thing:
            yield from named(one, name)


# The connection itself ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frames(hospitals, tmp_path_factory):
    """Everything that three sites write into their TLS connections in a job of counts."""
    seen, honest = [], Line.send

    def send(self, kind, data=b"", tag=0, number=0):
        seen.append((threading.current_thread().name, Frame(kind, tag, number, data)))
        honest(self, kind, data, tag, number)

    folder = tmp_path_factory.mktemp("tls")
    with pytest.MonkeyPatch.context() as patch, federation(folder, tuple(hospitals.sites)) as up:
        up.agree()
        patch.setattr(Line, "send", send)
        residents = []
        for name, one in hospitals.sites.items():
            allow(up.homes[name])
            residents.append(Resident(up.homes[name], one))
            threading.Thread(
                target=quiet, args=(residents[-1],), name=f"site {name}", daemon=True
            ).start()
        up.idle(tuple(hospitals.sites))
        line = lead.call(up.project)
        asked = lead.manifest_for(
            up.project, hospitals.task, "t", lead.look(line), algorithm="counts"
        )
        state = lead.submit(line, lead.signed(up.project, asked))
        line.close()
        for one in residents:
            one.stopping.set()
    assert state.step == "finished", (state.why, state.decisions)
    return [frame for name, frame in seen if name.startswith("site ")]


def quiet(resident):
    with suppress(Nof1Error):
        resident.run()


def allow(home):
    """The policy that a site would write to allow counts."""
    entry = algorithm("counts")
    text = home.policy.read_text()
    code = re.search(r'"([0-9a-f]{64})"\}   # the nof1', text).group(1)
    text = re.sub(r"^algorithms:.*$", f'algorithms: {{counts: "{code}"}}', text, flags=re.M)
    text = re.sub(r"^outputs:.*$", f"outputs: [{', '.join(entry.outputs)}]", text, flags=re.M)
    home.policy.write_text(text)


def test_a_site_sends_the_kinds_of_the_protocol_and_no_other(frames):
    kinds = {frame.kind for frame in frames}
    assert kinds == {Kind.WAIT, Kind.DECISION, Kind.MESSAGE, Kind.VECTOR, Kind.DONE}


def test_nothing_of_a_patient_is_in_the_bytes_of_a_connection(frames, hospitals):
    plain = b"\n".join(
        opened(frame.data) if frame.kind is Kind.MESSAGE else frame.data for frame in frames
    )
    for workspace in hospitals.sites.values():
        subjects = Record(workspace.record).subjects()
        for column in ("subject_id", "patient"):
            assert not {one for one in subjects[column].to_list() if str(one).encode() in plain}


# A coordinator that asks for more -----------------------------------------------------------------


class Quiet:
    """A line on which nothing may be sent."""

    def ask(self, *_, **__):
        raise AssertionError("something was sent")


@pytest.mark.parametrize(("number", "size"), [(100, 8), (101, 8), (0, 8 * 1004)])
def test_more_rounds_and_longer_vectors_than_the_manifest_says_are_not_sent(number, size):
    channel = NetworkChannel(Quiet(), 1, None, rounds=100, entries=1000)
    with pytest.raises(Refused, match="more or longer"):
        channel.lay(number, bytes(size))


@pytest.mark.parametrize("name", ["counts", "survival", "glassbox"])
def test_a_question_about_three_patients_is_not_answered(name, hospitals, fresh):
    """Whatever a task is narrowed to: a site with few of them sends nothing and tells no number."""
    few = narrowed(hospitals)
    noted = {}
    entry = algorithm(name)

    def site(workspace):
        def run(link):
            link.channel = noted[link.site] = Recorder(link.channel)
            return entry.run(Asked(link, workspace, few, OPEN, "all", None))

        return run

    with pytest.raises(Refused) as told:
        local.run({k: site(one) for k, one in fresh.items()}, patience=60)
    assert told.value.rule in ("least_patients", "least_events")
    assert not any(one.laid for one in noted.values())
    assert not re.search(r"\b[0-9]\b", told.value.message.replace(str(OPEN.least_events), ""))


def narrowed(hospitals):
    """The task for those who are older than nearly all: three at the smallest site."""
    ages = []
    for one in hospitals.sites.values():
        record = Record(one.record)
        people = People.of(record, compile_cohort(Task.parse(hospitals.task), record))
        ages.append(np.sort(people.age)[-3])
    few = hospitals.task.replace("age_years: {min: 18}", f"age_years: {{min: {int(min(ages))}}}")
    assert few != hospitals.task
    return few
