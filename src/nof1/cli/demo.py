"""``nof1 demo``: a synthetic hospital, from raw files to advice about one patient, in one go."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import as_json as json_option
from nof1.cli.options import tell
from nof1.core.errors import UsageError
from nof1.core.workspace import create, open_workspace

if TYPE_CHECKING:
    from nof1.advice.hospital import Hospital
    from nof1.cli.demo_epidemic import EpidemicRoom
    from nof1.cli.demo_films import FilmRoom
    from nof1.cli.demo_patient import Asked
    from nof1.predict.train import TrainResult
    from nof1.synthetic.files import Written
    from nof1.synthetic.image_files import WrittenFilm

MARK = ".nof1-demo"
MOST_FILMS = 200  # enough for the audit; drawing them takes about ten seconds
TITLE = "From a hospital's records to advice for one patient"
LEAD = (
    "A hospital that does not exist, written to disk in the formats real hospitals send; imported, "
    "checked, learned from, and asked about one patient. Every person in it is invented."
)


@click.command()
@json_option
@click.option(
    "--out",
    default="nof1-demo",
    show_default=True,
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Where to; an earlier demo there is replaced.",
)
@click.option(
    "--patients",
    default=6000,
    show_default=True,
    type=click.IntRange(1000, 1_000_000),
    help="Invented patients in all hospitals together.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    help="Which hospital is invented.",
)
@click.option("--no-serve", is_flag=True, help="Stop when the pages are written.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of the pages on 127.0.0.1.",
)
def demo(as_json: bool, out: str, patients: int, seed: int, no_serve: bool, port: int) -> None:
    """A synthetic hospital from raw files to advice, in one go; then its pages on 127.0.0.1.

    Writes DIR/hospital (raw files), DIR/workspace and DIR/report (pages that open offline), then
    serves all pages of the workspace with a walk through them.
    """
    folder = _fresh(Path(out))
    story = _Story(folder, quiet=as_json)
    hospital = story.build(patients, seed)
    story.audit_films()
    story.follow_epidemic(hospital, seed)
    trained = story.train()
    asked = story.ask(hospital, trained)
    story.teach(hospital)
    bedside, at = asked.bedside, asked.at
    index = story.pages(asked, trained)
    seconds = time.monotonic() - story.started
    data = {
        "schema": "nof1/demo/1",
        "report": str(index),
        "workspace": str(folder / "workspace"),
        "model": trained.artefact.name,
        "passed": not trained.model.withheld,
        "patient": bedside.patient,
        "film": asked.film is not None,
        "seconds": round(seconds, 1),
    }
    name = folder / "workspace"
    text = (
        f"\nDone in {seconds:.0f} s. Open {index}\n\n"
        f"All pages, with a walk through them:\n  nof1 serve --demo --workspace {name}\n\n"
        "Try it yourself:\n"
        f"  nof1 advise {bedside.patient} --at {at:%Y-%m-%d} --workspace {name}\n"
        f"  nof1 card {trained.artefact.name} --workspace {name}\n"
        f"  nof1 quality --workspace {name}"
        f"{_about_films(asked.film, folder)}"
    )
    tell(data, text, as_json=as_json)
    if not no_serve and not as_json:
        from nof1.cli.serve import demonstrate

        click.echo("")
        demonstrate(open_workspace(name), port)


def _about_films(film: WrittenFilm | None, folder: Path) -> str:
    """More lines to try, where there is a film."""
    if film is None:
        return ""
    return (
        f"\n  nof1 imaging read {film.path}"
        f"\n  nof1 imaging audit {folder / 'hospital' / 'truth' / 'films.csv'} "
        "--column label=opacity --finding 1"
    )


def _fresh(folder: Path) -> Path:
    """An empty folder; an earlier demo is removed, anything else is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise UsageError(
                "The folder is not empty, and it is no earlier demo.",
                where=str(folder),
                next_step="Choose another folder with --out.",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("This folder was made by nof1 demo, and may be replaced by it.\n")
    return folder.resolve()


@dataclass
class _Story:
    """The steps of the demo, and what each found, for the first page."""

    folder: Path
    quiet: bool
    started: float = field(default_factory=time.monotonic)
    steps: list[dict[str, Any]] = field(default_factory=list)
    written: Written | None = None
    quality: dict[str, Any] = field(default_factory=dict)
    audit: dict[str, Any] | None = None
    epidemic: EpidemicRoom | None = None

    def say(self, text: str) -> None:
        """One line on the way, with the seconds so far."""
        if not self.quiet:
            click.echo(f"{time.monotonic() - self.started:6.1f} s  {text}")

    def build(self, patients: int, seed: int) -> Hospital:
        """Write the hospital's files, import them, and check their quality."""
        from nof1.advice.hospital import Hospital
        from nof1.record.ingest import ingest
        from nof1.record.quality import report
        from nof1.synthetic.hospital import write
        from nof1.synthetic.radiology import Imaging

        self.say(f"SYNTHETIC hospital: {patients:,} invented patients at 5 sites")
        plan = Imaging(films=min(MOST_FILMS, patients // 10))
        written = write(self.folder / "hospital", seed=seed, patients=patients, imaging=plan)
        self.written = written
        workspace = create(self.folder / "workspace", shards=4, synthetic=True)
        refused, done = 0, None
        for site, source in written.sites.items():
            self.say(f"Import {site}: FHIR R4, genes, surroundings")
            settings = {} if done else {"shards": workspace.shards}
            done = ingest(workspace.record, [source], site=site, settings=settings)
            refused += done.quarantined_rows
        assert done is not None
        self.steps.append(
            {
                "title": "The record",
                "text": "Five sites with their own units, codes and habits, in one event table. "
                "Rows that cannot be right are in quarantine, never silently dropped.",
                "figures": [
                    {"label": "patients", "value": f"{done.patients:,}"},
                    {"label": "events", "value": f"{done.events:,}"},
                    {"label": "rows in quarantine", "value": f"{refused:,}"},
                ],
                "links": [{"href": "quality.html", "text": "Data quality"}],
            }
        )
        self.say("Check the quality of the data")
        hospital = Hospital(workspace)
        self.quality = report(hospital.record, synthetic=True).to_dict()
        return hospital

    def audit_films(self) -> None:
        """Audit the chest films of all sites, or say why there are none."""
        from nof1.cli.demo_films import audit_step, audited

        assert self.written is not None
        images = self.written.images
        if images.table is None:
            self.say(images.missing)
            self.steps.append({"title": "The films", "text": images.missing})
            return
        from nof1.imaging.answering import filing

        self.say(f"Look at {len(images.films)} chest films before anything is learned from them")
        found = audited(images)
        self.say(found.words())
        self.audit = found.everything.to_dict()
        self.steps.append(audit_step(found, len(self.written.sites)))
        filing.add(self.folder / "workspace" / "images", self.folder / "hospital" / "sources")

    def follow_epidemic(self, hospital: Hospital, seed: int) -> None:
        """Import the line list of an epidemic, and run the surveillance room on it."""
        from nof1.cli.demo_epidemic import EpidemicRoom

        self.say("Follow an epidemic: import a health office's line list")
        room = EpidemicRoom.open(hospital.workspace, self.folder / "hospital", seed)
        room.run(self.say)
        self.epidemic = room
        self.steps.append(room.step())

    def train(self) -> TrainResult:
        """Train the model of the task file that came with the hospital."""
        from nof1.predict.train import train_task

        workspace = open_workspace(self.folder / "workspace")
        task = self.folder / "hospital" / "tasks" / "heart_attack.yaml"
        done = train_task(workspace, task, say=self.say)
        figures = done.card.to_dict()["evaluation"]["figures"]
        verdict = "did not pass the gate: it is withheld" if done.model.withheld else "may speak"
        self.say(f"The model {verdict}")
        self.steps.append(
            {
                "title": "The model",
                "text": f"Who has a heart attack within a year of starting an antiplatelet "
                f"medicine? A glass box that can be read curve by curve; it {verdict}.",
                "figures": [
                    {"label": label, "value": _figure(figures[key])}
                    for label, key in (
                        ("AUROC", "auroc"),
                        ("calibration slope", "calibration_slope"),
                        ("calibration error", "ece_debiased"),
                    )
                ],
                "links": [{"href": "model.html", "text": "Model card"}],
            }
        )
        return done

    def ask(self, hospital: Hospital, trained: TrainResult) -> Asked:
        """Advise on one patient; the film of that patient is read and kept, if there is one."""
        from nof1.cli.demo_patient import choose, kept

        assert self.written is not None
        self.say("Ask about one patient")
        films = self.written.images.films
        room = self._room() if films else None
        cohort = trained.cohort.frame.select("subject_id", "prediction_time", "site")
        asked = choose(hospital, cohort, films, room)
        if room is not None and asked.film is not None:
            self.say("Read the patient's chest film: gates, calibrated answer, heatmap")
            asked = kept(room, asked)
        assert self.epidemic is not None
        self.say("What goes round in the patient's region?")
        return self.epidemic.told(asked)

    def teach(self, hospital: Hospital) -> None:
        """Make the cases of the academy."""
        from nof1.cli.demo_academy import teach

        self.steps.append(teach(hospital.workspace, self.say))

    def _room(self) -> FilmRoom | None:
        """The model for films; says so when there is none."""
        from nof1.cli.demo_films import NO_MODEL, FilmRoom

        room = FilmRoom.open()
        if room is None:
            self.say(NO_MODEL)
        return room

    def pages(self, asked: Asked, trained: TrainResult) -> Path:
        """Write all pages and the index; returns the index."""
        from nof1.cli.advise import advice, drawings, write_page
        from nof1.cli.demo_patient import patient_step
        from nof1.cli.models import write_card
        from nof1.pictures.pages import write

        self.say("Write the pages")
        folder, bedside, findings = self.folder / "report", asked.bedside, asked.findings
        there = {FILMS: self.audit is not None, FILM: asked.reading is not None}
        assert self.epidemic is not None
        links = {name: page for name, page in LINKS.items() if there.get(name, True)}
        if self.audit is not None:
            data = {**self.audit, "synthetic": True, "as_of": trained.model.data_date}
            write("imaging-audit", {**data, "links": links}, folder / "audit.html")
        write("quality", {**self.quality, "links": links}, folder / "quality.html")
        write_card(folder / "model.html", trained.artefact, links)
        self._film_page(asked, links)
        self.epidemic.page(folder, links)
        self._leave_word(asked)
        site = findings[0].subject.site if findings else None
        data = advice(bedside.patient, site, asked.at, findings, synthetic=True)
        data |= {"links": links, "drawings": drawings(bedside.hospital.workspace, findings)}
        write_page(folder / "patient.html", data, bedside.events, asked.at, findings)
        self.steps.append(patient_step(asked))
        index = {
            "title": TITLE,
            "lead": LEAD,
            "synthetic": True,
            "data_date": trained.model.data_date,
            "steps": self.steps,
        }
        return write("index", index, folder / "index.html")

    def _leave_word(self, asked: Asked) -> None:
        """Tell the pages of the server whom the walk begins with, and when."""
        site = asked.findings[0].subject.site if asked.findings else None
        told = {"patient": asked.bedside.patient, "site": site, "at": f"{asked.at:%Y-%m-%d}"}
        (self.folder / "workspace" / "demo.json").write_text(json.dumps(told), encoding="utf-8")

    def _film_page(self, asked: Asked, links: dict[str, str]) -> None:
        from nof1.cli.demo_films import film_step, write_film

        if asked.film is None or asked.reading is None:
            return
        written = write_film(self.folder / "report", asked.film, asked.reading, links)
        self.steps.append(film_step(asked.film, asked.reading, written))


FILMS, FILM = "Films", "Film"
LINKS = {
    "Overview": "index.html",
    "Data quality": "quality.html",
    FILMS: "audit.html",
    "Epidemic": "epidemic.html",
    "Model": "model.html",
    FILM: "film.html",
    "Patient": "patient.html",
}


def _figure(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
