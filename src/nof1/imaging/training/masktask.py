"""The task of a model of volumes: which volumes, which masks, which labels, whose they are.

``docs/imaging-volumes.md`` explains each key. Paths are relative to the task file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nof1.core import yaml_lines
from nof1.core.yaml_lines import Node
from nof1.imaging.training.task import ImagingTask, name_of, read_task

COLUMNS = ("image", "mask", "patient")
STEPS = 600
LARGEST_LABEL = 255


@dataclass(frozen=True)
class MaskTask:
    """One model of masks to train.

    Attributes
    ----------
    path : a CSV table, or a folder with one folder for each patient in it.
    columns : of the table: the volume, its mask, the patient.
    labels : number in the mask -> name, in the file's order.
    modality : what made volumes that do not say so; "CT" makes NIfTI numbers Hounsfield units.
    steps, seed : of the training.
    """

    name: str
    path: Path
    is_table: bool
    labels: dict[int, str]
    columns: tuple[str, str, str] = COLUMNS
    description: str = ""
    modality: str | None = None
    steps: int = STEPS
    seed: int = 0


def load_any(path: str | Path) -> ImagingTask | MaskTask:
    """Read a task file of any kind: one with ``masks`` is for volumes.

    Raises
    ------
    InputError : naming file, line and column of what is wrong.
    """
    root, folder = yaml_lines.load(path), Path(path).parent
    if isinstance(root.value, dict) and "masks" in root.value:
        return read_mask_task(root, folder)
    return read_task(root, folder)


def read_mask_task(root: Node, folder: Path) -> MaskTask:
    """Turn the nodes of a task file into a task; ``folder`` is where it lies.

    Raises
    ------
    InputError : naming file, line and column of what is wrong.
    """
    parts = root.mapping(("name", "description", "masks", "training"), ("name", "masks"))
    masks = parts["masks"]
    inner = masks.mapping(("csv", "folder", "labels", "modality", *COLUMNS), ("labels",))
    if ("csv" in inner) == ("folder" in inner):
        masks.refuse("Where are the volumes?", allowed="csv, or folder")
    table = "csv" in inner
    for name in COLUMNS:
        if name in inner and not table:
            inner[name].refuse("A folder has no columns.", next_step="Remove it, or use a csv.")
    training = parts["training"].mapping(("steps", "seed")) if "training" in parts else {}
    image, mask, patient = (inner[n].text() if n in inner else n for n in COLUMNS)
    return MaskTask(
        name=name_of(parts["name"]),
        path=folder / inner["csv" if table else "folder"].text(),
        is_table=table,
        labels=_labels(inner["labels"]),
        columns=(image, mask, patient),
        description=parts["description"].text() if "description" in parts else "",
        modality=inner["modality"].text().upper() if "modality" in inner else None,
        steps=training["steps"].whole(1, 100_000) if "steps" in training else STEPS,
        seed=training["seed"].whole(0, 2**31) if "seed" in training else 0,
    )


def _labels(node: Node) -> dict[int, str]:
    found: dict[int, str] = {}
    for key, one in node.mapping().items():
        if not (str(key).isascii() and str(key).isdigit() and 0 < int(key) <= LARGEST_LABEL):
            one.refuse(f"{key!r} is no number of a label.", allowed=f"1 to {LARGEST_LABEL}")
        found[int(key)] = one.text()
    if not found or len(set(found.values())) < len(found):
        node.refuse("The labels need names, each once.", allowed="1: liver")
    return found
