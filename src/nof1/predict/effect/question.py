"""The question of an effect: two strategies, a start, and what is compared.

A file of this kind is a task file with ``treatment`` (and often ``estimand``). Without ``index``
the first use of either option is the start: new users who are compared with each other. With an
``index`` the option must begin within ``grace_days`` after it, and follow-up begins when the grace
is over, so that nobody is immortal in between.

Reference: Hernán & Robins, Am. J. Epidemiol. 183 (2016) 758 (target trial).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nof1.core import yaml_lines
from nof1.core.yaml_lines import Node
from nof1.predict.codesets import CodeSet, read_code_set
from nof1.predict.question import (
    MAX_DAYS,
    Competing,
    EventRule,
    Index,
    Sets,
    read_competing,
    read_event,
)
from nof1.predict.task import Task, named_sets, read_task

KEYS = ("treatment", "estimand", "negative_controls", "colliders")
MEASURES = ("risk_difference", "restricted_mean")
ANALYSES = ("intention_to_treat", "per_protocol")
UNUSED = ("learners", "monotone", "groups", "ablation")
"""Keys of a task file that say nothing about an effect."""
LEVEL = 0.95
"""Of the intervals, where the file does not say."""


@dataclass(frozen=True)
class Treatment:
    """The two strategies.

    Attributes
    ----------
    strategy, comparator : events that begin the option of interest, and its comparator.
    washout_days : nobody had either option in so many days before the start.
    grace_days : with an index of its own, an option may begin so late after it.
    analysis : ``intention_to_treat``, or ``per_protocol``: people are followed until they leave
        their option, and those who stay stand for those who left (censoring weights).
    gap_days : per protocol, so long without the option means that it was left; None: only a
        change to the other option counts.
    """

    strategy: EventRule
    comparator: EventRule
    washout_days: float = 365.0
    grace_days: float = 0.0
    analysis: str = "intention_to_treat"
    gap_days: float | None = None

    @property
    def labels(self) -> tuple[str, str]:
        """Names of comparator and strategy."""
        return self.comparator.codes.name, self.strategy.codes.name


@dataclass(frozen=True)
class Estimand:
    """What is compared: the risk by ``horizon_days``, or the mean days free of the outcome."""

    measure: str
    horizon_days: float

    @property
    def harm(self) -> bool:
        """Whether a larger value is worse."""
        return self.measure == "risk_difference"


@dataclass(frozen=True)
class EffectTask:
    """A question of effect.

    Attributes
    ----------
    task : who, from when, which outcome, how long: an ordinary task.
    own_index : whether the file has an index, so that the option begins after it.
    negative_controls : outcomes that no option can change; an effect on them is bias.
    colliders : codes that must not be adjusted for, because both option and outcome cause them.
    text : of the file.
    """

    task: Task
    treatment: Treatment
    estimand: Estimand
    own_index: bool
    negative_controls: tuple[Competing, ...]
    colliders: CodeSet | None
    text: str

    @classmethod
    def load(cls, path: str | Path) -> EffectTask:
        """Read a file.

        Raises
        ------
        InputError : naming file, line and column of what is wrong.
        """
        root = yaml_lines.load(path)
        return _read(root, Path(path).read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str, file: str = "task") -> EffectTask:
        """Read the text of a file; ``file`` is how errors call it."""
        return _read(yaml_lines.parse(text, file), text)

    def code_sets(self) -> tuple[CodeSet, ...]:
        """Every code set of the question, each once."""
        own = [self.treatment.strategy.codes, self.treatment.comparator.codes]
        own += [each.event.codes for each in self.negative_controls]
        own += [self.colliders] if self.colliders else []
        return tuple(dict.fromkeys((*self.task.code_sets(), *own)))


def _read(root: Node, text: str) -> EffectTask:
    given = root.mapping()
    if "treatment" not in given:
        root.refuse(
            "The file has no `treatment`: it asks for a risk and not for an effect.",
            next_step="Add `treatment:` with `strategy` and `comparator`, or use nof1 train.",
        )
    sets = named_sets(given.get("code_sets"))
    treatment = _treatment(given["treatment"], sets)
    own = "index" in given
    task = read_task(root, KEYS, _start(given["treatment"], treatment, own))
    _refuse_unused(given, task)
    task = _timed(given, task, treatment, own)
    if "interval_level" not in given:
        task = replace(task, interval_level=LEVEL)
    controls = given.get("negative_controls")
    colliders = given.get("colliders")
    return EffectTask(
        task=task,
        treatment=treatment,
        estimand=_estimand(given.get("estimand"), root, task),
        own_index=own,
        negative_controls=read_competing(controls, sets) if controls else (),
        colliders=read_code_set(colliders, "colliders") if colliders else None,
        text=text,
    )


def _treatment(node: Node, sets: Sets) -> Treatment:
    keys = ("strategy", "comparator", "washout_days", "grace_days", "analysis", "gap_days")
    parts = node.mapping(keys, ("strategy", "comparator"))
    days = {k: parts[k].number(0, MAX_DAYS) for k in ("washout_days", "grace_days", "gap_days")
            if k in parts}  # fmt: skip
    made = Treatment(
        read_event(parts["strategy"], sets),
        read_event(parts["comparator"], sets),
        analysis=parts["analysis"].one_of(ANALYSES) if "analysis" in parts else ANALYSES[0],
        **days,
    )
    if made.strategy == made.comparator:
        parts["comparator"].refuse("Strategy and comparator are the same events.")
    if made.gap_days is not None and made.analysis != "per_protocol":
        parts["gap_days"].refuse("A gap matters only per protocol.", next_step="Remove it.")
    return made


def _refuse_unused(given: Mapping[str, Node], task: Task) -> None:
    """Nothing that a file asks for is passed over in silence."""
    for key in UNUSED:
        if key in given:
            given[key].refuse(f"`{key}` says nothing about an effect.", next_step="Remove it.")
    if task.split.method != "patient":
        given["split"].refuse(
            "An effect is cross-fitted by patient.",
            allowed="`split: {method: patient, folds: N, seed: N}`",
        )


def _start(node: Node, treatment: Treatment, own: bool) -> Index:
    """The first use of either option; not used when the file has an index of its own."""
    either = [treatment.strategy.codes, treatment.comparator.codes]
    rules = (treatment.strategy, treatment.comparator)
    if any(rule.bounded for rule in rules):
        node.refuse(
            "An option is begun by a code, whatever value stands beside it.",
            next_step="Remove the bounds; name the codes of both options.",
        )
    if any(one.minus for one in either) and not own:
        node.refuse(
            "The start cannot be made from a set with `except`.",
            next_step="List the codes of both options, or give an `index`.",
        )
    union = CodeSet(
        " or ".join(one.name for one in either),
        codes=tuple(dict.fromkeys(code for one in either for code in one.codes)),
        prefixes=tuple(dict.fromkeys(code for one in either for code in one.prefixes)),
        descendants_of=tuple(dict.fromkeys(c for one in either for c in one.descendants_of)),
    )
    return Index("first", EventRule(union))


def _timed(given: Mapping[str, Node], task: Task, treatment: Treatment, own: bool) -> Task:
    """Follow-up begins when it is known which option a person took; earlier would be immortal."""
    if not own and treatment.grace_days:
        given["treatment"].mapping()["grace_days"].refuse(
            "A grace period needs an `index` that the option follows.",
            next_step="Add `index:`, or remove `grace_days`.",
        )
    if task.prediction_offset_days < treatment.grace_days:
        if task.prediction_offset_days:
            given["prediction_time"].refuse(
                "Immortal time: follow-up would begin before it is known which option was taken.",
                allowed=f"`prediction_time: {{after_index_days: {treatment.grace_days:g}}}`",
                next_step="Remove `prediction_time`: it follows from `grace_days`.",
            )
        return replace(task, prediction_offset_days=treatment.grace_days)
    return task


def _estimand(node: Node | None, root: Node, task: Task) -> Estimand:
    end = task.horizons_days[-1] if task.horizons_days else task.time_at_risk.end_days
    if node is None:
        return Estimand(MEASURES[0], end)
    parts = node.mapping(("measure", "horizon_days"))
    measure = parts["measure"].one_of(MEASURES) if "measure" in parts else MEASURES[0]
    if "horizon_days" in parts:
        start = task.time_at_risk.start_days
        end = parts["horizon_days"].number(start, task.time_at_risk.end_days)
        if end <= start:
            parts["horizon_days"].refuse("Nothing can happen before such a horizon.")
    if measure == "restricted_mean" and task.kind != "survival":
        node.refuse("Days free of the outcome need `kind: survival`.")
    if task.kind == "binary" and end != task.time_at_risk.end_days:
        node.refuse(
            "A yes/no outcome has the horizon of its time at risk.",
            next_step="Remove `horizon_days`, or say `kind: survival`.",
        )
    return Estimand(measure, end)
