"""Audit a data set before anything is learned from it or reported on it.

    leakage         is a test picture, or its patient, in training?
    frame only      how much does a model see that cannot see the lungs?
    exposure only   ... that sees three grey levels of the frame?
    metadata only   ... that sees no picture at all?
    within view     what is left within one view?
    site            does the site tell the label, and the picture the site?
    quality         can anything be seen in the pictures?
    population      whom does a model of these pictures know?

Every gate passes, fails, or says why it could not be checked; none is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.gates.collection import Collection, open_collection
from nof1.imaging.gates.door import Door
from nof1.imaging.gates.leakage import leakage_report
from nof1.imaging.gates.population import Population
from nof1.imaging.gates.quality import FEWEST_FILMS, measures
from nof1.imaging.gates.shortcuts import GATES, Question, shortcut_reports
from nof1.imaging.gates.verdict import GateReport, Judgement
from nof1.imaging.image import Header
from nof1.imaging.training.task import Table

SCHEMA = "nof1/imaging-audit/1"
MOST_FOR_SHORTCUTS = 4000  # more films make the plain models slow, not better
FAR = 3.0  # interquartile ranges
MOST_ODD = 0.05  # share of pictures that may differ widely from the rest
TABLE = ("age_years", "sex", "view")


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was found.

    Attributes
    ----------
    name : of the data set (a file's or folder's name).
    counts : pictures, patients, set_aside, labels, parts.
    aside : reason -> how many pictures were set aside.
    gates : one report for each gate, in a fixed order.
    """

    name: str
    counts: dict[str, Any]
    aside: dict[str, int]
    gates: tuple[GateReport, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the gates that failed."""
        return tuple(one.gate for one in self.gates if one.judgement == "failed")

    @property
    def not_checkable(self) -> tuple[str, ...]:
        """Names of the gates that could not be checked."""
        return tuple(one.gate for one in self.gates if one.judgement == "not checkable")

    @property
    def judgement(self) -> Judgement:
        """Failed when any gate failed; passed only when every gate could be checked and passed."""
        if self.failed:
            return "failed"
        return "not checkable" if self.not_checkable else "passed"

    def to_dict(self) -> dict[str, Any]:
        """JSON form (``nof1/imaging-audit/1``)."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "judgement": self.judgement,
            "failed": list(self.failed),
            "not_checkable": list(self.not_checkable),
            "counts": self.counts,
            "set_aside": self.aside,
            "gates": [one.to_dict() for one in self.gates],
        }


def audit(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    table: Table | None = None,
    finding: str | None = None,
    scores: ArrayLike | None = None,
    fold: ArrayLike | None = None,
    door: Door | None = None,
) -> Audit:
    """Audit a folder, a table or an npz file; see :func:`audit_collection`.

    ``columns`` and ``table`` as in :func:`nof1.imaging.gates.collection.open_collection`. With
    ``door``, the
    gates of a model, its share of refusals among these pictures is counted.
    """
    found = open_collection(path, columns, table=table, door=door)
    return audit_collection(found, name=Path(path).name, finding=finding, scores=scores, fold=fold)


def audit_collection(
    found: Collection,
    *,
    name: str = "data set",
    finding: str | None = None,
    scores: ArrayLike | None = None,
    fold: ArrayLike | None = None,
) -> Audit:
    """Audit pictures with their columns.

    Parameters
    ----------
    finding : the label that counts as 1; needed when there are more than two labels.
    scores, fold : (n,) out-of-fold scores of a model, and their folds; None: plain features stand
        in for the model.

    Raises
    ------
    InputError : a finding that no picture has, or scores of another length.
    """
    for values, word in ((scores, "scores"), (fold, "folds")):
        if values is not None and len(np.asarray(values)) != len(found.images):
            raise InputError(f"The {word} do not fit the pictures.", where=word)
    gates = [
        leakage_report(
            found.images,
            splits=found.column("split"),
            patients=found.column("patient"),
            labels=found.column("label"),
            hashes=found.hashes,
        ),
        *_shortcuts(found, finding, scores, fold),
        quality_report(found),
        population_report(found),
    ]
    if found.refusals:
        gates.append(door_report(found))
    return Audit(name=name, counts=_counts(found), aside=dict(found.aside), gates=tuple(gates))


def _counts(found: Collection) -> dict[str, Any]:
    person, label, part = (found.column(name) for name in ("patient", "label", "split"))
    return {
        "pictures": len(found.images),
        "set_aside": sum(found.aside.values()),
        "patients": None if person is None else len(np.unique(person[person != ""])),
        "without_patient": int((~found.known("patient")).sum()),
        "labels": {} if label is None else dict(Counter(label.tolist()).most_common(20)),
        "parts": {} if part is None else dict(Counter(part.tolist()).most_common(20)),
    }


