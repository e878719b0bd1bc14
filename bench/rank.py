"""Medicines ranked for one patient after another, and one whole call: ./dev bench rank.

A synthetic hospital is imported; then three diseases are ranked for its patients, from the events
to the data of ``--json``. Warm: facts read. The whole call starts a process and reads the record.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from nof1.core.finding import Subject
from nof1.core.workspace import Workspace, create
from nof1.medicines.ranking.document import document
from nof1.medicines.ranking.rank import rank
from nof1.record.ingest import ingest
from nof1.record.store import Record
from nof1.synthetic.hospital import write
from nof1.synthetic.radiology import Imaging

PATIENTS, ASKED, CALLS = 1500, 100, 5
AT = datetime(2022, 6, 1)
DISEASES = ("SNOMED//22298006", "ICD10CM//I48.91", "hypertension")
WARM_MS, CALL_S = 100.0, 1.0


def hospital(folder: Path) -> Workspace:
    """A workspace with the records and genes of all sites."""
    written = write(folder / "files", seed=1, patients=PATIENTS, imaging=Imaging.none())
    workspace = create(folder / "ws", shards=1, synthetic=True)
    for number, (site, source) in enumerate(written.sites.items()):
        ingest(workspace.record, [source], site=site, settings={} if number else {"shards": 1})
    return workspace


def main(arguments: list[str]) -> None:
    """Run the measurement."""
    with tempfile.TemporaryDirectory() as name:
        workspace = hospital(Path(name))
        record = Record(workspace.record)
        patients = record.subjects().head(ASKED)
        events = [record.patient_events(number) for number in patients["subject_id"]]
        rank(events[0], AT, DISEASES[0])
        gc.collect()
        gc.freeze()  # what this bench holds in memory is no part of a call
        for disease in DISEASES:
            spent, rows = [], 0
            for one in events:
                start = time.process_time()
                made = document(rank(one, AT, disease), Subject(id="x"), disease)
                spent.append(1000 * (time.process_time() - start))
                rows = len(made["rows"])
            spent.sort()
            p95 = spent[int(0.95 * len(spent))]
            print(
                f"{disease:20} {rows:3} medicines: median {statistics.median(spent):5.1f}, "
                f"p95 {p95:5.1f} CPU-ms (budget {WARM_MS:g})"
            )
        call = [sys.executable, "-m", "nof1", "medicines", "rank", patients["patient"][0]]
        call += ["--site", patients["site"][0], "--condition", DISEASES[1], "--json"]
        call += ["-w", str(workspace.root)]
        spent = []
        for _ in range(CALLS):
            start = sum(os.times()[2:4])
            subprocess.run(call, check=True, capture_output=True)
            spent.append(sum(os.times()[2:4]) - start)
        print(f"whole call: median {statistics.median(spent):.2f} CPU-s (budget {CALL_S:g} s)")
