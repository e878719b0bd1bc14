"""The task of an imaging model: one YAML file that says which pictures, labels, patients and split.

``docs/imaging-training.md`` explains each key. Every error names file, line and column, what is
allowed there, and the closest match. Paths are relative to the task file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from nof1.core import yaml_lines
from nof1.core.yaml_lines import Node

_KEYS = (
    *("name", "description", "pictures", "table", "findings", "kinds", "patient", "split"),
    *("subgroups", "population", "network", "training"),
)
NETWORKS = ("residual", "densenet121", "resnet18")
PRECISIONS = ("measure", "float32", "bfloat16")
SIDES = ("train", "test")
OF_PATIENT = {"age": "age_years", "sex": "sex", "view": "view"}
EVERYWHERE = ("modality", "body_part")
MAX_SEEDS = 20


@dataclass(frozen=True)
class Column:
    """Where a value of each picture stands: one name, or one for each side of a split npz file."""

    name: str
    test_name: str | None = None


@dataclass(frozen=True)
class Pictures:
    """``npz`` with an array of squares or films, or ``csv`` with a column of file names."""

    path: Path
    column: Column
    is_table: bool


@dataclass(frozen=True)
class Table:
    """A CSV file with one row for each picture, joined to an npz file by the picture's name."""

    path: Path
    key: str
    name: str


@dataclass(frozen=True)
class Finding:
    """One class.

    Attributes
    ----------
    present, absent : texts that mean yes and no; without ``absent`` every other text means no.
        What is in neither, or empty, is "not known".
    separator : what stands between several texts in one cell.
    """

    name: str
    column: Column
    present: tuple[str, ...]
    absent: tuple[str, ...] = ()
    separator: str | None = None


@dataclass(frozen=True)
class Kinds:
    """Exactly one of several classes: ``values`` of ``column``."""

    column: Column
    values: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """Which pictures are for training and which for testing.

    Attributes
    ----------
    way : ``arrays`` (the npz file says), ``column``, ``share`` (of the patients) or ``folds``.
    """

    way: str
    column: Column | None = None
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    share: float = 0.25
    folds: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Subgroup:
    """A column of the subgroup table; with ``limits`` numbers are put into bands."""

    name: str
    column: Column
    limits: tuple[float, ...] = ()


@dataclass(frozen=True)
class ImagingTask:
    """One imaging model to train.

    Attributes
    ----------
    findings, kinds : one of the two.
    population : word of the header (``age_years``, ``sex``, ``view``) -> column that says it.
    everywhere : word of the header (``modality``, ``body_part``) -> text that holds for all.
    patient : column of the patient; None: nobody knows, and the card says so.
    network, training : settings that differ from the usual ones, by name.
    """

    name: str
    pictures: Pictures
    split: Split
    description: str = ""
    table: Table | None = None
    findings: tuple[Finding, ...] = ()
    kinds: Kinds | None = None
    patient: Column | None = None
    subgroups: tuple[Subgroup, ...] = ()
    population: dict[str, Column] = field(default_factory=dict)
    everywhere: dict[str, str] = field(default_factory=dict)
    size: int = 128
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    network: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    augmentation: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> ImagingTask:
        """Read a task file.

        Raises
        ------
        InputError : naming file, line and column of what is wrong.
        """
        return read_task(yaml_lines.load(path), Path(path).parent)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        if self.kinds:
            return self.kinds.values
        return tuple(one.name for one in self.findings)

    def columns(self) -> tuple[Column, ...]:
        """Every column the task reads, the pictures' own excepted."""
        named = [one.column for one in self.findings]
        named += [one.column for one in self.subgroups]
        named += list(self.population.values())
        named += [one for one in (self.patient, self.split.column) if one]
        return tuple(dict.fromkeys([*named, *([self.kinds.column] if self.kinds else [])]))


