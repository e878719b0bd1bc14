"""The action table of the DICOM basic profile, and what it means for an element.

``dicom_actions.tsv`` lists the 656 rows of table E.1-1 of PS3.15 as of edition 2026c, with the
columns of three options (editions up to 2024): modified dates, patient characteristics, clean
descriptors. Rows of ``newer`` editions have no options here, so their base action is taken.

X remove, Z empty, D a value that says nothing, U a UID that stands for another, K keep, C clean. Of
a choice such as X/Z/D the last is taken: an element that an object must have stays valid.

Source: DICOM PS3.15 annex E; PS3.5 6.2 (value representations).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nof1.core.errors import InputError

FILE = "dicom_actions.tsv"
ROWS = 656  # a table that lost rows must not let anything through
ACTIONS = {
    "X": "X",
    "Z": "Z",
    "D": "D",
    "U": "U",
    "X/Z": "Z",
    "X/D": "D",
    "Z/D": "D",
    "X/Z/D": "D",
    "X/Z/U*": "R",  # a sequence whose items hold UIDs: go into it
}
KEPT_CHARACTERISTICS = frozenset({0x00100040, 0x00101010, 0x00101020, 0x00101030})
IDENTIFIERS = frozenset({0x00100020, 0x00080050})  # record and accession number: pseudonyms
PATIENT_NAME = 0x00100010
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
BINARY = PIXELS | {
    *(0x7FE00001, 0x7FE00002),  # offsets of frames
}
LOOKUP_TABLES = {  # data -> descriptor, whose first number is how many entries there are
    0x00281201: 0x00281101,
    0x00281202: 0x00281102,
    0x00281203: 0x00281103,
    0x00283006: 0x00283002,
}
CODE_VALUE, CODE_SCHEME, CODE_MEANING = 0x00080100, 0x00080102, 0x00080104
CODE_SCHEMES = frozenset(
    {"DCM", "SCT", "SRT", "SNM3", "99SDM", "LN", "UCUM", "RADLEX", "UMLS", "FMA", "NCIt", "I10"}
)


@dataclass(frozen=True)
class Row:
    """One row: what is done to an element by the profile and by the options.

    ``action`` is X, Z, D, U or R (go into the sequence); ``dates`` and ``descriptors`` say whether
    the option for modified dates or for clean descriptors has something to say about it.
    """

    name: str
    action: str
    dates: bool
    descriptors: bool


@cache
def table() -> dict[int, Row]:
    """Tag -> row; curves, overlays and private elements are handled by their groups.

    Raises
    ------
    InputError : the table is missing, short or holds an unknown action.
    """
    try:
        text = files("nof1.record.deidentify").joinpath(FILE).read_text(encoding="utf-8")
    except OSError:
        text = ""
    return parsed(text)


def parsed(text: str) -> dict[int, Row]:
    """The table of a text.

    Raises
    ------
    InputError : it has not its number of rows, or holds an unknown action.
    """
    lines = [line.split("\t") for line in text.splitlines()[1:]]
    if len(lines) != ROWS or any(len(line) < 7 or line[2] not in ACTIONS for line in lines):
        raise InputError(
            "The table of DICOM actions is damaged.",
            where=FILE,
            allowed=f"{ROWS} rows",
            next_step="Install nof1 again.",
        )
    return {
        int(tag, 16): Row(name, ACTIONS[action], dates == "C", descriptors == "C")
        for tag, name, action, dates, _, descriptors, *_ in lines
        if "xx" not in tag and tag != "private"
    }


@cache
def terms() -> frozenset[str]:
    """Coded words of the standard that may stay in code strings; others are not trusted.

    Source: defined terms of PS3.3 and body parts of PS3.16 annex L.
    """
    place = files("nof1.record.deidentify").joinpath("dicom_terms.txt")
    return frozenset(place.read_text(encoding="utf-8").split())


def group_action(tag: int) -> str | None:
    """Groups that go as a whole: private, command, file meta, curves, overlays; None for others."""
    group = tag >> 16
    if group % 2:
        return "private element"
    if group < 0x0008:
        return "element of a command or of the file's header"
    if 0x5000 <= group <= 0x50FF:
        return "curve"
    if 0x6000 <= group <= 0x60FF:
        return "overlay"
    return "group length" if tag & 0xFFFF == 0 else None
