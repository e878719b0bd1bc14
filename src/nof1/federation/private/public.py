"""What of a private job is public: its features, their cells, its groups. All of it is in the job.

A list of features that is made from the record would tell, without any noise, which codes occur.
So a private task names its codes one by one, and the columns, their order and the cells of each are
worked out from the job alone, at every site alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from nof1.core.errors import InputError
from nof1.federation.judging import Groups
from nof1.federation.private.bins import Edges, even
from nof1.learn.sums import FloatArray
from nof1.predict.codesets import CodeSet
from nof1.predict.dataset import SEX, age_bands, age_labels
from nof1.predict.modelling import matches
from nof1.predict.spec import AGE, DAY_US, ZERO_WHEN_ABSENT, FeatureSpec, width_us
from nof1.predict.task import Task

STATIC = ("GENDER//", "SEX//", "RACE//", "ETHNICITY//", "REGION//", "GENE//")
STATIC_VALUES = ("PGS//",)
"""Beginnings of codes that are facts about a person and no events; the latter with a number."""
MOST_COLUMNS = 200
OLDEST = 112.0
COUNTS = np.array([1.0, 2, 3, 4, 6, 9, 13, 20, 30, 50])
LONGEST_DAYS = 3650.0
NAME_THEM = "List the codes: features: only: [VOCABULARY//code, ...]"


@dataclass(frozen=True)
class Public:
    """The public side of a job.

    Attributes
    ----------
    grids : cells of each column; None where nothing is known of a number.
    """

    spec: FeatureSpec
    columns: tuple[str, ...]
    grids: tuple[Edges | None, ...]
    groups: tuple[Groups, ...]

    @classmethod
    def of(cls, task: Task, ranges: Mapping[str, tuple[float, float]]) -> Public:
        """From the task and the ranges that the job names.

        Raises
        ------
        InputError : the task is none for a private job, or a range fits no feature.
        """
        check(task)
        spec = _spec(task)
        for pattern in ranges:
            if not any(matches(pattern, column) for column in spec.columns):
                raise InputError(
                    f"The range {pattern!r} fits no feature.",
                    where="privacy, ranges",
                    allowed="{code}/{window}/{aggregate}, where * stands for anything",
                )
        grids = tuple(_grid(spec, column, ranges) for column in spec.columns)
        return cls(spec, spec.columns, grids, _groups(task, spec))

    def places(self, X: FloatArray) -> dict[str, np.ndarray]:
        """Attribute -> place (n,) of each row's label among those of the group."""
        found = {}
        for one in self.groups:
            labels = self._labels(one, X)
            found[one.attribute] = one.places(labels)
        return found

    def _labels(self, one: Groups, X: FloatArray) -> np.ndarray:
        if one.attribute == "age":
            edges = tuple(float(part) for part in _edges_of(one.values))
            return age_bands(X[:, self.columns.index(AGE)], edges)
        labels = np.full(len(X), "", dtype=object)
        for value in one.values:
            column = next(c for c in self.columns if c == f"{SEX}{value}")
            labels[X[:, self.columns.index(column)] == 1] = value
        return labels


def check(task: Task) -> None:
    """Nothing when the task can be a private one.

    Raises
    ------
    InputError : another kind than yes or no, features or code sets that are looked up in the
        record.
    """
    if task.kind != "binary":
        _refuse("A private model is for a yes/no outcome.", "kind", "kind: binary")
    only, exclude = task.features.only, task.features.exclude
    if only is None:
        _refuse("A private task names its features; none are looked up.", "features", NAME_THEM)
    elif not _explicit(only):
        _refuse("A private task names each code of its features.", "features, only", NAME_THEM)
    if exclude is not None and not _explicit(exclude):
        _refuse("A private task names each code.", "features, exclude", NAME_THEM)
    for one in task.code_sets():
        if one.descendants_of or (one.minus and one.minus.descendants_of):
            _refuse(
                "A private task looks up no hierarchy.",
                f"code set {one.name!r}",
                "List the codes or their beginnings (prefixes).",
            )
    if _spec(task).n_columns > MOST_COLUMNS:
        _refuse(
            f"A private task has at most {MOST_COLUMNS} features; noise grows with their number.",
            "features",
            "Name fewer codes, windows or aggregates.",
        )
    if not _spec(task).columns:
        _refuse("The task has no feature.", "features", NAME_THEM)


def lenient(task: Task) -> Task:
    """The task with code sets that may be empty: one patient must not decide whether it runs."""
    made: Task = _lenient(task)
    return made


def stored_codes(task: Task) -> tuple[tuple[str, ...], ...]:
    """The codes of each code set as the task names them, for the stored model."""
    return tuple(tuple(sorted(set(one.codes))) for one in task.code_sets())


def _refuse(what: str, where: str, step: str) -> None:
    raise InputError(what, where=f"task, {where}", next_step=step)


def _explicit(one: CodeSet) -> bool:
    return bool(one.codes) and not (one.prefixes or one.descendants_of or one.minus)


def _spec(task: Task) -> FeatureSpec:
    wanted = task.features
    gone = set(wanted.exclude.codes) if wanted.exclude else set()
    codes = sorted(set(wanted.only.codes if wanted.only else ()) - gone)
    facts = [code for code in codes if code.startswith(STATIC)]
    numbers = [code for code in codes if code.startswith(STATIC_VALUES)]
    return FeatureSpec(
        codes=tuple(code for code in codes if code not in {*facts, *numbers}),
        static_codes=tuple(facts) if wanted.static else (),
        static_values=tuple(numbers) if wanted.static else (),
        windows=wanted.windows,
        aggregates=wanted.aggregates,
        age=wanted.age,
    )


def _grid(
    spec: FeatureSpec, column: str, ranges: Mapping[str, tuple[float, float]]
) -> Edges | None:
    for pattern, (low, high) in ranges.items():
        if matches(pattern, column):
            return even(low, high)
    field = spec.field(column)
    if column == AGE:
        return even(0.0, OLDEST)
    if field.window is None:
        return None if column.endswith("/value") else np.array([0.5])
    if field.aggregate in ZERO_WHEN_ABSENT and field.aggregate in ("count", "value_count"):
        return COUNTS.copy()
    if field.aggregate == "time_since_last":
        width = width_us(field.window)
        days = width / DAY_US if width > 0 else LONGEST_DAYS
        return np.array([float(f"{days / 2.0**k:.3g}") for k in range(9, 0, -1)])
    return None


def _groups(task: Task, spec: FeatureSpec) -> tuple[Groups, ...]:
    found = []
    sexes = tuple(c.removeprefix(SEX) for c in spec.static_columns if c.startswith(SEX))
    if task.groups.sex and sexes:
        found.append(Groups("sex", sexes))
    if task.groups.age_years and spec.age:
        found.append(Groups("age", age_labels(task.groups.age_years)))
    return tuple(found)


def _edges_of(labels: Sequence[str]) -> list[float]:
    """The edges behind ``age_labels``: "under 40", "40 to under 65", "65 and over"."""
    return [float(one.split()[0]) for one in labels[1:]]


def _lenient(value: Any) -> Any:
    if isinstance(value, CodeSet):
        return replace(value, may_be_empty=True, minus=_lenient(value.minus))
    if isinstance(value, tuple):
        return tuple(_lenient(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        changes = {each.name: _lenient(getattr(value, each.name)) for each in fields(value)}
        return replace(value, **changes)
    return value
