"""A site's loop: it comes back, keeps its words to itself, and sends no more than was asked for."""

import threading

import msgspec
import numpy as np
import pytest

from federation_samples import identities, manifest, roster_of
from network_samples import NAMES, federation, serving
from nof1.core import audit
from nof1.core.errors import InputError, ModelError
from nof1.core.workspace import create
from nof1.federation.manifest import Privacy, sign
from nof1.federation.network import home as homes
from nof1.federation.network import lead, resident
from nof1.federation.network.board import Done
from nof1.federation.network.resident import NetworkChannel, Resident, decide
from nof1.federation.network.wire import Frame, Gone, Kind
from nof1.federation.refusal import Refused
from nof1.federation.ring import from_bytes, to_bytes
from nof1.federation.rounds import Rounds

TASK = (
    "name: t\nkind: binary\ncode_sets: {a: [X//1], b: [X//2]}\nindex: {of: a}\n"
    "outcome: {of: b}\ntime_at_risk: {end_days: 30}\n"
)


class Played(Resident):
    """A site with a training that the test gives."""

    def train(self, line, asked, tag):
        return self.play(line, asked, tag)


def fine(line, asked, tag):
    return Done("m", "1", "hash", {})


class Sites:
    """Three residents in threads."""

    def __init__(self, up, folder, plays):
        self.up, self.threads, self.all, self.errors = up, [], {}, []
        for name in NAMES:
            workspace = create(folder / "workspaces" / name, synthetic=True)
            one = Played(up.homes[name], workspace)
            one.play = plays.get(name, fine)
            self.all[name] = one
            self.threads.append(threading.Thread(target=self.run, args=(one,), daemon=True))
        for thread in self.threads:
            thread.start()

    def run(self, one):
        try:
            one.run()
        except Gone as error:
            self.errors.append(error)

    def stop(self):
        for one in self.all.values():
            one.stopping.set()

    def submit(self):
        self.up.idle()
        line = lead.call(self.up.project)
        asked = lead.manifest_for(self.up.project, TASK, "t", lead.look(line))
        state = lead.submit(line, lead.signed(self.up.project, asked))
        line.close()
        return state


@pytest.fixture
def sites(tmp_path, monkeypatch):
    monkeypatch.setattr(resident, "AGAIN", 0.05)
    made = []

    def start(**plays):
        made.append(Sites(up, tmp_path, plays))
        return made[0]

    with federation(tmp_path, patience=20) as up:
        up.agree()
        yield start
        made[0].stop()
    for thread in made[0].threads:
        thread.join(60)
        assert not thread.is_alive()


def test_sites_train_again_and_again(sites):
    made = sites()
    assert [made.submit().step for _ in range(3)] == ["finished"] * 3


def test_the_words_of_a_sites_error_stay_at_the_site(sites):
    def broken(line, asked, tag):
        raise ModelError("The feature lactate alone has AUROC 0.997 at this site.", where="leakage")

    made = sites(south=broken)
    state = made.submit()
    assert state.step == "failed"
    assert state.why == "south: The training stopped (ModelError); the site's audit log says why."
    ends = [
        one["details"]
        for one in audit.entries(made.all["south"].workspace.audit)
        if one["action"] == "federation job ended"
    ]
    assert "lactate" in ends[-1]["why"]


def test_a_fault_of_the_program_does_not_end_the_site(sites):
    made = sites(west=lambda line, asked, tag: {}["Synthetic-a-0001"])
    state = made.submit()
    assert "KeyError" in state.why
    assert "Synthetic" not in state.why
    made.all["west"].play = fine
    assert made.submit().step == "finished"


def test_a_coordinator_that_comes_back_finds_its_sites(sites):
    made = sites()
    assert made.submit().step == "finished"
    up = made.up
    up.stop()
    with serving(up.project, 20) as again:
        up.coordinator = again
        assert made.submit().step == "finished"


def adding(made, name):
    """A training that is three masked sums."""

    def train(line, asked, tag):
        home = made.homes[name]
        channel = NetworkChannel(line, tag, home.roster(), asked.rounds, asked.entries)
        total = home.link(asked.job, channel).open()
        for number in range(3):
            total(np.arange(4.0) + number)
        return Done("m", "1", "hash", {})

    return train


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (None, ""),
        (lambda total: total + np.uint64(1), "did not cancel"),
        (lambda total: total[:-1], "another length"),
        (lambda total: np.append(total[:-3] + np.uint64(2**30), total[-3:]), "different totals"),
    ],
)
def test_a_coordinator_that_changes_a_total_for_one_site_is_found_out(
    sites, monkeypatch, change, why
):
    honest = Rounds.lay

    def lay(self, site, number, payload):
        total = honest(self, site, number, payload)
        if change is None or site != "south" or number != 1:
            return total
        return to_bytes(change(from_bytes(total)))

    monkeypatch.setattr(Rounds, "lay", lay)
    made = sites()
    for name, one in made.all.items():
        one.play = adding(made.up, name)
    state = made.submit()
    assert (state.step, why in state.why) == ("failed" if why else "finished", True)