def binary_labels(
    found: Collection, finding: str | None = None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]] | str:
    """(labels 0/1, rows that have one), or why there are none.

    Raises
    ------
    InputError : no picture has the label ``finding``.
    """
    label = found.column("label")
    if label is None:
        return "there is no column of labels"
    known = found.known("label")
    kinds = sorted(set(label[known].tolist()))
    if finding is not None:
        if finding not in kinds:
            raise InputError("No picture has this label.", where="finding", allowed=kinds[:20])
        return (label == finding).astype(np.int64), known
    if len(kinds) != 2:
        return f"there are {len(kinds)} labels; name the one that counts"
    return (label == kinds[1]).astype(np.int64), known


def _shortcuts(
    found: Collection, finding: str | None, scores: ArrayLike | None, fold: ArrayLike | None
) -> tuple[GateReport, ...]:
    labels = binary_labels(found, finding)
    person = found.column("patient")
    if isinstance(labels, str):
        return tuple(
            GateReport(gate=gate, judgement="not checkable", because=labels) for gate in GATES
        )
    y, known = labels
    usable = known if person is None else known & (person != "")
    rows = np.flatnonzero(usable)
    if scores is None:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:MOST_FOR_SHORTCUTS])
    reports = shortcut_reports(
        _question(found, y, rows),
        full=None if scores is None else np.asarray(scores, dtype=np.float64)[rows],
        fold=None if fold is None else np.asarray(fold, dtype=np.int64)[rows],
    )
    if person is not None:
        return reports
    note = "no patient is known, so every picture counts as its own patient"
    for report in reports:
        report.figures["note"] = note
    return reports


def _question(found: Collection, y: NDArray[np.int64], rows: NDArray[np.int64]) -> Question:
    def part(name: str) -> Any:
        values = found.column(name)
        return None if values is None else values[rows]

    order = part("order")
    return Question(
        images=[found.images[row] for row in rows],
        y=y[rows],
        patients=part("patient"),
        table={name: numbers(part(name)) for name in TABLE if part(name) is not None},
        views=part("view"),
        sites=part("site"),
        ordered=None if order is None else numbers(order),
    )


def numbers(values: NDArray[np.str_]) -> NDArray[Any]:
    """Numbers where every text is one (blank: NaN), otherwise the texts."""
    try:
        return np.array([float(value) if value else np.nan for value in values])
    except ValueError:
        return values


def quality_report(found: Collection) -> GateReport:
    """Pictures that could not be used, and pictures far outside what the rest looks like."""
    figures: dict[str, Any] = {"set_aside": dict(found.aside), "pictures": len(found.images)}
    if len(found.images) < FEWEST_FILMS:
        because = f"{len(found.images)} pictures are too few to say what is usual"
        return GateReport(
            gate="quality", judgement="not checkable", because=because, figures=figures
        )
    odd: Counter[str] = Counter()
    table = [measures(image) for image in found.images]
    for name in ("contrast", "sharpness", "noise"):
        values = np.array([row[name] for row in table])
        low, high = np.quantile(values, [0.25, 0.75])
        far = FAR * max(high - low, 1e-3)
        count = int(((values < low - far) | (values > high + far)).sum())
        odd[name] += count
    figures["far_outside"] = dict(odd)
    figures["sizes"] = len({image.shape for image in found.images})
    share = max(odd.values()) / len(found.images)
    because = ""
    if found.aside:
        because = f"{sum(found.aside.values())} pictures could not be used"
    if share > MOST_ODD:
        because = f"{share:.0%} of the pictures differ widely from the rest in one measure"
    judgement: Judgement = "failed" if because else "passed"
    return GateReport(gate="quality", judgement=judgement, because=because, figures=figures)


def population_report(found: Collection) -> GateReport:
    """Whom a model of these pictures would know; fails nothing, but says what is not known."""
    ages, sexes = found.column("age_years"), found.column("sex")
    views = found.column("view")
    stored = found.headers or (Header(),) * len(found.images)
    headers = [
        Header(
            modality=header.modality,
            body_part=header.body_part,
            view=None if views is None else views[row] or None,
            age_years=None if ages is None else _age(ages[row]),
            sex=None if sexes is None else sexes[row] or None,
        )
        for row, header in enumerate(stored)
    ]
    known = Population.fit(headers).to_dict()
    missing = [name.replace("_", " ") for name, value in known.items() if not value]
    if not missing:
        return GateReport(gate="population", judgement="passed", figures=known)
    because = f"nothing is said about: {', '.join(missing)}; a model of these pictures cannot check"
    return GateReport(gate="population", judgement="not checkable", because=because, figures=known)


def _age(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def door_report(found: Collection) -> GateReport:
    """How many of these pictures a model's gates refuse, by reason."""
    reasons = Counter(one or "passed" for one in found.refusals)
    share = 1 - reasons["passed"] / len(found.images)
    figures = {"pictures": len(found.images), "refused": share, "reasons": dict(reasons)}
    because = "" if share <= 0.05 else f"the model's gates refuse {share:.0%} of these pictures"
    judgement: Judgement = "failed" if because else "passed"
    return GateReport(gate="door", judgement=judgement, because=because, figures=figures)
