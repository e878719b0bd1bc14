"""What a command refuses stands in the workspace's audit log: which file by its hash, never its
name or content; and a log that cannot be written changes no answer."""

import hashlib
import json
import os

import click
import pytest

from nof1.cli import door, main
from nof1.core import audit
from nof1.core.workspace import create

SECRET = "Maria-Musterfrau"
BAD = f"##no header {SECRET}\n"


@pytest.fixture
def place(tmp_path):
    """A workspace, and a file that no command takes, named and filled with a patient's name."""
    found = create(tmp_path / "ws", synthetic=True)
    file = tmp_path / f"{SECRET}.vcf"
    file.write_text(BAD)
    return found, file


def run(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main([str(one) for one in words])
    out, err = capsys.readouterr()
    return stop.value.code, out, err


def entries(workspace):
    return list(audit.entries(workspace.audit))


def test_a_refused_file_is_written_down_by_its_hash(capsys, place):
    found, file = place
    assert run(capsys, "genome", "call", file, "-w", found.root)[0] == 2
    (entry,) = entries(found)
    assert entry["action"] == "refused"
    assert entry["details"] == {
        "command": "genome call", "code": 2, "error": "InputError",
        "place": "nof1.genome.header.parse_header",
        "files": [{"kind": "file", "bytes": len(BAD),
                   "sha256": hashlib.sha256(BAD.encode()).hexdigest()}],
    }  # fmt: skip
    assert SECRET not in (found.audit / audit.FILE).read_text()
    assert audit.verify(found.audit).intact


def test_the_nearest_workspace_is_the_one(capsys, place, monkeypatch):
    found, file = place
    (found.root / "sub").mkdir()
    monkeypatch.chdir(found.root / "sub")
    assert run(capsys, "compounds", "index", file, "--out", "lib")[0] == 2
    assert entries(found)[-1]["details"]["command"] == "compounds index"


def test_without_a_workspace_nothing_is_written(capsys, place, tmp_path, monkeypatch):
    _, file = place
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert run(capsys, "genome", "call", file)[0] == 2
    assert not list((tmp_path / "empty").iterdir())


def test_a_folder_is_told_by_the_hashes_of_its_files_and_no_link_is_followed(capsys, place):
    found, file = place
    folder = found.root.parent / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "link").symlink_to(file)
    assert run(capsys, "ingest", folder, "-w", found.root)[0] == 2
    (told,) = entries(found)[-1]["details"]["files"]
    whole = hashlib.sha256(hashlib.sha256(b"a").hexdigest().encode()).hexdigest()
    assert told == {"kind": "folder", "files": 1, "sha256": whole}


def test_a_pipe_is_never_opened(capsys, place):
    found, _ = place
    os.mkfifo(found.root.parent / "pipe")
    assert door._file(found.root.parent / "pipe", [door.MOST_BYTES])["kind"] == "no plain file"


def test_large_content_is_not_hashed(place, monkeypatch):
    monkeypatch.setattr(door, "MOST_BYTES", 4)
    assert door._told([place[1]])[0] == {"kind": "file", "bytes": len(BAD), "sha256": ""}


def test_a_fault_of_ours_is_written_down_too(capsys, place, monkeypatch):
    from nof1.record import ingest

    found, file = place
    monkeypatch.setattr(ingest, "ingest", lambda *_, **__: {}[SECRET])
    assert run(capsys, "ingest", file, "-w", found.root)[0] == 2
    assert entries(found)[-1]["details"]["error"] == "KeyError"
    assert SECRET not in (found.audit / audit.FILE).read_text()


def test_what_names_no_file_and_what_ends_well_leaves_nothing(capsys, place):
    found, _ = place
    assert run(capsys, "quality", "-w", found.root)[0] == 2
    assert run(capsys, "doctor", "-w", found.root)[0] in (0, 1)
    assert run(capsys, "genome", "call", "--nothing", "-w", found.root)[0] == 2
    assert entries(found) == []


@pytest.mark.parametrize("writes", [False, True])
def test_an_end_with_code_1_is_written_unless_the_command_did(place, writes):
    found, file = place
    command = ending(lambda: audit.append(found.audit, "own") if writes else None)
    outer = click.Context(click.Group("nof1"))
    words = ["--workspace", str(found.root), str(file)]
    inner = command.make_context("it", words, parent=outer)
    with pytest.raises(click.exceptions.Exit), door.noting(outer):
        command.invoke(inner)
    assert [one["action"] for one in entries(found)] == ["own" if writes else "attention"]


def ending(act):
    """A command that ends with code 1."""

    @click.command()
    @click.option("--workspace")
    @click.argument("file")
    @click.pass_context
    def command(ctx, workspace, file):
        act()
        ctx.exit(1)

    return door.watch(command)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_log_that_cannot_be_written_is_told_once_and_changes_nothing(
    capsys, place, monkeypatch, as_json
):
    def closed(*_, **__):
        raise PermissionError(13, "Permission denied")

    found, file = place
    words = ["genome", "call", file, "-w", found.root, *(["--json"] if as_json else [])]
    _, _, before = run(capsys, *words)
    monkeypatch.setattr(audit, "append", closed)
    code, _, err = run(capsys, *words)
    assert code == 2
    assert err.count(door.UNWRITTEN) == 1
    if as_json:
        assert json.loads(err) == json.loads(before) | {"note": door.UNWRITTEN}
    else:
        assert err == f"{before}Note: {door.UNWRITTEN}\n"


def test_a_reader_that_has_gone_is_no_refusal(place):
    found, file = place
    outer = click.Context(click.Group("nof1"))
    with pytest.raises(BrokenPipeError), door.noting(outer):
        raise BrokenPipeError
    assert entries(found) == []
    assert file.exists()


def test_no_secret_is_hashed(capsys, place, tmp_path):
    """The hash of a passphrase could be guessed, so no option or argument of a secret is read."""
    found, file = place
    secret = tmp_path / "secret"
    secret.write_text("password1")
    secret.chmod(0o600)
    run(capsys, "privacy", "key", secret)
    run(capsys, "privacy", "unseal", "-w", found.root, "--passphrase-file", secret)
    run(capsys, "privacy", "deidentify", file, tmp_path / "out", "--key", secret)
    bad = hashlib.sha256(b"password1").hexdigest()
    assert all(bad not in json.dumps(one) for one in entries(found))
    params = [
        click.Option(["--passphrase-file"], type=click.Path()),
        click.Argument(["source"]),
    ]
    context = click.Context(click.Command("x", params=params))
    context.params = {"passphrase_file": str(secret), "source": str(file)}
    assert door._inputs(context) == [file]


def test_every_option_that_names_no_input_is_one_of_a_command():
    from nof1.cli import cli

    names = set()

    def walk(command):
        names.update(one.name for one in command.params)
        if isinstance(command, click.Group):
            context = click.Context(command)
            for each in command.list_commands(context):
                walk(command.get_command(context, each))

    walk(cli)
    assert names >= door.NOT_INPUT
