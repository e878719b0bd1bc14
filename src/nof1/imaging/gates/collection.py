"""A data set as the audit sees it: pictures made small, and what is said about each.

Three forms are read: a folder of pictures (DICOM and others), a CSV table with a column of files,
and an npz file of arrays. A picture that cannot be used is set aside under a named reason with a
count. Nothing that names a patient leaves this module: ids become whole numbers.
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.imaging.gates.door import Door
from nof1.imaging.gates.leakage import pixel_hash
from nof1.imaging.gates.quality import basic_check
from nof1.imaging.image import Header, Image
from nof1.imaging.nets.prepare import SMALLEST_SIDE
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.study import open_study
from nof1.imaging.training.loading import joined, read_table
from nof1.imaging.training.task import Table

KEPT_SIDE = 160  # pictures are shrunk by whole factors to about this side
MOST_ARRAY_BYTES = 2**32
COLUMNS: dict[str, tuple[str, ...]] = {
    "label": ("label", "labels", "finding", "y", "target"),
    "patient": ("patient", "patient_id", "patients", "patientid", "subject", "subject_id"),
    "split": ("split", "part", "set", "fold"),
    "site": ("site", "hospital", "institution", "source"),
    "view": ("view", "view_position", "projection"),
    "sex": ("sex", "gender"),
    "age_years": ("age_years", "age"),
    "order": ("order", "admission"),
}
FILES = ("file", "filename", "path", "image", "image_file", "film")
Texts = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Collection:
    """Pictures and their columns, row for row.

    Attributes
    ----------
    images : grey pictures, shrunk. hashes : SHA-256 of each picture's pixels before.
    columns : name of :data:`COLUMNS` -> (n,) texts, "" where nothing is said.
    headers : what the files say. aside : reason -> how many were set aside.
    refusals : what a model's gates said about each picture ("" for nothing), or empty.
    """

    images: tuple[NDArray[np.float32], ...]
    hashes: tuple[str, ...]
    columns: dict[str, Texts]
    headers: tuple[Header, ...] = ()
    aside: Counter[str] = field(default_factory=Counter)
    refusals: tuple[str, ...] = ()

    def column(self, name: str) -> Texts | None:
        """A column, or None when it is absent or empty."""
        values = self.columns.get(name)
        return None if values is None or not (values != "").any() else values

    def known(self, name: str) -> NDArray[np.bool_]:
        """(n,) where a column says something."""
        values = self.columns.get(name)
        return np.zeros(len(self.images), dtype=bool) if values is None else values != ""


class _Builder:
    """Takes pictures one by one, so that the large ones never lie in memory together."""

    def __init__(self, door: Door | None = None) -> None:
        self.door = door
        self.refusals: list[str] = []
        self.images: list[NDArray[np.float32]] = []
        self.hashes: list[str] = []
        self.headers: list[Header] = []
        self.rows: list[dict[str, str]] = []
        self.aside: Counter[str] = Counter()

    def add(self, pixels: NDArray[Any], header: Header, row: Mapping[str, str]) -> None:
        verdict = basic_check(np.asarray(pixels, dtype=np.float32), SMALLEST_SIDE)
        if not verdict.passed:
            self.aside[verdict.reason] += 1
            return
        if self.door is not None:
            refused = [one for one in self.door.check(pixels, header) if one.status == "refused"]
            self.refusals.append(f"{refused[0].gate}: {refused[0].code}" if refused else "")
        self.hashes.append(pixel_hash(np.asarray(pixels)))
        self.images.append(shrunk(pixels))
        self.headers.append(header)
        self.rows.append({**of_header(header), **{k: v for k, v in row.items() if v}})

    def done(self, where: str) -> Collection:
        if not self.images:
            reasons = "; ".join(f"{count} x {reason}" for reason, count in self.aside.items())
            raise InputError("No picture could be used.", where=where, next_step=reasons or None)
        names = [name for name in COLUMNS if any(name in row for row in self.rows)]
        columns = {name: np.array([row.get(name, "") for row in self.rows]) for name in names}
        return _without_ids(
            Collection(
                images=tuple(self.images),
                hashes=tuple(self.hashes),
                columns=columns,
                headers=tuple(self.headers),
                aside=self.aside,
                refusals=tuple(self.refusals),
            )
        )


def _without_ids(found: Collection) -> Collection:
    """Patients as whole numbers in the order of their ids."""
    ids = found.columns.get("patient")
    if ids is None:
        return found
    code = np.unique(ids, return_inverse=True)[1].astype(str)
    return replace(found, columns={**found.columns, "patient": np.where(ids == "", "", code)})


def shrunk(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """The picture, made smaller by a whole factor (mean of squares) to about ``KEPT_SIDE``."""
    film = np.asarray(pixels, dtype=np.float32)
    by = max(1, max(film.shape) // KEPT_SIDE)
    rows, columns = film.shape[0] // by, film.shape[1] // by
    if by == 1 or min(rows, columns) < SMALLEST_SIDE:
        return film
    cut = film[: rows * by, : columns * by].reshape(rows, by, columns, by)
    small: NDArray[np.float32] = cut.mean(axis=(1, 3), dtype=np.float32)
    return small


def of_header(header: Header) -> dict[str, str]:
    """The columns that a file's header fills."""
    age = header.age_years
    found = {"view": header.view, "sex": header.sex, "age_years": None if age is None else f"{age}"}
    return {name: value for name, value in found.items() if value}