def read_task(root: Node, folder: Path) -> ImagingTask:
    """Turn the nodes of a task file into a task; ``folder`` is where it lies.

    Raises
    ------
    InputError : naming file, line and column of what is wrong.
    """
    parts = root.mapping(_KEYS, ("name", "pictures", "split"))
    if ("findings" in parts) == ("kinds" in parts):
        root.refuse(
            "The task needs `findings` (each yes or no) or `kinds` (exactly one is right).",
            allowed=["findings", "kinds"],
        )
    pictures = _pictures(parts["pictures"], folder)
    found: dict[str, Any] = {"name": _name(parts["name"]), "pictures": pictures}
    found["split"] = _split(parts["split"], pictures)
    readers = {
        "description": Node.text,
        "table": lambda node: _table(node, folder),
        "findings": _findings,
        "kinds": _kinds,
        "patient": _column,
        "subgroups": lambda node: tuple(_subgroup(one) for one in node.items()),
        "network": _network,
    }
    found |= {key: read(parts[key]) for key, read in readers.items() if key in parts}
    if "population" in parts:
        found |= _population(parts["population"])
    if "training" in parts:
        found |= _training(parts["training"])
    return ImagingTask(**found)


def _name(node: Node) -> str:
    name = node.text()
    if not (name[0].isalnum() and all(sign.isalnum() or sign in "-_." for sign in name)):
        node.refuse(f"{name!r} cannot be a name.", allowed="letters, digits, - _ .")
    return name


def _column(node: Node) -> Column:
    if isinstance(node.value, dict):
        parts = node.mapping(SIDES, SIDES)
        return Column(parts["train"].text(), parts["test"].text())
    return Column(node.text())


def _texts(node: Node) -> tuple[str, ...]:
    """Texts or whole numbers, as texts; so that 0 and 1 need no quotes."""
    found = []
    for one in node.items():
        whole = isinstance(one.value, int) and not isinstance(one.value, bool)
        found.append(str(one.value) if whole else one.text())
    return tuple(found)


def _pictures(node: Node, folder: Path) -> Pictures:
    parts = node.mapping(("npz", "array", "csv", "file"))
    if {"npz", "array"} == set(parts):
        return Pictures(folder / parts["npz"].text(), _column(parts["array"]), False)
    if {"csv", "file"} == set(parts):
        return Pictures(folder / parts["csv"].text(), Column(parts["file"].text()), True)
    node.refuse("The pictures need two keys.", allowed="npz and array, or csv and file")


def _table(node: Node, folder: Path) -> Table:
    keys = ("csv", "key", "name")
    parts = node.mapping(keys, keys)
    return Table(folder / parts["csv"].text(), parts["key"].text(), parts["name"].text())


def _findings(node: Node) -> tuple[Finding, ...]:
    found = tuple(_finding(one) for one in node.items())
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        node.refuse("Two findings have the same name.")
    return found


def _finding(node: Node) -> Finding:
    parts = node.mapping(
        ("name", "column", "present", "absent", "separator"), ("name", "column", "present")
    )
    present = _texts(parts["present"])
    absent: tuple[str, ...] = ()
    if "absent" in parts:
        absent = _texts(parts["absent"])
        both = set(present) & set(absent)
        if both:
            parts["absent"].refuse(f"{sorted(both)[0]!r} means both yes and no.")
    separator = parts["separator"].text() if "separator" in parts else None
    return Finding(parts["name"].text(), _column(parts["column"]), present, absent, separator)


def _kinds(node: Node) -> Kinds:
    parts = node.mapping(("column", "values"), ("column", "values"))
    values = _texts(parts["values"])
    if len(set(values)) < 2:
        parts["values"].refuse("Kinds need two values or more.")
    return Kinds(_column(parts["column"]), values)


