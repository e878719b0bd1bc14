"""Encryption at rest: seal, check, open in memory, rotate and unseal a workspace of one gigabyte.

``./dev bench sealing [MIB] [SMALL FILES]``. The bytes are random (nothing is compressed, so it does
not matter), half of them in one file and half in 64. Each line is one run of the command line: CPU
seconds (user and system, start of Python included) and peak memory of the process.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench.measured import SCRATCH, measured

NOF1 = (sys.executable, "-m", "nof1")


def main(arguments: list[str]) -> None:
    """Make the workspace, run every command on it once, and print the table."""
    size = int(arguments[0]) if arguments else 1024
    small = int(arguments[1]) if len(arguments) > 1 else 1000
    SCRATCH.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=SCRATCH, prefix="sealing-"))
    try:
        _race(folder, size, small)
    finally:
        shutil.rmtree(folder)


def _race(folder: Path, size: int, small: int) -> None:
    ws, key = folder / "ws", folder / "officer.key"
    measured([*NOF1, "init", "-w", ws, "--synthetic"])
    measured([*NOF1, "privacy", "seal-key", key])
    _fill(ws, size, small)
    print(f"{size} MiB in 65 files, and {small} files of 1 KiB\n")
    print(f"{'command':28} {'CPU s':>7} {'wall s':>7} {'MiB/CPU s':>10} {'peak MB':>8}")
    with_ = ("with", "--swap-is-encrypted")
    change = "echo one more line >> $NOF1_OPENED/workspace/models/notes"
    for name, words, after in (
        ("seal (and read back)", ("seal",), ()),
        ("check every byte", ("sealed",), ()),
        ("rotate", ("rotate",), ()),
        ("rotate --all", ("rotate", "--all"), ()),
        ("with, one line changed", with_, ("--", "sh", "-c", change)),
        ("unseal", ("unseal",), ()),
    ):
        cost = measured([*NOF1, "privacy", *words, "-w", ws, "--key", key, *after])
        rate = size / cost.cpu_s
        line = f"{name:28} {cost.cpu_s:7.2f} {cost.wall_s:7.2f} {rate:10.0f} {cost.peak_mb:8.0f}"
        print(line, flush=True)


def _fill(ws: Path, size: int, small: int) -> None:
    (ws / "models").mkdir()
    half = size << 19
    for name, length in [("large", half), *((f"part{n}", half // 64) for n in range(64))]:
        with (ws / "models" / name).open("wb") as file:
            for start in range(0, length, 1 << 20):
                file.write(os.urandom(min(1 << 20, length - start)))
    (ws / "reports").mkdir()
    for number in range(small):
        (ws / "reports" / f"{number}").write_bytes(os.urandom(1024))
