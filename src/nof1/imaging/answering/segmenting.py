"""A trained model of masks at work: volumes in millilitres with a range, masks, or the reason.

The range follows from the Dice overlap alone. If the overlap with a reader's mask is d, that mask
has between V d / (2 - d) and V (2 - d) / d of the volume V found here: the common part is d times
half of the sum and is larger than neither. d is the lower limit on held-out patients.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nof1.core.errors import InputError, ModelError
from nof1.core.finding import (
    Basis,
    Coding,
    Evidence,
    Finding,
    Interval,
    Kind,
    Status,
    Subject,
    Value,
    utc,
)
from nof1.imaging.answering.telling import ASK_A_PERSON, PREFIX
from nof1.imaging.gates.population import Population
from nof1.imaging.image import Image
from nof1.imaging.nets.folder import ABOUT
from nof1.imaging.volumes.measure import Measurement, measure
from nof1.imaging.volumes.regions import Mask
from nof1.imaging.volumes.segmenter import Segmenter
from nof1.learn.figures import Figure

if TYPE_CHECKING:  # highdicom is slow to import: only who writes DICOM pays for it
    from nof1.imaging.output.seg import Segment

FILES = (ABOUT, "net.onnx", "net.safetensors")
UNCHECKED = (
    "Only unit, voxel size and header are compared with the volumes of training: nothing else "
    "recognises a foreign volume."
)
NOTHING = "Nothing was marked; that does not exclude it."
MORE = "Mark more patients and train again."


@dataclass(frozen=True, eq=False, kw_only=True)
class VolumeReader:
    """An opened model of masks.

    Attributes
    ----------
    about : ``model.json``; sha256 : of it, and through it of the whole model.
    """

    segmenter: Segmenter
    about: Mapping[str, Any]
    sha256: str

    @classmethod
    def open(cls, folder: str | Path) -> VolumeReader:
        """Open a model's folder and check all of it.

        Raises
        ------
        ModelError : no model, damaged, or changed since it was trained.
        MissingExtra : torch or onnxruntime is not installed.
        """
        place = Path(folder)
        files = {name: (place / name).read_bytes() for name in FILES if (place / name).is_file()}
        segmenter = Segmenter.from_files(files)
        about = json.loads(files[ABOUT])
        if not {"name", "created", "population", "synthetic"} <= set(about):
            raise ModelError("The model of masks is not whole.", where=place.name)
        return cls(
            segmenter=segmenter, about=about, sha256=hashlib.sha256(files[ABOUT]).hexdigest()
        )

    @property
    def name(self) -> str:
        """Of the model."""
        return str(self.about["name"])

    @property
    def synthetic(self) -> bool:
        """Whether the model learned from SYNTHETIC volumes."""
        return bool(self.about["synthetic"])

    @property
    def basis(self) -> Basis:
        """Which model answers, exactly, and where it was tested."""
        counts = self.segmenter.counts
        where = f"{counts['held_out_volumes']} volumes of {counts['held_out_patients']} patients"
        return Basis(
            kind="model",
            id=self.name,
            version=str(self.about.get("version", 1)),
            content_hash=self.sha256,
            knowledge_date=str(self.about["created"])[:10],
            validated_in=("SYNTHETIC volumes: " if self.synthetic else "") + where + " held out",
        )

    def read(
        self, image: Image, subject: Subject, at: datetime
    ) -> tuple[dict[str, Mask], tuple[Finding, ...]]:
        """Masks by name, and a finding for each label: found, or withheld with the reason."""
        shared: dict[str, Any] = {
            "subject": subject,
            "as_of": utc(at),
            "kind": Kind.IMAGE,
            "basis": self.basis,
            "synthetic": self.synthetic or image.is_synthetic,
        }
        stopped, doubts = self._gates(image)
        if stopped is None:
            try:
                return self._marked(image, (*doubts, UNCHECKED, *image.notes), shared)
            except InputError as error:
                stopped = (error.message, error.next_step or ASK_A_PERSON)
        names = self.segmenter.names
        return {}, tuple(_withheld(name, *stopped, image.notes, shared) for name in names)

    def _gates(self, image: Image) -> tuple[tuple[str, str] | None, tuple[str, ...]]:
        """Why the volume may not be read, or the doubts that an answer carries."""
        if self.synthetic and not image.is_synthetic:
            return (
                "The model learned from SYNTHETIC volumes only: it may not read a real one.",
                "Train a model on volumes of your site: nof1 imaging train TASK.yaml",
            ), ()
        found = Population.from_dict(self.about["population"]).check(image.header)
        refused = next((one for one in found if one.status == "refused"), None)
        if refused is not None:
            return (refused.reason, refused.next_step or ASK_A_PERSON), ()
        return None, tuple(f"Not validated: {one.reason}" for one in found if not one.passed)

    def _marked(
        self, image: Image, notes: tuple[str, ...], shared: Mapping[str, Any]
    ) -> tuple[dict[str, Mask], tuple[Finding, ...]]:
        done = self.segmenter.segment(image)
        told = []
        for name in self.segmenter.names:
            if name in done.withheld:
                told.append(_withheld(name, done.withheld[name], MORE, notes, shared))
            else:
                one = measure(image, done.masks[name], name)
                told.append(_told(one, self.segmenter.figures[name], notes, shared))
        return {name: mask for name, mask in done.masks.items() if mask.any()}, tuple(told)

    def segments(self, masks: Mapping[str, Mask]) -> list[Segment]:
        """The masks as segments of a DICOM Segmentation."""
        from pydicom.sr.coding import Code

        from nof1.imaging.output import codes
        from nof1.imaging.output.seg import LONGEST_LABEL, Segment

        return [
            Segment(
                label=f"{name} ({self.name})"[:LONGEST_LABEL],
                array=mask,
                category=codes.ANATOMY if name in codes.ORGANS else codes.RELATION,
                kind=codes.ORGANS.get(name) or Code(_word(name), codes.OWN, name[:LONGEST_LABEL]),
                basis=self.basis,
            )
            for name, mask in masks.items()
        ]


def _word(name: str) -> str:
    return "_".join(name.lower().split())


def coding(name: str) -> Coding:
    """The code of a label's volume."""
    return Coding(code=f"{PREFIX}volume_{_word(name)}", display=f"volume of {name}")


