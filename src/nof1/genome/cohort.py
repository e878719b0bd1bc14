"""Whose sample it is: names of samples, patients, sexes, and the day a result became known."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from nof1.core.errors import InputError
from nof1.record.events import TIME
from nof1.record.importers import Quarantined
from nof1.record.reading import safe_open

SAMPLES = "samples.csv"
STRANGERS = "samples that are no patient of the record so far (kept under their own name)"


@dataclass(frozen=True)
class People:
    """What is known about samples.

    Attributes
    ----------
    patients : sample -> patient; a sample that is not listed is a patient of its own name.
    reported : sample -> the day on which its result became known (UTC).
    sex_of : patient -> ``M`` or ``F``; patients with two different ones are left out.
    """

    patients: dict[str, str] = field(default_factory=dict)
    reported: dict[str, datetime] = field(default_factory=dict)
    sex_of: dict[str, str] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)

    def patient(self, sample: str) -> str:
        """The patient of a sample."""
        return self.patients.get(sample, sample)

    def sexes(self, samples: Sequence[str]) -> dict[str, str]:
        """Sample -> sex, where it is known."""
        pairs = ((sample, self.sex_of.get(self.patient(sample))) for sample in samples)
        return {sample: sex for sample, sex in pairs if sex is not None}

    def frame(self, samples: Sequence[str]) -> pl.DataFrame:
        """Rows of number (1-based, the place in the file), sample, patient, reported."""
        text = pl.String()
        kinds = pl.Schema({"number": pl.Int64(), "sample": text, "patient": text, "reported": TIME})
        return pl.DataFrame(
            {
                "number": range(1, len(samples) + 1),
                "sample": list(samples),
                "patient": [self.patient(sample) for sample in samples],
                "reported": [self.reported.get(sample) for sample in samples],
            },
            schema=kinds,
        )

    def notes(self, samples: Sequence[str]) -> dict[str, int]:
        """How many samples have no patient in the record, if the record has any."""
        if not self.sex_of:
            return {}
        strangers = sum(self.patient(sample) not in self.sex_of for sample in samples)
        return {STRANGERS: strangers} if strangers else {}


def people(folder: Path, genders: pl.DataFrame) -> People:
    """What ``samples.csv`` and the record say.

    Parameters
    ----------
    folder : where the file lies, if there is one.
    genders : rows of patient and code (``GENDER//F``).

    Raises
    ------
    InputError : the file has other columns, or is no text.
    """
    found = People(sex_of=_sexes(genders))
    path = folder / SAMPLES
    if path.is_file():
        _read(path, found)
    return found


def _sexes(genders: pl.DataFrame) -> dict[str, str]:
    codes: dict[str, set[str]] = {}
    for patient, code in genders.iter_rows():
        codes.setdefault(patient, set()).add(code.removeprefix("GENDER//"))
    return {patient: next(iter(sex)) for patient, sex in codes.items() if sex in ({"M"}, {"F"})}


def _read(path: Path, found: People) -> None:
    try:
        with safe_open(path, root=path.parent) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("This file is no UTF-8 text.", where=path.name) from None
    try:
        table = csv.DictReader(io.StringIO(text, newline=""))
        named = {"sample", "patient"} <= set(table.fieldnames or [])
        rows = list(table)
    except csv.Error:
        raise InputError("This is no table of comma-separated values.", where=path.name) from None
    if not named:
        raise InputError(
            "The columns are not those of a list of samples.",
            where=path.name,
            allowed="sample, patient and, if known, reported",
        )
    times = Counter(row["sample"] for row in rows)
    for number, row in enumerate(rows, 2):
        problem = _take(row, found, listed=times[row["sample"]])
        if problem:
            found.quarantined.append(Quarantined(path.name, number, problem))


def _take(row: dict[str, str], found: People, *, listed: int) -> str | None:
    """Take one row; returns why not."""
    sample, patient = row.get("sample"), row.get("patient")
    if not sample or not patient:
        return "no sample or no patient"
    if listed > 1:
        return "this sample is listed more than once"
    day = (row.get("reported") or "").strip()
    if day:
        try:
            found.reported[sample] = _utc(datetime.fromisoformat(day))
        except (ValueError, OverflowError):
            return "column reported: no date that can be read"
    found.patients[sample] = patient
    return None


def _utc(moment: datetime) -> datetime:
    """Without zone: UTC, or what the file says if it names none."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
