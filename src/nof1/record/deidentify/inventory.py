"""The files of an input, what each is, and a name for it that tells nothing.

Links are never followed, and hidden files are not read: both are refused by number. Names of files
and folders become pseudonyms unless they are words of a standard (``Patient.ndjson``,
``person.csv``) or stand in the settings file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nof1.core.errors import InputError
from nof1.record.deidentify.context import Context
from nof1.record.deidentify.dicom_file import looks_like_dicom
from nof1.record.deidentify.fhir_rules import resource_types
from nof1.record.deidentify.table_files import columns_of, is_table, stem
from nof1.record.deidentify.table_rules import OMOP_TABLES, VOCABULARY, omop_role
from nof1.record.deidentify.tables import Plan
from nof1.record.deidentify.tally import Refused
from nof1.record.importers import fhir_files

MOST = 2_000_000
TEXT = (".txt", ".text")
JSON = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")
PLAIN_FOLDERS = frozenset(
    ["data", "fhir", "dicom", "images", "notes", "text", "omop", "tables", "csv", "cdm", "bulk"]
)
Settings = Mapping[str, dict[str, str]]


@dataclass(frozen=True)
class Item:
    """One file of the input.

    Attributes
    ----------
    number : its place in the sorted list, from 1.
    kind : "fhir", "dicom", "table" or "text"; "unknown" where ``refused`` says why.
    parts : folders and name below the input.
    plan : for a table, what its columns are.
    """

    number: int
    path: Path
    kind: str
    parts: tuple[str, ...]
    refused: str = ""
    next_step: str = ""
    plan: Plan | None = None


def items(root: Path, settings: Settings) -> Iterator[Item]:
    """Every file below a folder (or the one file), in the order of their names.

    Raises
    ------
    InputError : there is nothing, or there are too many files.
    """
    if root.is_symlink() or not root.exists():
        raise InputError("There is no file or folder here.", where="the input")
    paths = [root] if root.is_file() else sorted(_below(root))
    if not paths:
        raise InputError("The folder holds no file.", where="the input")
    if len(paths) > MOST:
        raise InputError("Too many files.", where="the input", allowed=f"at most {MOST:,}")
    base = root.parent if root.is_file() else root
    omop = {path.parent for path in paths if is_table(path.name) and stem(path.name) == "person"}
    for number, path in enumerate(paths, 1):
        parts = path.relative_to(base).parts
        try:
            kind, plan = _kind(path, settings, path.parent in omop)
            yield Item(number, path, kind, parts, plan=plan)
        except Refused as why:
            yield Item(number, path, "unknown", parts, why.reason, why.next_step)


def _below(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        links = [name for name in names if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in (*files, *links))


def _kind(path: Path, settings: Settings, omop: bool) -> tuple[str, Plan | None]:
    if path.is_symlink():
        raise Refused("It is a link; links are not followed.", "Copy the file itself.")
    if not stat.S_ISREG(path.stat().st_mode):
        raise Refused("It is no regular file.")
    if path.name.startswith("."):
        raise Refused("It is a hidden file.")
    name = path.name.lower()
    try:
        with open(path, "rb") as stream:
            start = stream.read(4096)
    except OSError:
        raise Refused("It cannot be opened.") from None
    if looks_like_dicom(start):
        return "dicom", None
    if name in settings or (is_table(name) and omop):
        return "table", _plan(path, settings)
    if is_table(name):
        raise Refused(
            "It is a table that the settings file does not name.", "Name it in --tables FILE."
        )
    if name.endswith(JSON):
        if fhir_files.kind(path) == "fhir":
            return "fhir", None
        raise Refused("It is JSON, but no FHIR resource, or it is damaged.")
    if name.endswith(TEXT):
        return "text", None
    raise Refused("It is of a kind that is not de-identified here.")


def _plan(path: Path, settings: Settings) -> Plan:
    name = path.name.lower()
    table = stem(name)
    if name not in settings and table in VOCABULARY:
        raise Refused("It is a vocabulary table without patients.", "Copy it yourself.")
    if name not in settings and table not in OMOP_TABLES:
        raise Refused("It is no table of OMOP.", "Name it in --tables FILE, or leave it out.")
    columns = columns_of(path)
    if name in settings:
        wanted = settings[name]
        if not set(wanted) <= set(columns):
            raise Refused("A column of the settings file is not in the table.")
        return Plan(name, {c: wanted.get(c, "drop") for c in columns if c in wanted})
    roles = {column: role for column in columns if (role := omop_role(column))}
    return Plan(table, roles, omop=True)


def safe_parts(item: Item, context: Context) -> tuple[str, ...]:
    """Folders and name of the file in the output."""
    *folders, name = item.parts
    new = [_folder(folder, context) for folder in folders]
    return (*new, _name(item, name, context))


def _folder(name: str, context: Context) -> str:
    if name.lower() in PLAIN_FOLDERS:
        return name.lower()
    return context.keep("folder", name, context.key.letters("folder", name, 12))


def _name(item: Item, name: str, context: Context) -> str:
    whole = "/".join(item.parts)
    hidden = context.keep("file", whole, context.key.letters("file", whole, 16))
    if item.kind == "table" and item.plan is not None:
        return name.lower()
    if item.kind == "fhir":
        ending = next(e for e in sorted(JSON, key=len, reverse=True) if name.lower().endswith(e))
        first, _, rest = name[: -len(ending)].partition(".")
        standard = first in resource_types() and re.fullmatch(r"\d{0,6}", rest)
        return f"{first}{'.' if rest else ''}{rest}{ending}" if standard else f"{hidden}{ending}"
    return f"{hidden}.dcm" if item.kind == "dicom" else f"{hidden}.txt"
