"""``nof1 federation egress``: exit codes, the two files, and the verification of one."""

import json

import pytest
from click.testing import CliRunner

from nof1.cli import cli
from nof1.core import artefacts, audit
from nof1.core.workspace import create


@pytest.fixture
def workspace(tmp_path):
    """A workspace with a model of pictures, which needs no training to be looked at."""
    made = create(tmp_path / "ws", synthetic=True)
    files = {"model.json": b'{"schema": "nof1/imaging-model/1"}'}
    artefacts.save(made.images, "chest", files, {"card.json": b'{"name": "chest"}'})
    return made


def run(*arguments):
    return CliRunner().invoke(cli, ["federation", "egress", *map(str, arguments)])


def test_a_model_gets_a_signed_file_and_a_page(workspace):
    got = run("chest", "-w", workspace.root)
    assert got.exit_code == 0, got.output
    path = workspace.reports / "egress-chest-1.json"
    pack = json.loads(path.read_text())
    assert pack["schema"] == "nof1/federation-egress/1"
    assert pack["verdict"] == "attention"
    page = path.with_suffix(".html").read_text()
    assert "Not checked" in page
    assert path.name in page
    assert "SYNTHETIC" in got.output
    assert max(map(len, got.output.splitlines())) < 200
    assert "not checked" in got.output
    assert [one["action"] for one in audit.entries(workspace.audit)] == ["federation egress"]


def test_json_is_the_pack_itself(workspace, tmp_path):
    got = run("chest", "-w", workspace.root, "--out", tmp_path / "x.json", "--json")
    assert json.loads(got.output) == json.loads((tmp_path / "x.json").read_text())
    assert (tmp_path / "x.html").exists()


def test_a_failed_check_is_exit_code_1(workspace):
    card = b'{"name": "chest", "attrition": [{"step": "all", "people": 3}]}'
    files = {"model.json": b'{"schema": "nof1/imaging-model/1"}'}
    artefacts.save(workspace.images, "chest", files, {"card.json": card})
    got = run("chest", "-w", workspace.root)
    assert got.exit_code == 1
    assert "FAIL" in got.output


def test_a_file_is_verified_and_a_changed_byte_is_found(workspace, tmp_path):
    path = tmp_path / "x.json"
    run("chest", "-w", workspace.root, "--out", path)
    pack = json.loads(path.read_text())
    key = pack["signature"]["public_key"]
    good = run("--verify", path)
    assert good.exit_code == 0
    assert "compare it with the site" in good.output
    assert run("--verify", path, "--key", key).exit_code == 0
    assert run("--verify", path, "--key", "ab" * 32).exit_code == 1
    path.write_text(path.read_text().replace('"attention"', '"pass"', 1))
    bad = run("--verify", path, "--json")
    assert bad.exit_code == 1
    told = json.loads(bad.output)
    assert (told["holds"], told["verdict"]) == (False, None)


@pytest.mark.parametrize(
    "changes", [{"signature": 3}, {"signature": [1]}, {"model": "x"}, {"signature": {"value": 7}}]
)
def test_a_file_of_another_shape_does_not_hold(workspace, tmp_path, changes):
    path = tmp_path / "x.json"
    run("chest", "-w", workspace.root, "--out", path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    got = run("--verify", path)
    assert got.exit_code == 1
    assert "NOT hold" in got.output


def test_a_stranger_s_file_cannot_steer_the_terminal(workspace, tmp_path):
    from nof1.federation.egress import signing

    path = tmp_path / "x.json"
    pack = {"schema": signing.SCHEMA, "model": {"name": "\x1b[2Jx"}, "verdict": ["fail"]}
    path.write_text(json.dumps(signing.signed(pack, signing.signer(workspace.root))))
    got = run("--verify", path)
    assert got.exit_code == 0
    assert "\x1b" not in got.output
    assert "Verdict in the file: ?" in got.output


@pytest.mark.parametrize(
    "arguments",
    [(), ("chest", "--verify", "x.json"), ("chest", "--key", "ab"), ("--verify", "none.json")],
)
def test_a_request_that_makes_no_sense_is_refused(workspace, arguments):
    got = run(*arguments, "-w", workspace.root)
    assert got.exit_code == 2 or got.exception is not None
    assert "Traceback" not in got.output


def test_an_unknown_model_is_refused(workspace):
    got = run("nobody", "-w", workspace.root)
    assert got.exit_code != 0
    assert not (workspace.reports / "egress-nobody-1.json").exists()


def test_a_kind_that_is_not_known_is_refused_with_code_2(workspace):
    artefacts.save(workspace.images, "odd", {"model.json": b"{}"}, {})
    got = run("odd", "-w", workspace.root)
    assert got.exit_code != 0
    assert "nothing was looked at" in str(got.exception)
    assert not (workspace.reports / "egress-odd-1.json").exists()


def test_models_of_two_kinds_with_one_name_must_be_told_apart(workspace):
    files = {"model.json": b'{"schema": "nof1/response-model/1"}'}
    artefacts.save(workspace.laboratory, "chest", files, {})
    got = run("chest", "-w", workspace.root)
    assert "--kind images" in str(got.exception)
    assert run("chest", "--kind", "laboratory", "-w", workspace.root, "--json").exit_code == 0
