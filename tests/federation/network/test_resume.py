"""Sites as processes: one is killed in the middle, the job goes on where it broke off."""

import dataclasses
import threading

import msgspec
import pytest

from federation.network.test_sites import publics
from network_samples import Site, federation
from nof1.core import audit
from nof1.core.workspace import create
from nof1.federation import local
from nof1.federation.checkpoint import FOLDER
from nof1.federation.job import train
from nof1.federation.network import lead
from nof1.federation.network.wire import Kind
from nof1.federation.policy import Policy

OPEN = Policy({}, {}, frozenset(), least_patients=20, least_events=5)
KILLED_AFTER = 40  # sums


@pytest.fixture(scope="module")
def hospitals(hospitals, tmp_path_factory):
    """The same records in workspaces of their own: a site joins one project only."""
    folder, sites = tmp_path_factory.mktemp("apart"), {}
    for name, one in hospitals.sites.items():
        sites[name] = create(folder / name, shards=1, synthetic=True)
        sites[name].record.symlink_to(one.record)
    return dataclasses.replace(hospitals, sites=sites)


@pytest.fixture(scope="module")
def up(hospitals, tmp_path_factory):
    names = tuple(hospitals.sites)
    homes = {name: one.root / "federation" for name, one in hospitals.sites.items()}
    with federation(tmp_path_factory.mktemp("resume"), names, homes, patience=300) as made:
        made.agree()
        made.sites = {name: Site(one.root) for name, one in hospitals.sites.items()}
        yield made
        for one in made.sites.values():
            one.end()


def submit(up, hospitals, resumes="", **changes):
    line = lead.call(up.project)
    up.idle(tuple(up.sites))
    asked = lead.manifest_for(up.project, hospitals.task, "t", lead.look(line), resumes=resumes)
    raw = lead.signed(up.project, msgspec.structs.replace(asked, **changes))
    try:
        return lead.submit(line, raw)
    finally:
        line.close()


@pytest.fixture(scope="module")
def broken(up, hospitals):
    """A job in which the last site is killed; its name, and what was on the wire."""
    found, name = [], list(up.sites)[-1]
    thread = threading.Thread(target=lambda: found.append(submit(up, hospitals)))
    thread.start()
    board = up.coordinator.board
    up.wait(lambda: board.job is not None and board.job.hub.rounds.number >= KILLED_AFTER)
    up.sites[name].kill()
    thread.join(120)
    wire = list(up.seen)
    up.seen.clear()
    up.sites[name] = Site(hospitals.sites[name].root)
    assert found[0].step == "failed"
    return found[0], wire


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"resumes": "never-was"}, "No unfinished job"),
        ({"resumes": "../../x"}, "No unfinished job"),
        ({"task": "task: {}"}, "cannot be read"),
        ({"cohort": "others"}, "another cohort"),
    ],
)
def test_what_does_not_fit_is_refused_by_every_site(up, hospitals, broken, changes, why):
    state = submit(up, hospitals, **({"resumes": broken[0].job} | changes))
    assert state.step == "refused"
    assert all(why in one.why for one in state.decisions.values())


@pytest.fixture(scope="module")
def resumed(up, hospitals, broken):
    up.seen.clear()
    state = submit(up, hospitals, resumes=broken[0].job)
    assert state.step == "finished", state.why
    return state, list(up.seen)


@dataclasses.dataclass
class Counting:
    """A channel that counts the sums of a job."""

    channel: object
    sums: int = 0

    def exchange(self, message):
        return self.channel.exchange(message)

    def lay(self, number, payload):
        self.sums += 1
        return self.channel.lay(number, payload)


@pytest.fixture(scope="module")
def unbroken(hospitals, resumed):
    """Content hash of the model, and the number of sums, of a job that nothing breaks."""

    def site(workspace):
        def take_part(link):
            link.channel = Counting(link.channel)
            made = train(link, workspace, hospitals.task, OPEN)
            return made.artefact.content_hash, link.channel.sums

        return take_part

    sites = {name: site(workspace) for name, workspace in hospitals.sites.items()}
    (found,) = set(local.run(sites, patience=300).values())
    return found


def test_the_model_is_that_of_an_unbroken_job_to_the_byte(resumed, unbroken):
    assert {one.content_hash for one in resumed[0].done.values()} == {unbroken[0]}


def test_no_sum_is_made_twice(broken, resumed, unbroken):
    """The last sum may have been made while the killed site could not write it down any more."""
    before, after, whole = broken[0].sums, resumed[0].sums, unbroken[1]
    assert before >= KILLED_AFTER
    assert before + after - whole in (0, 1)


def test_masks_and_keys_are_new(broken, resumed):
    old, new = publics(broken[1]), publics(resumed[1])
    assert len(old) == len(new) == 3
    assert not old & new
    first, second = (
        {frame.data for _, frame in frames if frame.kind is Kind.VECTOR}
        for frames in (broken[1], resumed[1])
    )
    assert first
    assert second
    assert not first & second


def test_the_logs_say_so(hospitals, broken, resumed):
    for one in hospitals.sites.values():
        assert (one.root / FOLDER / broken[0].job / "finished").exists()
        ends = [e["details"] for e in audit.entries(one.audit)
                if e["action"] == "federation job ended"]  # fmt: skip
        assert ends[-1]["job"] == resumed[0].job
        assert ends[-1]["end"] == "finished"
