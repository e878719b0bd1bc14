"""A small workspace with every kind of file, and keys, for the tests of sealing."""

import os
from pathlib import Path

from nof1.core.sealing import disk, folder, vault
from nof1.core.sealing.keys import KeyFile
from nof1.core.sealing.recipients import Recipient
from nof1.core.workspace import create

SECRET = "CANARY-Mustermann-1961"  # must never be readable on the disk of a sealed workspace
KEY = KeyFile(bytes(range(32)))
OTHER = KeyFile(bytes(range(1, 33)))
MINE, THEIRS = Recipient("officer-a", KEY.public), Recipient("officer-b", OTHER.public)

# Test vectors of the stream format, also in docs/encryption-at-rest.md; see test_stream.py.
VECTOR_COMMITMENT = "4f0193152b3cf464443c77fc4afb417321c2d42478ef8841f0a1cbb8f5820e52"
VECTOR_EMPTY = "1a833c4cfd22d91269c4a07e3bc8af67"
VECTOR_SHORT = "d563e7d92e7494acdd59bbe5317d2ea6f4ab61b288345c4da6114bc3"
VECTOR_LONG = "1cc3e884a7419a6a6677792d2b8edeab74b910c62a70ccd09a1e2589af573772"


def plain(root: Path) -> Path:
    """A workspace: an empty file, one of several chunks, one with two names, an empty folder."""
    create(root, site="site-a", synthetic=True)
    (root / "record" / "1").mkdir(parents=True)
    (root / "record" / "2").mkdir()
    (root / "record" / "1" / "0000.parquet").write_bytes(SECRET.encode() * 12_000)
    os.link(root / "record" / "1" / "0000.parquet", root / "record" / "2" / "0000.parquet")
    (root / "record" / "CURRENT").write_text("2\n")
    (root / "reports" / "empty").mkdir(parents=True)
    (root / "reports" / f"{SECRET}.html").write_text(SECRET)
    (root / "models").mkdir()
    (root / "models" / "nothing").write_bytes(b"")
    (root / "models" / "nothing").chmod(0o600)
    return root


def small(root: Path) -> Path:
    """A workspace of three files, for tests that begin a hundred times."""
    create(root, site="site-a", synthetic=True)
    (root / "models").mkdir()
    (root / "models" / "nothing").write_bytes(b"")
    return root


def contents(root: Path) -> dict[str, bytes | None]:
    """Every file but the log and those of the sealing itself, by path; None for a folder."""
    found = disk.tree(root)
    files = {one.path: (root / one.path).read_bytes() for one in found.files}
    files.update({path: None for path, _ in found.folders})
    return {path: data for path, data in files.items() if not path.startswith("audit")}


def sealed(root: Path, who=(MINE,), anchored: Path | None = None) -> vault.Vault:
    """A sealed workspace, opened."""
    return folder.seal(plain(root), KEY, list(who), anchored=anchored)


def inside(opened: vault.Vault, target: Path) -> dict[str, bytes | None]:
    """What a sealed workspace holds."""
    target.mkdir()
    folder.extract(opened, target)
    return contents(target)


def raw(root: Path) -> bytes:
    """All bytes and names that the disk shows of a folder."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return b"".join(str(path).encode() + path.read_bytes() for path in paths)
