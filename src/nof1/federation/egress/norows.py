"""The check that no patient's row, name or words stand in the model's files."""

from __future__ import annotations

import json

import numpy as np

from nof1.federation.egress import rows, traces
from nof1.federation.egress.contents import contents
from nof1.federation.egress.facts import Facts
from nof1.federation.egress.shapefiles import cuts_of
from nof1.federation.egress.subject import Subject
from nof1.federation.egress.verdict import Check, Found, of_findings
from nof1.learn.sums import FloatArray

NAME, TITLE = "no_row", "Does a file hold a patient's row, name or words?"
LIMIT = "None at all."
BLIND = (
    "Encrypted blocks, encoded blocks below 44 characters, and numbers changed by a rule that "
    "nobody here knows (another one for each column, noise above 0.6 %, fewer than three digits).",
    "Rows with fewer than about seven rare values: too little to tell a person from chance.",
    "Values spread one by one over the file, or hidden in the last digits of other numbers.",
    "Free text of fewer than 30 characters in a row that is part of a longer one, texts below 8 "
    "characters, identifiers below 4 characters.",
    "The days of the youngest event and of the first and last prediction: a card states them on "
    "purpose.",
)


def check(subject: Subject, known: Facts | None, few: int) -> Check:
    """Search all files of the artefact, card included."""
    inside = contents(subject.artefact.files)
    found: list[Found] = []
    figures = {
        "files": len(subject.artefact.files),
        "words": sum(map(len, inside.words.values())),
        "numbers": sum(len(one.values) for one in inside.numbers),
        "encoded_blocks": sum("encoded block" in place for place in inside.words),
    }
    if known is None:
        return Check(
            NAME, TITLE, "not_checked", "There is no record here to compare the files with.",
            LIMIT, figures, (), BLIND,
        )  # fmt: skip
    on_purpose = traces.days_on_purpose(subject.card, subject.task_yaml)
    found += traces.search(inside, known, on_purpose)
    table = subject.table
    if table is not None:
        X, patients = table.data.X, table.data.patients
        files, cuts = inside.numbers, cuts_of(subject.artefact, X.shape[1])
        found += rows.search(X, patients, files, cuts=cuts, tables=_design(subject), few=few)
        values = np.concatenate([X.ravel(), known.values])
        people = np.concatenate([np.repeat(patients, X.shape[1]), known.patients])
        measured = np.isfinite(values)
        width = max(64, 2 * X.shape[1])
        found += rows.bag(values[measured], people[measured], files, width=width, few=few)
        figures |= {"rows_compared": len(X), "columns": X.shape[1]}
    found += [Found(one, "a block that cannot be read", 1, "attention") for one in inside.opaque]
    short = traces.too_short(known)
    if short:
        what = "identifiers in the record that are too short to look for"
        found.append(Found("record", what, short, "attention"))
    return _judged(subject, found, figures)


def _judged(subject: Subject, found: list[Found], figures: dict[str, int]) -> Check:
    status = of_findings(found)
    bad = sum(one.status == "fail" for one in found)
    if bad:
        reason = f"{bad} places hold what belongs to patients."
    elif subject.table is None:
        status, reason = ("attention", f"Words were searched, rows were not. {subject.why}")
    elif found:
        reason = "Nothing of a patient was found, but not everything could be looked into."
    else:
        reason = "Nothing of a patient was found."
    return Check(NAME, TITLE, status, reason, LIMIT, figures, found, BLIND)


def _design(subject: Subject) -> list[tuple[str, FloatArray]]:
    """Rows as a linear model's own columns, where the model has such."""
    from nof1.learn.design import Design

    assert subject.table is not None
    made = []
    for name in ("linear.json", "cox.json"):
        if name in subject.artefact.files:
            stored = json.loads(subject.artefact.files[name])
            if "design" in stored:
                columns = Design.from_dict(stored["design"]).columns(subject.table.data.X)
                half = columns.shape[1] // 2
                made.append(("as the linear model's columns", columns[:, :half]))
    return made
