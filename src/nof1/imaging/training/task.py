"""The task of an imaging model: one YAML file that says which pictures, labels, patients and split.

``docs/imaging-training.md`` explains each key. Every error names file, line and column, what is
allowed there, and the closest match. Paths are relative to the task file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from nof1.core import yaml_lines
from nof1.core.yaml_lines import Node
from nof1.imaging.training.options import network_of, training_of

_KEYS = (
    *("name", "description", "pictures", "table", "findings", "kinds", "patient", "split"),
    *("subgroups", "population", "network", "training", "anomaly"),
)
SIDES = ("train", "test")
OF_PATIENT = {"age": "age_years", "sex": "sex", "view": "view"}
EVERYWHERE = ("modality", "body_part")
UNUSUAL = "how unusual for this site"
DETECTOR_USUAL: dict[str, Any] = {"size": 64, "seeds": (1, 2)}
DETECTOR_TRAINING = ("size", "seeds", "epochs", "batch", "rate", "decay")


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
class Group:
    """Pictures whose ``column`` holds one of ``values``; ``separator`` as for a finding."""

    column: Column
    values: tuple[str, ...]
    separator: str | None = None


@dataclass(frozen=True)
class Anomaly:
    """A detector of unusual films: it learns from ``normal``, ``abnormal`` only try it."""

    normal: Group
    abnormal: Group | None = None


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
    findings, kinds, anomaly : one of the three.
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
    anomaly: Anomaly | None = None
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
        if self.anomaly:
            return (UNUSUAL,)
        if self.kinds:
            return self.kinds.values
        return tuple(one.name for one in self.findings)

    def columns(self) -> tuple[Column, ...]:
        """Every column the task reads, the pictures' own excepted."""
        named = [one.column for one in self.findings]
        named += [one.column for one in self.subgroups]
        named += list(self.population.values())
        groups = (self.anomaly.normal, self.anomaly.abnormal) if self.anomaly else ()
        named += [one.column for one in groups if one]
        named += [one for one in (self.patient, self.split.column) if one]
        return tuple(dict.fromkeys([*named, *([self.kinds.column] if self.kinds else [])]))


def read_task(root: Node, folder: Path) -> ImagingTask:
    """Turn the nodes of a task file into a task; ``folder`` is where it lies.

    Raises
    ------
    InputError : naming file, line and column of what is wrong.
    """
    parts = root.mapping(_KEYS, ("name", "pictures", "split"))
    if len({"findings", "kinds", "anomaly"} & set(parts)) != 1:
        root.refuse(
            "The task needs one of `findings` (each yes or no), `kinds` (exactly one is right) and "
            "`anomaly` (normal films only).",
            allowed=["findings", "kinds", "anomaly"],
        )
    if "anomaly" in parts:
        _check_detector(parts)
    pictures = _pictures(parts["pictures"], folder)
    found: dict[str, Any] = {"name": name_of(parts["name"]), "pictures": pictures}
    found["split"] = _split(parts["split"], pictures)
    readers = {
        "description": Node.text,
        "table": lambda node: _table(node, folder),
        "findings": _findings,
        "kinds": _kinds,
        "anomaly": _anomaly,
        "patient": _column,
        "subgroups": lambda node: tuple(_subgroup(one) for one in node.items()),
        "network": network_of,
    }
    found |= {key: read(parts[key]) for key, read in readers.items() if key in parts}
    if "population" in parts:
        found |= _population(parts["population"])
    if "training" in parts:
        found |= training_of(parts["training"])
    if "anomaly" in parts:
        found = {**DETECTOR_USUAL, **found}
    return ImagingTask(**found)


def name_of(node: Node) -> str:
    """A name that can be a folder's name."""
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


def _check_detector(parts: dict[str, Node]) -> None:
    """A detector has no use for some keys; what would be ignored is refused."""
    for key in ("network", "subgroups"):
        if key in parts:
            parts[key].refuse(
                f"A detector of unusual films has no `{key}`.", next_step="Remove it."
            )
    if "folds" in parts["split"].mapping():
        parts["split"].refuse(
            "A detector is not tested by folds: its rank needs films that it never saw.",
            allowed=["arrays", "column", "test_share"],
        )
    if "training" in parts:
        parts["training"].mapping(DETECTOR_TRAINING)


def _anomaly(node: Node) -> Anomaly:
    parts = node.mapping(("normal", "abnormal"), ("normal",))
    return Anomaly(
        _group(parts["normal"]), _group(parts["abnormal"]) if "abnormal" in parts else None
    )


def _group(node: Node) -> Group:
    parts = node.mapping(("column", "values", "separator"), ("column", "values"))
    separator = parts["separator"].text() if "separator" in parts else None
    return Group(_column(parts["column"]), _texts(parts["values"]), separator)


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