class Quiet:
    """A line on which everything is noted and nothing answered."""

    def __init__(self, answer=None):
        self.asked, self.answer = [], answer

    def ask(self, kind, data=b"", **rest):
        self.asked.append((kind, rest["number"]))
        return self.answer


ROSTER = roster_of(identities())


@pytest.mark.parametrize(("number", "size"), [(10, 8), (0, 8 * 104)])
def test_a_site_lays_no_more_than_the_manifest_says(number, size):
    line = Quiet(Frame(Kind.TOTAL, 1, 0, b"12345678"))
    channel = NetworkChannel(line, 1, ROSTER, rounds=10, entries=100)
    assert channel.lay(9, bytes(8 * 103)) == b"12345678"
    with pytest.raises(Refused, match="more or longer"):
        channel.lay(number, bytes(size))
    assert line.asked == [(Kind.VECTOR, 9)]


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x80\x04K\x01."])
def test_messages_of_another_form_are_refused(raw):
    line = Quiet(Frame(Kind.MESSAGES, 1, 0, raw))
    with pytest.raises(InputError, match="cannot be read"):
        NetworkChannel(line, 1, ROSTER, 10, 100).exchange(b"mine")


@pytest.fixture
def one(tmp_path):
    with federation(tmp_path) as up:
        up.agree()
    return up, up.homes["north"], create(tmp_path / "workspace", synthetic=True)


def asked(up, **changes):
    roster = up.homes["north"].roster()
    plain = {"code": homes.installed(), "roster": roster.digest.hex(), "task": TASK,
             "outputs": ("model", "vocabulary"), "privacy": None,
             "created": lead.datetime.now(lead.UTC) - lead.EARLY,
             "expires": lead.datetime.now(lead.UTC) + lead.VALID}  # fmt: skip
    return sign(manifest(**(plain | changes)), "study-lead", up.project.signing_key())


def test_a_site_says_yes_once_to_a_job(one):
    up, home, workspace = one
    raw = asked(up)
    assert decide(raw, home, workspace)[0].accepted
    assert decide(raw, home, workspace)[0].rule == "job"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"expires": lead.datetime(2020, 1, 1, tzinfo=lead.UTC)}, "manifest"),
        ({"code": "ab" * 32}, "algorithms, code"),
        ({"privacy": Privacy(1.0, 1e-5)}, "privacy"),
        ({"task": "!!python/object/apply:os.system [id]"}, "task"),
        ({"outputs": ("model",)}, "outputs"),
    ],
)
def test_a_site_says_no_and_writes_it_down(one, changes, rule):
    up, home, workspace = one
    decision, nothing = decide(asked(up, **changes), home, workspace)
    assert (decision.accepted, decision.rule, nothing) == (False, rule, None)
    entry = list(audit.entries(workspace.audit))[-1]
    assert (entry["details"]["rule"], entry["details"]["accepted"]) == (rule, False)


@pytest.mark.parametrize("raw", [b"", b"\x80\x04.", b"{}", msgspec.json.encode({"manifest": 1})])
def test_what_is_no_manifest_is_refused_and_written_down(one, raw):
    _, home, workspace = one
    assert decide(raw, home, workspace)[0].rule == "manifest"
    assert len(list(audit.entries(workspace.audit))) == 1


def test_a_manifest_that_nothing_foresaw_is_refused_and_does_not_end_the_site(
    tmp_path, monkeypatch
):
    with federation(tmp_path) as up:
        up.agree()
        workspace = create(tmp_path / "w", synthetic=True)
        monkeypatch.setattr(resident.manifest, "read", lambda raw, leads: 1 / 0)
        decision, asked = decide(b"{}", up.homes["north"], workspace)
    assert (decision.accepted, asked) == (False, None)
    assert decision.why == "The manifest cannot be judged (ZeroDivisionError)."
    entry = list(audit.entries(workspace.audit))[-1]
    assert entry["action"] == "federation decision"


def test_a_flood_of_refused_jobs_is_slowed_down(tmp_path, monkeypatch):
    """A hostile coordinator that sends jobs without end must not fill the disk with decisions."""
    waits = []
    one = Resident(None, None)
    monkeypatch.setattr(one.stopping, "wait", waits.append)
    monkeypatch.setattr(resident, "decide", lambda *rest: (resident.Decision(False, "x"), None))

    class Line:
        def send(self, *rest):
            pass

        def read(self, *rest):
            return Frame(Kind.ENDED, 0, 0, b"")

    for _ in range(resident.FREE + 3):
        one._job(Line(), b"", 0)
    assert waits == [resident.SLOW] * 3
