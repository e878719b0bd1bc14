"""``nof1 privacy seal`` and its companions as a person uses them."""

import json
import subprocess
import sys

import pytest

from nof1.cli import main
from nof1.core.sealing import ram, recipients
from sealing_samples import SECRET, contents, plain, raw

needs_memory = pytest.mark.skipif(
    ram.mount(ram.DEFAULT).kind not in ram.KINDS, reason="/dev/shm is no memory here"
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(recipients, "of_passphrase", _cheap(recipients.of_passphrase))


def _cheap(real):
    return lambda name, words: real(name, words, cost=14)


def nof1(capfd, *arguments):
    with pytest.raises(SystemExit) as caught:
        main(["privacy", *map(str, arguments)])
    out, err = capfd.readouterr()
    return caught.value.code, out, err


@pytest.fixture
def key(tmp_path, capfd):
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "officer.key"
    assert nof1(capfd, "seal-key", path)[0] == 0
    return path


@pytest.fixture
def ws(tmp_path):
    return plain(tmp_path / "ws")


def words(tmp_path, name, text):
    path = tmp_path / "keys" / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


@needs_memory
def test_the_whole_way(tmp_path, capfd, key, ws):
    before = contents(ws)
    code, out, err = nof1(capfd, "seal", "-w", ws, "--key", key)
    assert (code, err) == (0, "")
    assert "It opens for: officer" in out
    assert SECRET.encode() not in raw(ws)
    assert (tmp_path / "keys" / "officer.key.anchor").exists()

    with pytest.raises(SystemExit):
        main(["audit", "verify", "--workspace", str(ws)])
    err = capfd.readouterr().err
    assert "is sealed" in err
    assert f"nof1 privacy with -w {ws}" in err

    command = ["nof1", "audit", "export", "--workspace", ws]
    swap = "--swap-is-encrypted"
    code, out, err = nof1(capfd, "with", "-w", ws, "--key", key, swap, "--", *command)
    assert (code, err) == (0, "")
    assert [json.loads(line)["action"] for line in out.splitlines()] == [
        "privacy.seal",
        "privacy.with",
    ]
    code, out, _ = nof1(capfd, "with", "-w", ws, "--key", key, swap, "--", "sh", "-c", "exit 3")
    assert code == 3

    code, out, _ = nof1(capfd, "sealed", "-w", ws)
    assert (code, "Not checked" in out, "officer" in out) == (0, True, True)
    code, out, _ = nof1(capfd, "sealed", "-w", ws, "--key", key, "--json")
    data = json.loads(out)
    assert [one["action"] for one in data["history"]] == ["seal", "with", "with"]
    assert data["checked_bytes"] > 0
    assert max(map(len, nof1(capfd, "sealed", "-w", ws, "--key", key)[1].splitlines())) <= 80

    code, out, _ = nof1(capfd, "recover", "-w", ws, "--key", key)
    assert (code, out) == (0, "Nothing is left over.\n")
    code, out, _ = nof1(capfd, "unseal", "-w", ws, "--key", key)
    assert code == 0
    assert contents(ws) == before


@needs_memory
def test_json_of_a_session_leaves_standard_output_to_the_command(capfd, key, ws):
    nof1(capfd, "seal", "-w", ws, "--key", key)
    arguments = [
        "with",
        "-w",
        ws,
        "--key",
        key,
        "--swap-is-encrypted",
        "--json",
        "--",
        "echo",
        "mine",
    ]
    code, out, err = nof1(capfd, *arguments)
    assert (code, out) == (0, "mine\n")
    assert json.loads(err) == {
        "schema": "nof1/privacy-with/1", "code": 0, "generation": 2, "written": 1,
    }  # fmt: skip


def test_two_officers_and_a_recovery_passphrase(tmp_path, capfd, key, ws):
    nof1(capfd, "seal-key", tmp_path / "keys" / "b.key")
    nof1(capfd, "seal", "-w", ws, "--key", key, "--for", f"b={tmp_path / 'keys' / 'b.key.pub'}")
    paper = words(tmp_path, "paper", "five random words are good")
    new = ["--add-passphrase", "recovery", "--new-passphrase-file", paper]
    code, out, err = nof1(capfd, "rotate", "-w", ws, "--key", tmp_path / "keys" / "b.key", *new)
    assert (code, err) == (0, "")
    assert "It opens for: officer, b, recovery" in out
    code, out, _ = nof1(capfd, "rotate", "-w", ws, "--key", key, "--remove", "b", "--all")
    assert "It opens for: officer, recovery" in out
    code, _, err = nof1(capfd, "sealed", "-w", ws, "--key", tmp_path / "keys" / "b.key")
    assert (code, "does not open" in err) == (2, True)
    code, out, _ = nof1(capfd, "sealed", "-w", ws, "--passphrase-file", paper)
    assert (code, "Every byte holds" in out) == (0, True)
    assert "No anchor" in out
    code, out, _ = nof1(capfd, "rotate", "-w", ws, "--key", key, "--remove", "recovery")
    assert "may have kept keys" in out


def test_a_passphrase_is_asked_for_and_never_shown(tmp_path, capfd, ws, monkeypatch):
    asked = []
    monkeypatch.setattr("click.prompt", lambda *a, **how: asked.append(how) or "five random words")
    code, out, err = nof1(capfd, "seal", "-w", ws, "--passphrase")
    assert code == 0
    assert asked[0] == {"hide_input": True, "confirmation_prompt": True, "err": True}
    assert "five random" not in out + err
    assert nof1(capfd, "unseal", "-w", ws, "--passphrase")[0] == 0
    assert asked[1]["confirmation_prompt"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "One way to open"),
        (["--key", "{key}", "--passphrase"], "One way to open"),
        (["--key", "{ws}/inside.key"], "must not lie in the workspace"),
        (["--key", "{key}", "--anchor", "{ws}/a.anchor"], "must not lie in the workspace"),
        (["--passphrase-file", "{ws}/words"], "must not lie in the workspace"),
        (["--key", "{key}.pub"], "Others may read"),
        (["--key", "/no/such"], "no key file"),
        (["--key", "{key}", "--for", "x"], "has a name and a file"),
        (["--key", "{key}", "--for", "x={key}"], "no public key"),
        (["--key", "{key}", "--name", "a b"], "no name"),
    ],
)
def test_what_is_refused_leaves_the_workspace_plain(capfd, key, ws, arguments, message):
    before = contents(ws)
    filled = [one.format(key=key, ws=ws) for one in arguments]
    code, _, err = nof1(capfd, "seal", "-w", ws, *filled)
    assert (code, message in err) == (2, True), err
    assert contents(ws) == before
    assert not (ws / "nof1.sealed").exists()


