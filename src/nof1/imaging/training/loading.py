"""Pictures, labels, patients and groups of a task, checked and counted.

A picture that cannot be read, or a row without a picture, is set aside under a named reason with a
count. Names of files and patients never reach an error.
"""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.imaging.image import Header, Image
from nof1.imaging.nets.prepare import prepare, stored
from nof1.imaging.training.labels import MISSING
from nof1.imaging.training.people import OnFilm, headers
from nof1.imaging.training.splits import crossing
from nof1.imaging.training.task import Column, Finding, Group, ImagingTask, Subgroup

MAX_TABLE_BYTES = 2**28
# What a damaged or a lying .npz raises: zlib's errors are no OSError, and a header may claim more
# numbers than any memory holds.
BROKEN = (OSError, ValueError, EOFError, MemoryError, zlib.error, BadZipFile)
Texts = NDArray[Any]


@dataclass(frozen=True, eq=False)
class DataSet:
    """What a task's files hold.

    Attributes
    ----------
    images : (n, size, size) ``uint8`` squares.
    labels : (n, K) of 0, 1, -1 for findings; (n,) class numbers, -1 not known, for kinds; (n,) of
        0 normal, 1 abnormal, -1 neither, for a detector of unusual films.
    patients : (n,) or None where nobody knows.
    side : (n,) ``train`` or ``test``; None when the split is made by the program.
    groups : subgroup name -> (n,) texts.
    aside : reason -> how many pictures or rows were set aside.
    headers : who and what is on each picture, as far as the files or the task say.
    synthetic : at least one file says that it is SYNTHETIC.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    patients: Texts | None
    side: Texts | None
    groups: dict[str, Texts]
    aside: dict[str, int]
    headers: tuple[Header, ...] = ()
    synthetic: bool = False


def load(task: ImagingTask, on_film: OnFilm | None = None) -> DataSet:
    """Read everything a task names.

    Parameters
    ----------
    on_film : called with each film as it came (rows, columns), in the order of ``images``.

    Raises
    ------
    InputError : a file or column is missing, nothing is left, or a patient is on both sides.
    """
    aside: Counter[str] = Counter()
    if task.pictures.is_table:
        images, columns, films = _from_files(task, aside, on_film)
    else:
        (images, columns), films = _from_npz(task, aside, on_film), []
    if not len(images):
        raise InputError("No picture could be read.", where=task.pictures.path.name)
    found = DataSet(
        images=images,
        labels=_labels(task, columns, aside),
        patients=None if task.patient is None else _patients(columns[task.patient]),
        side=_sides(task, columns, aside),
        groups={one.name: banded(columns[one.column], one) for one in task.subgroups},
        aside=dict(aside),
        headers=headers(task, columns, [one.header for one in films], len(images)),
        synthetic=any(one.synthetic for one in films),
    )
    _check_sides(found)
    return found


def _from_npz(
    task: ImagingTask, aside: Counter[str], on_film: OnFilm | None
) -> tuple[Any, dict[Column, Texts]]:
    arrays = _opened(task.pictures.path)
    films = _array(arrays, task.pictures.column, task.pictures.path.name)
    images = _prepared(films, task.size, on_film)
    table: dict[str, Texts] = {}
    if task.table:
        names = _array(arrays, Column(task.table.name), task.pictures.path.name)
        table, known = joined(read_table(task.table.path), task.table.key, names, task.table.path)
        aside["pictures without a row in the table"] += int((~known).sum())
    found: dict[Column, Texts] = {}
    for column in task.columns():
        if column.name in table:
            found[column] = table[column.name]
            continue
        values = _array(arrays, column, task.pictures.path.name)
        found[column] = values.reshape(len(values), -1)[:, 0].astype(str)
    if any(len(one) != len(images) for one in found.values()):
        raise InputError("A column does not fit the pictures.", where=task.pictures.path.name)
    return images, found


def _opened(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except BROKEN:
        raise _unreadable(path.name) from None


def _unreadable(where: str) -> InputError:
    return InputError("The pictures cannot be read.", where=where, allowed=".npz of plain arrays")


def _array(arrays: Any, column: Column, where: str) -> NDArray[Any]:
    """An array, or the training and the test array one behind the other."""
    names = [column.name, *([column.test_name] if column.test_name else [])]
    for name in names:
        if name not in arrays:
            raise InputError(f"There is no {name!r}.", where=where, allowed=sorted(arrays.keys()))
    try:
        return np.concatenate([arrays[name] for name in names])
    except BROKEN:
        raise _unreadable(where) from None


def _prepared(films: NDArray[Any], size: int, on_film: OnFilm | None) -> NDArray[np.uint8]:
    if films.ndim != 3:
        raise InputError(f"Pictures of shape {films.shape}.", allowed="(pictures, rows, columns)")
    if on_film is not None:
        for film in films:
            on_film(film)
    return np.stack([stored(prepare(film, size)) for film in films])


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by column name.

    Raises
    ------
    InputError : no such file, too large, no UTF-8 text, or no header.
    """
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise InputError("The table is too large.", where=path.name, allowed="256 MiB")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in reader]
            header = reader.fieldnames
    except (OSError, UnicodeDecodeError, csv.Error):
        raise InputError("The table cannot be read.", where=path.name) from None
    if not header or not rows:
        raise InputError("The table is empty.", where=path.name)
    return rows