def open_collection(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    table: Table | None = None,
    door: Door | None = None,
) -> Collection:
    """Read a data set.

    Parameters
    ----------
    path : a folder, a ``.csv`` table or an ``.npz`` file.
    columns : our name (see :data:`COLUMNS`, and ``file`` or ``images``) -> the name in the file,
        where it is not found by itself.
    table : a CSV file that says more about the pictures of an npz file.
    door : gates of a model; every picture is shown to them as it comes.

    Raises
    ------
    InputError : no such data set, an unknown column, or no picture that can be used.
    """
    place, given = Path(path), dict(columns or {})
    unknown = sorted(set(given) - set(COLUMNS) - {"file", "images"})
    if unknown:
        raise InputError(
            "An unknown kind of column.", where=unknown[0], allowed=[*COLUMNS, "file", "images"]
        )
    builder = _Builder(door)
    if place.is_dir():
        return _from_folder(place, builder)
    if place.suffix.lower() == ".csv":
        return _from_table(place, given, builder)
    if place.suffix.lower() == ".npz":
        return _from_arrays(place, given, builder, table)
    raise InputError(
        "This is no data set.", where=place.name, allowed="a folder, a .csv table or an .npz file"
    )


def _from_folder(folder: Path, builder: _Builder) -> Collection:
    study = open_study(folder)
    for refused in study.refused:
        builder.aside[refused.reason] += 1
    for image in study.images:
        if not image.is_film:
            builder.aside["It is a volume, a loop or a colour picture."] += 1
            continue
        builder.add(image.pixels, image.header, _identity(image))
    return builder.done(folder.name)


def _identity(image: Image) -> dict[str, str]:
    """Patient and institution of a DICOM picture; only compared, never shown."""
    if not image.datasets:
        return {}
    dataset = image.datasets[0]
    patient, site = dataset.get("PatientID"), dataset.get("InstitutionName")
    return {"patient": str(patient or ""), "site": str(site or "")}


def _from_table(path: Path, given: Mapping[str, str], builder: _Builder) -> Collection:
    rows = read_table(path)
    names = _names(list(rows[0]), given)
    file_column = given.get("file") or next((n for n in rows[0] if n.lower() in FILES), None)
    if file_column is None or file_column not in rows[0]:
        raise InputError(
            "There is no column of files.",
            where=path.name,
            allowed=list(rows[0]),
            next_step="Name the column of files.",
        )
    with Decoder() as decoder:
        for row in rows:
            said = {name: row.get(column, "") for name, column in names.items()}
            _add_file(builder, path.parent / row[file_column], said, decoder)
    return builder.done(path.name)


