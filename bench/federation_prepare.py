"""Records of several sites made into arrays for the race: ``./dev bench federation prepare``.

Writes ``.bench/federation/NAME.npz`` (one table, split anew for each seed) and ``NAME@SEED.npz``
(another hospital for each seed). About 25 CPU seconds for each hospital.
"""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.measured import ROOT, SCRATCH

FOLDER = SCRATCH / "federation"
SUPPORT2 = ROOT.parent / "shared" / "data" / "records" / "support2.csv"
HOSPITAL = "hospital"
HORIZON_DAYS = 180.0
LAST_DAYS = 1825.0

NUMBERS = [
    *("age", "num.co", "edu", "diabetes", "dementia", "scoma", "meanbp", "wblc", "hrt", "resp"),
    *("temp", "pafi", "alb", "bili", "crea", "sod", "ph", "glucose", "bun", "urine", "adlp"),
    "adls",
]
"""What was known at study entry, as in ``examples/support2/task.yaml``; ``adlsc`` is ``adls``
with gaps filled, ``hday`` the day of entry in the stay: both left out."""

CHOICES = ["sex", "race", "ca", "income", "dzgroup"]
"""One column a value. ``dzclass`` is left out: it repeats ``dzgroup``."""


def support2(path: Path, by: str) -> dict[str, Any]:
    """SUPPORT2 with one site for each value of a real variable.

    The diagnosis stays a feature where it makes the sites (a clinic knows what it treats; within
    one site it is constant). Income does not: no hospital would ask for what it is.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns = {name: np.array([_number(row[name]) for row in rows]) for name in NUMBERS}
    for name in CHOICES:
        if name == by == "income":
            continue
        values = [_word(row, name) for row in rows]
        for value in sorted(set(values))[1:] if name == "sex" else sorted(set(values)):
            columns[f"{name}: {value}"] = np.array([one == value for one in values], dtype=float)
    site_of = [_word(row, by) for row in rows]
    sites = sorted(set(site_of))
    days = np.array([_number(row["d.time"]) for row in rows])
    died = np.array([row["death"].strip() == "1" for row in rows])
    return {
        "X": np.column_stack(list(columns.values())).astype(np.float32),
        "names": np.array(list(columns)),
        "y": (died & (days <= HORIZON_DAYS)).astype(np.int8),
        "days": np.minimum(days, LAST_DAYS),
        "cause": (died & (days <= LAST_DAYS)).astype(np.int8),
        "site": np.array([sites.index(one) for one in site_of]),
        "sites": np.array(sites),
        "keys": np.arange(len(rows)),
        "horizon_days": np.array(HORIZON_DAYS),
    }


def _number(text: str) -> float:
    return float(text) if text.strip() else np.nan


def _word(row: dict[str, str], name: str) -> str:
    return row[name].strip() or "not known"


def hospital(seed: int, patients: int = 6000) -> dict[str, Any]:
    """The five-site synthetic hospital of a seed: features that its sites agreed on by sums."""
    from nof1.core.workspace import create
    from nof1.predict.task import Task
    from nof1.record.ingest import ingest
    from nof1.record.store import Record
    from nof1.synthetic.hospital import Hospital
    from nof1.synthetic.radiology import Imaging

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plan = Hospital(seed=seed, patients=patients, imaging=Imaging.none())
        written = plan.write(root / "files")
        records = {}
        for site, source in written.sites.items():
            own = create(root / site, shards=1, synthetic=True)
            ingest(own.record, [source], site=site, settings={"shards": 1})
            records[site] = Record(own.record)
        task = Task.parse(written.tasks["heart_attack"].read_text(encoding="utf-8"))
        return _together(task, records)


def _together(task: Any, records: dict[str, Any]) -> dict[str, Any]:
    """What each site would learn from in a federated job, one after the other."""
    import polars as pl

    from nof1.federation import columns
    from nof1.learn.sums import federate
    from nof1.predict.cohort import compile_cohort
    from nof1.predict.dataset import on_columns

    cohorts = {site: compile_cohort(task, record) for site, record in records.items()}
    known = {site: pl.Series(np.ones(one.frame.height, bool)) for site, one in cohorts.items()}
    spec = columns.united(
        columns.offer(task, record, cohorts[site], known[site]) for site, record in records.items()
    )

    def agree(site: str) -> Any:
        return lambda add: columns.agree(task, records[site], cohorts[site], spec, add)

    names = federate([agree(site) for site in records], fixed_point=True)[0]
    data = [
        on_columns(task, record, cohorts[site], spec, names) for site, record in records.items()
    ]
    sizes = [len(one.X) for one in data]
    return {
        "X": np.concatenate([one.X for one in data]).astype(np.float32),
        "names": np.array(names),
        "y": np.concatenate([one.outcome.label for one in data]).astype(np.int8),
        "days": np.concatenate([one.outcome.duration_days for one in data]),
        "cause": np.concatenate([one.outcome.cause for one in data]).astype(np.int8),
        "site": np.repeat(np.arange(len(sizes)), sizes),
        "sites": np.array(list(records)),
        "keys": np.concatenate([one.patients for one in data]),
        "horizon_days": np.array(task.time_at_risk.end_days, dtype=float),
    }


def prepare(seeds: int, folder: Path = FOLDER) -> None:
    """Write what is missing in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, by in (("support2-disease", "dzgroup"), ("support2-income", "income")):
        if SUPPORT2.exists():
            _keep(folder / f"{name}.npz", support2(SUPPORT2, by))
        else:
            print("SUPPORT2 is not here (../shared/data); left out.")
    for seed in range(seeds):
        path = folder / f"{HOSPITAL}@{seed}.npz"
        if not path.exists():
            _keep(path, hospital(seed))


def _keep(path: Path, parts: dict[str, Any]) -> None:
    np.savez_compressed(path, **parts)
    shape = " x ".join(f"{size:,}" for size in parts["X"].shape)
    print(f"{path.name}: {shape}, {path.stat().st_size / 1e6:.1f} MB", flush=True)
