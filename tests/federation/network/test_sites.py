"""Sites as processes of their own that train over TLS: what they refuse, what leaves them, and
what happens when one is killed."""

import dataclasses
import json
import threading

import msgspec
import numpy as np
import polars as pl
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from network_samples import Site, federation
from nof1.core import artefacts, audit
from nof1.federation import local, manifest
from nof1.federation.allowing import allow
from nof1.federation.job import train
from nof1.federation.masks import Hello
from nof1.federation.network import home as homes
from nof1.federation.network import lead
from nof1.federation.network.wire import Kind
from nof1.federation.policy import Policy
from nof1.predict.task import Task
from nof1.record.store import Record

PLAIN = (Kind.MESSAGE, Kind.DECISION, Kind.DONE, Kind.FAILED, Kind.ENROL)
OPEN = Policy({}, {}, frozenset(), least_patients=20, least_events=5)
KILLED_AFTER = 30  # sums
SEEN = 200_000  # words of vectors that are looked at


@dataclasses.dataclass
class Running:
    """Hospitals with a process each, and the lead's side."""

    up: object
    hospitals: object
    sites: dict

    def submit(self, change=lambda asked: asked, who="study-lead", key=None, raw=None):
        """Hand a job in; its last state."""
        line = lead.call(self.up.project)
        self.up.idle(tuple(self.sites))
        asked = lead.manifest_for(self.up.project, self.hospitals.task, "t", lead.look(line))
        key = key or self.up.project.signing_key()
        raw = raw or manifest.sign(change(asked), who, key)
        state = lead.submit(line, raw)
        line.close()
        return state, raw

    def decisions(self, name):
        """What a site has written down about jobs."""
        return self.written(name, "federation decision")

    def written(self, name, action):
        """Details of a site's audit entries of one kind."""
        entries = audit.entries(self.hospitals.sites[name].audit)
        return [one["details"] for one in entries if one["action"] == action]


@pytest.fixture(scope="module")
def running(hospitals, tmp_path_factory):
    names = tuple(hospitals.sites)
    homes = {name: one.root / "federation" for name, one in hospitals.sites.items()}
    with federation(tmp_path_factory.mktemp("sites"), names, homes, patience=300) as up:
        up.agree()
        sites = {name: Site(one.root) for name, one in hospitals.sites.items()}
        yield Running(up, hospitals, sites)
        for one in sites.values():
            one.end()


@pytest.fixture(scope="module")
def killed(running):
    """A job in which the last site is killed after some sums."""
    name, found = list(running.sites)[-1], []
    thread = threading.Thread(target=lambda: found.append(running.submit()))
    thread.start()
    job = running.up.coordinator.board
    running.up.wait(lambda: job.job is not None and job.job.hub.rounds.number >= KILLED_AFTER)
    running.sites[name].kill()
    thread.join(120)
    running.first = list(running.up.seen)
    running.up.seen.clear()
    running.sites[name] = Site(running.hospitals.sites[name].root)
    return name, found[0][0]


@pytest.fixture(scope="module")
def trained(running, killed):
    """The job that is started again after it, and its signed manifest."""
    state, raw = running.submit()
    assert state.step == "finished", state.why
    running.wire = list(running.up.seen)
    return state, raw


def test_a_killed_site_ends_the_job_for_all(running, killed):
    name, state = killed
    assert (state.step, state.why) == ("failed", f"The site {name} is not there any more.")
    assert not state.done


def test_started_again_all_sites_hold_one_model(running, trained):
    hashes = {one.content_hash for one in trained[0].done.values()}
    assert len(hashes) == 1
    for name, one in trained[0].done.items():
        kept = artefacts.load(running.hospitals.sites[name].models, one.model)
        assert kept.content_hash in hashes
    assert {one.figures["patients"] for one in trained[0].done.values()} != {0}


def test_the_model_is_that_of_one_process(running, trained):
    def site(workspace):
        return lambda link: train(link, workspace, running.hospitals.task, OPEN)

    made = {name: site(workspace) for name, workspace in running.hospitals.sites.items()}
    here = {one.artefact.content_hash for one in local.run(made, patience=300).values()}
    assert here == {one.content_hash for one in trained[0].done.values()}


def test_started_again_the_keys_are_new(running, trained):
    old, new = (publics(frames) for frames in (running.first, running.wire))
    assert len(old) == len(new) == len(running.sites)
    assert not old & new


def publics(frames):
    """X25519 keys that sites have sent."""
    found = set()
    for _, frame in frames:
        if frame.kind is Kind.MESSAGE and frame.number == 1:
            signed = json.loads(frame.data)
            raw = msgspec.json.decode(f'"{signed["message"]}"', type=bytes)
            found.add(msgspec.json.decode(raw, type=Hello).public)
    return found


def test_no_identifier_leaves_a_site(running, trained):
    plain = clear(running.wire)
    assert len(plain) > 1000
    for name, one in running.hospitals.sites.items():
        subjects = Record(one.record).subjects()
        assert subjects.height > 100
        for column in ("subject_id", "patient"):
            for value in subjects[column].to_list():
                assert str(value).encode() not in plain, f"{column} at {name}"


def test_no_code_of_few_patients_leaves_a_site_but_the_tasks_own(running, trained):
    least = 200  # min_patients of the task
    task = Task.parse(running.hospitals.task)
    named = 0
    for name, one in running.hospitals.sites.items():
        plain = clear([frame for frame in running.wire if frame[0] == name])
        record = Record(one.record)
        people = record.scan().group_by("code").agg(pl.col("subject_id").n_unique()).collect()
        asked = codes_of(task, record)
        for code, count in people.iter_rows():
            told = json.dumps(code).encode() in plain
            assert not told or count >= least or code in asked, f"{code}: {count} patients"
            named += told
    assert named > 10  # the search would have found them


