"""Does the folder hold anything that is one site's alone, and must not be sent with the model?

Three things are: the file of the site's own figures, the line about them on its card, and a version
that was recalibrated on the site's own patients, which is that site's as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from nof1.federation.egress.subject import Subject
from nof1.federation.egress.verdict import Check, Found, of_findings
from nof1.federation.recalibrating import ALONE, WHERE

MARK, LEAD = b'"stays_here"', 200  # what marks a file that is not to be sent, and how far in
OWN = "own_patients"


def check(subject: Subject) -> Check:
    """What must stay here: ``fail`` when it is the model itself, ``attention`` for what lies by."""
    found = list(_found(subject))
    reason = "Nothing in it is of this site alone."
    if found:
        reason = "Some of it is of this site alone: leave that here when the model goes."
    if any(one.status == "fail" for one in found):
        reason = (
            "This version was recalibrated on this site's own patients and must not leave it; send "
            "the shared version (--version)."
        )
    return Check(
        "stays_here", "Is anything in it of this site alone?", of_findings(found), reason,
        "No version of one site's own; own figures are named, so that they are left out.",
        {}, found,
        ("A copy of a site's own figures in another place: this looks for their marks.",),
    )  # fmt: skip


def _found(subject: Subject) -> Iterator[Found]:
    limits = subject.card.get("limits")
    told = isinstance(limits, list) and ALONE in limits
    if told or (subject.model is not None and WHERE in subject.model.validated_in):
        yield Found("model.json", "a version for this site alone: it must not leave")
    for name, raw in subject.artefact.files.items():
        if MARK in raw[:LEAD]:
            what = "this file is of one site alone: leave it here"
            yield Found(name, what, 1, "attention")
    if OWN in subject.card:
        what = "a line about this site's own patients: leave the cards here, or take it out"
        yield Found(f"card.json and card.md, {OWN}", what, 1, "attention")
