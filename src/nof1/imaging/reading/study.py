"""Open a file or a folder: every picture in it, and every file that was refused, by name.

    study = open_study("film.dcm")
    study.images[0].pixels.shape
    # (1024, 1024)

For many files keep one decoding process warm:

    with Decoder() as decoder:
        for path in paths:
            study = open_study(path, decoder=decoder, cache="pixels")
"""

from __future__ import annotations

import math
import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.imaging.image import Image
from nof1.imaging.reading import series
from nof1.imaging.reading.assemble import images
from nof1.imaging.reading.cache import Cache
from nof1.imaging.reading.decoder import Decoder, allowed_shapes
from nof1.imaging.reading.files import Found, find
from nof1.imaging.reading.limits import Limits
from nof1.imaging.reading.refusal import Refusal, Unreadable
from nof1.imaging.reading.series import Item

NO_MEMORY = Unreadable("It does not fit into the memory of this machine.", "Read fewer files.")


@dataclass(frozen=True, eq=False)
class Study:
    """The pictures of a path in the order of their files, and what was refused."""

    images: tuple[Image, ...]
    refused: tuple[Refusal, ...]


def open_study(
    path: str | Path,
    *,
    cache: str | Path | Cache | None = None,
    limits: Limits | None = None,
    decoder: Decoder | None = None,
    modality: str | None = None,
) -> Study:
    """Read every picture under ``path``, decoded in a guarded process.

    Parameters
    ----------
    path : a DICOM, NIfTI, PNG or JPEG file, or a folder of them, read with its folders below.
        Links inside a folder are refused by name; ``path`` itself may be a link.
    cache : a folder for decoded arrays; it then holds the pictures' pixels.
    limits : what a file may cost; those of ``decoder`` when that is given.
    decoder : a warm decoding process to use; without one, one is started and ended.
    modality : what made the files that do not say so (NIfTI, PNG, JPEG). With "CT" the numbers of
        a NIfTI file are taken as Hounsfield units.

    Raises
    ------
    InputError : when there is no such file or folder.
    MissingExtra : when the packages of the extra ``imaging`` are not installed.
    """
    path = Path(path)
    if not os.path.lexists(path):
        raise InputError("There is no such file or folder.", where=path.name)
    store = Cache(cache) if isinstance(cache, (str, Path)) else cache
    with ExitStack() as ending:
        if decoder is None:
            decoder = ending.enter_context(Decoder(limits))
        return _Opening(decoder, store, modality).study(path)


class _Opening:
    """One call of ``open_study``."""

    def __init__(self, decoder: Decoder, cache: Cache | None, modality: str | None) -> None:
        self.decoder, self.cache, self.modality = decoder, cache, modality
        self.refused: list[Refusal] = []
        self.read = 0  # numbers in all pictures so far
        self.lost = 0  # files that may have been slices

    def study(self, path: Path) -> Study:
        found = find(path, self.decoder.limits.files)
        self.refused += found.refused
        items = self._without_copies(self._described(found))
        pictures = [image for group in series.groups(items) for image in self._images(group)]
        return Study(tuple(self._named(image) for image in pictures), tuple(self.refused))

    def _described(self, found: Found) -> list[Item]:
        items = []
        for path in found.paths:
            try:
                items.append(Item(path, *self.decoder.describe(path)))
            except Unreadable as error:
                self.refused.append(Refusal(path.name, error.reason, error.next_step))
                self.lost += 1
        return items

    def _without_copies(self, items: list[Item]) -> list[Item]:
        """Each picture once: the same bytes, or the same instance, again are refused by name."""
        seen: dict[str, str] = {}
        kept = []
        for item in items:
            one, name = item.description, item.path.name
            if one.sha256 in seen:
                reason = f"It has the same bytes as {seen[one.sha256]}."
            elif one.instance and one.instance in seen:
                reason = f"It says that it is the same picture as {seen[one.instance]}."
                self.lost += 1
            else:
                kept.append(item)
                seen[one.sha256] = name
                seen.setdefault(one.instance, name)
                continue
            self.refused.append(Refusal(name, reason, "Keep one of them."))
        return kept

    def _images(self, group: list[Item]) -> list[Image]:
        try:
            self._count(group)
            return images(group, self._pixels, self.decoder.limits)
        except (Unreadable, MemoryError) as problem:
            error = problem if isinstance(problem, Unreadable) else NO_MEMORY
            name = group[0].path.name
            more = f" and {len(group) - 1} more of its series" if len(group) > 1 else ""
            self.refused.append(Refusal(name + more, error.reason, error.next_step))
            return []

    def _count(self, group: list[Item]) -> None:
        """Refuse what would not fit beside the pictures that this call has read already."""
        size = sum(math.prod(item.description.shape) for item in group)
        most = self.decoder.limits.study_voxels
        if self.read + size > most:
            raise Unreadable(
                f"The pictures together ask for more than {most:,} numbers.",
                "Read parts of the folder one by one, or raise the limit `study_voxels`.",
            )
        self.read += size

    def _pixels(self, item: Item) -> tuple[NDArray[Any], tuple[str, ...]]:
        """Stored numbers, from the cache where it has them."""
        one = item.description
        kept = self.cache.get(one.sha256) if self.cache is not None else None
        if kept is not None and kept[0].shape in allowed_shapes(one):
            return kept
        try:
            pixels, notes = self.decoder.pixels(item.path, one)
        except Unreadable as error:
            raise Unreadable(f"{item.path.name}: {error.reason}", error.next_step) from None
        if self.cache is not None:
            self.cache.put(one.sha256, pixels, notes)
        return pixels, notes

    def _named(self, image: Image) -> Image:
        """An image with what the caller says, and with a warning where a slice may be lost."""
        if self.lost and len(image.sources) > 1:
            note = f"{self.lost} files beside it were refused: a slice may be missing at an end."
            image = replace(image, notes=(*image.notes, note))
        if self.modality is None or image.header.modality is not None:
            return image
        volume = image.affine is not None or image.pixels.ndim == 3
        hounsfield = self.modality == "CT" and volume and not image.datasets
        return replace(
            image,
            unit="HU" if hounsfield else image.unit,
            header=replace(image.header, modality=self.modality),
            notes=(*image.notes, f"The modality {self.modality} was said by the caller."),
        )


def kinds(study: Study) -> Counter[str]:
    """How many pictures of each modality a study holds ("?" where the file does not say)."""
    return Counter(image.header.modality or "?" for image in study.images)
