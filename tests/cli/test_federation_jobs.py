import json

import pytest
from click.testing import CliRunner

from network_samples import NAMES, federation
from nof1.cli.federation import federation as command
from nof1.core.errors import InputError, ModelError, UsageError
from nof1.core.workspace import create

TASK = (
    "name: t\nkind: binary\ncode_sets: {a: [X//1], b: [X//2]}\nindex: {of: a}\n"
    "outcome: {of: b}\ntime_at_risk: {end_days: 30}\n"
)


def run(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "task.yaml"
    path.write_text(TASK)
    return path


def test_status_shows_who_is_there(tmp_path):
    with federation(tmp_path) as up:
        up.homes["north"].announce()
        found = json.loads(run("status", up.project.root, "--json").stdout)
        said = run("status", up.project.root).stdout
    assert found["schema"] == "nof1/federation-status/1"
    assert [one["name"] for one in found["members"]] == ["north"]
    assert (found["here"], found["job"], found["refused"]) == ([], None, 0)
    assert "not announced" in said


def test_a_job_needs_all_sites(tmp_path, task):
    with federation(tmp_path) as up:
        up.homes["north"].announce()
        with pytest.raises(ModelError, match="Not announced yet: south, west"):
            run("submit", task, "--project", up.project.root)
        up.agree()
        with pytest.raises(ModelError, match="Not ready"):
            run("submit", task, "--project", up.project.root)


def test_a_task_that_is_none_is_refused_before_any_call(tmp_path):
    (tmp_path / "task.yaml").write_text("name: t")
    with pytest.raises(InputError):
        run("submit", tmp_path / "task.yaml", "--project", tmp_path)


def test_a_rehearsal_names_each_site_once(tmp_path, task):
    create(tmp_path / "north", synthetic=True)
    sites = ("--site", f"north={tmp_path / 'north'}") * 2
    with pytest.raises(UsageError, match="named twice"):
        run("rehearse", task, *sites)


def test_a_rehearsal_of_empty_hospitals_fails_and_ends_all_processes(tmp_path, task):
    sites = []
    for name in NAMES:
        create(tmp_path / name, synthetic=True)
        sites += ["--site", f"{name}={tmp_path / name}"]
    done = run("rehearse", task, *sites, "--keep", tmp_path / "kept", "--json")
    state = json.loads(done.stdout)
    assert (done.exit_code, state["step"]) == (1, "failed")
    assert all(one["accepted"] for one in state["decisions"].values())
    assert "The training stopped" in state["why"]
    own = {path.name for path in (tmp_path / "north" / "federation").glob("*")}
    assert own <= {"jobs"}  # its own policy and keys are left alone; the log of the job is there
    logs = {path.name: path.read_text() for path in (tmp_path / "kept" / "log").iterdir()}
    assert set(logs) == {"coordinator", *NAMES}
    assert not [name for name, text in logs.items() if "Traceback" in text]


@pytest.mark.parametrize(
    "figures",
    [
        {"figures": {"auroc": "\x1b]0;x"}, "withheld": 7},
        {"figures": {"auroc": {"value": "x"}}, "withheld": [], "patients": 1, "events": 1},
        {"figures": {}, "withheld": [], "patients": "many", "events": 1, "rounds": 1},
        {"figures": {}, "withheld": []},
    ],
)
def test_figures_that_another_machine_made_up_are_refused_and_not_a_fault(figures):
    from nof1.cli.federation_jobs import _state_lines
    from nof1.federation.algorithms import algorithm
    from nof1.federation.network.board import Done, State

    state = State("j", "finished", 1, "", {}, {"north": Done("m", "1", "ab", figures)})
    with pytest.raises(InputError, match="not of the form"):
        _state_lines(state, algorithm("glassbox"))


def test_what_a_coordinator_says_cannot_steer_a_terminal():
    from nof1.cli.federation_jobs import _state_lines, _status_text
    from nof1.federation.network.board import Decision, State
    from nof1.federation.network.coordinator import View
    from nof1.federation.roster import Member

    bad = "x\x1b[2J"
    state = State(bad, "failed", 1, bad, {bad: Decision(False, bad, bad)}, {})
    view = View(bad, (Member("north", bad),), (), (), state, 0)
    said = "\n".join(_state_lines(state)) + _status_text(view, ("north",))
    assert "\x1b" not in said
