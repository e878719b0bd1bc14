"""What a run did, for a person and for a program: counts and reasons, never a value."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nof1.record.deidentify.anonymity import Anonymity
from nof1.record.deidentify.tally import Refusal, Tally

SCHEMA = "nof1/privacy-deidentify/1"
WIDTH = 80
LISTED = 20
PURPOSE = "Research and education use; not a legal opinion, and no proof of anonymity."


@dataclass(frozen=True)
class Report:
    """The report of one run.

    Attributes
    ----------
    files, written : files of the input, and files in the output, by kind.
    refused : files that were not let through, and why.
    taken_out : files that were written and taken out again, and what was found in them.
    residual : what the second look found, over all files.
    patients, too_short : patients known, and identifiers too short to be looked for.
    """

    as_of: date
    files: Mapping[str, int]
    written: Mapping[str, int]
    patients: int
    tally: Tally
    refused: tuple[Refusal, ...]
    taken_out: tuple[Refusal, ...]
    residual: Counter[str] = field(default_factory=Counter)
    anonymity: Anonymity | None = None
    too_short: int = 0
    free_text: str = "drop"

    @property
    def clean(self) -> bool:
        """Whether every file is in the output."""
        return not self.refused and not self.taken_out

    def to_dict(self) -> dict[str, Any]:
        """The JSON object."""
        return {
            "schema": SCHEMA,
            "clean": self.clean,
            "as_of": self.as_of.isoformat(),
            "free_text": self.free_text,
            "files": dict(self.files),
            "written": dict(self.written),
            "patients": self.patients,
            "actions": dict(sorted(self.tally.actions.items())),
            "dropped": dict(sorted(self.tally.dropped.items())),
            "refused": [one.to_dict() for one in self.refused],
            "taken_out": [one.to_dict() for one in self.taken_out],
            "residual_scan": dict(sorted(self.residual.items())),
            "identifiers_too_short_to_look_for": self.too_short,
            "anonymity": self.anonymity.to_dict() if self.anonymity else None,
            "purpose": PURPOSE,
        }

    def text(self) -> str:
        """The report at 80 columns."""
        written, files = sum(self.written.values()), sum(self.files.values())
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.written.items()))
        lines = [f"{written:,} of {files:,} files written" + (f" ({kinds})" if kinds else "")]
        if self.patients:
            people = "patient" if self.patients == 1 else "patients"
            told = f"{self.patients:,} {people} known; each one's dates moved by a secret shift"
            lines.append(told)
        for title, found in (
            ("Actions", self.tally.actions),
            ("Dropped, most frequent first", self.tally.dropped),
        ):
            lines += ["", title, *_counts(found)] if found else []
        lines += self._not_written()
        looked = ["  nothing found"] if written else ["  no file was written: nothing to look at"]
        lines += ["", "Second look", *(_counts(self.residual) or looked)]
        lines += self._short() + self._groups() + ["", PURPOSE]
        return "\n".join(lines)

    def _not_written(self) -> list[str]:
        lines = []
        for title, found in (("Refused", self.refused), ("TAKEN OUT AGAIN", self.taken_out)):
            if not found:
                continue
            lines += ["", f"{title}: {len(found):,} files (number in the sorted list of the input)"]
            for one in found[:LISTED]:
                told = f"{one.file:,} ({one.kind}): {one.reason} {one.next_step}".strip()
                lines += _wrapped(told)
            if len(found) > LISTED:
                lines.append(f"  ... and {len(found) - LISTED:,} more (all with --json)")
        return lines

    def _short(self) -> list[str]:
        if not self.too_short:
            return []
        told = f"{self.too_short:,} identifiers have fewer than 4 signs and were not looked for."
        return _wrapped(told)

    def _groups(self) -> list[str]:
        one = self.anonymity
        if one is None:
            return []
        lines = ["", f"Patients alike in {', '.join(one.quasi)}"]
        told = (
            f"k = {one.k}: {one.unique:,} of {one.patients:,} patients are alone in their group, "
        )
        told += f"{one.in_small:,} are in groups below 5."
        if one.l_diversity is not None:
            told += f" l = {one.l_diversity} ({one.sensitive})."
        return lines + _wrapped(told)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _counts(counts: Mapping[str, int]) -> list[str]:
    lines = []
    rows = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    for name, count in rows[:LISTED]:
        lines += [f"  {count:>11,}  {line}" for line in [name[: WIDTH - 15]]]
    if len(rows) > LISTED:
        lines.append(f"  ... and {len(rows) - LISTED:,} more (all with --json)")
    return lines
