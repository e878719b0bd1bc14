"""What a workspace holds about compounds: property models, stored answers, libraries.

    laboratory/NAME/VERSION/   models (``nof1 compounds train``)
    reports/NAME.json          answers: what ``predict`` and ``screen`` write with ``--page`` or
                               ``--json`` (nof1/compounds-page/1, -predict/1, -screen/1)
    libraries/NAME/            indexes (``nof1 compounds index --out``)

Answers come from files that somebody put there: a file that has not the form is told by its name
and not shown.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nof1.core import artefacts
from nof1.core.errors import InputError, ModelError, Nof1Error
from nof1.web.site.house import House
from nof1.web.site.page import Missing

if TYPE_CHECKING:
    from nof1.medicines.library.index import Library
    from nof1.medicines.properties.model import PropertyModel

PAGE, PREDICT = "nof1/compounds-page/1", "nof1/compounds-predict/1"
SCREEN = "nof1/compounds-screen/1"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
ID = re.compile(r"[A-Za-z0-9_-]{1,1400}")
MOST_BYTES, MOST_FILES = 64 * 2**20, 500
LONGEST = 1_000  # characters of a SMILES on a page
MOST_ROWS = 1_000


@dataclass(frozen=True)
class Stored:
    """A model as it is stored: its card, and the version that is shown (the newest)."""

    name: str
    version: int
    card: Mapping[str, Any]


@dataclass(frozen=True)
class Answers:
    """Answers about compounds from one file.

    Attributes
    ----------
    kind : predictions or screen. title : what was asked. model : (name, version), if a model did.
    labels : name -> regression or classification. rows : as ``_of_prediction`` makes them.
    left : how many compounds of the file are not among the rows.
    """

    name: str
    kind: str
    title: str
    rows: Sequence[dict[str, Any]]
    labels: Mapping[str, str]
    model: tuple[str, int] | None = None
    left: int = 0
    note: str = ""


def models(house: House) -> tuple[list[Stored], list[str]]:
    """The newest version of every property model, and what is wrong with those left out."""
    found, wrong = [], []
    root = house.workspace.laboratory
    for name in artefacts.names(root):
        try:
            one = stored(house, name)
        except Nof1Error as error:
            wrong.append(f"{name}: {error.message}")
            continue
        if one is not None:
            found.append(one)
    return found, wrong


def stored(house: House, name: str) -> Stored | None:
    """The newest version of a model; None when it is none of properties of compounds."""
    root = house.workspace.laboratory
    version = max(artefacts.versions(root, name), default=0)
    if not version:
        return None
    return house.kept(("compound card", name), lambda: _card(root, name, version),
                      _mark(root / name / str(version)))  # fmt: skip


def _card(root: Path, name: str, version: int) -> Stored | None:
    found = artefacts.load(root, name, version)
    if "property.json" not in found.files:
        return None
    return Stored(name, version, found.json("card.json"))


def property_model(house: House, name: str) -> PropertyModel:
    """A model, ready to be asked.

    Raises
    ------
    Missing : there is none of this name. ModelError : its files were changed.
    """
    from nof1.medicines.properties.model import PropertyModel

    root = house.workspace.laboratory
    try:
        known = stored(house, name)
    except ModelError:
        known = None
    if known is None:
        raise Missing("There is no property model of this name.", "See the list of models.")
    return house.kept(
        ("compound model", name),
        lambda: PropertyModel.read(artefacts.load(root, name, known.version)),
        _mark(root / name / str(known.version)),
    )


def _mark(folder: Path) -> tuple[str, int]:
    """Tells one state of a folder from another."""
    manifest = folder / artefacts.MANIFEST
    return folder.name, manifest.stat().st_mtime_ns if manifest.exists() else 0


# answers ------------------------------------------------------------------------------------------


def files(house: House) -> list[Path]:
    """Files that may hold answers about compounds, newest first."""
    folder = house.workspace.reports
    if not folder.is_dir():
        return []
    found = [one for one in folder.glob("*.json") if NAME.fullmatch(one.stem) and one.is_file()]
    found.sort(key=lambda one: (-one.stat().st_mtime_ns, one.name))
    return [one for one in found[:MOST_FILES] if _schema(one) in (PAGE, PREDICT, SCREEN)]


class _Head(msgspec.Struct):
    schema: str = ""


def _schema(path: Path) -> str:
    size = path.stat()
    return _schema_of(path, size.st_mtime_ns, size.st_size)


@lru_cache(maxsize=2 * MOST_FILES)
def _schema_of(path: Path, changed: int, size: int) -> str:
    """The schema that a file names; "" for a file that is no such JSON, or too large."""
    if size > MOST_BYTES:
        return ""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Head).schema
    except (msgspec.DecodeError, OSError, UnicodeDecodeError):
        return ""


def read(path: Path) -> Answers:
    """The answers of a file.

    Raises
    ------
    InputError : it has not the form.
    """
    try:
        data = msgspec.json.decode(path.read_bytes())
        if data["schema"] == SCREEN:
            return _screen(path.stem, data)
        if data["schema"] == PREDICT:
            return _predictions(path.stem, data)
        if data["asked"] is None:
            raise _unread(path)
        return _predictions(path.stem, {**data["asked"], "schema": PREDICT})
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise _unread(path) from None


def _unread(path: Path) -> InputError:
    return InputError(
        "The file holds no answers about compounds.", where=path.name,
        next_step="Make it again with: nof1 compounds predict MODEL FILE --json",
    )  # fmt: skip


def _predictions(name: str, data: Mapping[str, Any]) -> Answers:
    labels = {str(one["name"]): str(one["kind"]) for one in data["labels"]}
    rows = [_of_prediction(one, labels) for one in data["predictions"][:MOST_ROWS]]
    counts = data["counts"]
    model = (str(data["model"]["name"]), int(data["model"]["version"]))
    left = int(counts["predicted"]) + int(counts["withheld"]) - len(rows)
    note = f"{int(counts['unusable']):,} rows could not be used." if counts["unusable"] else ""
    title = f"Predictions of {model[0]}"
    return Answers(name, "predictions", title, rows, labels, model, max(left, 0), note)


def _of_prediction(one: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    smiles, domain = str(one["smiles"]), one["domain"]
    return {
        "id": identifier(smiles), "name": f"row {int(one['row'])}", "smiles": smiles,
        "zone": str(domain["zone"]), "similarity": float(domain["similarity"]),
        "nearest": domain.get("neighbour"), "known": bool(domain.get("in_training")),
        "answers": {label: answer(one["answers"][label], kind) for label, kind in labels.items()},
    }  # fmt: skip


def answer(one: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """One label's answer: value and limits, or why there is none."""
    if one["value"] is None:
        return {"value": None, "low": None, "high": None, "classes": None,
                "withheld": str(one.get("withheld") or "no reason is told")}  # fmt: skip
    made: dict[str, Any] = {"value": float(one["value"]), "low": None, "high": None,
                            "classes": None, "withheld": None}  # fmt: skip
    if kind == "regression":
        return made | {"low": float(one["low"]), "high": float(one["high"])}
    return made | {"classes": [int(each) for each in one["classes"]]}


