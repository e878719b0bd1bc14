"""The card of a federated imaging model, and why it may or may not speak."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nof1.core.finding import NOTICE
from nof1.federation.averaging.films import Films
from nof1.federation.averaging.joint import Joint
from nof1.imaging.answering.building import CHANCE, SLOPE
from nof1.imaging.gates.leakage import leakage_report
from nof1.imaging.gates.shortcuts import ABOVE_CHANCE, LEAST_GAIN
from nof1.imaging.training.evaluating import FindingFigures
from nof1.imaging.training.running import LIMITS, SCHEMA
from nof1.imaging.training.splits import NO_PATIENTS
from nof1.imaging.training.task import plain

DIGITS = 10  # of a number in the card: the rest may differ between processors
ACROSS = (
    "Copies and patients that stand at two sites cannot be found: sites show each other no film.",
    "Intervals count pictures, not patients, because patients are known at their own site only.",
    "If the frozen network was trained on films of the test parts, these figures are too good.",
)


def notes(patients_known: Sequence[bool]) -> list[str]:
    """What a reader of the figures must know."""
    return [*ACROSS, *([] if all(patients_known) else [NO_PATIENTS])]


def leaking(films: Films, joint: Joint) -> int:
    """How many sites have a copy or a patient on both sides of their split."""
    part = np.full(len(films.values), "", dtype="<U5")
    part[films.taught], part[films.test] = "train", "test"
    found = leakage_report(
        list(films.data.images), splits=part, patients=films.data.patients, labels=None
    )
    (total,) = joint.sums(np.array([float(found.judgement == "failed")]))
    return round(float(total[0]))


def reasons(
    found: Sequence[FindingFigures], shortcuts: Mapping[str, Any], leaks: int, gates: Sequence[str]
) -> tuple[str, ...]:
    """Why the model may not speak: the rules of ``nof1 imaging train``; empty when it may."""
    told = ["leakage: a copy or a patient stands on both sides of a split"] if leaks else []
    if not found:
        told.append("no finding has both answers among the test pictures")
    for one in found:
        if one.auroc.low is None or one.auroc.low <= CHANCE:
            told.append(f"{one.name}: the AUROC's interval does not lie above chance")
        slope = one.evaluation.figures["calibration_slope"].value
        if slope is None or not SLOPE[0] <= slope <= SLOPE[1]:
            said = "not known" if slope is None else f"{slope:.2f}"
            told.append(f"{one.name}: the calibration slope is {said}")
        told += [f"{one.name}: {why}" for why in _shortcut(shortcuts.get(one.name))]
    return (*told, *gates)


def _shortcut(against: Mapping[str, Any] | None) -> list[str]:
    if against is None or against["difference"]["low"] is None:
        return ["too few test pictures to rule out a shortcut"]
    gain, frame = against["difference"], against["frame_only"]
    if gain["low"] <= 0:
        return ["not better than the outer frame of the film alone"]
    if frame["low"] > ABOVE_CHANCE and gain["value"] < LEAST_GAIN:
        return [
            f"the outer frame of the film alone reaches an AUROC of {frame['value']:.2f}; the "
            f"model is only {gain['value']:.2f} better (at least {LEAST_GAIN} is asked for)"
        ]
    return []


def card(
    films: Films,
    found: Sequence[FindingFigures],
    shortcuts: Mapping[str, Any],
    leaks: int,
    gates: Sequence[str],
    sites: int,
    joint: Joint,
) -> dict[str, Any]:
    """The card as data, of all sites together; the same keys as for a model of one site."""
    people, parts = films.people, (films.taught, films.test)
    own = [float(len(rows)) for rows in (*parts, films.inner)]
    own += [float(len(np.unique(people[rows]))) for rows in parts]
    own.append(float(sum(films.data.aside.values())))
    (total,) = joint.sums(np.array(own))
    train, test, inner, taught, tested, aside = (round(float(one)) for one in total)
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "validated_by": "nobody: no clinician has reviewed this model",
        "task": plain(films.asked.task),
        "pictures": {"train": train, "test": test, "inner": inner},
        "patients": {"train": taught, "test": tested},
        "set_aside": {"pictures or labels set aside at the sites": aside} if aside else {},
        "tested_by": f"pictures of {sites} sites that took no part in training, stopping or "
        "calibration; sites showed each other no picture",
        "findings": [one.to_dict() for one in found],
        "notes": list(ACROSS),
        "limits": list(LIMITS),
        "leakage": {"judgement": "failed" if leaks else "passed", "sites": "each alone"},
        "shortcuts": dict(shortcuts),
        "gates": {"notes": list(gates)},
    }


def told(about: Mapping[str, Any], joint: Joint) -> dict[str, Any]:
    """What the coordinator gets: figures of all sites together."""
    one = about["card"]
    kept = ("auroc", "brier", "calibration_slope")
    return {
        "pictures": one["pictures"],
        "findings": {
            found["name"]: {name: found["figures"][name] for name in kept}
            for found in one["findings"]
        },
        "withheld": about["may_speak"]["reasons"],
        "synthetic": about["synthetic"],
        "rounds": joint.total.rounds,
    }


def words(figures: Mapping[str, Any]) -> list[str]:
    """The result for people."""
    counts = figures["pictures"]
    lines = [
        f"One head on {counts['train']:,} films of all sites, judged on {counts['test']:,} others; "
        f"{figures['rounds']:,} sums"
    ]
    for name, found in figures["findings"].items():
        one = found["auroc"]
        lines.append(f"{name}: AUROC {one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})")
    lines += [f"Withheld: {why.rstrip('.')}." for why in figures["withheld"]]
    return [*lines, "", "Its card: nof1 imaging card NAME"]


def rounded(value: Any) -> Any:
    """The value with every number cut to ten digits; NaN and infinity become None."""
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS - 1}e}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    if isinstance(value, np.ndarray):
        return rounded(value.tolist())
    return value