def joined(
    rows: list[dict[str, str]], key: str, names: NDArray[Any], path: Path
) -> tuple[dict[str, Texts], NDArray[np.bool_]]:
    """Columns in the order of ``names``, empty where there is no row; and which have a row.

    Raises
    ------
    InputError : no such key column, or one name in two rows.
    """
    if key not in rows[0]:
        raise InputError(f"There is no column {key!r}.", where=path.name, allowed=list(rows[0]))
    place = {row[key]: number for number, row in enumerate(rows)}
    if len(place) < len(rows):
        twice = len(rows) - len(place)
        raise InputError(f"{twice} pictures stand twice in the table.", where=path.name)
    found = [place.get(str(name), -1) for name in names]
    known = np.array([one >= 0 for one in found])
    columns = {
        column: np.array([rows[one][column] if one >= 0 else "" for one in found])
        for column in rows[0]
    }
    return columns, known


def _from_files(
    task: ImagingTask, aside: Counter[str], on_film: OnFilm | None
) -> tuple[Any, dict[Column, Texts], list[_Film]]:
    rows = read_table(task.pictures.path)
    wanted = [task.pictures.column.name, *(one.name for one in task.columns())]
    for name in wanted:
        if name not in rows[0]:
            where = task.pictures.path.name
            raise InputError(f"There is no column {name!r}.", where=where, allowed=list(rows[0]))
    films = _read_films(task, rows, aside, on_film)
    kept = [row for row, film in zip(rows, films, strict=True) if film is not None]
    read = [film for film in films if film is not None]
    columns = {one: np.array([row[one.name] for row in kept]) for one in task.columns()}
    return np.array([one.square for one in read]), columns, read


class _Film(NamedTuple):
    square: NDArray[np.uint8]
    header: Header
    synthetic: bool


def _read_films(
    task: ImagingTask, rows: list[dict[str, str]], aside: Counter[str], on_film: OnFilm | None
) -> list[_Film | None]:
    """What is kept of each row's file, or None with a reason counted."""
    from nof1.imaging.reading.decoder import Decoder
    from nof1.imaging.reading.study import open_study

    films: list[_Film | None] = []
    folder = task.pictures.path.parent
    with Decoder() as decoder:
        for row in rows:
            films.append(None)
            try:
                name = row[task.pictures.column.name]
                study = open_study(folder / name, decoder=decoder)
                image = _one_film(study)
                square = stored(prepare(image.pixels, task.size))
                films[-1] = _Film(square, image.header, image.is_synthetic)
            except InputError as error:
                aside[error.message] += 1
                continue
            if on_film:
                on_film(image.pixels)
    return films


def _one_film(study: Any) -> Image:
    if not study.images:
        raise InputError(study.refused[0].reason if study.refused else "There is no picture.")
    if len(study.images) > 1 or not study.images[0].is_film:
        raise InputError("The file holds more than one grey picture.")
    film: Image = study.images[0]
    return film


def _labels(
    task: ImagingTask, columns: dict[Column, Texts], aside: Counter[str]
) -> NDArray[np.int64]:
    if task.anomaly:
        labels = _normal_or_not(task, columns, aside)
    elif task.kinds:
        place = {value: number for number, value in enumerate(task.kinds.values)}
        found = [place.get(str(one), MISSING) for one in columns[task.kinds.column]]
        labels = np.array(found, dtype=np.int64)
        aside["pictures of another kind (label not known)"] += int((labels == MISSING).sum())
    else:
        every = [answers_of(columns[one.column], one) for one in task.findings]
        labels = np.stack(every, axis=1)
        for one, column in zip(task.findings, labels.T, strict=True):
            aside[f"pictures with {one.name!r} not known"] += int((column == MISSING).sum())
    for reason in [reason for reason, count in aside.items() if not count]:
        del aside[reason]
    return labels


