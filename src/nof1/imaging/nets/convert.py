"""Turn a full pickle of a network into safetensors: once, on request, in a process of its own.

A full pickle is a program. Ours is never asked to run it: the process that reads it follows its
steps on paper and refuses every name that is not part of a network's weights (see ``opcodes``). It
has no network where the system allows it (``unshare``), little memory and time, no children, no
environment of ours, and writes into an empty folder. What it leaves is checked before it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError, ModelError, UsageError
from nof1.learn.arrays import unpack

SECONDS = 600
MAX_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Converted:
    """What came out.

    Attributes
    ----------
    tensors : how many.
    texts : lists of texts found beside them, for example the names of the findings.
    without_network : whether the process could be cut off from the network.
    source_sha256, sha256 : of the file read and the file written; for the audit record.
    """

    tensors: int
    texts: tuple[tuple[str, ...], ...]
    without_network: bool
    source_sha256: str
    sha256: str


def convert(source: str | Path, target: str | Path, *, opt_in: bool = False) -> Converted:
    """Read a full pickle in the locked-down process and write ``target`` (.safetensors).

    Raises
    ------
    UsageError : without ``opt_in=True``, or ``target`` exists.
    InputError : no such file, or too large.
    ModelError : the file holds more than weights (the name is given), or is damaged.
    """
    file, out = Path(source), Path(target)
    _check(file, out, opt_in)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "weights.safetensors"
        told, without_network = _run(file.resolve(), made)
        content = made.read_bytes()
        tensors = len(unpack(content))
        if tensors != told["tensors"]:
            raise ModelError("The converted file is not whole.")
        out.write_bytes(content)
    return Converted(
        tensors=tensors,
        texts=tuple(tuple(one) for one in told["texts"]),
        without_network=without_network,
        source_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _check(file: Path, out: Path, opt_in: bool) -> None:
    if not opt_in:
        raise UsageError(
            "Converting a full pickle must be asked for.",
            where=file.name,
            next_step="Do it only for a file whose source you trust: opt_in=True.",
        )
    if not file.is_file():
        raise InputError("There is no such file.", where=file.name)
    if file.stat().st_size > MAX_BYTES:
        raise InputError("The file is too large.", where=file.name, allowed="2 GiB")
    if out.exists() or out.suffix != ".safetensors":
        raise UsageError(
            "The target exists, or is no .safetensors.", where=out.name, allowed="a new file"
        )


def _run(file: Path, made: Path) -> tuple[dict[str, Any], bool]:
    cut_off = _cut_off()
    command = [*cut_off, sys.executable, "-I", "-m", "nof1.imaging.nets.pickled"]
    try:
        done = subprocess.run(
            [*command, str(file), str(made)],
            cwd=made.parent,
            env={"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError("Reading the file took too long.", where=file.name) from None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        raise ModelError("The file could not be read.", where=file.name) from None
    if done.returncode != 0:
        raise ModelError(
            told["error"],
            where=file.name,
            allowed=told.get("allowed"),
            next_step=told.get("next_step"),
        )
    return told, bool(cut_off)


@lru_cache(maxsize=1)
def _cut_off() -> tuple[str, ...]:
    """The command in front that takes the network away; empty where the system forbids it."""
    tool = shutil.which("unshare")
    if tool is None:
        return ()
    for way in ((tool, "--net"), (tool, "--map-root-user", "--net")):
        tried = subprocess.run([*way, "true"], capture_output=True, check=False)
        if tried.returncode == 0:
            return way
    return ()
