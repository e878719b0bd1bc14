"""Films as a page needs them: decoded in the guarded process, windowed, and kept in memory.

A film is opened by its place in the register and shown only when its bytes are those that were
filed. What was rendered is remembered up to a number of bytes; the least lately used goes first.
"""

from __future__ import annotations

import atexit
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import polars as pl

from nof1.core.errors import InputError, Nof1Error
from nof1.core.extras import require
from nof1.core.finding import Finding, Status, utc
from nof1.imaging import findings as imaging
from nof1.imaging.answering import album, register
from nof1.imaging.answering.register import Filed
from nof1.imaging.readings import PREFIX
from nof1.web.site.house import House
from nof1.web.site.subject import Subject

if TYPE_CHECKING:
    from nof1.imaging.image import Image
    from nof1.imaging.reading.decoder import Decoder

LARGEST_SIDE, SMALL = 1024, 256  # pixels of a rendered film; of one in a list
MOST_PIXELS, MOST_PNG = 160 * 2**20, 48 * 2**20  # bytes that are remembered
UNDATED = "no-date"
Made = TypeVar("Made")


class Bounded(Generic[Made]):
    """What was made lately, up to a number of bytes."""

    def __init__(self, most: int, size: Callable[[Made], int]) -> None:
        self._most, self._size = most, size
        self._kept: OrderedDict[Hashable, Made] = OrderedDict()
        self._lock = threading.Lock()
        self.held = 0  # bytes

    def find(self, key: Hashable) -> Made | None:
        """What is remembered under this key."""
        with self._lock:
            return self._kept.get(key)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made under this key, or is made now."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            if key not in self._kept and self._size(made) <= self._most:
                self._kept[key] = made
                self.held += self._size(made)
            while self.held > self._most:
                self.held -= self._size(self._kept.popitem(last=False)[1])
        return made


@dataclass(frozen=True)
class Film:
    """One picture of a patient as far as it was known: where it lies, and what was answered.

    Attributes
    ----------
    id : in addresses: hex of the picture's hash; ``t`` and a time for an answer without a picture.
    filed : its entry in the register; None: only the answer is known here.
    """

    id: str
    taken: datetime | None
    filed: Filed | None
    findings: tuple[Finding, ...] = ()

    @property
    def kind(self) -> str:
        """What it is, in words."""
        if self.filed is None:
            return "picture that is not filed here"
        body = (self.filed.body_part or "").lower()
        slices = f", {self.filed.slices} slices" if self.filed.slices > 1 else ""
        parts = (self.filed.modality, body, self.filed.view)
        return " ".join(part for part in parts if part) + slices or "picture"


def films(house: House, asked: Subject) -> list[Film]:
    """A patient's pictures that were taken, and answers that were known, at the moment; newest
    first."""
    images, limit = house.workspace.images, asked.at
    filed = [
        one
        for one in register.of(images, asked.patient, asked.site)
        if one.taken.astimezone(UTC).replace(tzinfo=None) <= limit
    ]
    told: dict[str, list[Finding]] = {}
    for one in _answers(house, asked):
        told.setdefault(_picture(one, filed), []).append(one)
    known = [Film(one.id, one.taken, one, tuple(told.pop(one.id, ()))) for one in filed]
    known += [Film(key, _taken(some[0]), None, tuple(some)) for key, some in told.items()]
    far = datetime.min.replace(tzinfo=UTC)
    return sorted(known, key=lambda one: (one.taken or far, one.id), reverse=True)


def _answers(house: House, asked: Subject) -> Iterator[Finding]:
    """The newest answer of each model to each question about each picture."""
    rows = asked.events.filter(pl.col("code").str.starts_with(PREFIX))
    synthetic = house.workspace.synthetic
    for _, group in rows.group_by("time", "source_file", maintain_order=True):
        yield from imaging.findings(asked.person, group, asked.at, synthetic=synthetic)


def _picture(finding: Finding, filed: list[Filed]) -> str:
    """The film that an answer is about: by the name of its file of readings, else by its time."""
    event = finding.evidence[-1].events[0]
    kept = album.KEPT.fullmatch(Path(event.source_file or "").name)
    if kept:
        return kept[1]
    same = [one.id for one in filed if event.time is not None and one.taken == utc(event.time)]
    if len(same) == 1:
        return same[0]
    return UNDATED if event.time is None else f"t{event.time:%Y%m%d%H%M%S}"


def _taken(finding: Finding) -> datetime | None:
    return finding.evidence[-1].events[0].time