def _split(node: Node, pictures: Pictures) -> Split:
    parts = node.mapping(("arrays", "column", "train", "test", "test_share", "folds", "seed"))
    seed = parts["seed"].whole(0, 2**31) if "seed" in parts else 0
    if "column" in parts:
        sides = {side: _texts(parts[side]) for side in SIDES if side in parts}
        if len(sides) < 2 or set(sides["train"]) & set(sides["test"]):
            node.refuse("A split by column needs `train` and `test` texts, none in both.")
        return Split("column", _column(parts["column"]), sides["train"], sides["test"])
    if "arrays" in parts:
        if not parts["arrays"].flag() or pictures.column.test_name is None:
            parts["arrays"].refuse("The pictures' `array` has no train and test.")
        return Split("arrays")
    if "test_share" in parts:
        return Split("share", share=parts["test_share"].number(0.05, 0.5), seed=seed)
    if "folds" in parts:
        return Split("folds", folds=parts["folds"].whole(2, 20), seed=seed)
    node.refuse("The split is not said.", allowed=["arrays", "column", "test_share", "folds"])


def _subgroup(node: Node) -> Subgroup:
    parts = node.mapping(("name", "column", "limits"), ("name", "column"))
    limits: tuple[float, ...] = ()
    if "limits" in parts:
        limits = tuple(one.number() for one in parts["limits"].items())
        if list(limits) != sorted(set(limits)):
            parts["limits"].refuse("The limits do not rise.")
    return Subgroup(parts["name"].text(), _column(parts["column"]), limits)


def _population(node: Node) -> dict[str, Any]:
    parts = node.mapping((*OF_PATIENT, *EVERYWHERE))
    return {
        "population": {OF_PATIENT[k]: _column(parts[k]) for k in OF_PATIENT if k in parts},
        "everywhere": {k: parts[k].text().upper() for k in EVERYWHERE if k in parts},
    }


def _network(node: Node) -> dict[str, Any]:
    readers: dict[str, Callable[[Node], Any]] = {
        "kind": lambda one: one.one_of(NETWORKS),
        "widths": lambda one: tuple(each.whole(4, 1024) for each in one.items()),
        "blocks": lambda one: one.whole(1, 8),
        "stem": lambda one: one.whole(1, 2),
        "dropout": lambda one: one.number(0, 0.9),
    }
    parts = node.mapping(tuple(readers))
    return {key: readers[key](one) for key, one in parts.items()}


def _training(node: Node) -> dict[str, Any]:
    readers: dict[str, Callable[[Node], Any]] = {
        "epochs": lambda one: one.whole(1, 1000),
        "batch": lambda one: one.whole(2, 4096),
        "rate": lambda one: one.number(1e-6, 1),
        "decay": lambda one: one.number(0, 1),
        "patience": lambda one: one.whole(1, 1000),
        "inner": lambda one: one.number(0.05, 0.5),
        "balanced": Node.flag,
        "precision": lambda one: one.one_of(PRECISIONS),
        "threads": lambda one: one.whole(1, 64),
    }
    parts = node.mapping((*readers, "size", "seeds", "augmentation"))
    found: dict[str, Any] = {
        "training": {key: readers[key](one) for key, one in parts.items() if key in readers}
    }
    if "size" in parts:
        found["size"] = parts["size"].whole(16, 512)
    if "seeds" in parts:
        found["seeds"] = tuple(range(1, parts["seeds"].whole(1, MAX_SEEDS) + 1))
    if "augmentation" in parts:
        found["augmentation"] = _augmentation(parts["augmentation"])
    return found


def _augmentation(node: Node) -> dict[str, Any]:
    highest = {
        "shift": 0.3,
        "rotation_deg": 45.0,
        "scale": 0.5,
        "contrast": 0.9,
        "brightness": 0.5,
        "noise": 0.3,
    }
    parts = node.mapping((*highest, "flip"))
    return {
        key: one.flag() if key == "flip" else one.number(0, highest[key])
        for key, one in parts.items()
    }


def plain(task: ImagingTask) -> dict[str, Any]:
    """The JSON form for ``model.json``: names of files without their folders."""
    return {one.name: _plain(getattr(task, one.name)) for one in fields(task)}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value
