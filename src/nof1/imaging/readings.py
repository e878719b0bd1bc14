"""Readings: what a model said about a patient's pictures, as a file that ``nof1 ingest`` takes.

One JSON line for each finding: the patient, when the picture was taken, and the finding as it was
told. In the record it becomes one event ``IMAGE//<finding>`` whose number is the probability, so
that a picture's answer is a column for ``nof1 train`` and a finding for ``nof1 advise``. A withheld
answer is an event without a number. Pixels never enter the record.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from nof1.core.finding import Finding, utc

SCHEMA: Literal["nof1/imaging-reading/1"] = "nof1/imaging-reading/1"
PREFIX = "IMAGE//"


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finding about one picture of one patient.

    Attributes
    ----------
    patient : the source's identifier.
    taken : when the picture was taken, UTC; nothing may use it before.
    picture : SHA-256 of the picture's file (hex).
    sources : names of its files.
    finding : what was told; its ``as_of`` is the moment of reading.
    """

    patient: str
    taken: datetime
    picture: str
    sources: tuple[str, ...]
    finding: Finding
    schema: Literal["nof1/imaging-reading/1"] = SCHEMA

    @property
    def record(self) -> str:
        """Key of the answer: the same model asked again about the same picture replaces it."""
        basis = self.finding.basis
        return f"{self.picture[:16]}/{basis.id}/{self.finding.what.code}"


def append(path: Path, readings: Iterable[Reading]) -> int:
    """Add readings to a file; returns how many lines were added."""
    lines = [msgspec.json.encode(_plain(one)) + b"\n" for one in readings]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as target:
        target.writelines(lines)
    return len(lines)


def decode(line: bytes) -> Reading:
    """One line of a file of readings.

    Raises
    ------
    msgspec.DecodeError, msgspec.ValidationError, InputError : it is none.
    """
    return msgspec.json.decode(line, type=Reading)


def naive(time: datetime) -> datetime:
    """A time as the event table holds it: UTC without a zone."""
    return utc(time).replace(tzinfo=None)


def _plain(reading: Reading) -> dict[str, object]:
    """The JSON form with unset fields of the finding left out."""
    return {**msgspec.to_builtins(reading), "finding": reading.finding.to_dict()}
