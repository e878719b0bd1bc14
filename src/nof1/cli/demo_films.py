"""The films of ``nof1 demo``: audited before anything is learned, then one is read and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nof1.core.errors import InputError
from nof1.core.finding import Finding, Subject

if TYPE_CHECKING:
    from nof1.core.workspace import Workspace
    from nof1.imaging.answering.reader import Reader
    from nof1.imaging.answering.study import StudyAnswer
    from nof1.imaging.gates.audit import Audit
    from nof1.imaging.gates.collection import Collection
    from nof1.imaging.reading.decoder import Decoder
    from nof1.synthetic.image_files import WrittenFilm, WrittenImages

COLUMNS = {"label": "opacity"}
SHORTCUTS = ("frame only", "exposure only", "site")
RECENT = timedelta(days=30)
READ_AFTER = timedelta(minutes=15)  # the moment of reading, in the hospital's own time
NO_MODEL = "There is no model for SYNTHETIC films here, so no film was read."
AUDIT, PAGE = "audit.html", "film.html"
REPORT, SEGMENTATION = "film-report.dcm", "film-evidence.dcm"


@dataclass(frozen=True, eq=False)
class FilmAudit:
    """What the audit of the films says: of all sites, and without the site that failed it."""

    everything: Audit
    rest: Audit
    site: str

    @property
    def caught(self) -> tuple[str, ...]:
        """Gates against shortcuts that fail with all sites together."""
        return tuple(name for name in self.everything.failed if name in SHORTCUTS)

    def words(self) -> str:
        """One line for the way."""
        head = f"Audit of {self.everything.counts['pictures']} films:"
        if not self.caught:
            return f"{head} no shortcut found"
        return f"{head} FAILED {', '.join(self.caught)}"

    def frames(self) -> list[dict[str, str]]:
        """How well the outer frame alone tells who has an opacity: AUROC with interval."""
        pairs = (("all sites", self.everything), (f"without {self.site}", self.rest))
        return [
            {"label": f"AUROC of the frame, {name}", "value": _frame(one)} for name, one in pairs
        ]


def _frame(found: Audit) -> str:
    report = next(one for one in found.gates if one.gate == "frame only")
    figure = report.figures.get("frame_only") or {}
    if figure.get("low") is None:
        return report.because or "not known"
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"


def audited(images: WrittenImages) -> FilmAudit:
    """Audit the films twice: all of them, and without the site that marks its films."""
    from nof1.imaging.gates.audit import audit_collection
    from nof1.imaging.gates.collection import open_collection
    from nof1.synthetic.radiology import TRAP

    assert images.table is not None
    found = open_collection(images.table, COLUMNS)
    return FilmAudit(
        everything=audit_collection(found, name="films of all sites", finding="1"),
        rest=audit_collection(
            without_site(found, TRAP.site), name=f"films without {TRAP.site}", finding="1"
        ),
        site=TRAP.site,
    )


def without_site(found: Collection, site: str) -> Collection:
    """The pictures of the other sites."""
    kept = found.columns["site"] != site
    rows = np.flatnonzero(kept)
    return replace(
        found,
        images=tuple(found.images[row] for row in rows),
        hashes=tuple(found.hashes[row] for row in rows),
        headers=tuple(found.headers[row] for row in rows),
        columns={name: values[kept] for name, values in found.columns.items()},
    )


def audit_step(found: FilmAudit, sites: int) -> dict[str, Any]:
    """The step of the first page about the audit."""
    count = found.everything.counts["pictures"]
    caught = "no gate" if not found.caught else ", ".join(found.caught)
    return {
        "title": "The films, before learning",
        "text": f"Chest films from {sites} sites, as DICOM, with a planted trap: {found.site} "
        "marks its films with a border and a bar, and most people on them are sick. A model of "
        "all sites would learn the mark. The audit asks first: how well does the "
        "outer frame alone, without lungs, tell who has an opacity? 0.5 is a coin.",
        "figures": [
            {"label": "films", "value": f"{count:,}"},
            {"label": "gates that caught it", "value": caught},
            *found.frames(),
        ],
        "links": [{"href": AUDIT, "text": "Audit of the films"}],
    }


@dataclass(frozen=True, eq=False)
class FilmRoom:
    """The model for SYNTHETIC films, and what it says about one of them."""

    reader: Reader

    @classmethod
    def open(cls) -> FilmRoom | None:
        """The room with the model that comes with nof1; None when there is none."""
        from nof1.imaging.answering import shelf
        from nof1.imaging.answering.reader import Reader

        folder = shelf.reference()
        return None if folder is None else cls(Reader.open(folder))

    def read(self, film: WrittenFilm, patient: str, decoder: Decoder | None = None) -> StudyAnswer:
        """What the model says about a film; ``decoder`` is a warm decoding process."""
        from nof1.imaging.answering.study import read_study

        at = read_at(film)
        subject = Subject(id=patient, site=film.site)
        return read_study(film.path, [self.reader], subject=subject, at=at, decoder=decoder)

    def keep(self, workspace: Workspace, site: str, patient: str, done: StudyAnswer) -> None:
        """Put the answer into the record of the patient at this site, and its drawing beside it."""
        from nof1.imaging.answering import keeping

        keeping.check_patient(done.pictures, patient)
        made = keeping.readings(done.pictures, patient)
        keeping.keep(replace(workspace, site=site), made, done.pictures)


def write_film(
    folder: Path, film: WrittenFilm, done: StudyAnswer, links: Mapping[str, str]
) -> list[dict[str, str]]:
    """Write the page, the structured report and the segmentation; links to what there is."""
    from nof1.cli.imaging import document
    from nof1.imaging.answering import files
    from nof1.pictures.pages import write

    picture, at = done.pictures[0], read_at(film)
    data = document(film.path.name, done, [model for model, _ in picture.answers])
    drawn = {"drawings": files.drawings(done.pictures), "films": files.films(done.pictures)}
    write("imaging", {**data, **drawn, "links": links}, folder / PAGE)
    files.report(picture, folder / REPORT, at)
    found = [
        {"href": PAGE, "text": "Film with heatmap"},
        {"href": REPORT, "text": "DICOM report (SR)"},
    ]
    try:
        files.segmentation(picture, folder / SEGMENTATION, at)
    except InputError:
        return found  # nothing speaks for the finding: there is no place to mark
    return [*found, {"href": SEGMENTATION, "text": "DICOM segmentation"}]


def read_at(film: WrittenFilm) -> datetime:
    """The moment of reading, UTC: shortly after the film, for the story plays in the past."""
    return film.taken.replace(tzinfo=UTC) + READ_AFTER


def fit_to_show(film: WrittenFilm, at: datetime) -> bool:
    """Whether a film was read in the month before a moment, at a site that does not mark films."""
    from nof1.synthetic.radiology import TRAP

    read = film.taken + READ_AFTER
    return film.site != TRAP.site and at - RECENT <= read <= at


def film_step(film: WrittenFilm, done: StudyAnswer, links: list[dict[str, str]]) -> dict[str, Any]:
    """The step of the first page about the patient's film."""
    picture = done.pictures[0]
    verdicts = [one for _, answer in picture.answers for one in answer.verdicts]
    gates = dict.fromkeys(one.gate for one in verdicts)
    passed = [name for name in gates if all(v.passed for v in verdicts if v.gate == name)]
    finding = picture.findings[0]
    return {
        "title": "The film",
        "text": "The same patient's chest film, read by a model that learned from SYNTHETIC films "
        "only and refuses real ones. First the gates, then a calibrated probability with its "
        "interval, then the places that speak for it. The answer stands in the record as well, "
        "so the advice shows it too.",
        "figures": [
            {"label": "taken at", "value": f"{film.site}, {film.taken:%d %B %Y}"},
            {"label": finding.what.display, "value": _answer(finding, done.reason)},
            {"label": "gates passed", "value": f"{len(passed)} of {len(gates)}"},
        ],
        "links": links,
    }


def _answer(finding: Finding, reason: str | None) -> str:
    from nof1.pictures.views.patient import percent

    value = finding.value
    if value is None:
        return f"withheld: {finding.reason or reason}"
    interval = value.interval
    shares = [percent(one) for one in (value.amount, interval.low, interval.high)]
    return f"{shares[0]} % ({shares[1]} to {shares[2]} %)"
