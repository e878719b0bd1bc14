import json

import pytest
from click.testing import CliRunner

from nof1.cli.federation import federation as command
from nof1.cli.federation_rules import LEDGER
from nof1.core.errors import InputError
from nof1.core.workspace import create
from nof1.federation.budget import Ledger
from nof1.federation.network import home, project
from nof1.federation.policy import FILE, of_workspace


@pytest.fixture
def place(tmp_path):
    made = project.create(tmp_path / "study", ("north", "south", "west"))
    root = create(tmp_path / "north", synthetic=True).root
    home.join(made.kit("north"), root / "federation")
    return root


def run(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False).stdout


def test_the_policy_is_shown(place):
    found = json.loads(run("policy", "-w", place, "--json"))
    assert found["allows_installed_code"]
    assert found["least_patients"] == 50
    assert home.installed() in run("policy", "-w", place)


def test_without_a_policy_nobody_may_ask(tmp_path):
    create(tmp_path / "site", synthetic=True)
    assert "nobody from outside" in run("policy", "-w", tmp_path / "site")


def test_other_code_is_told(place):
    path = place / FILE
    path.write_text(path.read_text().replace(home.installed(), "ab" * 32))
    said = run("policy", "-w", place)
    assert "does not allow" in said
    assert f'"{home.installed()}"' in said


def test_a_damaged_policy_is_refused(place):
    (place / FILE).write_text("leads: []\n")
    with pytest.raises(InputError):
        run("policy", "-w", place)


def test_words_of_a_policy_that_match_nothing_are_told(place):
    assert "Look again" not in run("policy", "-w", place)
    (place / FILE).write_text(
        'leads: {a: "7c9e"}\nalgorithms: {magic: "x", glassbox: "y"}\n'
        "outputs: [everything, model]\n"
    )
    said = run("policy", "-w", place).split("Look again:")[1]
    assert "algorithm magic" in said
    assert "output everything" in said
    assert "output model" not in said
    assert "key of a" in said


def test_a_policy_that_allows_nothing_says_how_to_allow(place):
    (place / FILE).write_text("leads: {}\nalgorithms: {}\noutputs: []\n")
    said = run("policy", "-w", place)
    assert "--allow NAME" in said
    assert "does not allow" not in said


def test_the_budget_is_shown(place):
    assert "No cohort" in run("budget", "-w", place)
    with (place / FILE).open("a") as file:
        file.write("budgets: {all: {epsilon: 3, delta: 0.00001}}\n")
    limits = of_workspace(place).budgets
    lost = Ledger(place / LEDGER, limits).spend("all", "job-1", 8.0, 10)
    found = json.loads(run("budget", "-w", place, "--json"))
    assert found["cohorts"]["all"]["spent"] == pytest.approx(lost)
    assert found["spends"][0]["job"] == "job-1"
    assert "job-1" in run("budget", "-w", place)


def test_one_more_algorithm_is_allowed_by_a_command(place):
    found = json.loads(
        run("policy", "--allow", "counts", "--allow", "drift", "-w", place, "--json")
    )
    assert set(found["algorithms"]) == {"glassbox", "counts", "drift"}
    assert {"counts", "drift"} < set(found["outputs"])
    assert found["allows_installed_code"]
    assert found["least_cell"] == 10
