"""An answer as findings: the one shape in which every room speaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from nof1.core.finding import (
    Basis,
    Coding,
    Evidence,
    Finding,
    Interval,
    Kind,
    Status,
    Subject,
    Value,
    utc,
)
from nof1.imaging.answering.answer import Answer, Label
from nof1.imaging.answering.reader import Gated, Reader
from nof1.imaging.explaining.regions import described
from nof1.imaging.gates.verdict import Verdict

PREFIX = "IMAGE//"
CHOSEN = {
    "yes": "At {level:.0%} only «yes» is compatible with the calibration pictures.",
    "no": "At {level:.0%} only «no» is compatible with the calibration pictures; that does not "
    "exclude it.",
    "both": "Not decided: at {level:.0%} both answers fit the calibration pictures.",
    "not known": "Too few calibration pictures for a set of compatible answers.",
}
ATYPICAL = (
    "Atypical for this model: at {level:.0%} neither answer is compatible with its calibration "
    "pictures."
)
ASK_A_PERSON = "A radiologist must read the picture."


def findings(reader: Reader, answer: Answer, subject: Subject, at: datetime) -> list[Finding]:
    """One finding for each class of the model; withheld with the reason where there is no answer.

    Parameters
    ----------
    at : the moment of reading, UTC.
    """
    shared = shared_fields(reader, answer, subject, at)
    names = [coding(name) for name in reader.ensemble.classes]
    return withheld(reader, answer, names, shared) or [
        _told(answer, label, shared) for label in answer.labels
    ]


def shared_fields(reader: Gated, answer: Answer, subject: Subject, at: datetime) -> dict[str, Any]:
    """What all findings of one model about one picture have in common."""
    return {
        "subject": subject,
        "as_of": utc(at),
        "kind": Kind.IMAGE,
        "basis": basis(reader),
        "synthetic": reader.synthetic or answer.image.is_synthetic,
    }


def withheld(
    reader: Gated, answer: Answer, names: Sequence[Coding], shared: dict[str, Any]
) -> list[Finding]:
    """A withheld finding for each name when a gate or the model's own trial stands in the way."""
    stopped = _stopped(reader, answer)
    if stopped is None:
        return []
    reason, resolve = stopped
    return [
        Finding(
            what=name,
            status=Status.WITHHELD,
            reason=reason,
            resolve=resolve,
            notes=answer.image.notes,
            **shared,
        )
        for name in names
    ]


def coding(name: str) -> Coding:
    """The code of a finding of a picture: ``IMAGE//`` and its name in one word.

    >>> coding("pleural effusion").code
    'IMAGE//pleural_effusion'
    """
    return Coding(code=PREFIX + "_".join(name.lower().split()), display=name)


def basis(reader: Gated) -> Basis:
    """Which model answered, exactly, and where it was tested."""
    about = reader.about
    card = about.get("card") or {}
    tested = card.get("pictures", {}).get("test")
    people = (card.get("patients") or {}).get("test")
    of = f" of {people} patients" if people else ""
    where = f"{tested} held-out pictures{of}" if tested else "no held-out pictures"
    return Basis(
        kind="model",
        id=str(about["name"]),
        version=str(about.get("version", 1)),
        content_hash=reader.ensemble.folder.sha256,
        knowledge_date=str(about["created"])[:10],
        validated_in=("SYNTHETIC films: " if reader.synthetic else "") + where,
    )


def _stopped(reader: Gated, answer: Answer) -> tuple[str, str] | None:
    """Why there is no answer at all, and what would resolve it."""
    refused = answer.refusal
    if refused is not None:
        return refused.reason, refused.next_step or ASK_A_PERSON
    gate = reader.about.get("may_speak") or {}
    if not gate.get("passed", False):
        failed = "; ".join(gate.get("reasons", ())) or "it was never put to the test"
        return f"The model may not speak: {failed}.", "Train and test it on more pictures."
    return None


def _told(answer: Answer, label: Label, shared: dict[str, Any]) -> Finding:
    notes = notes_of(answer)
    if label.chosen == "none":
        return Finding(
            what=coding(label.name),
            status=Status.WITHHELD,
            reason=ATYPICAL.format(level=label.set_level),
            resolve=ASK_A_PERSON,
            notes=notes,
            **shared,
        )
    interval = Interval(low=label.low, high=label.high, level=label.level)
    return Finding(
        what=coding(label.name),
        status=Status.FOUND,
        value=Value(amount=label.probability, unit="1", interval=interval),
        reason=CHOSEN[label.chosen].format(level=label.set_level),
        evidence=tuple(_evidence(answer, label)),
        notes=notes,
        **shared,
    )


def notes_of(answer: Answer) -> tuple[str, ...]:
    """Doubts of the gates, then what the picture's file left open."""
    doubts = tuple(f"Not validated: {one.reason}" for one in answer.doubts)
    return (*doubts, *answer.image.notes)


def _evidence(answer: Answer, label: Label) -> Iterable[Evidence]:
    yield Evidence(
        text=described(answer.regions(label), label.name),
        contribution=label.heatmap.logit - label.heatmap.bias,
        unit="log odds",
    )
    outside = label.heatmap.in_padding(answer.frame, answer.grid)
    if outside > 0.2:
        yield Evidence(
            text=f"{outside:.0%} of the evidence lies outside the film, in its padding: doubtful."
        )
    yield Evidence(text=gates_passed(answer.verdicts))


def gates_passed(verdicts: tuple[Verdict, ...]) -> str:
    """The gates that let a picture pass, in words."""
    names = dict.fromkeys(one.gate for one in verdicts if one.passed)
    return f"Gates passed: {', '.join(names) or 'none'}."
