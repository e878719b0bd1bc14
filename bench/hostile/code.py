"""Files that run code when somebody loads them: pickles in all their disguises, YAML tags."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.hostile.cases import Build, Case, Place, at

ARRAYS = ("imaging audit", "ingest", "imaging read")
NETS = ("imaging convert", "imaging adopt", "ingest")
TEXTS = ("train", "imaging train", "ingest")


class Trap:
    """Unpickled, it makes the file of the trap."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self.path)!r}, 'w').write('x')",)


def cases() -> Iterator[Case]:
    """Every disguise at every door that might take it."""
    for protocol in (0, 2, 4, 5):
        for name in ("model.pkl", "table.csv", "picture.npy"):
            build = _raw(protocol, name)
            yield from at("pickle", f"protocol {protocol} as {name}", build,
                          *{"model.pkl": NETS, "table.csv": ("ingest", "compounds train"),
                            "picture.npy": ARRAYS}[name])  # fmt: skip
    yield from at("pickle", "object array .npy", _npy, *ARRAYS)
    yield from at("pickle", "object array in .npz", _npz, *ARRAYS)
    yield from at("pickle", "torch zip", _torch, *NETS)
    yield from at("pickle", "old torch file", _old_torch, *NETS)
    yield from at("pickle", "joblib", _joblib, *NETS, "compounds train")
    yield from at("pickle", "skops of an unknown type", _skops, *NETS)
    yield from at("pickle", "in a FHIR file", _raw(4, "b.json"), "advise", "privacy deidentify")
    yield from at("pickle", "as a kit", _raw(4, "a.kit"), "federation join")
    yield from at("pickle", "as a VCF", _raw(2, "a.vcf"), "genome call", "genome score")
    for number, text in enumerate(TAGS):
        yield from at("YAML tag", f"tag {number + 1}", _yaml(text), *TEXTS)
    yield from at("YAML tag", "aliases without end", _yaml(BOMB), *TEXTS)
    yield from at("YAML tag", "nested 100,000 deep", _yaml("[" * 100_000), *TEXTS)


def _raw(protocol: int, name: str) -> Build:
    def build(place: Place) -> Path:
        path = place.given / name
        path.write_bytes(pickle.dumps([place.canary, Trap(place.trap)], protocol))
        path.chmod(0o600)  # a kit that others may read is refused before it is opened
        return path

    return build


def _npy(place: Place) -> Path:
    path = place.given / "a.npy"
    np.save(path, np.array([place.canary, Trap(place.trap)], dtype=object), allow_pickle=True)
    return path


def _npz(place: Place) -> Path:
    path = place.given / "a.npz"
    evil = np.array([place.canary, Trap(place.trap)], dtype=object)
    np.savez(path, images=evil, image=evil, x=evil)
    return path


def _torch(place: Place) -> Path:
    path = place.given / "a.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("a/data.pkl", pickle.dumps({"w": Trap(place.trap), "n": place.canary}, 2))
        packed.writestr("a/byteorder", "little")
        packed.writestr("a/version", "3\n")
        packed.writestr("a/data/0", bytes(64))
    return path


def _old_torch(place: Place) -> Path:
    path, made = place.given / "a.pth", io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, Trap(place.trap)):
        pickle.dump(part, made, 2)
    path.write_bytes(made.getvalue())
    return path


def _joblib(place: Place) -> Path:
    path = place.given / "a.joblib"
    path.write_bytes(zlib.compress(pickle.dumps([place.canary, Trap(place.trap)], 4)))
    return path


def _skops(place: Place) -> Path:
    path = place.given / "a.skops"
    act = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1,
           "content": {"module_path": "os", "function": "system"}}  # fmt: skip
    reduce = {"__class__": "_reconstruct", "__module__": "posix", "__loader__": "ReduceNode",
              "__id__": 2, "args": f"touch {place.trap}", "constructor": act}  # fmt: skip
    schema = reduce | {"protocol": 2, "_skops_version": "0.11.0", "n": place.canary}
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("schema.json", json.dumps(schema))
    return path


TAGS = (
    "name: !!python/object/apply:builtins.exec [\"open({trap!r},'w').write('x')\"]\n",
    "name: !!python/object/apply:os.system [touch {trap}]\n",
    "? !!python/object/apply:subprocess.getoutput [touch {trap}]\n: 1\n",
    "name: !!python/object/new:str\n  state: !!python/tuple [{canary}]\n",
    "name: !!python/name:os.system\nnote: {canary}\n",
    "name: !!python/module:this\nnote: {canary}\n",
    "%TAG ! tag:yaml.org,2002:python/\n---\nname: !object/apply:os.system [touch {trap}]\n",
    "name: !!binary aGVsbG8=\nnote: !custom {canary}\n",
)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def _yaml(text: str) -> Build:
    def build(place: Place) -> Path:
        path = place.given / "task.yaml"
        filled = text.replace("{trap!r}", repr(str(place.trap))).replace("{trap}", str(place.trap))
        path.write_text(filled.replace("{canary}", place.canary), encoding="utf-8")
        return path

    return build
