"""Drawings that stay: the film with the evidence of a kept answer, found again by its finding.

    images/drawings/<picture>-<model and finding>.png
    images/evidence/<picture>-<model and finding>.png   (the evidence alone: ``layers``)

The record holds numbers and words only; a page of advice shows the drawing beside them. A drawing
belongs to one model's exact content and one picture, so a page can never show another one's. An
answer that was withheld has no drawing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nof1.core.finding import Basis, Finding, Kind, Status

if TYPE_CHECKING:
    from nof1.imaging.answering.study import Picture

FOLDER, EVIDENCE = "drawings", "evidence"
KEPT = re.compile(r"([0-9a-f]{16})\.ndjson")  # the file of readings that ``keeping.keep`` makes
PNG_MARK = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 8 * 2**20


def save(images: Path, pictures: Iterable[Picture]) -> list[Path]:
    """Draw and store every answered finding of some pictures; returns the files.

    Parameters
    ----------
    images : the workspace's ``images`` folder.
    """
    from nof1.imaging.answering import layers  # heavy, and only needed here
    from nof1.imaging.answering.files import LARGEST_SIDE, drawn
    from nof1.imaging.answering.telling import basis, coding

    written = []
    for picture in pictures:
        answered = {
            (one.basis.content_hash, one.what.code)
            for one in picture.findings
            if one.status is Status.FOUND
        }
        for reader, answer, mark in picture.marks():
            who, code = basis(reader), coding(mark.name).code
            if (who.content_hash, code) not in answered:
                continue
            path = images / FOLDER / _name(picture.image.sha256[:16], who, code)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(drawn(answer, mark, LARGEST_SIDE))
            layer = images / EVIDENCE / path.name
            layer.parent.mkdir(parents=True, exist_ok=True)
            layer.write_bytes(layers.encode(answer.evidence(mark)))
            written.append(path)
    return written


def find(images: Path, finding: Finding, folder: str = FOLDER) -> Path | None:
    """The stored drawing of a finding that came out of the record; None without one.

    Parameters
    ----------
    folder : ``EVIDENCE`` for the evidence alone.
    """
    if finding.kind is not Kind.IMAGE or finding.status is not Status.FOUND:
        return None
    events = [event for evidence in finding.evidence for event in evidence.events]
    for event in events:
        kept = KEPT.fullmatch(Path(event.source_file or "").name)
        if kept:
            path = images / folder / _name(kept[1], finding.basis, finding.what.code)
            return path if path.is_file() else None
    return None


def drawings(images: Path, findings: Iterable[Finding]) -> dict[str, str]:
    """For a patient's page: code of a finding -> its drawing as base64 PNG.

    A code that several answers share (two models, two questions of one name) gets none: the page
    could not tell whose drawing it is.
    """
    told = list(findings)
    times = Counter(one.what.code for one in told)
    found: dict[str, str] = {}
    for one in told:
        path = find(images, one) if times[one.what.code] == 1 else None
        content = path.read_bytes() if path and path.stat().st_size <= MOST_BYTES else b""
        if content.startswith(PNG_MARK):
            found[one.what.code] = base64.b64encode(content).decode()
    return found


def _name(picture: str, basis: Basis, code: str) -> str:
    """File name of a drawing: no text of a file's own gets into it."""
    whose = hashlib.sha256(f"{basis.content_hash}/{code}".encode()).hexdigest()[:16]
    return f"{picture}-{whose}.png"