@dataclass
class FilmRoom:
    """Decoded and rendered films of one server."""

    images: Path
    pixels: Bounded[Image] = field(
        default_factory=lambda: Bounded(MOST_PIXELS, lambda image: int(image.pixels.nbytes))
    )
    rendered: Bounded[bytes] = field(default_factory=lambda: Bounded(MOST_PNG, len))
    refused: Bounded[Nof1Error] = field(default_factory=lambda: Bounded(1000, lambda error: 1))
    _decoder: Decoder | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def image(self, filed: Filed, number: int = 1) -> Image:
        """One slice, (rows, columns); slices count from 1.

        Raises
        ------
        InputError : it is not at its place, was changed, or cannot be decoded.
        MissingExtra : the packages of the extra ``imaging`` are not installed.
        """
        if not 1 <= number <= filed.slices:
            raise InputError("There is no such slice.", where="slice",
                             allowed=f"1 to {filed.slices}")  # fmt: skip
        key = (filed.picture, number)
        try:
            return self.pixels.get(key, lambda: self._opened(filed, number))
        except InputError as error:
            refusal = error
            self.refused.get(key, lambda: refusal)
            raise

    def film(
        self, filed: Filed, number: int, window: tuple[float, float] | None, *, small: bool = False
    ) -> bytes:
        """The film as PNG, at most ``LARGEST_SIDE`` (or ``SMALL``) pixels a side.

        Parameters
        ----------
        window : (low, high) in the picture's unit; None: the file's own, with its curve, or else
            from the 0.5 % to the 99.5 % percentile.
        """
        side = SMALL if small else LARGEST_SIDE
        key = (filed.picture, number, window, side)
        return self.rendered.get(key, lambda: _png(self.image(filed, number), window, side))

    def problem(self, filed: Filed, number: int) -> Nof1Error | None:
        """Why a slice cannot be shown, as far as that is known without decoding it.

        The guarded process is started, and not waited for: a picture will be asked for soon.
        """
        known = self.refused.find((filed.picture, number))
        if known is not None or self.pixels.find((filed.picture, number)) is not None:
            return known
        try:
            register.unchanged(self.images, filed.files[number - 1])
            self.decoder().start()
        except Nof1Error as error:
            return error
        return None

    def layer(self, path: Path) -> bytes:
        """The evidence of an answer as a transparent PNG of at most ``LARGEST_SIDE``."""
        from nof1.imaging.answering import layers

        key = (path.name, path.stat().st_mtime_ns)
        return self.rendered.get(
            key, lambda: layers.layer(layers.decode(path), LARGEST_SIDE)
        )  # fmt: skip

    def evidence(self, finding: Finding, folder: str = album.EVIDENCE) -> Path | None:
        """Where the evidence (or the drawing) of an answer is kept."""
        return album.find(self.images, finding, folder)

    def close(self) -> None:
        """End the process that decodes."""
        with self._lock:
            if self._decoder is not None:
                self._decoder.close()
                self._decoder = None

    def decoder(self) -> Decoder:
        """The guarded process, started when it is first needed."""
        from nof1.imaging.reading.decoder import Decoder

        with self._lock:
            if self._decoder is None:
                self._decoder = Decoder()
                atexit.register(self.close)
            return self._decoder

    def _opened(self, filed: Filed, number: int) -> Image:
        from nof1.imaging.reading.study import open_study

        lying = filed.files[number - 1]
        path = register.place(self.images, lying)
        if not path.is_file():
            register.unchanged(self.images, lying)  # says what is wrong
        study = open_study(path, decoder=self.decoder())
        if not study.images:
            refused = study.refused[0]
            raise InputError(f"The picture cannot be shown. {refused.reason}", where=path.name,
                             next_step=refused.next_step)  # fmt: skip
        image = study.images[0]
        if image.sha256 != lying.sha256:
            register.unchanged(self.images, lying)
        return image


def _png(image: Image, window: tuple[float, float] | None, side: int) -> bytes:
    from nof1.imaging.reading.window import brightness

    if window is None and image.window is None:
        low, high = np.percentile(image.pixels, (0.5, 99.5))
        window = (float(low), float(high))
    shown = brightness(image, window)
    step = max(1, -(-max(shown.shape) // side))
    rows, columns = (length // step for length in shown.shape)
    cut = shown[: rows * step, : columns * step]
    small = cut.reshape(rows, step, columns, step).mean(axis=(1, 3)) if step > 1 else cut
    stream = io.BytesIO()
    levels = np.rint(255 * small).astype(np.uint8)
    require("PIL.Image", "imaging").fromarray(levels).save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def gates(finding: Finding) -> str:
    """Which gates were passed, as the answer tells it; else why there is no answer."""
    said = [one.text for one in finding.evidence if one.text.startswith("Gates passed")]
    if said:
        return said[0]
    return "" if finding.status is Status.FOUND else (finding.reason or "")
