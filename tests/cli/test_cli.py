"""The command line as programs and people meet it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nof1.cli import COMMANDS, cli, main

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
HEAVY = ("numpy", "polars", "pandas", "sklearn", "torch", "scipy", "altair", "numba", "duckdb")


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    out, err = capsys.readouterr()
    return stop.value.code, out, err


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom nof1.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"sys.exit(','.join(sorted(set({HEAVY!r}) & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    assert "not a medical device" in done.stdout


def test_every_listed_command_exists_and_explains_itself(capsys):
    for name in COMMANDS:
        command = cli.get_command(None, name)
        assert command is not None
        assert command.help, name
        code, out, _ = run(capsys, name, "--help")
        assert (code, "Usage: nof1" in out) == (0, True)
        assert max(map(len, out.splitlines())) <= 80


def test_a_typo_names_the_nearest_command(capsys):
    code, _, err = run(capsys, "ingset")
    assert code == 2
    assert "ingest" in err


def test_errors_are_json_for_programs(capsys, tmp_path):
    code, out, err = run(capsys, "quality", "--json", "--workspace", str(tmp_path))
    assert (code, out) == (2, "")
    shown = json.loads(err)
    assert set(shown) == {"error", "where", "allowed", "next_step"}
    assert "nof1 init" in shown["next_step"]


def test_an_unexpected_fault_shows_its_place_and_not_its_text(capsys, monkeypatch):
    def broken(*_arguments, **_options):
        raise ValueError("patient Jane Doe, born 1950")

    monkeypatch.setattr(cli, "main", broken)
    code, out, err = run(capsys, "doctor")
    assert code == 2
    assert "ValueError" in err
    assert "Jane" not in out + err


def test_what_the_machine_refuses_is_no_fault_of_ours(capsys, monkeypatch):
    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device", "/somewhere/table.tsv")

    monkeypatch.setattr(cli, "main", full)
    code, _, err = run(capsys, "doctor")
    assert code == 2
    assert "No space left on device" in err
    assert "Free disk space" in err
    assert "somewhere" not in err


def test_a_damaged_file_of_ours_is_still_a_fault(capsys, monkeypatch):
    def broken(*_arguments, **_options):
        raise FileNotFoundError(2, "No such file or directory", "Jane Doe.parquet")

    monkeypatch.setattr(cli, "main", broken)
    code, _, err = run(capsys, "doctor")
    assert code == 2
    assert "FileNotFoundError" in err
    assert "Jane" not in err


def test_an_error_is_broken_between_words_for_a_person_alone(capsys, tmp_path, monkeypatch):
    (tmp_path / "words.txt").write_text("neither a table nor a resource")
    run(capsys, "init", "--workspace", str(tmp_path / "ws"))
    asked = ("ingest", str(tmp_path / "words.txt"), "--workspace", str(tmp_path / "ws"))
    plain = run(capsys, *asked)[2]
    assert max(map(len, plain.splitlines())) > 200
    monkeypatch.setattr("nof1.cli.on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    told = run(capsys, *asked)[2]
    assert max(len(line) for line in told.splitlines() if str(tmp_path) not in line) <= 60
    assert told.split() == plain.split()


def test_a_workspace_that_is_named_must_be_there(capsys, tmp_path):
    code, out, _ = run(capsys, "doctor", "--workspace", str(tmp_path), "--json")
    verdicts = {check["name"]: check["verdict"] for check in json.loads(out)["checks"]}
    assert (code, verdicts["workspace"]) == (1, "FAIL")


def test_without_a_command_people_get_the_help(capsys):
    for words in ([], ["genome"]):
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "")
        assert err.startswith(" ".join(["Usage: nof1", *words]))


def test_a_word_for_an_option_names_the_option(capsys):
    assert "Did you mean '--version'?" in run(capsys, "version")[2]


def test_a_group_tells_what_its_commands_do_in_whole_sentences(capsys):
    for name in COMMANDS:
        assert "..." not in run(capsys, name, "--help")[1].partition("Commands:")[2], name


def test_init_and_doctor(capsys, tmp_path):
    folder = str(tmp_path / "ws")
    code, out, _ = run(capsys, "init", "--workspace", folder, "--site", "site-a", "--json")
    assert (code, json.loads(out)["site"]) == (0, "site-a")
    code, out, _ = run(capsys, "doctor", "--workspace", folder, "--json")
    verdicts = {check["name"]: check["verdict"] for check in json.loads(out)["checks"]}
    assert (code, verdicts["workspace"], verdicts["audit log"]) == (0, "ok", "ok")
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    named = {name.removeprefix("extra ") for name in verdicts if name.startswith("extra ")}
    assert named == set(extras) - {"all"}
