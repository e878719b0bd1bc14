"""The groups of people that a site has already answered about, so that no two answers tell a third.

Two counts over cohorts that differ by a few people tell about those few, however large both are. A
site therefore keeps, at home and for its own eyes, which groups it has answered about, and refuses
a job about a group that is nearly one of them. Patients stand there as keyed hashes of eight bytes;
key and lists are private files (0600) below ``federation/answered``.

A job is refused when its cohort differs from an answered one by 1 to k - 1 people of the site. A
group inside of a cohort (a band of age, those with the outcome by a day) is not told when it
differs from a told one by 1 to k - 1 people: of all sites together, where all of them gave that
answer (``close``, by a masked sum that only sites can read), and else of this site. What is not
found: differences of sums over several tables at once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.errors import WorkspaceError
from nof1.federation.network import private
from nof1.federation.refusal import Refused
from nof1.learn.sums import FloatArray, SecureSum

FOLDER = Path("federation") / "answered"
CHUNK = 50_000  # entries of one sum
People = NDArray[np.uint64]
MEND = "Restore the folder federation/answered from a backup; without it no count is answered."


class _Kept(msgspec.Struct, frozen=True):
    """One answer. ``answer``: its name, the same at all sites. ``cohort`` and ``groups``: hashes of
    their people; ``steps``: digest of the rules so far, and how many people they left."""

    answer: str
    job: str
    time: str
    cohort: bytes
    groups: tuple[bytes, ...]
    steps: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Answered:
    """The answers of one site. Groups are sorted arrays of the hashes of their people."""

    root: Path

    @classmethod
    def of_workspace(cls, root: Path) -> Answered:
        """Those of a workspace folder."""
        return cls(root / FOLDER)

    def hashes(self, subjects: pl.Series) -> People:
        """Keyed hashes (n,) of subjects, in their order; groups are sorted parts of them."""
        key = self._key()
        made = [
            int.from_bytes(hashlib.blake2b(str(one).encode(), key=key, digest_size=8).digest())
            for one in subjects.to_list()
        ]
        return np.array(made, dtype=np.uint64)

    def cohort(self, people: People, k: int) -> None:
        """Nothing when a cohort may be answered about.

        Raises
        ------
        Refused : it is nearly one that was answered.
        """
        for kept in self._all():
            before = np.frombuffer(kept.cohort, dtype=np.uint64)
            if 0 < _apart(people, before)[0] < k:
                raise Refused(
                    "least_cell",
                    f"The cohort differs by fewer than {k} patients from one that was answered "
                    f"here before (job {kept.job}): both answers would tell about those few.",
                    next_step="Ask about the same cohort again, or about one that differs more.",
                )

    def answers(self) -> list[str]:
        """Names of the answers in which a group was told."""
        return sorted(kept.answer for kept in self._all() if kept.groups)

    def near(
        self, groups: Sequence[People], whole: People, k: int, without: Collection[str] = ()
    ) -> FloatArray:
        """1 for each group that is nearly one that was told here, else 0.

        The very same group may be told again. ``whole``: the cohort of the groups; a group is not
        compared with it, as margins are protected within a table. ``without``: answers that are
        left out of the comparison.
        """
        kept = list(self._all())
        told = {one for each in kept for one in (each.cohort, *each.groups)}
        raw = {one for each in kept if each.answer not in without
               for one in (each.cohort, *each.groups)} - {whole.tobytes()}  # fmt: skip
        before = [np.frombuffer(one, dtype=np.uint64) for one in raw]
        flags = [
            group.tobytes() not in told and any(_nearly(group, one, k) for one in before)
            for group in groups
        ]
        return np.array(flags, dtype=np.float64)

    def distances(
        self, groups: Sequence[People], answers: Collection[str], k: int
    ) -> tuple[FloatArray, list[int]]:
        """How many people are in one alone of a group and of one told before, at most ``k``:
        (groups, all groups told in ``answers``), in one order at all sites; and, for each answer,
        how many of the columns are its own."""
        found = [kept for kept in self._all() if kept.groups and kept.answer in answers]
        found.sort(key=lambda kept: kept.answer)
        before = [np.frombuffer(one, dtype=np.uint64) for kept in found for one in kept.groups]
        made = [[_within(group, one, k) for one in before] for group in groups]
        apart = np.array(made, dtype=np.float64).reshape(len(groups), len(before))
        return apart, [len(kept.groups) for kept in found]

    def near_steps(self, steps: Sequence[tuple[str, int]], k: int) -> list[bool]:
        """For each step (digest of the rules so far, people left), whether other rules that were
        answered left nearly as many: then its count must not be told."""
        own = {rules for rules, _ in steps}
        before = {left for kept in self._all() for rules, left in kept.steps if rules not in own}
        return [any(0 < abs(count - left) < k for left in before) for _, count in steps]

    def keep(
        self,
        answer: str,
        job: str,
        cohort: People,
        groups: Sequence[People] = (),
        steps: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Write down what is about to be told, and only that; on disk before it returns.

        ``answer``: the name of it, the same at all sites (``veil.name``).
        """
        raw = tuple(one.tobytes() for one in groups)
        now = datetime.now(UTC).isoformat()
        made = _Kept(answer, job, now, cohort.tobytes(), raw, tuple(steps))
        name = hashlib.sha256(answer.encode()).hexdigest()[:32]
        file = f"{name}-{'told' if groups else 'asked'}.answer"
        private.write(self.root / file, msgspec.msgpack.encode(made))

    def _all(self) -> Iterator[_Kept]:
        for path in sorted(self.root.glob("*.answer")) if self.root.is_dir() else ():
            try:
                yield msgspec.msgpack.decode(private.read(path, MEND), type=_Kept)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise WorkspaceError(
                    "A list of answered groups is damaged.", where=str(path), next_step=MEND
                ) from None

    def _key(self) -> bytes:
        path = self.root / "key"
        if path.exists():
            return private.read(path, MEND)
        if any(self._all()):
            raise WorkspaceError(
                "The key of the answered groups is gone.", where=str(path), next_step=MEND
            )
        return private.once(path, os.urandom(32), MEND)


