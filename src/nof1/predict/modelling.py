"""The modelling half of a task: features, splits, constraints, subgroups, leakage limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from nof1.core.errors import UsageError
from nof1.core.yaml_lines import Node, did_you_mean
from nof1.predict.codesets import CodeSet, read_reference
from nof1.predict.question import read_date
from nof1.predict.spec import AGGREGATES, WINDOWS, width_us

Sets = Mapping[str, CodeSet]
_DIRECTIONS = {"increasing": 1, "decreasing": -1}
LONGEST_GROUP = 30
QUICK = "quick"


@dataclass(frozen=True)
class Features:
    """What the model may see.

    Attributes
    ----------
    windows, aggregates : as in ``nof1.predict.spec``; windows from narrow to wide.
    min_patients : a code is used when at least so many patients of the cohort have it.
    only : use these codes alone; None means all.
    exclude : never use these codes.
    static : whether static facts (sex, genes, scores) are used; ``age`` likewise.
    allow_outcome_history : whether earlier outcome events may be features; otherwise the audit
        refuses them.
    """

    windows: tuple[str, ...] = WINDOWS
    aggregates: tuple[str, ...] = ("count", "value_last", "value_min", "value_max")
    min_patients: int = 10
    only: CodeSet | None = None
    exclude: CodeSet | None = None
    static: bool = True
    age: bool = True
    allow_outcome_history: bool = False


@dataclass(frozen=True)
class SplitPlan:
    """How patients are divided; see ``nof1.predict.splits``.

    Attributes
    ----------
    method : ``patient`` (cross-validation by patient), ``site`` (leave one site out) or ``time``
        (rows from ``at`` on are the test set).
    folds : of the cross-validation; in a split by time, of the rows before ``at``.
    """

    method: str = "patient"
    folds: int = 5
    seed: int = 1
    at: date | None = None


@dataclass(frozen=True)
class Groups:
    """For which groups the card shows figures of their own; ages are band edges in years."""

    sex: bool = True
    site: bool = True
    age_years: tuple[float, ...] = (40.0, 65.0, 80.0)


@dataclass(frozen=True)
class AuditLimits:
    """When the leakage audit fails a run. See ``nof1.predict.leakage`` for the rules.

    Attributes
    ----------
    max_auroc : of one feature alone (C-index for survival), whichever direction.
    max_presence_gap : difference between the shares of cases and of others that have a code.
    accepted : feature patterns that a person has looked at, each with the written reason.
    """

    max_auroc: float = 0.9
    max_presence_gap: float = 0.6
    accepted: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AblationPlan:
    """Groups of information that are taken away in turn; see ``nof1.predict.ablation``.

    Attributes
    ----------
    groups : own groups, each a code set named like the group; empty means the default groups.
    alone : whether the learner is also trained on each group alone.
    """

    groups: tuple[CodeSet, ...] = ()
    alone: bool = True


def matches(pattern: str, column: str) -> bool:
    """Whether a pattern, in which ``*`` stands for anything, names a column.

    >>> matches("LOINC//2345-7/*", "LOINC//2345-7/30d/value_last")
    True
    """
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), column, re.DOTALL) is not None


def directions(monotone: Sequence[tuple[str, int]], columns: Sequence[str]) -> tuple[int, ...]:
    """For each column +1 (risk may only rise with it), -1 (only fall) or 0 (free).

    A later pattern wins over an earlier one.

    Raises
    ------
    UsageError : a pattern that names no column.

    >>> directions([("LOINC//*", 1)], ["age_years", "LOINC//2345-7/30d/value_max"])
    (0, 1)
    """
    found = [0] * len(columns)
    for pattern, direction in monotone:
        hits = [number for number, name in enumerate(columns) if matches(pattern, name)]
        if not hits:
            raise UsageError(
                f"The monotone constraint {pattern!r} names no feature.",
                where="monotone",
                allowed="{code}/{window}/{aggregate}, where * stands for anything",
                next_step=did_you_mean(pattern, columns) or "Look at the names of the features.",
            )
        for number in hits:
            found[number] = direction
    return tuple(found)


def read_features(node: Node, sets: Sets) -> Features:
    """Read ``features``.

    Raises
    ------
    InputError : pointing at the line.
    """
    flags = ("static", "age", "allow_outcome_history")
    chosen = ("windows", "aggregates", "min_patients", "only", "exclude")
    parts = node.mapping((*chosen, *flags))
    default = Features()
    least = parts["min_patients"].whole(1, 10**9) if "min_patients" in parts else None
    return Features(
        windows=_windows(parts["windows"]) if "windows" in parts else default.windows,
        aggregates=_words(parts.get("aggregates"), AGGREGATES) or default.aggregates,
        min_patients=least or default.min_patients,
        only=read_reference(parts["only"], sets) if "only" in parts else None,
        exclude=read_reference(parts["exclude"], sets) if "exclude" in parts else None,
        **{flag: parts[flag].flag() for flag in flags if flag in parts},
    )


def _windows(node: Node) -> tuple[str, ...]:
    """Windows in any order, returned from narrow to wide, ``full`` last."""
    names = node.texts()
    for each in node.items():
        try:
            width_us(each.text())
        except UsageError as error:
            each.refuse(error.message, allowed=error.allowed)
    return tuple(sorted(names, key=lambda name: (name == "full", width_us(name))))


def _words(node: Node | None, allowed: Sequence[str]) -> tuple[str, ...]:
    if node is None:
        return ()
    node.texts()
    given = {each.one_of(allowed) for each in node.items()}
    return tuple(word for word in allowed if word in given)


def read_split(node: Node) -> SplitPlan:
    """Read ``split``.

    Raises
    ------
    InputError : pointing at the line.
    """
    parts = node.mapping(("method", "folds", "seed", "at"))
    default = SplitPlan()
    method = default.method
    if "method" in parts:
        method = parts["method"].one_of(("patient", "time", "site"))
    if (method == "time") != ("at" in parts):
        node.refuse("A split by time needs its date `at`; no other split has one.")
    return SplitPlan(
        method=method,
        folds=parts["folds"].whole(2, 100) if "folds" in parts else default.folds,
        seed=parts["seed"].whole(0, 2**31) if "seed" in parts else default.seed,
        at=read_date(parts["at"]) if "at" in parts else None,
    )


def read_monotone(node: Node) -> tuple[tuple[str, int], ...]:
    """Read ``monotone``: pattern to ``increasing`` or ``decreasing`` (or 1, -1).

    Raises
    ------
    InputError : pointing at the line.
    """
    found = []
    for pattern, direction in node.mapping().items():
        if direction.value in (1, -1) and not isinstance(direction.value, bool):
            found.append((pattern, int(direction.value)))
        else:
            found.append((pattern, _DIRECTIONS[direction.one_of(tuple(_DIRECTIONS))]))
    return tuple(found)


def read_groups(node: Node) -> Groups:
    """Read ``groups``.

    Raises
    ------
    InputError : pointing at the line.
    """
    parts = node.mapping(("sex", "site", "age_years"))
    ages = Groups().age_years
    if "age_years" in parts:
        ages = tuple(each.number(0, 150) for each in parts["age_years"].items())
        if list(ages) != sorted(set(ages)):
            parts["age_years"].refuse("The ages are not in rising order.")
    flags = {name: parts[name].flag() for name in ("sex", "site") if name in parts}
    return Groups(age_years=ages, **flags)


def read_limits(node: Node) -> AuditLimits:
    """Read ``audit``.

    Raises
    ------
    InputError : pointing at the line.
    """
    limits = ("max_auroc", "max_presence_gap")
    parts = node.mapping((*limits, "accepted"))
    accepted = parts["accepted"].mapping() if "accepted" in parts else {}
    return AuditLimits(
        accepted=tuple((pattern, reason.text()) for pattern, reason in accepted.items()),
        **{key: parts[key].number(0.5, 1) for key in limits if key in parts},
    )


def read_ablation(node: Node, sets: Sets) -> AblationPlan | None:
    """Read ``ablation``: ``true``, ``quick`` (nothing alone), ``false``, or group to code set.

    Raises
    ------
    InputError : pointing at the line.
    """
    if isinstance(node.value, bool):
        return AblationPlan() if node.value else None
    if node.value == QUICK:
        return AblationPlan(alone=False)
    if not isinstance(node.value, dict) or not node.value:
        node.refuse(
            "The groups of the ablation table are missing.",
            allowed="true, quick, false, or `name of the group: code set` for each group",
            next_step="Write `ablation: true` for genes, lifestyle, surroundings, history, people.",
        )
    return AblationPlan(tuple(_group(name, each, sets) for name, each in node.mapping().items()))


def _group(name: str, node: Node, sets: Sets) -> CodeSet:
    if not (name.strip() and name.isprintable() and len(name) <= LONGEST_GROUP):
        node.refuse(
            "The name of this group cannot stand in a table.",
            allowed=f"1 to {LONGEST_GROUP} printable characters",
        )
    return replace(read_reference(node, sets), name=name)
