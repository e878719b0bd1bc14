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