def _add_file(builder: _Builder, file: Path, said: dict[str, str], decoder: Decoder) -> None:
    if not file.is_file():
        builder.aside["The table names a file that is not there."] += 1
        return
    study = open_study(file, decoder=decoder)
    for refused in study.refused:
        builder.aside[refused.reason] += 1
    for image in study.images:
        if image.is_film:
            builder.add(image.pixels, image.header, {**_identity(image), **said})
        else:
            builder.aside["It is a volume, a loop or a colour picture."] += 1


def _names(found: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Our name -> the file's name of each column that is there."""
    lower = {name.lower(): name for name in reversed(found)}
    names = {}
    for ours, usual in COLUMNS.items():
        if ours in given:
            if given[ours] not in found:
                raise InputError("There is no such column.", where=given[ours], allowed=list(found))
            names[ours] = given[ours]
            continue
        match = next((lower[one] for one in usual if one in lower), None)
        if match is not None:
            names[ours] = match
    return names


def _from_arrays(
    path: Path, given: Mapping[str, str], builder: _Builder, table: Table | None
) -> Collection:
    arrays = _load(path)
    more = {} if table is None else _joined(table, arrays, given, path.name)
    for images, part, columns in _parts(arrays, given if table is None else {}, path.name):
        columns = {**columns, **more}
        for number, pixels in enumerate(images):
            said = {name: str(values[number]) for name, values in columns.items()}
            builder.add(pixels, Header(), {"split": part, **said} if part else said)
    return builder.done(path.name)


def _joined(
    table: Table, arrays: Mapping[str, NDArray[Any]], given: Mapping[str, str], where: str
) -> dict[str, NDArray[Any]]:
    """Columns of a CSV file in the order of the pictures; "" where it has no row."""
    if table.name not in arrays:
        raise InputError("There is no such array.", where=where, allowed=sorted(arrays))
    found, _ = joined(read_table(table.path), table.key, arrays[table.name], table.path)
    return {ours: found[theirs] for ours, theirs in _names(list(found), given).items()}


def _load(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(one.file_size for one in packed.infolist())
        if size > MOST_ARRAY_BYTES:
            raise InputError("The arrays are too large.", where=path.name, allowed="4 GiB")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    # zlib's errors are no OSError; a header may claim more numbers than any memory holds
    except (OSError, ValueError, EOFError, MemoryError, zlib.error, zipfile.BadZipFile):
        raise InputError(
            "The arrays cannot be read.", where=path.name, allowed=".npz of plain arrays"
        ) from None


def _parts(
    arrays: Mapping[str, NDArray[Any]], given: Mapping[str, str], where: str
) -> Iterator[tuple[NDArray[Any], str, dict[str, NDArray[Any]]]]:
    """(pictures, name of the part, columns): ``images``, or ``train_images``, ``val_images`` ..."""
    stacks = [name for name, array in arrays.items() if array.ndim == 3]
    wanted = [given["images"]] if "images" in given else stacks
    if not wanted or any(name not in stacks for name in wanted):
        raise InputError(
            "There is no array of grey pictures.", where=where, allowed="(pictures, rows, columns)"
        )
    for name in wanted:
        part = name.removesuffix("images").rstrip("_") if len(wanted) > 1 else ""
        head = f"{part}_" if part else ""
        count = len(arrays[name])
        own = {
            key.removeprefix(head): array.reshape(count, -1)[:, 0]
            for key, array in arrays.items()
            if key.startswith(head) and len(array) == count and array.size == count
        }
        names = _names(list(own), given)
        yield arrays[name], part, {ours: own[theirs] for ours, theirs in names.items()}
