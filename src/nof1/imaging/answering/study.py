"""Everything under a path, read and answered: films by models, CT volumes by masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nof1.core.errors import ModelError
from nof1.core.finding import Finding, Status, Subject
from nof1.imaging.answering.answer import Answer, Label, Mark
from nof1.imaging.answering.organs import is_ct_volume, measured
from nof1.imaging.answering.reader import Gated, Reader
from nof1.imaging.answering.telling import findings
from nof1.imaging.image import Image
from nof1.imaging.reading.cache import Cache
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.refusal import Refusal
from nof1.imaging.reading.study import open_study
from nof1.imaging.volumes.masks import Masks
from nof1.imaging.volumes.regions import Mask

if TYPE_CHECKING:  # needs torch, which reading films does not
    from nof1.imaging.answering.segmenting import VolumeReader

AnyReader: TypeAlias = "Gated | VolumeReader"


@dataclass(frozen=True, eq=False, kw_only=True)
class Picture:
    """One picture with all that was said about it.

    Attributes
    ----------
    answers : (reader, answer) of every model of films, for a film.
    learned : (reader, masks) of every model of volumes, for a volume.
    masks : of a CT volume; None otherwise, or when they were withheld.
    findings : of all of them.
    """

    image: Image
    answers: tuple[tuple[Gated, Answer], ...] = ()
    learned: tuple[tuple[VolumeReader, Mapping[str, Mask]], ...] = ()
    masks: Masks | None = None
    findings: tuple[Finding, ...] = ()

    def labels(self) -> Iterator[tuple[Gated, Answer, Label]]:
        """Every answered finding with a probability, with where it came from."""
        for reader, answer in self.answers:
            for label in answer.labels:
                yield reader, answer, label

    def marks(self) -> Iterator[tuple[Gated, Answer, Mark]]:
        """Every answer of a film that can be drawn, with where it came from."""
        for reader, answer in self.answers:
            for mark in answer.marks:
                yield reader, answer, mark


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyAnswer:
    """All pictures of a path, and the files that were refused."""

    pictures: tuple[Picture, ...]
    refused: tuple[Refusal, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all pictures, in their order."""
        return tuple(finding for one in self.pictures for finding in one.findings)

    @property
    def answered(self) -> bool:
        """Whether any finding holds an answer."""
        return any(one.status in (Status.FOUND, Status.EXCLUDED) for one in self.findings)

    @property
    def reason(self) -> str | None:
        """Why nothing was answered; None when something was."""
        if self.answered:
            return None
        reasons = [one.reason for one in self.findings if one.reason]
        reasons += [one.reason for one in self.refused]
        nothing = "No model was asked." if self.pictures else "There is no picture here."
        return reasons[0] if reasons else nothing


def read_study(
    path: str | Path,
    readers: Sequence[AnyReader] = (),
    *,
    subject: Subject,
    at: datetime,
    cache: str | Path | Cache | None = None,
    decoder: Decoder | None = None,
    modality: str | None = None,
) -> StudyAnswer:
    """Read a file or folder and answer for every picture in it.

    Parameters
    ----------
    readers : models of films and of volumes. Organs on CT need none.
    subject : whom the pictures are about.
    at : the moment of reading, UTC.
    cache, decoder, modality : as in :func:`nof1.imaging.reading.study.open_study`.

    Raises
    ------
    InputError : no such file or folder. MissingExtra : packages of the extra are missing.
    """
    study = open_study(path, cache=cache, decoder=decoder, modality=modality)
    pictures = tuple(answered(image, readers, subject, at) for image in study.images)
    return StudyAnswer(pictures=pictures, refused=study.refused)


def answered(image: Image, readers: Sequence[AnyReader], subject: Subject, at: datetime) -> Picture:
    """One picture that was already opened; models of films are asked about films only."""
    films = [one for one in readers if isinstance(one, Gated)]
    volumes = [one for one in readers if not isinstance(one, Gated)]
    if is_ct_volume(image) or (volumes and image.pixels.ndim == 3):
        return _volume(image, volumes, subject, at)
    answers = tuple((reader, reader.read(image)) for reader in films)
    told = tuple(one for pair in answers for one in _told(*pair, subject, at))
    return Picture(image=image, answers=answers, findings=told)


def _told(reader: Gated, answer: Answer, subject: Subject, at: datetime) -> list[Finding]:
    if isinstance(reader, Reader):
        return findings(reader, answer, subject, at)
    from nof1.imaging.answering import anomalies

    if isinstance(reader, anomalies.AnomalyReader):
        return anomalies.findings(reader, answer, subject, at)
    raise ModelError("There is no way to tell what this model answers.")


def _volume(
    image: Image, readers: Sequence[VolumeReader], subject: Subject, at: datetime
) -> Picture:
    """Organs of a CT, then what each model of volumes has learned to mark."""
    masks, found = measured(image, subject, at) if is_ct_volume(image) else (None, ())
    read = [(reader, *reader.read(image, subject, at)) for reader in readers]
    return Picture(
        image=image,
        masks=masks,
        learned=tuple((reader, marked) for reader, marked, _ in read if marked),
        findings=(*found, *(one for _, _, told in read for one in told)),
    )
