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
from nof1.predict import features, reasons
from nof1.predict.eligible import find_place, members
from nof1.predict.train import TrainResult, train_task
from nof1.record.bundle import read_bundle
from nof1.record.ingest import ingest
from nof1.record.store import Record
from nof1.synthetic.hospital import write
from nof1.synthetic.radiology import Imaging

PATIENTS = 6000
RESOURCES = 100
ASKED = 200
BUDGET_MS = 10.0
TIMES = 3  # each Bundle; the quickest counts, the others say more about the neighbours
SITE = "site-a"
NOT_IN_A_BUNDLE = "{prefixes: [EXPOSURE//, GENE//, PGS//]}"  # without them, patients are strangers


def hospital(folder: Path) -> tuple[Workspace, TrainResult, Path]:
    """A workspace with one site's records and a trained model, and the site's FHIR folder."""
    written = write(folder / "files", seed=1, patients=PATIENTS, imaging=Imaging.none())
    workspace = create(folder / "ws", site=SITE, shards=1, synthetic=True)
    for number, (site, source) in enumerate(written.sites.items()):
        ingest(workspace.record, [source], site=site, settings={} if number else {"shards": 1})
    task = folder / "task.yaml"
    text = written.tasks["heart_attack"].read_text(encoding="utf-8")
    task.write_text(text.replace("features:", f"features:\n  exclude: {NOT_IN_A_BUNDLE}"))
    trained = train_task(workspace, task)
    return workspace, trained, written.sites[SITE] / "fhir"


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
    """Results, wall and CPU milliseconds of each item: the quickest of a few times."""
    results, wall, cpu = [], [], []
    for item in items:
        times = []
        for _ in range(TIMES):
            start, start_cpu = time.perf_counter(), time.process_time()
            result = work(item)
            times.append((time.perf_counter() - start, time.process_time() - start_cpu))
        results.append(result)
        wall.append(1000 * min(pair[0] for pair in times))
        cpu.append(1000 * min(pair[1] for pair in times))
    return results, wall, cpu


def line(name: str, wall: list[float], cpu: list[float]) -> str:
    """One row of the table."""
    cuts, cpu_cuts = statistics.quantiles(wall, n=100), statistics.quantiles(cpu, n=100)
    figures = (statistics.median(wall), cuts[94], cuts[98], statistics.median(cpu), cpu_cuts[94])
    return f"{name:<30}" + "".join(f"{figure:>10.2f}" for figure in figures)


def stages(adviser: Adviser, asked: list[tuple[str, datetime, bytes]]) -> None:
    """Print what each step takes, one after another."""
    scorer = adviser.scorers[0]
    model, task = scorer.model, scorer.task
    days, voice = next(iter(model.voices.items()))

    def place(item: tuple[Any, datetime]) -> Any:
        codes = members(task.code_sets(), model.code_sets, item[0].events)
        return find_place(task, item[0].events, item[1], codes)

    def feature_row(item: tuple[Any, datetime]) -> Any:
        encoded = features.encode(item[0].events, model.spec)
        return features.row(encoded, item[1], model.spec)[scorer.places][None, :]

    def risk(item: tuple[Any, Any]) -> Any:
        found = model.pair.decisions(item[1], days)
        return voice.interval.interval(found.model, found.bags, model.level)

    def reason(item: tuple[tuple[Any, datetime], Any]) -> Any:
        (read, moment), x = item
        values = dict(zip(model.columns, x[0].tolist(), strict=True))
        patient = reasons.Patient(values, read.events, moment, model.codes, model.spec)
        added = model.pair.trained.contributions(x)[0].tolist()
        pairs = zip(scorer.terms, added, strict=True)
        return reasons.explain([reasons.Part(*pair) for pair in pairs if all(pair)], patient)

    read, *times = timed(lambda item: read_bundle(item[2], site=SITE), asked)
    print(line("Bundle to events", *times))
    known = [(each, item[1]) for each, item in zip(read, asked, strict=True)]
    print(line("place in the task", *timed(place, known)[1:]))
    rows, *times = timed(feature_row, known)
    print(line("features", *times))
    pairs = list(zip(known, rows, strict=True))
    print(line("risk and interval", *timed(risk, pairs)[1:]))
    print(line("reasons", *timed(reason, pairs)[1:]))


def main(arguments: list[str]) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        workspace, trained, folder = hospital(Path(name))
        rows = trained.cohort.frame.filter(trained.cohort.frame["site"] == SITE)
        names = dict(
            Record(workspace.record).subjects().select("subject_id", "patient").iter_rows()
        )
        people = {
            names[subject]: moment + timedelta(days=1)
            for subject, moment in rows.select("subject_id", "prediction_time").iter_rows()
        }
        asked = bundles(resources(folder), people)
        adviser = Adviser(workspace)

        def whole(item: tuple[str, datetime, bytes]) -> Any:
            read = read_bundle(item[2], site=SITE)
            return adviser.advise(Subject(id="p", site=SITE), read.events, item[1])

        timed(whole, asked[:30])  # warm
        columns = ("median", "p95", "p99", "CPU", "CPU p95")
        print(f"{f'{RESOURCES} resources, ms':<30}" + "".join(f"{each:>10}" for each in columns))
        stages(adviser, asked)
        findings, *times = timed(whole, asked)
        print(line("whole", *times))
        answered = sum(finding.value is not None for found in findings for finding in found)
        print(f"{len(asked)} Bundles, {answered} with a risk; budget: p95 <= {BUDGET_MS:g} ms")
