"""Building an index: read, hand out, keep each part, merge; killed and run again, it goes on.

DIR/.building/LOCK         held by the one build that may run; dies with the process
DIR/.building/plan.json    what is being built from what: a resumed build must be the same
DIR/.building/part-*.npz   finished parts, each there whole or not at all
DIR/.building/out/         the files of the index, moved to DIR when all are written
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from nof1.core.engine import Engine, LocalEngine
from nof1.core.errors import InputError, UsageError
from nof1.medicines.chemistry.toolkit import VERSION
from nof1.medicines.library import parts
from nof1.medicines.library.index import ABOUT, FORMAT, content_of
from nof1.medicines.library.merging import SET_ASIDE, TEXTS, NothingToIndex, Tally, merge
from nof1.medicines.library.preparing import Prepare, probe
from nof1.medicines.library.reading import USUAL, Chunk, Columns, chunks, kind_of
from nof1.record.reading import require_regular

HERE = LocalEngine()  # this process
CHUNK = 10_000  # molecules a worker gets at once: about a second of work
WAVE = 8  # chunks for each worker before results are written; a killed build loses one wave
DASK_WAVE = 64
BUILDING = ".building"
ARRAYS = ("fingerprints", "folds", "counts", "order", "text_ends", "sources", "patterns")
OURS = {ABOUT, SET_ASIDE, TEXTS, *(f"{name}.npy" for name in ARRAYS)}
Progress = Callable[[str, int, int | None], None]


def _silent(stage: str, done: int, of: int | None) -> None:
    """No progress is told."""


@dataclass(frozen=True)
class Order:
    """What to build.

    Parameters
    ----------
    files : SMILES, CSV, TSV or SDF, also gzipped.
    target : folder of the index.
    columns : where tables hold SMILES and ids.
    substructures : also make what substructure search needs (slower by half, 128 bytes a molecule).
    replace : an index that stands there may be replaced.
    restart : an unfinished build of something else may be dropped.
    """

    files: tuple[Path, ...]
    target: Path
    columns: Columns = USUAL
    substructures: bool = True
    replace: bool = False
    restart: bool = False
    chunk: int = CHUNK


def build(order: Order, engine: Engine = HERE, progress: Progress = _silent) -> dict[str, Any]:
    """Build an index, or go on with one that was interrupted; returns its ``index.json``.

    The index is the same, byte for byte, on every engine. ``progress`` is told the stage
    (``read``: molecules read; ``merge``: steps of all steps), how much is done, and of how much.

    Raises
    ------
    UsageError : the folder holds something else, or an unfinished build of something else.
    InputError : a damaged file; nothing is published. EngineError : a worker was lost.
    """
    plan = _plan(order)
    _check_target(order)
    folder = order.target / BUILDING
    with _locked(folder):
        _same_plan(folder, plan, order.restart)
        count = _make_parts(order, plan, folder, engine, progress)
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        names = [str(file["name"]) for file in plan["files"]]
        try:
            tally = merge(folder, count, out, names, lambda done, of: progress("merge", done, of))
        except NothingToIndex:  # nothing here is worth going on with
            shutil.rmtree(folder, ignore_errors=True)
            raise
        about = _about(plan, tally, out)
        _publish(out, order.target, about)
    shutil.rmtree(folder, ignore_errors=True)
    return about


def _plan(order: Order) -> dict[str, Any]:
    """What identifies this build: the files and all settings that change the result."""
    if len({path.resolve() for path in order.files}) < len(order.files):
        raise UsageError("A file is named twice.", where="FILE", next_step="Name each file once.")
    for path in order.files:
        kind_of(path)
        require_regular(path)
    short = [path.name for path in order.files]
    unique = len(set(short)) == len(short)
    files = []
    for path, name in zip(order.files, short, strict=True):
        state = path.stat()
        shown = name if unique else path.as_posix()
        files.append({"name": shown, "bytes": state.st_size, "changed_ns": state.st_mtime_ns})
    return {
        "format": FORMAT,
        "files": files,
        "columns": {"smiles": order.columns.smiles, "id": order.columns.id},
        "substructures": order.substructures,
        "chunk": order.chunk,
        "chemistry": {
            "rdkit": VERSION,
            "fingerprint": "Morgan, radius 2, 2,048 bits",
            "probe": probe(),
        },
    }


def _check_target(order: Order) -> None:
    target = order.target
    if target.exists() and not target.is_dir():
        raise UsageError("The index needs a folder.", where=str(target))
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The folder cannot be made: {error.strerror}.", where=str(target)
        ) from None
    others = [path.name for path in target.iterdir() if path.name not in OURS | {BUILDING}]
    if others:
        raise UsageError(
            "The folder holds other things than an index.",
            where=str(target),
            allowed="a new or empty folder, or one with an index",
            next_step="Name another folder with --out.",
        )
    if (target / ABOUT).exists() and not order.replace:
        raise UsageError(
            "There is an index in this folder already.",
            where=str(target),
            next_step="Name another folder, or replace this one with --replace.",
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    with open(folder / "LOCK", "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                "Another build of this index is running.",
                where=str(folder.parent),
                next_step="Wait until it has ended.",
            ) from None
        yield


def _same_plan(folder: Path, plan: dict[str, Any], restart: bool) -> None:
    """Go on only with a build of the same; where no part is finished yet, begin."""
    path = folder / "plan.json"
    text = json.dumps(plan, indent=1, sort_keys=True)
    if restart or not parts.numbers(folder):
        for old in (path, *folder.glob("part-*")):
            old.unlink(missing_ok=True)
    if not path.exists():
        path.with_suffix(".new").write_text(text, encoding="utf-8")
        os.replace(path.with_suffix(".new"), path)
    elif path.read_text(encoding="utf-8") != text:
        raise UsageError(
            "An unfinished build in this folder was of other files or settings.",
            where=str(folder.parent),
            next_step="Give the same files and options to go on, or begin anew with --restart.",
        )


def _make_parts(
    order: Order, plan: dict[str, Any], folder: Path, engine: Engine, progress: Progress
) -> int:
    """All parts on disk; returns how many there are."""
    prepare = Prepare(tuple(str(file["name"]) for file in plan["files"]), order.substructures)
    there = set(parts.numbers(folder))
    count = done = 0
    stream = chunks(order.files, order.chunk, order.columns)
    while wave := list(islice(stream, _wave(engine))):
        missing = [one for one in wave if one.number not in there]
        names = [_called(one, prepare.files) for one in missing]
        for part in engine.map(prepare, missing, names):
            parts.keep(folder, part)
        count += len(wave)
        done += sum(len(one.molecules) for one in wave)
        progress("read", done, None)
    return count


def _wave(engine: Engine) -> int:
    if isinstance(engine, LocalEngine):
        return 1 if engine.workers == 1 else WAVE * engine.workers
    return DASK_WAVE


def _called(chunk: Chunk, files: Sequence[str]) -> str:
    first, last = chunk.molecules[0].row, chunk.molecules[-1].row
    return f"{files[chunk.file]}, rows {first:,} to {last:,}"


def _about(plan: dict[str, Any], tally: Tally, out: Path) -> dict[str, Any]:
    files = sorted(path for path in out.iterdir() if path.is_file())
    kept_names = ("format", "columns", "substructures", "chemistry")
    aside = dict(tally.set_aside.most_common())
    return {
        **{name: plan[name] for name in kept_names},
        "files": [{"name": one["name"], "bytes": one["bytes"]} for one in plan["files"]],
        "counts": {
            "rows": tally.molecules + sum(aside.values()),
            "molecules": tally.molecules,
            "set_aside": aside,
            "noted": {text: n for text, n in tally.noted.most_common() if n},
        },
        "first": tally.first,
        "sizes": {path.name: path.stat().st_size for path in files},
        "content": content_of(files),
    }


def _publish(out: Path, target: Path, about: dict[str, Any]) -> None:
    """Move the files into place; ``index.json`` goes first and comes last."""
    (target / ABOUT).unlink(missing_ok=True)
    for name in OURS - {ABOUT}:
        made = out / name
        if made.exists():
            os.replace(made, target / name)
        else:
            (target / name).unlink(missing_ok=True)
    temporary = out / ABOUT
    temporary.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, target / ABOUT)
