"""A CT volume without any model: volumes and densities of body, lungs and bone as findings."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from nof1 import __version__
from nof1.core.errors import InputError
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
from nof1.imaging.answering.telling import PREFIX
from nof1.imaging.image import Image
from nof1.imaging.volumes.masks import Masks, find_masks
from nof1.imaging.volumes.measure import Measurement, measure_all


def _own_hash() -> str:
    """SHA-256 over the code of the masks: a rule is what its code says."""
    folder = Path(find_masks.__code__.co_filename).parent
    code = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    return hashlib.sha256(code).hexdigest()


RULE = "ct-masks"
KNOWN = "2026-11-25"
LEVEL = 0.95
EDGE = (
    "The range is what half a voxel of movement of the edge adds or takes: the resolution of the "
    "grid, not the disagreement between readers."
)
BASIS = Basis(
    kind="rule",
    id=RULE,
    version=__version__,
    content_hash=_own_hash(),
    knowledge_date=KNOWN,
    validated_in="phantoms of known volume, and one public CT against TotalSegmentator's masks",
)


def is_ct_volume(image: Image) -> bool:
    """Whether the picture is a volume in Hounsfield units."""
    return image.unit == "HU" and image.affine is not None and image.pixels.ndim == 3


def measured(
    image: Image, subject: Subject, at: datetime
) -> tuple[Masks | None, tuple[Finding, ...]]:
    """The masks, and one finding for each; withheld with the reason where none can be made."""
    try:
        masks = find_masks(image)
    except InputError as error:
        return None, (_withheld(image, subject, at, error),)
    found = measure_all(image, masks.named())
    return masks, tuple(_finding(image, one, masks.notes, subject, at) for one in found)


def _coding(name: str) -> Coding:
    return Coding(code=f"{PREFIX}volume_{'_'.join(name.split())}", display=f"volume of {name}")


def _finding(
    image: Image, one: Measurement, notes: tuple[str, ...], subject: Subject, at: datetime
) -> Finding:
    low, high = max(0.0, one.volume_ml - one.edge_ml), one.volume_ml + one.edge_ml
    density = "" if one.mean is None else f"Mean {one.mean:.0f} {one.unit} (SD {one.sd:.0f})."
    return Finding(
        subject=subject,
        as_of=utc(at),
        kind=Kind.IMAGE,
        what=_coding(one.name),
        status=Status.FOUND,
        basis=BASIS,
        value=Value(
            amount=one.volume_ml, unit="mL", interval=Interval(low=low, high=high, level=LEVEL)
        ),
        reason="At least this volume: it is cut off by the picture." if one.at_least else None,
        evidence=(Evidence(text=density),) if density else (),
        notes=(*one.notes, *notes, EDGE, *image.notes),
        synthetic=image.is_synthetic,
    )


def _withheld(image: Image, subject: Subject, at: datetime, error: InputError) -> Finding:
    return Finding(
        subject=subject,
        as_of=utc(at),
        kind=Kind.IMAGE,
        what=_coding("organs"),
        status=Status.WITHHELD,
        basis=BASIS,
        reason=error.message,
        resolve=error.next_step or "Read the CT series as it came from the scanner.",
        notes=image.notes,
        synthetic=image.is_synthetic,
    )
