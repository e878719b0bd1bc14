"""The task: one prediction problem, written in a YAML file that a clinician can read.

``Task.load`` reads and checks the file; every error names the line, what is allowed there and the
closest match. ``docs/task-files.md`` explains each key. The parts are in ``nof1.predict.question``
(who, from when, what, how long) and ``nof1.predict.modelling`` (features, splits, limits).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

from nof1.core import yaml_lines
from nof1.core.yaml_lines import Node
from nof1.predict import modelling, question
from nof1.predict.codesets import CodeSet, read_code_set
from nof1.predict.modelling import AblationPlan, AuditLimits, Features, Groups, SplitPlan
from nof1.predict.question import Censoring, Competing, Eligibility, EventRule, Index, Risk

_REQUIRED = ("name", "index", "outcome", "time_at_risk")
_KEYS = (
    *_REQUIRED,
    "description",
    "kind",
    "code_sets",
    "eligibility",
    "prediction_time",
    "prior_outcome",
    "censoring",
    "competing",
    "horizons_days",
    "features",
    "split",
    "learners",
    "monotone",
    "groups",
    "interval_level",
    "audit",
    "ablation",
)
KINDS = ("binary", "survival")


@dataclass(frozen=True)
class Task:
    """One prediction problem.

    Attributes
    ----------
    kind : ``binary`` (does it happen within the time at risk) or ``survival`` (when).
    index : when the question is asked; ``prediction_offset_days`` later it is answered.
    outcome : what is predicted; its first event in the time at risk counts.
    prior_outcome : ``exclude`` people with a known outcome before the prediction time, or ``keep``.
    horizons_days : for survival, the times at which risks are reported.
    learners : names from the registry of learners; empty means all that fit.
    monotone : pairs (feature pattern, +1 or -1); see ``modelling.directions``.
    interval_level : of all intervals, 0.9 means 90 %.
    ablation : groups of information whose worth is measured; None for no such table.
    """

    name: str
    index: Index
    outcome: EventRule
    time_at_risk: Risk
    description: str = ""
    kind: str = "binary"
    eligibility: Eligibility = field(default_factory=Eligibility)
    prediction_offset_days: float = 0.0
    prior_outcome: str = "exclude"
    censoring: Censoring = field(default_factory=Censoring)
    competing: tuple[Competing, ...] = ()
    horizons_days: tuple[float, ...] = ()
    features: Features = field(default_factory=Features)
    split: SplitPlan = field(default_factory=SplitPlan)
    learners: tuple[str, ...] = ()
    monotone: tuple[tuple[str, int], ...] = ()
    groups: Groups = field(default_factory=Groups)
    interval_level: float = 0.9
    audit: AuditLimits = field(default_factory=AuditLimits)
    ablation: AblationPlan | None = None

    @classmethod
    def load(cls, path: str | Path) -> Task:
        """Read a task file.

        Raises
        ------
        InputError : naming file, line and column of what is wrong.
        """
        return read_task(yaml_lines.load(path))

    @classmethod
    def parse(cls, text: str, file: str = "task") -> Task:
        """Read the text of a task file; ``file`` is how errors call it."""
        return read_task(yaml_lines.parse(text, file))

    def code_sets(self) -> tuple[CodeSet, ...]:
        """Every code set that the question uses, each once."""
        return tuple(
            dict.fromkeys(
                _code_sets(
                    (self.index, self.eligibility, self.outcome, self.censoring, self.competing)
                )
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form. The same task always gives the same, whatever the order in its file."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_dict``, in hexadecimal."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_task(root: Node, further: tuple[str, ...] = (), index: Index | None = None) -> Task:
    """Turn the nodes of a task file into a task.

    Parameters
    ----------
    further : keys that the file may have and that are read elsewhere.
    index : used when the file has none.

    Raises
    ------
    InputError : naming file, line and column of what is wrong.
    """
    if not further and "treatment" in root.mapping():
        root.refuse(
            "The file has a `treatment`: it asks for an effect and not for a risk.",
            next_step="nof1 effect FILE; or remove `treatment` for a model of the risk.",
        )
    needed = tuple(key for key in _REQUIRED if key != "index" or index is None)
    parts = root.mapping((*_KEYS, *further), needed)
    kind = parts["kind"].one_of(KINDS) if "kind" in parts else "binary"
    sets = named_sets(parts.get("code_sets"))
    risk = question.read_risk(parts["time_at_risk"], kind)
    return Task(
        name=_name(parts["name"]),
        kind=kind,
        index=question.read_index(parts["index"], sets) if "index" in parts else _given(index),
        outcome=question.read_event(parts["outcome"], sets),
        time_at_risk=risk,
        horizons_days=_horizons(parts.get("horizons_days"), kind, risk),
        **_optional_question(parts, sets),
        **_optional_modelling(parts, sets),
    )


def _given(index: Index | None) -> Index:
    assert index is not None  # the key was required otherwise
    return index


def _optional_question(parts: dict[str, Node], sets: dict[str, CodeSet]) -> dict[str, Any]:
    readers: dict[str, Callable[[Node], Any]] = {
        "description": lambda node: " ".join(node.text().split()),  # folded YAML ends its lines
        "eligibility": lambda node: question.read_eligibility(node, sets),
        "prior_outcome": lambda node: node.one_of(("exclude", "keep")),
        "censoring": lambda node: question.read_censoring(node, sets),
        "competing": lambda node: question.read_competing(node, sets),
    }
    found = {key: read(parts[key]) for key, read in readers.items() if key in parts}
    if "prediction_time" in parts:
        offset = parts["prediction_time"].mapping(("after_index_days",), ("after_index_days",))
        days = offset["after_index_days"].number(0, question.MAX_DAYS)
        found["prediction_offset_days"] = days
    return found


def _optional_modelling(parts: dict[str, Node], sets: dict[str, CodeSet]) -> dict[str, Any]:
    readers: dict[str, Callable[[Node], Any]] = {
        "features": lambda node: modelling.read_features(node, sets),
        "split": modelling.read_split,
        "learners": Node.texts,
        "monotone": modelling.read_monotone,
        "groups": modelling.read_groups,
        "interval_level": lambda node: node.number(0.5, 0.999),
        "audit": modelling.read_limits,
        "ablation": lambda node: modelling.read_ablation(node, sets),
    }
    return {key: read(parts[key]) for key, read in readers.items() if key in parts}


def _name(node: Node) -> str:
    """A name that can be a folder's name."""
    name = node.text()
    if not (name[0].isalnum() and all(sign.isalnum() or sign in "-_." for sign in name)):
        node.refuse(f"{name!r} cannot be a name.", allowed="letters, digits, - _ .")
    return name


def named_sets(node: Node | None) -> dict[str, CodeSet]:
    """The code sets of a file, by name."""
    named = node.mapping().items() if node else ()
    return {name: read_code_set(definition, name) for name, definition in named}


def _horizons(node: Node | None, kind: str, risk: Risk) -> tuple[float, ...]:
    """Default: the end of the time at risk. Without end, one year."""
    if node is None:
        if math.isfinite(risk.end_days):
            return (risk.end_days,)
        return (365.0,)
    if kind == "binary":
        node.refuse("Horizons belong to a survival task.", next_step="Remove them.")
    days = tuple(each.number(risk.start_days, risk.end_days) for each in node.items())
    if not days or list(days) != sorted(set(days)) or days[0] <= risk.start_days:
        node.refuse("The horizons are not in rising order after the start of the time at risk.")
    return days


def _code_sets(value: Any) -> Iterator[CodeSet]:
    if isinstance(value, CodeSet):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _code_sets(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _code_sets(getattr(value, each.name))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and math.isinf(value):
        return None
    return value
