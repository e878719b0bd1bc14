"""Matching SMARTS in a process of its own, because RDKit cannot be interrupted.

Kept apart from the rest so that such a process starts fast: it loads RDKit and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from nof1.core.engine import EngineError
from nof1.medicines.chemistry.molecules import parse
from nof1.medicines.chemistry.toolkit import Chem, quiet

START_SECONDS = 120.0  # a process may take this long to load RDKit on a busy machine; not counted
Batch = tuple[Sequence[int], Sequence[str]]  # molecule numbers and their SMILES


@dataclass
class Matched:
    """Molecules that fit, how many were tested, and how many were not when the time was over."""

    molecules: list[int] = field(default_factory=list)
    tested: int = 0
    untested: int = 0
    unreadable: int = 0


def match(smarts: str, batches: Iterable[Batch], seconds: float, workers: int = 1) -> Matched:
    """Test all molecules, or as many as can be in ``seconds`` of wall time.

    What a process was working on when it was ended counts as not tested.
    """
    with _Team(smarts, workers) as team:
        deadline = time.monotonic() + seconds
        found, waiting = Matched(), iter(batches)
        for worker in team.workers:
            worker.give(waiting)
        while busy := [one for one in team.workers if one.batch is not None]:
            left = deadline - time.monotonic()
            ready = wait([one.connection for one in busy], max(left, 0)) if left > 0 else []
            if not ready:
                break
            for worker in busy:
                if worker.connection in ready:
                    worker.take(found)
                    worker.give(waiting)
        found.untested += sum(len(one.batch[0]) for one in team.workers if one.batch is not None)
    found.untested += sum(len(numbers) for numbers, _ in waiting)
    found.molecules.sort()
    return found


def serve(connection: Connection, smarts: str) -> None:
    """The other process: batches of SMILES in, the positions of those that fit out."""
    query = Chem.MolFromSmarts(smarts)
    connection.send("ready")
    with quiet():
        while (batch := connection.recv()) is not None:
            connection.send(list(_fits(query, batch)))


def fits(query: Any, smiles: str) -> bool | None:
    """Whether a pattern fits a molecule; None when the molecule cannot be read."""
    molecule = parse(smiles)
    return None if molecule is None else bool(molecule.HasSubstructMatch(query))


def _fits(query: Any, batch: Sequence[str]) -> Iterator[bool | None]:
    for smiles in batch:
        yield fits(query, smiles)


class _Worker:
    """One other process and the batch it works on."""

    def __init__(self, smarts: str) -> None:
        context = get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other, smarts), daemon=True)
        self.process.start()
        other.close()
        self.batch: Batch | None = None

    def give(self, waiting: Iterator[Batch]) -> None:
        self.batch = next(waiting, None)
        if self.batch is not None:
            self.connection.send(list(self.batch[1]))

    def take(self, found: Matched) -> None:
        assert self.batch is not None
        numbers = self.batch[0]
        try:
            answers = self.connection.recv()
        except (EOFError, OSError):  # the process died, for example of too little memory
            answers = [None] * len(numbers)
        found.tested += len(numbers)
        found.unreadable += sum(one is None for one in answers)
        found.molecules += [n for n, fit in zip(numbers, answers, strict=True) if fit]


class _Team:
    """Processes that are ended on the way out, whatever they do."""

    def __init__(self, smarts: str, workers: int) -> None:
        self.workers = [_Worker(smarts) for _ in range(max(workers, 1))]

    def __enter__(self) -> _Team:
        for worker in self.workers:
            if not worker.connection.poll(START_SECONDS):
                self.__exit__()
                raise EngineError(
                    f"A process for substructures did not start within {START_SECONDS:g} s.",
                    next_step="Try again when the machine is less busy, or with fewer workers.",
                )
            worker.connection.recv()
        return self

    def __exit__(self, *ignored: object) -> None:
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()
            worker.connection.close()