def _screen(name: str, data: Mapping[str, Any]) -> Answers:
    rows = []
    for one in data["picks"][:MOST_ROWS]:
        smiles = str(one["smiles"])
        rows.append({
            "id": identifier(smiles), "name": str(one["id"]), "smiles": smiles, "zone": "",
            "similarity": float(one["similarity"]), "nearest": one.get("nearest_active"),
            "known": False, "answers": {},
        })  # fmt: skip
    note = "" if data["status"] == "found" else f"The ranking is withheld. {data['reason']}"
    return Answers(name, "screen", f"Screen for {data['target']}", rows, {}, None, 0, note)


# libraries ----------------------------------------------------------------------------------------


def libraries(house: House) -> list[Path]:
    """Folders of libraries."""
    folder = house.workspace.root / "libraries"
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if one.is_dir() and NAME.fullmatch(one.name))


def library(house: House, name: str) -> Library:
    """A library of the workspace, opened.

    Raises
    ------
    Missing : there is none of this name. InputError : it is unfinished or damaged.
    """
    from nof1.medicines.library.index import open_library

    for one in libraries(house):
        if one.name == name:
            return open_library(one)
    raise Missing("There is no library of this name.", "See the list of libraries.")


# names of compounds -------------------------------------------------------------------------------


def identifier(smiles: str) -> str:
    """A compound's name in addresses: its SMILES in letters that need no quoting.

    >>> identifier("CCO")
    'Q0NP'
    """
    return base64.urlsafe_b64encode(smiles.encode()).decode().rstrip("=")


def smiles_of(name: str) -> str:
    """The SMILES behind a name in addresses.

    Raises
    ------
    Missing : it is none.
    """
    gone = Missing("There is no compound at this address.", "Ask about its SMILES.")
    if not ID.fullmatch(name):
        raise gone
    try:
        text = base64.b64decode(name + "=" * (-len(name) % 4), b"-_", validate=True).decode("ascii")
    except ValueError:
        raise gone from None
    if not text or len(text) > LONGEST or not text.isprintable() or identifier(text) != name:
        raise gone
    return text
