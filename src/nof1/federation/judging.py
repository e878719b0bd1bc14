"""How good a federated model is, from counts that sites add up; no site shows a row or a figure.

Each judged row falls into a cell: its risk on a grid of log odds, its outcome, its prediction set,
and its group. The table of all sites together is then judged as if it were rows, with the same
figures and the same gate as a model of one hospital. The grid moves a risk by 0.025 log odds at
most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.learn.conformal import CONFORMAL_LEVEL, Conformal
from nof1.learn.evaluate import Evaluation, evaluate
from nof1.learn.subgroups import SubgroupRow, subgroup_table
from nof1.learn.sums import FloatArray, SecureSum

STEP = 0.05
EDGES = np.arange(-9.0, 9.0 + STEP / 2, STEP)  # risks of 0.0001 to 0.9999
CELLS = len(EDGES) + 1
SETS = 4  # of two labels, each inside or not
OTHER = "other or unknown"
MOST_ROWS = 50_000_000  # judged at once; a site that scales its counts must not fill the memory


@dataclass(frozen=True)
class Groups:
    """One attribute and its values, the same at all sites; what is not named counts as other."""

    attribute: str
    values: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The values, then "other or unknown"."""
        return (*(one for one in self.values if one != OTHER), OTHER)

    def places(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        """Place (n,) of each label."""
        place = {label: number for number, label in enumerate(self.labels)}
        last = len(self.labels) - 1
        return np.array([place.get(str(one), last) for one in labels], dtype=np.int64)


def pooled(
    risk: FloatArray,
    sets: NDArray[np.bool_],
    y: FloatArray,
    weight: FloatArray,
    groups: dict[str, NDArray[Any]],
    agreed: tuple[Groups, ...],
    conformal: Conformal,
    total: SecureSum,
    seed: int,
) -> Evaluation:
    """Figures over the judged rows of all sites; every site gets the same.

    Parameters
    ----------
    risk : (n,) recalibrated; sets : (n, 2); y, weight : (n,) outcome and its weight, 0 = unknown.
    groups : attribute -> (n,) label of each row; an attribute that a site lacks counts as other.
    agreed : the attributes to be reported, the same at all sites.
    """
    cell = _cells(risk, y, sets)
    parts = [_table(cell, weight)]
    for one in agreed:
        labels = groups.get(one.attribute, np.full(len(y), OTHER))
        places = one.places(labels)
        parts += [_table(cell[places == k], weight[places == k]) for k in range(len(one.labels))]
    summed = total(np.concatenate(parts, axis=None)).reshape(len(parts), 2, -1)
    return _evaluated(summed, agreed, conformal, seed)


def _cells(risk: FloatArray, y: FloatArray, sets: NDArray[np.bool_]) -> NDArray[np.int64]:
    odds = np.log(np.clip(risk, 1e-12, 1)) - np.log1p(-np.clip(risk, 0, 1 - 1e-12))
    grid = np.searchsorted(EDGES, odds)
    inside = 2 * sets[:, 1].astype(np.int64) + sets[:, 0]
    found: NDArray[np.int64] = (grid * 2 + (y == 1)) * SETS + inside
    return found


def _table(cell: NDArray[np.int64], weight: FloatArray) -> FloatArray:
    """Known rows, and their weight, in each cell: (2, cells)."""
    size = CELLS * 2 * SETS
    known = (weight > 0).astype(np.float64)
    return np.stack([np.bincount(cell, one, minlength=size) for one in (known, weight)])


def _evaluated(
    tables: FloatArray, agreed: tuple[Groups, ...], conformal: Conformal, seed: int
) -> Evaluation:
    """The figures of the first table, with subgroup rows from the others."""
    whole = _Rows.of(tables[:1])
    found = evaluate(
        whole.y, whole.risk, weight=whole.weight, sets=whole.sets, conformal=conformal, seed=seed
    )
    subgroups: list[SubgroupRow] = []
    start = 1
    for one in agreed:
        rows = _Rows.of(tables[start : start + len(one.labels)])
        start += len(one.labels)
        labels = {one.attribute: np.array(one.labels)[rows.table]}
        covered = np.where(rows.y == 1, rows.sets[:, 1], rows.sets[:, 0])
        subgroups += subgroup_table(
            rows.y, rows.risk, labels, rows.weight, covered=covered, coverage_level=CONFORMAL_LEVEL
        )
    return replace(found, subgroups=tuple(sorted(subgroups, key=_worst_first)))


def _worst_first(row: SubgroupRow) -> tuple[bool, float]:
    return row.gap is None, -(row.gap or 0.0)


@dataclass(frozen=True)
class _Rows:
    """Cells as rows: one for each person in them, all at the middle of the cell."""

    y: FloatArray
    risk: FloatArray
    weight: FloatArray
    sets: NDArray[np.bool_]
    table: NDArray[np.int64]

    @classmethod
    def of(cls, tables: FloatArray) -> _Rows:
        """Of (k, 2, cells) counts and weights; ``table`` says which of the k a row is from."""
        counts = np.rint(np.maximum(tables[:, 0], 0)).astype(np.int64)
        if counts.sum() > MOST_ROWS:
            raise ModelError(
                "The sites' counts add up to more rows than there can be.",
                where="secure_sum",
                next_step="A site has sent scaled numbers; find out which, outside of the sums.",
            )
        table, cell = np.nonzero(counts)
        times = counts[table, cell]
        weight = tables[table, 1, cell] / times
        rest, inside = np.divmod(cell, SETS)
        grid, outcome = np.divmod(rest, 2)
        middle = np.concatenate([[EDGES[0] - STEP / 2], EDGES + STEP / 2])
        sets = np.column_stack([inside % 2 == 1, inside >= 2])

        def each(values: NDArray[Any]) -> NDArray[Any]:
            return np.repeat(values, times, axis=0)

        return cls(
            each(outcome.astype(np.float64)),
            each(1 / (1 + np.exp(-middle[grid]))),
            each(weight),
            each(sets),
            each(table),
        )