def codes_of(task, record):
    from nof1.predict.codesets import resolve_all

    known = record.codes()["code"].to_list()
    found = resolve_all(task.code_sets(), known, record.ancestors())
    return {code for codes in found.values() for code in codes}


def clear(frames):
    """All that can be read of what sites sent: plain messages, with what is signed unpacked."""
    parts = []
    for _, frame in frames:
        if frame.kind is Kind.MESSAGE:
            signed = msgspec.json.decode(frame.data)
            parts.append(msgspec.json.decode(f'"{signed["message"]}"'.encode(), type=bytes))
        elif frame.kind in PLAIN:
            parts.append(frame.data)
    return b"\n".join(parts)


def test_vectors_are_noise(running, trained):
    """Zeros are most of what the sums hold; under masks no word stands out."""
    vectors = [frame.data for _, frame in running.wire if frame.kind is Kind.VECTOR]
    assert len(vectors) > 1000
    words = np.frombuffer(b"".join(vectors)[: 8 * SEEN], "<u8")
    assert np.unique(words).size == SEEN
    share = np.unpackbits(words.view(np.uint8)).mean()
    assert abs(share - 0.5) < 0.001  # fair bits of so many words: a standard deviation of 0.00014


def test_nothing_is_sent_but_what_the_protocol_names(running, trained):
    kinds = {frame.kind for _, frame in running.wire}
    assert kinds == {Kind.DECISION, Kind.MESSAGE, Kind.VECTOR, Kind.DONE}


def test_a_report_names_no_figure_of_one_site(running, trained):
    reports = [one.figures for one in trained[0].done.values()]
    assert all(one == reports[0] for one in reports)


@pytest.mark.parametrize(
    ("change", "rule", "why"),
    [
        ({"code": "ab" * 32}, "algorithms, code", "not what the job asks for"),
        ({"algorithm": "shell"}, "algorithms", "not allowed here"),
        ({"outputs": ("model", "rows")}, "outputs", "rows"),
        ({"roster": "cd" * 32}, "roster", "another list of sites"),
        ({"rounds": 1_000_000}, "rounds", "At most 20000 sums"),
        ({"task": "name: t"}, "task", "cannot be read"),
        ({"job": "a\nb"}, "job", "not of the right form"),
    ],
)
def test_a_job_that_asks_for_too_much_is_refused_everywhere(running, trained, change, rule, why):
    state, _ = running.submit(lambda asked: msgspec.structs.replace(asked, **change))
    assert state.step == "refused"
    for name in running.sites:
        said = state.decisions[name]
        assert (said.accepted, said.rule) == (False, rule)
        assert why in said.why
        written = running.decisions(name)[-1]
        assert (written["accepted"], written["rule"]) == (False, rule)


@pytest.mark.parametrize(("who", "why"), [("somebody", "Nobody whom"), ("study-lead", "signature")])
def test_a_job_of_somebody_else_is_refused_everywhere(running, trained, who, why):
    state, _ = running.submit(who=who, key=Ed25519PrivateKey.generate())
    assert state.step == "refused"
    assert all(why in one.why for one in state.decisions.values())
    assert all(running.decisions(name)[-1]["accepted"] is False for name in running.sites)


def test_a_job_played_again_is_refused_everywhere(running, trained):
    state, _ = running.submit(raw=trained[1])
    assert {one.rule for one in state.decisions.values()} == {"job"}


def test_a_small_cohort_takes_no_part_and_tells_no_number(running, trained):
    name = next(iter(running.sites))
    policy = running.up.homes[name].policy
    text = policy.read_text()
    policy.write_text(text.replace("least_patients: 20", "least_patients: 100000"))
    try:
        state, _ = running.submit()
    finally:
        policy.write_text(text)
    assert state.step == "refused"
    assert state.why == f"{name} (least_patients): Fewer than 100000 patients are here."
    ends = running.written(name, "federation job ended")
    assert (ends[-1]["end"], ends[-1]["job"]) == ("refused", state.job)


def counting(asked):
    return msgspec.structs.replace(asked, algorithm="counts", outputs=("counts",))


def test_another_algorithm_runs_only_where_the_site_has_allowed_it(running, trained):
    state, _ = running.submit(counting)
    assert state.step == "refused"
    assert {one.rule for one in state.decisions.values()} == {"algorithms, outputs"}
    for one in running.hospitals.sites.values():
        allow(one, ["counts"], homes.installed())
    running.up.seen.clear()
    state, _ = running.submit(counting)
    assert state.step == "finished", state.why
    figures = [one.figures for one in state.done.values()]
    assert figures[0] == figures[1] == figures[2]
    assert figures[0]["patients"] > 500
    plain = clear(running.up.seen)
    assert b"attrition" in plain  # what was told is seen there
    for line in figures[0]["table"]:
        assert line["patients"] is None or line["patients"] == 0 or line["patients"] >= 10


def test_the_audit_logs_hold_and_every_job_stands_in_them(running, trained):
    for name, one in running.hospitals.sites.items():
        assert audit.verify(one.audit).intact
        assert {each["accepted"] for each in running.decisions(name)} == {True, False}


def test_a_site_that_is_asked_to_stop_stops(running, trained):
    name = list(running.sites)[-1]
    code, said = running.sites[name].end()
    assert code == 0, said
    assert "Traceback" not in said
