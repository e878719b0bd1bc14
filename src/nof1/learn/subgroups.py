"""The same figures for each group of people, worst first; small groups are not shown.

Looking at many groups finds a bad one by chance: with 20 groups about one interval at level 0.95
misses its true value. The table therefore carries intervals at a family-wise level too: a group is
``flagged`` only when its gap is larger than chance explains after Bonferroni's correction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import InputError
from nof1.learn.calibration import calibration_in_the_large, observed_expected
from nof1.learn.discrimination import auroc_figure, mean_estimate
from nof1.learn.figures import LEVEL, Figure, checked, z_value
from nof1.learn.sums import FloatArray

SMALLEST_SHOWN = 10
SUPPRESSED = "fewer than {smallest} people with or without the outcome, or hides such a group"


@dataclass(frozen=True, slots=True)
class SubgroupRow:
    """Figures of one group; all None when suppressed.

    Parameters
    ----------
    attribute, group : for example ``sex`` and ``F``.
    rows, events : people and outcomes (rows with known outcome); None when suppressed.
    calibration : calibration-in-the-large (logit units; above 0: risks too low in this group).
    coverage : share of the group whose outcome was in the prediction set.
    gap : largest distance of calibration and coverage from what they should be, in standard errors.
    flagged : the gap is beyond chance for this many groups.
    """

    attribute: str
    group: str
    rows: int | None
    events: int | None
    auroc: Figure
    observed_expected: Figure
    calibration: Figure
    coverage: Figure | None
    gap: float | None
    flagged: bool
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        figures = ("auroc", "observed_expected", "calibration", "coverage")
        plain = ("attribute", "group", "rows", "events", "gap", "flagged", "note")
        data: dict[str, Any] = {name: getattr(self, name) for name in plain}
        for name in figures:
            figure = getattr(self, name)
            data[name] = None if figure is None else figure.to_dict()
        return data


def subgroup_table(
    y: ArrayLike,
    risk: ArrayLike,
    groups: Mapping[str, ArrayLike],
    weight: ArrayLike | None = None,
    *,
    covered: ArrayLike | None = None,
    coverage_level: float = 0.9,
    patients: ArrayLike | None = None,
    smallest: int = SMALLEST_SHOWN,
    level: float = LEVEL,
) -> tuple[SubgroupRow, ...]:
    """One row per attribute and group, worst gap first, suppressed groups last.

    Parameters
    ----------
    groups : attribute name to (n,) group labels; a missing label (None, "") is a group "unknown".
    covered : (n,) whether the prediction set held the true label.
    smallest : a group with fewer people with, or without, the outcome is named but not shown.
    """
    labels, risks, weights = checked(y, risk, weight)
    hit = None if covered is None else np.asarray(covered, dtype=np.float64)
    person = np.arange(len(labels)) if patients is None else np.asarray(patients)
    members = [
        (attribute, group, rows & (weights > 0))
        for attribute, values in groups.items()
        for group, rows in _members(attribute, values, len(labels))
    ]
    hidden = _hidden(members, labels, smallest)
    table = []
    for attribute, group, rows in members:
        if (attribute, group) in hidden:
            table.append(_suppressed(attribute, group, smallest, level))
            continue
        parts = (labels[rows], risks[rows], weights[rows])
        own_hit = None if hit is None else hit[rows]
        table.append(_row(attribute, group, parts, own_hit, person[rows], coverage_level, level))
    shown = sum(row.gap is not None for row in table)
    return tuple(sorted((_judged(row, shown, level) for row in table), key=_worst_first))


def _members(attribute: str, values: ArrayLike, count: int) -> list[tuple[str, Any]]:
    labels = np.array([str(v) if v not in (None, "") else "unknown" for v in np.asarray(values)])
    if len(labels) != count:
        raise InputError(
            f"Attribute {attribute!r} has {len(labels)} labels for {count} rows.", where="groups"
        )
    return [(str(group), labels == group) for group in np.unique(labels)]


def _hidden(
    members: list[tuple[str, str, Any]], y: FloatArray, smallest: int
) -> set[tuple[str, str]]:
    """Groups with few people with, or without, the outcome.

    One small group alone could be found by subtraction from the total: the next smallest of that
    attribute is hidden with it.
    """
    fewer = {
        (attribute, group): min(int(y[rows].sum()), int((1 - y[rows]).sum()))
        for attribute, group, rows in members
    }
    hidden = {name for name, count in fewer.items() if count < smallest}
    for attribute in {name[0] for name in hidden}:
        others = [name for name in fewer if name[0] == attribute and name not in hidden]
        if others and sum(name[0] == attribute for name in hidden) == 1:
            hidden.add(min(others, key=lambda name: (fewer[name], name)))
    return hidden


def _suppressed(attribute: str, group: str, smallest: int, level: float) -> SubgroupRow:
    note = SUPPRESSED.format(smallest=smallest)
    empty = Figure.missing(note, level)
    return SubgroupRow(attribute, group, None, None, empty, empty, empty, None, None, False, note)


def _row(
    attribute: str,
    group: str,
    parts: tuple[FloatArray, FloatArray, FloatArray],
    hit: FloatArray | None,
    person: Any,
    coverage_level: float,
    level: float,
) -> SubgroupRow:
    labels, _, weights = parts
    large = calibration_in_the_large(*parts)
    gaps = [abs(large.value) / large.standard_error(person)]
    coverage = None
    if hit is not None:
        share = mean_estimate(hit, weights)
        coverage = share.figure(level=level, patients=person, unit_interval=True)
        noise = np.sqrt(coverage_level * (1 - coverage_level) / len(labels))
        gaps.append(max(0.0, coverage_level - share.value) / noise)
    return SubgroupRow(
        attribute=attribute,
        group=group,
        rows=len(labels),
        events=int(labels.sum()),
        auroc=auroc_figure(*parts, patients=person, level=level),
        observed_expected=observed_expected(*parts).figure(level=level, patients=person),
        calibration=large.figure(level=level, patients=person),
        coverage=coverage,
        gap=float(max(gaps)),
        flagged=False,
    )


def _judged(row: SubgroupRow, shown: int, level: float) -> SubgroupRow:
    if row.gap is None:
        return row
    tests = shown * (1 if row.coverage is None else 2)
    return replace(row, flagged=row.gap > z_value(1 - (1 - level) / tests))


def _worst_first(row: SubgroupRow) -> tuple[float, str, str]:
    return (-row.gap if row.gap is not None else 1.0, row.attribute, row.group)
