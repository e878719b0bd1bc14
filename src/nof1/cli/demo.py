"""``nof1 demo``: a synthetic hospital, from raw files to advice about one patient, in one go."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import as_json as json_option
from nof1.cli.options import tell
from nof1.core.errors import UsageError
from nof1.core.finding import Kind, Status
from nof1.core.workspace import create

if TYPE_CHECKING:
    from nof1.advice.hospital import Bedside, Hospital
    from nof1.core.finding import Finding
    from nof1.predict.train import TrainResult

MARK = ".nof1-demo"
TITLE = "From a hospital's records to advice for one patient"
LEAD = (
    "A hospital that does not exist, written to disk in the formats real hospitals send; imported, "
    "checked, learned from, and asked about one patient. Every person in it is invented."
)
MOST_TRIED = 200
TELLING_RISK = 0.25  # a patient with at least this risk makes a more telling example


@click.command()
@json_option
@click.option("--out", default="nof1-demo", show_default=True, type=click.Path(file_okay=False))
@click.option("--patients", default=6000, show_default=True, type=click.IntRange(1000, 1_000_000))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option("--no-serve", is_flag=True, help="Stop when the pages are written.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def demo(as_json: bool, out: str, patients: int, seed: int, no_serve: bool, port: int) -> None:
    """A synthetic hospital from raw files to advice, in one go; then its pages on 127.0.0.1.

    Writes DIR/hospital (raw files), DIR/workspace and DIR/report (pages that open offline).
    """
    folder = _fresh(Path(out))
    story = _Story(folder, quiet=as_json)
    hospital = story.build(patients, seed)
    trained = story.train()
    bedside, at, findings = story.ask(hospital, trained)
    index = story.pages(bedside, at, findings, trained)
    seconds = time.monotonic() - story.started
    data = {
        "schema": "nof1/demo/1",
        "report": str(index),
        "workspace": str(folder / "workspace"),
        "model": trained.artefact.name,
        "passed": not trained.model.withheld,
        "patient": bedside.patient,
        "seconds": round(seconds, 1),
    }
    name = folder / "workspace"
    text = (
        f"\nDone in {seconds:.0f} s. Open {index}\n\nTry it yourself:\n"
        f"  nof1 advise {bedside.patient} --at {at:%Y-%m-%d} --workspace {name}\n"
        f"  nof1 card {trained.artefact.name} --workspace {name}\n"
        f"  nof1 quality --workspace {name}"
    )
    tell(data, text, as_json=as_json)
    if not no_serve and not as_json:
        _serve(folder / "report", port)


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

    def say(self, text: str) -> None:
        """One line on the way, with the seconds so far."""
        if not self.quiet:
            click.echo(f"{time.monotonic() - self.started:6.1f} s  {text}")

    def build(self, patients: int, seed: int) -> Hospital:
        """Write the hospital's files, import them, and check their quality."""
        from nof1.advice.hospital import Hospital
        from nof1.record.ingest import ingest
        from nof1.synthetic.hospital import write

        self.say(f"SYNTHETIC hospital: {patients:,} invented patients at 5 sites")
        written = write(self.folder / "hospital", seed=seed, patients=patients)
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
        self._quality(hospital)
        return hospital

    def _quality(self, hospital: Hospital) -> None:
        from nof1.pictures.pages import write
        from nof1.record.quality import report

        data = report(hospital.record, synthetic=True).to_dict()
        write("quality", {**data, "links": LINKS}, self.folder / "report" / "quality.html")

    def train(self) -> TrainResult:
        """Train the model of the task file that came with the hospital."""
        from nof1.core.workspace import open_workspace
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

    def ask(
        self, hospital: Hospital, trained: TrainResult
    ) -> tuple[Bedside, datetime, list[Finding]]:
        """Advise on one patient: a telling risk and a medicine that genes matter for, if any has.

        Of the first ``MOST_TRIED`` of the cohort it is the first such one, or else the last.
        """
        self.say("Ask about one patient")
        people = dict(hospital.record.subjects().select("subject_id", "patient").iter_rows())
        rows = trained.cohort.frame.select("subject_id", "prediction_time", "site")
        for subject_id, moment, site in rows.head(MOST_TRIED).iter_rows():
            bedside = hospital.patient(people[subject_id], site)
            at = moment + timedelta(days=1)
            found = bedside.advise(at)
            if any(map(_telling, found)) and any(map(_about_a_medicine, found)):
                break
        return bedside, at, found

    def pages(
        self, bedside: Bedside, at: datetime, findings: list[Finding], trained: TrainResult
    ) -> Path:
        """Write the remaining pages and the index; returns the index."""
        from nof1.cli.advise import advice, write_page
        from nof1.cli.models import write_card
        from nof1.pictures.pages import write

        report = self.folder / "report"
        site = findings[0].subject.site if findings else None
        data = advice(bedside.patient, site, at, findings, synthetic=True)
        write_page(report / "patient.html", {**data, "links": LINKS}, bedside.events, at, findings)
        write_card(report / "model.html", trained.artefact, LINKS)
        self.steps.append(_patient_step(bedside, findings))
        index = {
            "title": TITLE,
            "lead": LEAD,
            "synthetic": True,
            "data_date": trained.model.data_date,
            "steps": self.steps,
        }
        return write("index", index, report / "index.html")


LINKS = {
    "Overview": "index.html",
    "Data quality": "quality.html",
    "Model": "model.html",
    "Patient": "patient.html",
}


def _telling(finding: Finding) -> bool:
    value = finding.value
    return finding.status == Status.FOUND and value is not None and value.amount >= TELLING_RISK


def _about_a_medicine(finding: Finding) -> bool:
    return finding.kind is Kind.MEDICATION and finding.status == Status.FOUND


def _patient_step(bedside: Bedside, findings: list[Finding]) -> dict[str, Any]:
    answer = next((one.frequency.text for one in findings if one.frequency), "withheld")
    genes = [one for one in findings if one.what.code.startswith("GENE//")]
    known = sum(one.status == Status.FOUND for one in genes)
    medicines = sum(one.kind is Kind.MEDICATION for one in findings)
    return {
        "title": "The patient",
        "text": "The risk as people read it, with its range, the reasons and the source rows "
        "behind each reason; and what the genes mean for the medicines taken now.",
        "figures": [
            {"label": "patient", "value": bedside.patient},
            {"label": "heart attack within a year", "value": answer},
            {"label": "genes known", "value": f"{known} of {len(genes)}"},
            {"label": "medicines held against the genes", "value": f"{medicines}"},
        ],
        "links": [{"href": "patient.html", "text": "Advice"}],
    }


def _figure(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"


def _serve(folder: Path, port: int) -> None:
    """Serve the pages on this machine alone, until Ctrl-C."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """No line for each request."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(folder)))
    except OSError as error:
        raise UsageError(
            f"Port {port} of this machine cannot be used: {error.strerror}.",
            where="--port",
            next_step="Choose another port, or use --no-serve.",
        ) from None
    click.echo(f"\nPages on http://127.0.0.1:{port} - stop with Ctrl-C")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