def close(
    kept: Answered,
    groups: Sequence[People],
    whole: People,
    answers: Collection[str],
    k: int,
    total: SecureSum,
    current: str,
) -> NDArray[np.bool_]:
    """Which groups must not be told; called at every site at the same time, with as many groups.

    When an answer of before is found whole among the groups, the same question is asked again: no
    more is told than was told then, and that answer itself is no reason to hide.

    Parameters
    ----------
    whole : the cohort of the groups. answers : those that all sites have given before.
    current : the name of this one.
    total : see ``veil``: what is added up here are small numbers of people.
    """
    own = kept.near(groups, whole, k, without={*answers, current})
    apart, sizes = kept.distances(groups, answers, k)
    flat = np.concatenate([own, apart.ravel(), [0.0]])
    summed = np.concatenate(
        [total(part) for part in np.split(flat, range(CHUNK, len(flat), CHUNK))]
    )
    away = np.rint(summed[len(own) : -1]).reshape(apart.shape)
    hidden: NDArray[np.bool_] = summed[: len(own)] > 0.5
    same = (away == 0).any(axis=1)
    for columns in np.split(away, np.cumsum(sizes)[:-1], axis=1) if sizes else []:
        if (columns == 0).any(axis=0).all():
            hidden |= ~(columns == 0).any(axis=1)
        else:
            hidden |= ((columns > 0) & (columns < k)).any(axis=1) & ~same
    return hidden


def _within(a: People, b: People, k: int) -> int:
    """How many are in one alone; at most k."""
    if abs(a.size - b.size) >= k:
        return k
    return min(k, _apart(a, b)[0])


def _apart(a: People, b: People) -> tuple[int, int]:
    """How many are in one alone, and in both."""
    if abs(a.size - b.size) > 2**20:
        return abs(a.size - b.size), 0
    both = int(np.intersect1d(a, b, assume_unique=True).size)
    return int(a.size + b.size - 2 * both), both


def _nearly(a: People, b: People, k: int) -> bool:
    if abs(a.size - b.size) >= k or not a.size or not b.size:
        return False
    apart, both = _apart(a, b)
    inside = both == min(a.size, b.size)
    return 0 < apart < k and both > 0 and (inside or both >= apart)
