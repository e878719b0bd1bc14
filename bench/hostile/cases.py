"""What a hostile case is, and the doors of nof1 at which files are handed in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """The folders of one case, and the two things that must never come out of it.

    Attributes
    ----------
    trap : a file that appears only when something in the input was executed.
    canary : a text that stands in the input as a patient's value, and nowhere else.
    """

    root: Path
    trap: Path
    canary: str
    seed: int

    @property
    def given(self) -> Path:
        """Folder of what is handed in."""
        return self.root / "in"

    @property
    def workspace(self) -> Path:
        """The workspace that the command runs in."""
        return self.root / "ws"

    @property
    def out(self) -> Path:
        """Folder of what the command was asked to write."""
        return self.root / "out"

    @property
    def chance(self) -> random.Random:
        """Random numbers that belong to this case."""
        return random.Random(self.seed)


Build = Callable[[Place], Path]
Words = Callable[[Place, Path], list[str]]


@dataclass(frozen=True)
class Case:
    """One hostile input at one door.

    Attributes
    ----------
    family : line of the table. build : writes the input and names it. words : the command.
    """

    family: str
    name: str
    build: Build
    words: Words


def door(text: str, named: str = "") -> Words:
    """A command with a workspace; «{}» is where the file stands, «{out}» a file to write.

    Parameters
    ----------
    named : lines of a file «side» that the command is given as «{side}».
    """

    def words(place: Place, path: Path) -> list[str]:
        side = place.root / "side.yaml"
        if named:
            side.write_text(named, encoding="utf-8")
        filled = text.replace("{side}", str(side)).replace("{out}", str(place.out / "made"))
        filled = filled.replace("{ws}", str(place.workspace)).replace(
            "{key}", str(place.root / "key")
        )
        return [str(path) if one == "{}" else one for one in filled.split()]

    return words


TASK = (
    "name: t\nkind: binary\ncode_sets: {a: [X//1], b: [X//2]}\nindex: {of: a}\n"
    "outcome: {of: b}\ntime_at_risk: {end_days: 30}\n"
)
PICTURES = (
    "name: t\npictures: {npz: a.npz, array: {train: a, test: b}}\n"
    "findings:\n  - {name: pneumonia, column: {train: c, test: d}, present: [1], absent: [0]}\n"
    "split: {arrays: true}\n"
)
MAPPED = door(
    "ingest {} --mapping {side} -w {ws}",
    "schema: nof1/mapping/1\ntables:\n  - file: a.csv\n    patient: patient\n"
    '    events:\n      - {code: "{code}", time: time, value: value}\n',
)
# Doors by what they take; each is the command that a user would type.
DOORS = {
    "ingest": door("ingest {} -w {ws}"),
    "advise": door("advise --bundle {} -w {ws}"),
    "genome call": door("genome call {} -w {ws}"),
    "genome score": door("genome score {} {} -w {ws}"),
    "genome outside": door("genome call {} --outside {} -w {ws}"),
    "imaging read": door("imaging read {} -w {ws}"),
    "imaging convert": door("imaging convert {} --out {out}.safetensors --opt-in"),
    "imaging adopt": door("imaging adopt {} {side} -w {ws} --output pneumonia=0", PICTURES),
    "imaging audit": door("imaging audit {}"),
    "imaging train": door("imaging train {} -w {ws}"),
    "train": door("train {} -w {ws}"),
    "compounds train": door("compounds train {} --label y -w {ws}"),
    "compounds index": door("compounds index {} --out {out}"),
    "surveillance import": door("surveillance import {} --signal flu -w {ws}"),
    "surveillance score": door("surveillance score {} --truth {} -w {ws}"),
    "surveillance validate": door("surveillance validate {} -w {ws}"),
    "knowledge import": door("knowledge import {} --published 2026-05-05 -w {ws}"),
    "response train": door(
        "medicines response train x --response {} --annotations {} --omics {} --unit nM -w {ws}"
    ),
    "federation join": door("federation join {} -w {ws}"),
    "privacy deidentify": door("privacy deidentify {} {out} --key {key}"),
}
NOT_FOLDERS = ("train", "imaging train", "compounds train", "compounds index", "advise",
               "federation join", "response train", "genome score", "genome outside")  # fmt: skip


def at(family: str, name: str, build: Build, *doors: str) -> Iterator[Case]:
    """The same input at several doors."""
    for one in doors:
        yield Case(family, f"{name} at {one}", build, DOORS[one])
