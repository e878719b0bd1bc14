"""One patient from a FHIR Bundle to findings: ./dev bench bundle.

A synthetic hospital is imported and learned from; then Bundles of its patients, cut or filled to
100 resources, are advised on one after another. Warm: models loaded, code compiled. One thread.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nof1.advice.advise import Adviser
from nof1.core.finding import Subject
from nof1.core.workspace import Workspace, create
from nof1.predict.train import TrainResult, train_task
from nof1.record.bundle import read_bundle
from nof1.record.ingest import ingest
from nof1.record.store import Record
from nof1.synthetic.hospital import write

PATIENTS = 6000
RESOURCES = 100
ASKED = 200
BUDGET_MS = 10.0
NOT_IN_A_BUNDLE = "{prefixes: [EXPOSURE//, GENE//, PGS//]}"  # without them, patients are strangers


def hospital(folder: Path) -> tuple[Workspace, TrainResult, Path]:
    """A workspace with one site's records and a trained model, and the site's FHIR folder."""
    written = write(folder / "files", seed=1, patients=PATIENTS)
    workspace = create(folder / "ws", site="site-a", shards=1, synthetic=True)
    for number, (site, source) in enumerate(written.sites.items()):
        ingest(workspace.record, [source], site=site, settings={} if number else {"shards": 1})
    task = folder / "task.yaml"
    text = written.tasks["heart_attack"].read_text(encoding="utf-8")
    task.write_text(text.replace("features:", f"features:\n  exclude: {NOT_IN_A_BUNDLE}"))
    trained = train_task(workspace, task)
    return workspace, trained, written.sites["site-a"] / "fhir"


def resources(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Resources of each patient, the patient first, others in time order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(folder.glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            resource = json.loads(line)
            subject = resource.get("subject") or resource.get("patient") or {}
            own = subject.get("reference", "").removeprefix("Patient/")
            found[own or resource["id"]].append(resource)
    return found


def bundles(
    found: dict[str, list[dict[str, Any]]], people: dict[str, datetime]
) -> list[tuple[str, datetime, bytes]]:
    """Bundles of exactly 100 resources: what is short is filled with its own vital signs."""
    made = []
    for patient, moment in people.items():
        own = sorted(found[patient], key=lambda r: r["resourceType"] != "Patient")
        copies = [r for r in own if r["resourceType"] == "Observation"]
        while copies and len(own) < RESOURCES:
            again = copies[len(own) % len(copies)]
            own.append({**again, "id": f"{again['id']}-{len(own)}"})
        entries = [{"resource": resource} for resource in own[:RESOURCES]]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        made.append((patient, moment, json.dumps(bundle).encode()))
    return made[:ASKED]


def timed(
    work: Callable[[Any], Any], items: list[Any]
) -> tuple[list[Any], list[float], list[float]]:
    """Results, wall and CPU milliseconds of each call."""
    results, wall, cpu = [], [], []
    for item in items:
        start, start_cpu = time.perf_counter(), time.process_time()
        results.append(work(item))
        wall.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - start_cpu))
    return results, wall, cpu


def line(name: str, wall: list[float], cpu: list[float]) -> str:
    """One row of the table."""
    cuts = statistics.quantiles(wall, n=100)
    figures = (statistics.median(wall), cuts[94], cuts[98], statistics.median(cpu))
    return f"{name:<34}" + "".join(f"{figure:>10.2f}" for figure in figures)


def main(arguments: list[str]) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        workspace, trained, folder = hospital(Path(name))
        rows = trained.cohort.frame.filter(trained.cohort.frame["site"] == "site-a")
        names = dict(
            Record(workspace.record).subjects().select("subject_id", "patient").iter_rows()
        )
        people = {
            names[subject]: moment + timedelta(days=1)
            for subject, moment in rows.select("subject_id", "prediction_time").iter_rows()
        }
        asked = bundles(resources(folder), people)
        adviser = Adviser(workspace)

        def read(one: tuple[str, datetime, bytes]) -> Any:
            return read_bundle(one[2], site="site-a")

        def advise(one: tuple[Any, datetime]) -> Any:
            return adviser.advise(Subject(id="p", site="site-a"), one[0].events, one[1])

        def whole(one: tuple[str, datetime, bytes]) -> Any:
            return advise((read(one), one[1]))

        timed(whole, asked[:30])
        read_rows, *reading = timed(read, asked)
        pairs = [(found, one[1]) for found, one in zip(read_rows, asked, strict=True)]
        _, *advising = timed(advise, pairs)
        findings, *everything = timed(whole, asked)
        answered = sum(finding.value is not None for found in findings for finding in found)
        print(
            f"{'one patient, ' + str(RESOURCES) + ' resources, ms':<34}"
            f"{'median':>10}{'p95':>10}{'p99':>10}{'CPU':>10}"
        )
        print(line("Bundle to events", *reading))
        print(line("events to findings", *advising))
        print(line("whole", *everything))
        print(f"{len(asked)} Bundles, {answered} with a risk; budget: p95 <= {BUDGET_MS:g} ms")