def _normal_or_not(
    task: ImagingTask, columns: dict[Column, Texts], aside: Counter[str]
) -> NDArray[np.int64]:
    """(n,) 0 normal, 1 abnormal, -1 neither or both."""
    if task.anomaly is None:
        raise InputError("The task does not say which films are normal.", where="anomaly")
    normal = belongs(columns[task.anomaly.normal.column], task.anomaly.normal)
    other = task.anomaly.abnormal
    ill = (
        np.zeros(len(normal), dtype=bool)
        if other is None
        else belongs(columns[other.column], other)
    )
    aside["pictures called normal and abnormal"] += int((normal & ill).sum())
    aside["pictures called neither normal nor abnormal"] += int((~normal & ~ill).sum())
    return np.where(normal == ill, MISSING, ill.astype(np.int64))


def belongs(texts: Texts, group: Group) -> NDArray[np.bool_]:
    """(n,) whether a cell holds one of the group's values.

    >>> one = Group(Column("c"), ("No Finding",), "|")
    >>> belongs(np.array(["No Finding", "Mass|No Finding", "", "Mass"]), one).tolist()
    [True, True, False, False]
    """
    one = Finding("", group.column, group.values, separator=group.separator)
    found: NDArray[np.bool_] = answers_of(texts, one) == 1
    return found


def answers_of(texts: Texts, finding: Finding) -> NDArray[np.int64]:
    """(n,) 1, 0, or -1 for not known.

    >>> one = Finding("x", Column("c"), ("Mass",), ("None",), "|")
    >>> answers_of(np.array(["Edema|Mass", "None", "", "Edema"]), one).tolist()
    [1, 0, -1, -1]
    """
    found = np.full(len(texts), MISSING, dtype=np.int64)
    for row, text in enumerate(texts):
        parts = {str(text)}
        if finding.separator:
            parts = {part.strip() for part in str(text).split(finding.separator)}
        if parts & set(finding.present):
            found[row] = 1
        elif parts & set(finding.absent) or (not finding.absent and str(text).strip()):
            found[row] = 0
    return found


def _patients(texts: Texts) -> Texts:
    blank = int(sum(not str(one).strip() for one in texts))
    if blank:
        raise InputError(
            f"{blank} pictures have no patient.",
            where="patient",
            next_step="Give each its patient, or leave `patient` out; the card then says so.",
        )
    return texts


def _sides(task: ImagingTask, columns: dict[Column, Texts], aside: Counter[str]) -> Texts | None:
    split = task.split
    if split.way == "arrays":
        arrays = _opened(task.pictures.path)
        counts = [len(arrays[task.pictures.column.name])]
        counts.append(len(arrays[task.pictures.column.test_name]))
        return np.repeat(["train", "test"], counts)
    if split.way != "column" or split.column is None:
        return None
    texts = columns[split.column]
    sides = np.where(np.isin(texts, split.train), "train", "")
    sides = np.where(np.isin(texts, split.test), "test", sides)
    if (sides == "").any():
        aside["pictures on neither side of the split"] = int((sides == "").sum())
    return sides


def _check_sides(found: DataSet) -> None:
    if found.side is None or found.patients is None:
        return
    both = crossing(found.patients, [found.side == "train", found.side == "test"])
    if both:
        raise InputError(
            f"{both} patients have pictures in training and in testing.",
            where="split",
            next_step="Split by patient: use test_share or folds, or correct the column.",
        )


def banded(texts: Texts, group: Subgroup) -> Texts:
    """Numbers as bands between ``limits``; other texts as they are; "" where nothing is known.

    >>> one = Subgroup("age", Column("a"), (18.0, 65.0))
    >>> banded(np.array(["3", "18", "70", "?"]), one).tolist()
    ['below 18', '18 to 65', '65 and above', '']
    """
    if not group.limits:
        return np.array([str(one).strip() for one in texts])
    names = [
        f"below {group.limits[0]:g}",
        *(f"{a:g} to {b:g}" for a, b in zip(group.limits, group.limits[1:], strict=False)),
        f"{group.limits[-1]:g} and above",
    ]
    found = []
    for text in texts:
        try:
            found.append(names[int(np.searchsorted(group.limits, float(text), side="right"))])
        except ValueError:
            found.append("")
    return np.array(found)