def _withheld(
    name: str, reason: str, resolve: str, notes: tuple[str, ...], shared: Mapping[str, Any]
) -> Finding:
    return Finding(
        what=coding(name),
        status=Status.WITHHELD,
        reason=reason,
        resolve=resolve,
        notes=notes,
        **shared,
    )


def _told(
    one: Measurement, figure: Figure, notes: tuple[str, ...], shared: Mapping[str, Any]
) -> Finding:
    least = "At least this volume: it is cut off by the picture." if one.at_least else None
    return Finding(
        what=coding(one.name),
        status=Status.FOUND,
        value=_value(one, figure) if one.voxels else None,
        reason=least if one.voxels else NOTHING,
        evidence=tuple(_evidence(one, figure)),
        notes=(*one.notes, *notes),
        **shared,
    )


def _value(one: Measurement, figure: Figure) -> Value:
    low, high = volume_range(one.volume_ml, figure)
    interval = Interval(low=low, high=high, level=figure.level)
    return Value(amount=one.volume_ml, unit="mL", interval=interval)


def volume_range(volume_ml: float, figure: Figure) -> tuple[float, float]:
    """What a reader's own volume may be if the Dice is the figure's lower limit.

    >>> low, high = volume_range(90.0, Figure(0.95, 0.9, 0.97))
    >>> round(low, 1), round(high, 1)
    (73.6, 110.0)
    """
    known = figure.low if figure.low is not None else figure.value
    overlap = min(1.0, max(known or 0.0, 1e-6))
    return volume_ml * overlap / (2 - overlap), volume_ml * (2 - overlap) / overlap


def _evidence(one: Measurement, figure: Figure) -> Iterable[Evidence]:
    if one.mean is not None:
        yield Evidence(text=f"Mean {one.mean:.0f} {one.unit} (SD {one.sd:.0f}).")
    yield Evidence(
        text=f"Dice on held-out patients {figure}. The range holds the volumes that a reader may "
        "have marked at the lower limit of that overlap; one patient may lie outside of it."
    )
