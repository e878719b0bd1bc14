"""A site's films for a federated head: the task, the frozen network, and what both make of them.

The task file is that of ``nof1 imaging train`` with one more key, ``backbone``: the name of a model
of pictures that every site has. Files that the task names lie in a folder of the workspace that the
site's operator fills, ``federation/data/COHORT``; a task cannot name a file anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nof1.core import yaml_lines
from nof1.core.errors import InputError
from nof1.core.workspace import Workspace
from nof1.core.yaml_lines import Node
from nof1.federation.policy import Policy
from nof1.imaging.answering.building import Looks
from nof1.imaging.answering.shelf import find
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.training.labels import MISSING
from nof1.imaging.training.loading import DataSet, load
from nof1.imaging.training.running import sides
from nof1.imaging.training.splits import inner_part
from nof1.imaging.training.task import ImagingTask, name_of, read_task

DATA = Path("federation") / "data"
BACKBONE = "backbone"
USED = ("inner", "size")  # keys of `training` that mean something for a head
INNER = 0.15
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class HeadTask:
    """What is asked: an imaging task, and the name of the frozen network."""

    task: ImagingTask
    backbone: str


def read(text: str, folder: Path = Path()) -> HeadTask:
    """The task of a federated head; ``folder`` is where its files lie.

    Raises
    ------
    InputError : naming line and column of what is wrong, or of what a head has no use for.
    """
    root = yaml_lines.parse(text, "task")
    parts = root.mapping()
    if BACKBONE not in parts:
        root.refuse(
            "The task does not say which frozen network the head stands on.",
            allowed=f"{BACKBONE}: NAME, a model of pictures that every site has",
            next_step=f"Add `{BACKBONE}: NAME` (nof1 imaging card NAME shows one).",
        )
    _check(parts)
    rest = replace(
        root,
        value={key: one for key, one in parts.items() if key != BACKBONE},
        keys=tuple(one for one in root.keys if one[0] != BACKBONE),
    )
    for node in _files(parts):
        _inside(node)
    return HeadTask(read_task(rest, folder), name_of(parts[BACKBONE]))


def _check(parts: dict[str, Node]) -> None:
    for key in ("anomaly", "masks", "network"):
        if key in parts:
            parts[key].refuse(
                f"A head on a frozen network has no use for `{key}`.", next_step="Remove it."
            )
    if "training" in parts:
        parts["training"].mapping(USED)
    split = parts.get("split")
    if split is not None and "folds" in split.mapping():
        split.refuse(
            "A federated head is tested on pictures apart, not by folds.",
            allowed=["arrays", "column", "test_share"],
        )


def _files(parts: dict[str, Node]) -> list[Node]:
    """The nodes that name files."""
    found = []
    for key in ("pictures", "table"):
        inner = parts[key].mapping() if key in parts else {}
        found += [inner[name] for name in ("npz", "csv") if name in inner]
    return found


def _inside(node: Node) -> None:
    named = Path(node.text())
    if named.is_absolute() or ".." in named.parts or "\\" in node.text():
        node.refuse(
            "A federated task names files below the site's data folder only.",
            allowed="a plain relative name, for example films.npz",
        )


@dataclass(frozen=True, eq=False)
class Films:
    """One site's films as the heads see them; nothing of it leaves the site.

    Attributes
    ----------
    features : (members, n, D) of the frozen network.
    values : (n, K) of 0, 1 and -1 (not known).
    train, inner, test : rows that fit the head, that stop and calibrate it, that judge it.
    looks : what the gates need of each film.
    """

    asked: HeadTask
    backbone: Ensemble
    data: DataSet
    features: NDArray[np.float64]
    values: NDArray[np.int8]
    train: Rows
    inner: Rows
    test: Rows
    looks: Looks

    @property
    def taught(self) -> Rows:
        """Rows that are not for testing: ``train`` and ``inner``."""
        return np.sort(np.concatenate([self.train, self.inner]))

    @property
    def people(self) -> NDArray[np.int64]:
        """(n,) a number for each film's patient; without patients each film is its own."""
        if self.data.patients is None:
            return np.arange(len(self.values))
        return np.unique(self.data.patients, return_inverse=True)[1].reshape(-1).astype(np.int64)


def folder_of(workspace: Workspace, cohort: str) -> Path:
    """Where the site's operator puts the files of a cohort.

    Raises
    ------
    InputError : the cohort's name is no plain name, or there is no such folder.
    """
    if not cohort or not cohort[0].isalnum() or not all(c.isalnum() or c in "-_." for c in cohort):
        raise InputError(
            "The cohort's name cannot name a folder.",
            where="cohort",
            allowed="letters, digits, -_.",
        )
    place = workspace.root / DATA / cohort
    if not place.is_dir():
        raise InputError(
            "This site has no files for the cohort.",
            where=f"{DATA}/{cohort}",
            next_step="Put the files that the task names into this folder of the workspace.",
        )
    return place


def prepare(text: str, workspace: Workspace, cohort: str, policy: Policy) -> Films:
    """Read a site's films and run the frozen network over them.

    Raises
    ------
    InputError : files or labels do not fit. UsageError : no model of this name.
    Refused : too few patients, or too few with or without a finding.
    """
    asked = read(text, folder_of(workspace, cohort))
    backbone = Ensemble.open(find(workspace.images, asked.backbone))
    task = replace(asked.task, size=backbone.size)
    looks = Looks()
    data = load(task, looks.add)
    train, test = sides(task, data)
    values = values_of(task, data)
    strata = np.unique(values[train], axis=0, return_inverse=True)[1].reshape(-1)
    people = None if data.patients is None else data.patients[train]
    share = float(task.training.get("inner", INNER))
    apart = inner_part(strata, people, share, seed=task.split.seed)
    squares = (data.images.astype(np.float32) / 255)[:, None]
    features = backbone.features(squares).astype(np.float64)
    if not np.isfinite(features).all():
        raise InputError(
            "The frozen network gives no numbers for some films of this site.",
            where=asked.backbone,
            next_step="Look at its card; use another network.",
        )
    found = Films(
        asked=HeadTask(task, asked.backbone),
        backbone=backbone,
        data=data,
        features=features,
        values=values,
        train=train[~apart],
        inner=train[apart],
        test=test,
        looks=looks,
    )
    _enough(found, policy)
    return found


def values_of(task: ImagingTask, data: DataSet) -> NDArray[np.int8]:
    """(n, K) labels of 0, 1 and -1, also for kinds."""
    if task.kinds is None:
        return data.labels.reshape(len(data.labels), -1).astype(np.int8)
    kind = data.labels[:, None]
    table = np.where(kind == MISSING, MISSING, kind == np.arange(len(task.classes)))
    return table.astype(np.int8)


def _enough(films: Films, policy: Policy) -> None:
    people = films.people
    rows = np.concatenate([films.taught, films.test])
    for column in films.values.T:
        known = rows[column[rows] != MISSING]
        ill = len(np.unique(people[known[column[known] == 1]]))
        policy.enough(len(np.unique(people[known])), ill)
