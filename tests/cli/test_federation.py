import pytest
from click.testing import CliRunner

from nof1.cli.federation import federation


def run(*arguments):
    return CliRunner().invoke(federation, ["train", *arguments])


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "task.yaml"
    path.write_text(
        "name: t\nkind: binary\ncode_sets: {a: [X//1], b: [X//2]}\nindex: {of: a}\n"
        "outcome: {of: b}\ntime_at_risk: {end_days: 30}\n"
    )
    return str(path)


@pytest.mark.parametrize("site", ["north", "=folder", "north="])
def test_a_site_is_a_name_and_a_folder(task, site):
    assert "name and the folder" in str(run(task, "--site", site).exception)


def test_a_site_named_twice_is_refused(task, workspaces):
    arguments = [part for one in workspaces for part in ("--site", one)]
    again = ("--site", workspaces[0])
    assert "named twice" in str(run(task, *arguments, *again).exception)


def test_one_workspace_for_two_sites_is_refused(task, workspaces):
    again = f"east={workspaces[0].partition('=')[2]}/../north"
    arguments = [part for one in (*workspaces, again) for part in ("--site", one)]
    assert "count double" in str(run(task, *arguments).exception)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_wait_that_never_or_at_once_ends_is_refused(task, workspaces, seconds):
    arguments = [part for one in workspaces for part in ("--site", one)]
    assert "seconds is none" in str(run(task, *arguments, "--patience", seconds).exception)


def test_fewer_than_three_sites_are_refused(task, workspaces):
    arguments = [part for one in workspaces[:2] for part in ("--site", one)]
    assert "2 sites" in str(run(task, *arguments).exception)


@pytest.fixture
def workspaces(tmp_path):
    from nof1.core.workspace import create

    made = []
    for name in ("north", "south", "west"):
        create(tmp_path / name, synthetic=True)
        made.append(f"{name}={tmp_path / name}")
    return made


def test_empty_workspaces_give_the_way_out(task, workspaces):
    arguments = [part for one in workspaces for part in ("--site", one)]
    done = run(task, *arguments)
    assert "nof1 ingest" in str(done.exception)


def test_an_unknown_algorithm_names_the_known_ones(task, workspaces):
    arguments = [part for one in workspaces for part in ("--site", one)]
    assert "counts" in str(run(task, *arguments, "--algorithm", "count").exception)


def test_a_task_of_another_algorithm_is_refused_with_its_file_and_line(task, workspaces):
    arguments = [part for one in workspaces for part in ("--site", one)]
    said = str(run(task, *arguments, "--algorithm", "quality").exception)
    assert task in said
    assert "line 2" in said