def test_a_passphrase_file_that_others_may_read_is_refused(tmp_path, capfd, ws):
    (tmp_path / "keys").mkdir()
    paper = words(tmp_path, "paper", "five random words are good")
    paper.chmod(0o644)
    code, _, err = nof1(capfd, "seal", "-w", ws, "--passphrase-file", paper)
    assert (code, "Others may read" in err) == (2, True)


@pytest.mark.parametrize("command", ["unseal", "rotate", "sealed", "recover"])
def test_a_plain_workspace_is_not_sealed(capfd, key, ws, command):
    code, _, err = nof1(capfd, command, "-w", ws, "--key", key)
    assert (code, "is not sealed" in err, "nof1 privacy seal" in err) == (2, True, True)
    assert not (ws / ".nof1-lock").exists()


def test_sealing_again_finishes_what_was_killed_and_is_refused_otherwise(capfd, key, ws):
    before = contents(ws)
    nof1(capfd, "seal", "-w", ws, "--key", key)
    code, _, err = nof1(capfd, "seal", "-w", ws, "--key", key)
    assert (code, "sealed already" in err) == (2, True)
    (ws / "models").mkdir()
    (ws / "models" / "nothing").write_bytes(b"")
    for command in (["rotate"], ["with", "--", "true"]):
        at = command.index("--") if "--" in command else 1
        given = [*command[:at], "-w", ws, "--key", key, *command[at:]]
        code, _, err = nof1(capfd, *given)
        assert (code, "was not finished" in err) == (2, True)
    assert nof1(capfd, "seal", "-w", ws, "--key", key)[0] == 0
    assert not (ws / "models").exists()
    nof1(capfd, "unseal", "-w", ws, "--key", key)
    assert contents(ws) == before


def test_no_secret_can_be_given_on_the_command_line():
    from nof1.cli.sealing import COMMANDS

    for command in COMMANDS:
        for option in command.params:
            named = "passphrase" in option.name
            assert not named or option.is_flag or option.name.endswith(("file", "add_passphrase"))


def test_help_loads_no_cryptography():
    code = """import sys
from nof1.cli import main
try:
    main(["privacy", "--help"])
except SystemExit:
    assert "cryptography" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "seal-key" in done.stdout


def test_without_the_package_it_says_what_to_install(capfd, ws, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    code, _, err = nof1(capfd, "seal", "-w", ws, "--key", "x")
    assert (code, 'pip install "nof1[' in err) == (2, True)
