"""Whom ``nof1 demo`` asks about: a telling risk, a medicine that genes matter for, and a film."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nof1.cli.demo_films import FilmRoom, fit_to_show
from nof1.core.finding import Finding, Kind, Status

if TYPE_CHECKING:
    import polars as pl

    from nof1.advice.hospital import Bedside, Hospital
    from nof1.imaging.answering.study import StudyAnswer
    from nof1.synthetic.image_files import WrittenFilm

MOST_TRIED, MOST_READ = 200, 12
BOTH = 2  # a telling risk, and a medicine that genes matter for
TELLING_RISK = 0.25  # a patient with at least this risk makes a more telling example


@dataclass(frozen=True, eq=False)
class Asked:
    """A patient, the moment, all findings, and the film with what was read from it."""

    bedside: Bedside
    at: datetime
    findings: list[Finding]
    film: WrittenFilm | None = None
    reading: StudyAnswer | None = None

    @property
    def told(self) -> int:
        """0 to ``BOTH``: how many of risk and medicine are telling."""
        found = self.findings
        return any(map(_telling, found)) + any(map(_about_a_medicine, found))

    @property
    def rank(self) -> tuple[int, int]:
        """Higher is a more telling example: risk and medicine first, then the film's answer."""
        if self.reading is None:
            return self.told, int(self.film is not None)
        return self.told, 2 + self.reading.answered + says_yes(self.reading)


BEST = (BOTH, 4)


def says_yes(done: StudyAnswer) -> bool:
    """Whether the model found something: only «yes» is compatible with its calibration films."""
    return any(label.chosen == "yes" for one in done.pictures for _, _, label in one.labels())


def _telling(finding: Finding) -> bool:
    value = finding.value
    risk = finding.kind is Kind.RISK and finding.status == Status.FOUND
    return risk and value is not None and value.amount >= TELLING_RISK


def _about_a_medicine(finding: Finding) -> bool:
    return finding.kind is Kind.MEDICATION and finding.status == Status.FOUND


def choose(
    hospital: Hospital,
    cohort: pl.DataFrame,
    films: Mapping[str, WrittenFilm],
    room: FilmRoom | None,
) -> Asked:
    """The first patient with all that is telling, or else the most telling of ``MOST_TRIED``.

    Parameters
    ----------
    cohort : subject_id, prediction_time, site.
    films : patient's id -> film; empty without films. ``room`` reads them.
    """
    from nof1.imaging.reading.decoder import Decoder

    best: Asked | None = None
    read = 0
    with Decoder() if room else nullcontext() as decoder:
        for bedside, at, film in _candidates(hospital, cohort, films if room else {}):
            asked = Asked(bedside, at, bedside.advise(at), film)
            if room and film and asked.told == BOTH and read < MOST_READ:
                read += 1
                asked = replace(asked, reading=room.read(film, bedside.patient, decoder))
            if best is None or asked.rank > best.rank:
                best = asked
            if best.rank == BEST or (room is None and best.told == BOTH):
                break
    assert best is not None
    return best


def _candidates(
    hospital: Hospital, cohort: pl.DataFrame, films: Mapping[str, WrittenFilm]
) -> Iterator[tuple[Bedside, datetime, WrittenFilm | None]]:
    """People of the cohort, those with the largest film first, a day after their index date."""
    people = dict(hospital.record.subjects().select("subject_id", "patient").iter_rows())
    found = []
    for subject_id, moment, site in cohort.iter_rows():
        at, film = moment + timedelta(days=1), films.get(people[subject_id])
        fits = film is not None and fit_to_show(film, at)
        found.append((people[subject_id], site, at, film if fits else None))
    found.sort(key=lambda one: -one[3].size if one[3] else 0)
    for patient, site, at, film in found[:MOST_TRIED]:
        yield hospital.patient(patient, site), at, film


def kept(room: FilmRoom, asked: Asked) -> Asked:
    """Put what the film says into the record, and ask again."""
    from nof1.advice.hospital import Hospital

    film, patient = asked.film, asked.bedside.patient
    assert film is not None
    done = asked.reading or room.read(film, patient)
    workspace = asked.bedside.hospital.workspace
    room.keep(workspace, film.site, patient, done)
    bedside = Hospital(workspace).patient(patient, film.site)
    return Asked(bedside, asked.at, bedside.advise(asked.at), film, done)


def patient_step(asked: Asked) -> dict[str, Any]:
    """The step of the first page about the patient."""
    findings = asked.findings
    answer = next((one.frequency.text for one in findings if one.frequency), "withheld")
    genes = [one for one in findings if one.what.code.startswith("GENE//")]
    known = sum(one.status == Status.FOUND for one in genes)
    medicines = sum(one.kind is Kind.MEDICATION for one in findings)
    pictures = [one for one in findings if one.kind is Kind.IMAGE]
    film = " And what the film says, with the places that speak for it." if pictures else ""
    return {
        "title": "The patient",
        "text": "The risk as people read it, with its range, the reasons and the source rows "
        f"behind each reason; and what the genes mean for the medicines taken now.{film}",
        "figures": [
            {"label": "patient", "value": asked.bedside.patient},
            {"label": "heart attack within a year", "value": answer},
            {"label": "genes known", "value": f"{known} of {len(genes)}"},
            {"label": "medicines held against the genes", "value": f"{medicines}"},
        ],
        "links": [{"href": "patient.html", "text": "Advice"}],
    }
