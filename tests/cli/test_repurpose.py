"""nof1 medicines repurpose: text, JSON, page, exit codes, bad input."""

import json

import pytest
from click.testing import CliRunner

from nof1.cli.repurpose import repurpose
from nof1.core.errors import InputError, UsageError


@pytest.fixture(autouse=True)
def _outside_a_workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*arguments):
    return CliRunner().invoke(repurpose, arguments)


def test_the_text_has_hypotheses_with_paths_and_the_verdicts():
    done = run("ICD10CM//G30.9", "--top", "3")
    assert done.exit_code == 0, done.output
    assert "Hypotheses for Alzheimer's disease (DOID:10652)" in done.output
    assert done.output.count("hypothesis ") >= 3
    assert "leave-pairs" in done.output
    assert "leave-class" in done.output
    assert "not a reason to treat anybody" in " ".join(done.output.split())
    assert max(map(len, done.output.splitlines())) <= 80


def test_the_json_is_the_documented_one(tmp_path):
    table = tmp_path / "targets.csv"
    table.write_text("name,targets\nnobody knows this,ABC\n")
    done = run("gout", "--json", "--top", "2", "--targets", str(table))
    data = json.loads(done.output)
    assert data["schema"] == "nof1/medicines-repurpose/1"
    assert len(data["hypotheses"]) == 2
    assert {row["status"] for row in data["hypotheses"]} == {"hypothesis"}
    assert data["set_aside"] == {"medicine not in the table of indications": 1}


def test_withheld_is_said_and_is_exit_code_1():
    done = run("anemia")
    assert done.exit_code == 1
    assert "WITHHELD" in done.output


def test_the_page_and_its_data_are_written(tmp_path):
    done = run("asthma", "--top", "2", "--page", "asthma.html")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "asthma.html").read_text()
    assert "Repurposing hypotheses: asthma" in page
    assert json.loads((tmp_path / "asthma.json").read_text())["hypotheses"]


def test_bad_input_is_refused_by_name(tmp_path):
    assert isinstance(run("no such disease").exception, UsageError)
    assert isinstance(run("gout", "--targets", str(tmp_path / "none.csv")).exception, InputError)
    assert run("gout", "--top", "0").exit_code == 2
