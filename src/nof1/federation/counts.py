"""How many patients of all sites a cohort has, by sex, age and outcome, and what each rule left.

Totals only, read by the sites alone (``veil``); what is told has no small count and none that the
others give away (``cells``), and nothing that together with an earlier answer of a site would tell
about a few of its patients (``answered``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.federation import people as persons
from nof1.federation import veil
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.answered import Answered, close
from nof1.federation.answered import People as Hashes
from nof1.federation.cells import Shown, shown, with_margins
from nof1.federation.judging import Groups
from nof1.federation.learners import read
from nof1.federation.people import Agreed, People
from nof1.federation.tables import columns
from nof1.learn.sums import FloatArray
from nof1.predict.cohort import compile_cohort
from nof1.predict.task import Task
from nof1.record.store import Record

ALL = "all"
Place = tuple[int, ...]


def run(asked: Asked) -> Result:
    """Count at all sites.

    Raises
    ------
    Refused : the site's cohort is too small, or nearly one that it has answered about.
    """
    task, record = Task.parse(asked.text), Record(asked.workspace.record)
    cohort = compile_cohort(task, record, asked.engine)
    own = People.of(record, cohort)
    cases = int((own.cause == 1).sum())
    asked.policy.enough(len(own.subjects), cases)
    kept = Answered.of_workspace(asked.workspace.root)
    sexes = own.sexes(asked.policy.least_cell)
    agreed = persons.agree(asked, "counts", sexes, kept.answers())
    people = np.sort(kept.hashes(own.subjects))
    kept.cohort(people, agreed.k)
    by = persons.groups(task, agreed)
    where = (*persons.places(task, own, by), (own.cause == 1).astype(np.int64))
    cells = _cells(kept.hashes(own.subjects), where, by)
    steps = _steps([(one.rule, one.patients) for one in cohort.attrition.steps])
    near_steps = np.array(kept.near_steps(steps, agreed.k), dtype=np.float64)
    total = veil.opened(asked.link, agreed.digest)
    name = veil.name(total)
    kept.keep(name, asked.link.job, people, steps=steps)
    near = close(kept, list(cells.values()), people, agreed.answered, agreed.k, total, name)
    hidden = _hidden(near, cells, by)
    inner = _table(where, by)
    left = np.array([count for _, count in steps], dtype=np.float64)
    parts: list[FloatArray] = [inner.astype(np.float64).ravel(), near_steps, left]
    found = np.split(total(np.concatenate(parts)), np.cumsum([one.size for one in parts])[:-1])
    table = with_margins(np.rint(found[0]).astype(np.int64).reshape(inner.shape))
    visible = shown(table, agreed.k, outcome=2, also=hidden)
    kept.keep(name, asked.link.job, people, [one for (at, _), one in cells.items() if visible[at]])
    figures = told(table, visible, by, agreed)
    rules = [one.rule for one in cohort.attrition.steps]
    figures["attrition"] = attrition(rules, found[2], found[1] > 0.5, agreed.k)
    return Result(task.name.lower(), "1", "", {"cohort": task.name, **figures})


def told(
    table: NDArray[np.int64], visible: Shown, by: tuple[Groups, Groups], agreed: Agreed
) -> dict[str, Any]:
    """What leaves of a table with margins (sexes + 1, bands + 1, 3): null where it is hidden."""
    names = [(*one.labels, ALL) for one in by]
    lines = []
    for s, a in np.ndindex(*table.shape[:2]):
        if table[s, a, -1] or not visible[s, a, -1]:
            counts = [int(table[s, a, o]) if visible[s, a, o] else None for o in (-1, 1)]
            line = {"sex": names[0][s], "age": names[1][a]}
            lines.append(line | {"patients": counts[0], "with_outcome": counts[1]})
    return {
        "synthetic": agreed.synthetic,
        "least_cell": agreed.k,
        "patients": int(table[-1, -1, -1]) if visible[-1, -1, -1] else None,
        "with_outcome": int(table[-1, -1, 1]) if visible[-1, -1, 1] else None,
        "table": lines,
        "hidden": int((~visible).sum()),
    }


def attrition(
    rules: list[str], left: FloatArray, near: NDArray[np.bool_], k: int
) -> list[dict[str, Any]]:
    """What each rule left; null where the step took 1 to k - 1 people away, or is near another."""
    counts = [round(one) for one in left]
    lines: list[dict[str, Any]] = []
    last = counts[-1]
    for place in range(len(rules) - 1, -1, -1):
        final = place == len(rules) - 1
        gone = counts[place] - last
        fine = final or (not near[place] and (gone == 0 or gone >= k))
        fine = fine and (counts[place] == 0 or counts[place] >= k)
        lines.append({"step": rules[place], "people": counts[place] if fine else None})
        last = counts[place] if fine else last
    return lines[::-1]


def _table(where: tuple[NDArray[np.int64], ...], by: tuple[Groups, Groups]) -> NDArray[np.int64]:
    shape = (len(by[0].labels), len(by[1].labels), 2)
    flat = np.ravel_multi_index(where, shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).astype(np.int64).reshape(shape)


def _steps(left: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Digest of the rules so far, and how many people they left."""
    digest, found = b"", []
    for rule, count in left:
        digest = hashlib.sha256(digest + rule.encode() + b"\0").digest()
        found.append((digest.hex()[:32], count))
    return found


def _cells(
    people: Hashes, where: tuple[NDArray[np.int64], ...], by: tuple[Groups, Groups]
) -> dict[tuple[Place, bool], Hashes]:
    """The people of each entry of the table and, as (entry, True), of all bands up to it."""
    sizes = (len(by[0].labels), len(by[1].labels), 2)
    found = {}
    for place in np.ndindex(*(size + 1 for size in sizes)):
        here = np.ones(len(people), dtype=bool)
        upto = here.copy()
        for axis, (at, codes) in enumerate(zip(place, where, strict=True)):
            one = (codes == at) | (at == sizes[axis])
            here &= one
            upto &= (codes <= at) if axis == 1 else one
        found[place, False] = np.sort(people[here])
        if 0 < place[1] < sizes[1]:
            found[place, True] = np.sort(people[upto])
    return found


def _hidden(
    near: NDArray[np.bool_], cells: Mapping[tuple[Place, bool], Hashes], by: tuple[Groups, Groups]
) -> Shown:
    """Entries that must not be told; a sum of bands that must not be told hides its last one."""
    made = np.zeros((len(by[0].labels) + 1, len(by[1].labels) + 1, 3), dtype=bool)
    for (place, _), one in zip(cells, near, strict=True):
        made[place] |= one
    return made


def words(figures: Mapping[str, Any]) -> list[str]:
    """The counts for people."""
    k = figures["least_cell"]

    def said(count: object) -> str:
        return "hidden" if count is None else f"{count:,}"

    table = [
        [one["sex"], one["age"], said(one["patients"]), said(one["with_outcome"])]
        for one in figures["table"]
    ]
    steps = [[said(one["people"]), one["step"]] for one in figures["attrition"]]
    return [
        f"{figures['cohort']}: {said(figures['patients'])} patients of all sites, "
        f"{said(figures['with_outcome'])} with the outcome",
        "",
        *columns([["sex", "age", "patients", "with outcome"], *table], right=(2, 3)),
        "",
        *columns([["people", "left by the rule"], *steps], right=(0,)),
        "",
        f"Hidden: fewer than {k} people, or what would give such a count away.",
    ]


COUNTS = Algorithm("counts", ("counts",), read, run, words=words)
