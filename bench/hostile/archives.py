"""Archives, folders and packed files: ways out of a folder, bombs, names that collide."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.hostile.cases import Build, Case, Place, at

DOORS = ("ingest", "imaging read", "privacy deidentify", "surveillance import")
CSV = "patient,time,code,value\n"
SIZE = 150 * 2**20  # of a bomb, unpacked


def cases() -> Iterator[Case]:
    """Zip, tar, plain folders and gzip."""
    for name, members in ZIPS.items():
        yield from at("archive", f"zip: {name}", _zip(members), *DOORS)
    for name, kind in TARS.items():
        yield from at("archive", f"tar: {name}", _tar(kind), "ingest", "privacy deidentify")
    yield from at(
        "archive", "zip as weights", _zip(ZIPS["../"]), "imaging convert", "imaging audit"
    )
    for name, make in FOLDERS.items():
        yield from at("folder", name, _folder(make), *DOORS, "knowledge import")
    yield from at("bomb", "gzip of rows", _bomb("a.csv.gz"), "ingest", "privacy deidentify")
    yield from at("bomb", "gzip of counts", _bomb("b.csv.gz"), "surveillance import")
    yield from at("bomb", "gzip of resources", _bomb("a.ndjson.gz"), "ingest")
    yield from at("bomb", "gzip of header lines", _bomb("a.vcf.gz"), "genome call")
    yield from at("bomb", "gzip of zeros as NIfTI", _bomb("a.nii.gz"), "imaging read")
    yield from at("bomb", "gzip of zeros as SMILES", _bomb("a.smi.gz"), "compounds index")
    yield from at("bomb", "array of 8 PiB", _array, "imaging audit", "imaging read")
    yield from at("bomb", "arrays that grow", _arrays, "imaging audit", "imaging convert")


Member = Callable[[Place], tuple[str, bytes]]
Members = Callable[[Place], list[tuple[zipfile.ZipInfo, bytes]]]


def _info(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


def _text(place: Place) -> bytes:
    return f"{CSV}{place.canary},2020-01-01,A,1\n".encode()


ZIPS: dict[str, Members] = {
    "../": lambda p: [(_info("../../escaped.csv"), _text(p))],
    "absolute": lambda p: [(_info(str(p.root / "escaped.csv")), _text(p))],
    "backslashes": lambda p: [(_info("..\\..\\escaped.csv"), _text(p))],
    "link": lambda p: [(_info("a.csv", 0o120777), b"/etc/passwd")],
    "twice": lambda p: [(_info("a.csv"), _text(p)), (_info("a.csv"), b"other")],
    "upper and lower case": lambda p: [(_info("A.csv"), _text(p)), (_info("a.CSV"), b"other")],
    "NUL in a name": lambda p: [(_info("a.csv\0.png"), _text(p))],
    "bomb": lambda p: [(_info("a.csv"), bytes(40 * 2**20))],
    "zip in zip in zip": lambda p: [(_info("a.zip"), _nested(6, _text(p)))],
}


def _nested(depth: int, content: bytes) -> bytes:
    for _ in range(depth):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as packed:
            packed.writestr("a.zip", content)
        content = made.getvalue()
    return content


def _zip(members: Members) -> Build:
    def build(place: Place) -> Path:
        path = place.given / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for info, content in members(place):
                info.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(info, content)
        return path

    return build


TARS = {
    "../": ("../../escaped.csv", tarfile.REGTYPE),
    "absolute": ("/tmp/nof1-escaped.csv", tarfile.REGTYPE),
    "symbolic link": ("a.csv", tarfile.SYMTYPE),
    "hard link": ("a.csv", tarfile.LNKTYPE),
    "device": ("a.csv", tarfile.CHRTYPE),
    "pipe": ("a.csv", tarfile.FIFOTYPE),
}


def _tar(kind: tuple[str, bytes]) -> Build:
    def build(place: Place) -> Path:
        path, content = place.given / "a.tar.gz", _text(place)
        with tarfile.open(path, "w:gz") as packed:
            info = tarfile.TarInfo(kind[0])
            info.type = kind[1]
            info.linkname = str(place.root / "secret.csv")
            info.size = len(content) if kind[1] == tarfile.REGTYPE else 0
            packed.addfile(info, io.BytesIO(content))
        return path

    return build


def _secret(place: Place) -> Path:
    """A file outside of what is handed in, that no link may lead to."""
    path = place.root / "secret.csv"
    path.write_bytes(_text(place))
    return path


def _link_file(place: Place, folder: Path) -> None:
    (folder / "a.csv").symlink_to(_secret(place))


def _link_folder(place: Place, folder: Path) -> None:
    _secret(place)
    (folder / "sub").symlink_to(place.root)


def _link_loop(place: Place, folder: Path) -> None:
    (folder / "a.csv").symlink_to(folder / "b.csv")
    (folder / "b.csv").symlink_to(folder / "a.csv")
    (folder / "up").symlink_to(folder)


def _pipe(place: Place, folder: Path) -> None:
    import os

    os.mkfifo(folder / "a.csv")


def _device(place: Place, folder: Path) -> None:
    (folder / "a.csv").symlink_to("/dev/zero")


def _names(place: Place, folder: Path) -> None:
    for name in (
        "\x1b[2Ja.csv",
        "a\nb.csv",
        "-w.csv",
        "$(touch x).csv",
        "\u202egpj.csv",
        "é" * 120,
    ):
        (folder / name).write_bytes(b"x")


FOLDERS: dict[str, Callable[[Place, Path], None]] = {
    "a link to a file outside": _link_file,
    "a link to a folder outside": _link_folder,
    "links in a circle": _link_loop,
    "a pipe": _pipe,
    "a link to a device": _device,
    "names that steer a terminal": _names,
}


def _folder(make: Callable[[Place, Path], None]) -> Build:
    def build(place: Place) -> Path:
        folder = place.given / "folder"
        folder.mkdir()
        make(place, folder)
        return folder

    return build


BOMBS = {
    "a.csv.gz": (b"patient,time,code,value\n", b"1,2020-01-01,A,1\n"),
    "a.ndjson.gz": (b"", b'{"resourceType": "Patient", "id": "1"}\n'),
    "b.csv.gz": (b"date,location,value\n", b"2020-01-04,US,1\n"),
    "a.vcf.gz": (b"##fileformat=VCFv4.2\n", b"##source=again and again\n"),
    "a.nii.gz": (bytes(352), bytes(2**16)),
    "a.smi.gz": (b"CCO ethanol\n", bytes(2**16)),
}


def _bomb(name: str) -> Build:
    def build(place: Place) -> Path:
        path, (head, line) = place.given / name, BOMBS[name]
        block = line * (2**20 // len(line))
        with gzip.open(path, "wb", compresslevel=6) as packed:
            packed.write(head)
            for _ in range(SIZE // 2**20):
                packed.write(block)
        return path

    return build


def _array(place: Place) -> Path:
    """An .npy of 8 bytes whose header claims 2^50 numbers."""
    path = place.given / "a.npy"
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1125899906842624,), }"
    head = head.ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(8))
    return path


def _arrays(place: Place) -> Path:
    """An .npz with the same array, and one that grows a thousand times."""
    path = place.given / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(_array(place), "images.npy")
        packed.writestr("labels.npy", bytes(100 * 2**20))
    return path
