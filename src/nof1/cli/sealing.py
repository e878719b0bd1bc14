"""``nof1 privacy seal`` and its companions: a workspace as encrypted files, opened in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import as_json as json_option
from nof1.cli.options import common, step, table, tell
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.extras import require
from nof1.core.workspace import SEALED_FILE, locate

if TYPE_CHECKING:
    from nof1.core.sealing.keys import Opener
    from nof1.core.sealing.recipients import Recipient
    from nof1.core.sealing.vault import Vault

any_path = click.Path(path_type=Path)
MIB = 2**20


def opening(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the ways to open a sealed workspace, ``--workspace`` and ``--json``."""
    options = (
        click.option("--key", "key_file", type=any_path, help="Key file, outside the workspace."),
        click.option("--passphrase", is_flag=True, help="Ask for a passphrase."),
        click.option("--passphrase-file", type=any_path, help="File that holds the passphrase."),
        click.option("--anchor", "anchor_file", type=any_path,
                     help="What was seen last [KEYFILE.anchor]."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return common(command)


@click.command("seal-key", short_help="Make a key that opens sealed workspaces.")
@json_option
@click.argument("file", type=any_path)
def seal_key(as_json: bool, file: Path) -> None:
    """Make a key: FILE opens sealed workspaces, FILE.pub may be given to anybody."""
    _ready()
    from nof1.core.sealing.keys import make_key

    made = make_key(file)
    data = {"schema": "nof1/privacy-seal-key/1", "public": made.public.hex()}
    text = f"""Key written: {file.name} (keep it safe and apart from the data)
Public half: {file.name}.pub (give it to whoever seals for you)
Without a key or passphrase nobody can open what was sealed: make a second one
for recovery, and keep it in another place."""
    tell(data, text, as_json=as_json)


@click.command(short_help="Encrypt a workspace in place.")
@opening
@click.option("--name", help="What the key is called in the workspace [the file's name].")
@click.option("--for", "others", multiple=True, metavar="NAME=FILE.pub",
              help="Another recipient, by the public half (several times).")  # fmt: skip
def seal(
    workspace: str | None,
    as_json: bool,
    key_file: Path | None,
    passphrase: bool,
    passphrase_file: Path | None,
    anchor_file: Path | None,
    name: str | None,
    others: tuple[str, ...],
) -> None:
    """Encrypt a workspace in place; only the keys and passphrases named here open it again."""
    root, way = _ready(workspace), (key_file, passphrase, passphrase_file)
    from nof1.core.sealing import folder

    if (root / SEALED_FILE).is_file():
        with _opened(root, way, anchor_file) as (vault, _):
            left = folder.clear(vault)
            if not left:
                raise WorkspaceError("This workspace is sealed already.", where=str(root))
    else:
        opener = _opener(way, root, new=True)
        mine = _recipient(name or (key_file.stem if key_file else "passphrase"), opener)
        who = [mine, *map(_other, others)]
        anchor = _anchor(key_file, anchor_file, root)
        vault = folder.seal(root, opener, who, anchored=anchor, tell=step)
    tell(_state(vault, "seal"), f"Sealed. {_summary(vault)}", as_json=as_json)


@click.command(short_help="Decrypt a sealed workspace in place.")
@opening
def unseal(
    workspace: str | None,
    as_json: bool,
    key_file: Path | None,
    passphrase: bool,
    passphrase_file: Path | None,
    anchor_file: Path | None,
) -> None:
    """Decrypt a sealed workspace in place: from then on its files lie open on the disk."""
    root = _ready(workspace)
    from nof1.core.sealing import folder, session

    with _opened(root, (key_file, passphrase, passphrase_file), anchor_file) as (vault, lock):
        session.refuse_left_over(vault, lock)
        files = folder.unseal(vault, tell=step)
    data = {"schema": "nof1/privacy-unseal/1", "files": files}
    tell(data, f"Unsealed: {files} files lie open on the disk.", as_json=as_json)


@click.command(
    "with",
    context_settings={"allow_interspersed_args": False},
    short_help="Open a sealed workspace for one command.",
)
@opening
@click.option("--ram", type=any_path, help="Folder on a RAM filesystem [/dev/shm].")
@click.option("--swap-is-encrypted", is_flag=True, help="Go on although swap is on.")
@click.option("--every", type=click.FloatRange(1), metavar="SECONDS",
              help="Seal changes back while the command runs [only at its end].")  # fmt: skip
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def with_(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    key_file: Path | None,
    passphrase: bool,
    passphrase_file: Path | None,
    anchor_file: Path | None,
    ram: Path | None,
    swap_is_encrypted: bool,
    every: float | None,
    command: tuple[str, ...],
) -> None:
    """Open a sealed workspace in memory for one command, and seal its changes back.

    nof1 privacy with --key FILE -- nof1 advise PATIENT, or -- bash for a session. The exit code is
    the command's own.
    """
    root = _ready(workspace)
    from nof1.core.sealing import ram as memory
    from nof1.core.sealing import session

    way = (key_file, passphrase, passphrase_file)
    with _opened(root, way, anchor_file) as (vault, lock):
        closed = session.run(
            vault,
            command,
            lock,
            where=ram or memory.DEFAULT,
            swap_is_encrypted=swap_is_encrypted,
            every=every,
            tell=step,
            warn=lambda text: click.echo(text, err=True),
        )
    if as_json:
        data = {"schema": "nof1/privacy-with/1", "code": closed.code,
                "generation": closed.generation, "written": closed.written}  # fmt: skip
        click.echo(json.dumps(data), err=True)  # standard output is the command's own
    step(f"Sealed again: generation {closed.generation}, {closed.written} file(s) written")
    ctx.exit(closed.code)


@click.command(short_help="Change the key, and who can open it.")
@opening
@click.option("--all", "everything", is_flag=True, help="Encrypt every byte anew.")
@click.option("--add", multiple=True, metavar="NAME=FILE.pub",
              help="New recipient, by the public half (several times).")  # fmt: skip
@click.option("--add-passphrase", metavar="NAME", help="New recipient: a passphrase.")
@click.option("--new-passphrase-file", type=any_path, help="File that holds the new passphrase.")
@click.option("--remove", multiple=True, metavar="NAME", help="Recipient that loses access.")
def rotate(
    workspace: str | None,
    as_json: bool,
    key_file: Path | None,
    passphrase: bool,
    passphrase_file: Path | None,
    anchor_file: Path | None,
    everything: bool,
    add: tuple[str, ...],
    add_passphrase: str | None,
    new_passphrase_file: Path | None,
    remove: tuple[str, ...],
) -> None:
    """Change a sealed workspace's key, and who can open it."""
    root = _ready(workspace)
    from nof1.core.sealing import rotation, session

    new = list(map(_other, add))
    if add_passphrase or new_passphrase_file:
        words = _words(new_passphrase_file, root, new=True)
        new.append(_recipient(add_passphrase or "passphrase", words))
    with _opened(root, (key_file, passphrase, passphrase_file), anchor_file) as (vault, lock):
        session.refuse_left_over(vault, lock)
        rotation.rotate(vault, add=new, remove=remove, everything=everything, tell=step)
        data, text = _state(vault, "rotate"), f"Rotated. {_summary(vault)}"
    if remove and not everything:
        text += "\nWho lost access may have kept keys of files as they were: --all ends that."
    tell(data, text, as_json=as_json)


@click.command(short_help="Who can open it; with a key, check every byte.")
@opening
def sealed(
    workspace: str | None,
    as_json: bool,
    key_file: Path | None,
    passphrase: bool,
    passphrase_file: Path | None,
    anchor_file: Path | None,
) -> None:
    """Who can open a sealed workspace; with a key, check every byte and show its history."""
    root, way = _ready(workspace), (key_file, passphrase, passphrase_file)
    from nof1.core.sealing import head

    if not any(way):
        found = head.read(root)[0]
        rows = [[one.name, one.kind] for one, _ in found.recipients]
        data = {"schema": "nof1/privacy-sealed/1", "generation": found.generation,
                "recipients": [{"name": name, "kind": kind} for name, kind in rows],
                "checked_bytes": None, "history": None}  # fmt: skip
        text = f"{table(rows, ['recipient', 'kind'])}\n\nGeneration {found.generation}. "
        tell(data, text + "Not checked: that needs a key.", as_json=as_json)
        return
    with _opened(root, way, anchor_file) as (vault, _):
        step("Read every file")
        checked = vault.verify()
        history = vault.manifest.history
        rows = [[h["generation"], h["time"], h["action"], h["by"]] for h in history[-20:]]
        text = f"Every byte holds ({checked:,} bytes). {_summary(vault)}\n\n"
        text += table(rows, ["generation", "time", "action", "by"])
        data = {**_state(vault, "sealed"), "checked_bytes": checked, "history": list(history)}
    tell(data, text, as_json=as_json)


@click.command(short_help="What a killed session left in memory.")
@opening
@click.option("--ram", type=any_path, help="Where the session was open [/dev/shm].")
@click.option("--discard", is_flag=True, help="Throw the changes of the session away.")
def recover(
    workspace: str | None,
    as_json: bool,
    key_file: Path | None,
    passphrase: bool,
    passphrase_file: Path | None,
    anchor_file: Path | None,
    ram: Path | None,
    discard: bool,
) -> None:
    """Seal back what a killed session left in memory, or throw it away."""
    root = _ready(workspace)
    from nof1.core.sealing import ram as memory
    from nof1.core.sealing import session

    way = (key_file, passphrase, passphrase_file)
    with _opened(root, way, anchor_file) as (vault, lock):
        closed = session.recover(vault, lock, discard=discard, where=ram or memory.DEFAULT)
        data = {**_state(vault, "recover"), "sealed_back": closed is not None,
                "written": closed.written if closed else 0}  # fmt: skip
    text = f"Sealed back: {closed.written} file(s) written." if closed else "Nothing is left over."
    tell(data, text, as_json=as_json)


COMMANDS = (seal_key, seal, unseal, with_, rotate, sealed, recover)
Way = tuple[Path | None, bool, Path | None]


def _ready(workspace: str | None = None) -> Path:
    """The workspace's folder, when what encryption needs is installed."""
    require("cryptography", "federation")
    return locate(workspace).resolve()


def _opened(
    root: Path, way: Way, anchor_file: Path | None
) -> AbstractContextManager[tuple[Vault, int]]:
    """The opened sealed folder and its lock's descriptor, held while the block runs."""

    @contextmanager
    def held() -> Iterator[tuple[Vault, int]]:
        from nof1.core.sealing import disk, head, vault

        head.read(root)  # refuse what is not sealed before anything is asked for or made
        opener = _opener(way, root)
        with disk.held(root) as lock:
            yield vault.open_vault(root, opener, _anchor(way[0], anchor_file, root)), lock

    return held()


def _opener(way: Way, root: Path, *, new: bool = False) -> Opener:
    from nof1.core.sealing import keys

    key_file, ask, passphrase_file = way
    if sum(map(bool, way)) != 1:
        raise UsageError(
            "One way to open the workspace is needed.",
            where="--key, --passphrase or --passphrase-file",
            allowed="exactly one of them",
            next_step="Make a key: nof1 privacy seal-key FILE",
        )
    if key_file is not None:
        keys.refuse_inside(key_file, root)
        return keys.read_key(key_file)
    return _words(passphrase_file, root, new=new) if not ask else _words(None, root, new=new)


def _words(path: Path | None, root: Path, *, new: bool) -> Opener:
    from nof1.core.sealing import keys

    if path is None:
        typed = click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
        return keys.passphrase(str(typed), new=new)
    keys.refuse_inside(path, root)
    return keys.passphrase(keys.private(path, "passphrase file"), new=new)


def _recipient(name: str, opener: Opener) -> Recipient:
    from nof1.core.sealing import head, keys, recipients

    head.named(name)
    if isinstance(opener, keys.KeyFile):
        return recipients.Recipient(name, opener.public)
    return recipients.of_passphrase(name, opener)


def _other(text: str) -> Recipient:
    from nof1.core.sealing import head, keys, recipients

    name, equals, path = text.partition("=")
    if not equals:
        raise UsageError("A recipient has a name and a file.", where=text, allowed="NAME=FILE.pub")
    return recipients.Recipient(head.named(name), keys.read_public(Path(path)))


def _anchor(key_file: Path | None, anchor_file: Path | None, root: Path) -> Path | None:
    from nof1.core.sealing import anchor, keys

    found = anchor_file or (anchor.beside(key_file) if key_file else None)
    if found is not None:
        keys.refuse_inside(found, root)
    return found


def _state(vault: Vault, what: str) -> dict[str, Any]:
    head = vault.head
    return {
        "schema": f"nof1/privacy-{what}/1",
        "generation": head.generation,
        "recipients": [{"name": one.name, "kind": one.kind} for one, _ in head.recipients],
        "files": len(vault.manifest.files),
        "bytes": vault.manifest.size,
        "anchored": vault.anchor is not None,
    }


def _summary(vault: Vault) -> str:
    names = ", ".join(vault.head.names)
    text = (f"{len(vault.manifest.files)} files, {vault.manifest.size / MIB:,.1f} MiB, "
            f"generation {vault.head.generation}.\nIt opens for: {names}.")  # fmt: skip
    if vault.anchor is None:
        text += "\nNo anchor: an older copy put back as a whole would not be noticed."
    return text
