"""Whether files that are said to be de-identified are: the second look, on its own.

Patterns, elements outside the allow-list, private elements and the table's elements are looked for
in any files. With the original input, its patients' identifiers are looked for too.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from nof1.record.deidentify import dicom_file, fhir, formats
from nof1.record.deidentify.context import Choices, Context
from nof1.record.deidentify.inventory import Item, Settings, items
from nof1.record.deidentify.key import Key
from nof1.record.deidentify.residual import Residual, total
from nof1.record.deidentify.run import REPORT_NAME
from nof1.record.deidentify.tally import Refused
from nof1.record.importers import fhir_files

SCHEMA = "nof1/privacy-check/1"
LISTED = 20
_NOT_SAID = "header that does not say that the patient's identity was removed"


@dataclass(frozen=True)
class Checked:
    """What was found: file number -> kind of finding -> how often; and files not checked."""

    files: int
    patients: int
    found: dict[int, Counter[str]]
    not_checked: dict[int, str]

    @property
    def clean(self) -> bool:
        """Whether there were files, every one was checked, and nothing was found."""
        return self.files > 0 and not self.found and not self.not_checked

    def to_dict(self) -> dict[str, Any]:
        """The JSON object."""
        return {
            "schema": SCHEMA,
            "clean": self.clean,
            "files": self.files,
            "patients_looked_for": self.patients,
            "found": [{"file": n, "findings": dict(f)} for n, f in sorted(self.found.items())],
            "not_checked": [{"file": n, "reason": r} for n, r in sorted(self.not_checked.items())],
        }

    def text(self) -> str:
        """The same at 80 columns."""
        if not self.files:
            return "0 files: there was nothing to look at."
        head = f"{self.files:,} files, {self.patients:,} patients looked for: "
        bad = f"{len(self.found):,} files with findings, {len(self.not_checked):,} not checked"
        lines = [head + ("nothing found" if self.clean else bad)]
        for name, count in total(self.found.values()).most_common(LISTED):
            lines.append(f"  {count:>9,}  {name}")
        told = [f"file {n}: {f.total():,} findings" for n, f in sorted(self.found.items())]
        told += [f"file {n}: {reason}" for n, reason in sorted(self.not_checked.items())]
        for one in told[:LISTED]:
            lines += textwrap.wrap(one, 80, initial_indent="  ", subsequent_indent="    ")
        if len(told) > LISTED:
            lines.append(f"  ... and {len(told) - LISTED:,} more (all with --json)")
        return "\n".join(lines)


def check(
    path: Path,
    *,
    against: Path | None = None,
    key: Key | None = None,
    settings: Settings | None = None,
) -> Checked:
    """Look for identifiers in files.

    Parameters
    ----------
    against : the original input, whose patients' identifiers are looked for.
    key : the key of the run; with it each patient's single names are looked for in his or her
        records, not only whole names and numbers.
    """
    context = Context(key or Key(b"\0" * 32), Choices())
    if against is not None:
        for item in items(against, settings or {}):
            if not item.refused:
                _gather(item, context)
    residual, found, not_checked, count = Residual(context), {}, {}, 0
    for item in items(path, settings or {}):
        if item.parts == (REPORT_NAME,):
            continue
        count += 1
        if item.refused:
            not_checked[item.number] = item.refused
            continue
        hits = residual.hits(item.path, item) + _form(item, context)
        if hits:
            found[item.number] = hits
    return Checked(count, len(list(context.register.people())), found, not_checked)


def _gather(item: Item, context: Context) -> None:
    try:
        formats.gather(item, context)
    except Refused:
        return  # a damaged file of the input names nobody; it is not in the output either


def _form(item: Item, context: Context) -> Counter[str]:
    """What the form of a file gives away: unlisted elements, a header that says nothing."""
    found: Counter[str] = Counter()
    try:
        if item.kind == "dicom":
            dataset = dicom_file.read(item.path.read_bytes(), pixels=False)
            found[_NOT_SAID] += int(dataset.get("PatientIdentityRemoved") != "YES")
        elif item.kind == "fhir":
            scratch = context.beside()
            for document in fhir_files.documents(item.path):
                fhir.deidentified(msgspec.json.decode(document.raw), scratch)
            for place, count in scratch.tally.dropped.items():
                if "not in the list" in place or place in UNLISTED:
                    found[f"FHIR: {place}"] += count
    except (Refused, msgspec.DecodeError, RecursionError):
        found["a file that cannot be read"] += 1
    return +found


UNLISTED = frozenset(
    f"{kind}.{name}"
    for kind in ("Patient", "Practitioner", "RelatedPerson", "Organization", "Location")
    for name in ("name", "telecom", "photo", "contact", "text")
)
