"""Small records of people who began one of two options, with known effects."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from effect_samples import QUICK
from nof1.core.workspace import create
from nof1.learn.objectives import sigmoid
from nof1.predict.effect.estimate import estimate
from nof1.record.events import BIRTH, SCHEMA
from record_samples import imported, labs_folder

FAST = replace(QUICK, learners=())
START = datetime(2020, 1, 1)
MAPPING = """\
schema: nof1/mapping/1
tables:
  - file: labs.csv
    patient: pid
    record: id
    events:
      - {code: "{code}", time: when}
"""
TASK = """\
name: new-or-old
description: The event after
code_sets:
  new: D//new
  old: D//old
  event: O//event
  fall: O//fall
treatment:
  strategy: {of: new}
  comparator: {of: old}
outcome: {of: event}
time_at_risk: {end_days: 365}
censoring: {incomplete_follow_up: negative}
features: {windows: [full], aggregates: [count], min_patients: 10}
split: {method: patient, folds: 3, seed: 1}
"""


class FakeRecord:
    """A record of a few events (subject, time, recorded, code), in one shard."""

    def __init__(self, folder: Path, events, codes=()):
        self.path = folder / "0.parquet"
        names = ["subject_id", "time", "recorded", "code"]
        rows = pl.DataFrame(events, orient="row", schema={n: SCHEMA[n] for n in names})
        full = rows.with_columns(
            *(pl.lit(None).alias(name) for name in SCHEMA.names() if name not in names)
        ).cast({name: kind for name, kind in SCHEMA.items()})
        full.sort("subject_id", "time").write_parquet(self.path)
        self.known = sorted({event[3] for event in events} | set(codes))

    def shards(self):
        return [self.path]

    def codes(self):
        return pl.DataFrame({"code": self.known})

    def ancestors(self):
        return pl.DataFrame(schema={"ancestor": pl.String, "code": pl.String})


def chart(number, rng, *, gain, apart=False, confounded=False):
    """(code, day) events of one person; the option is begun on day 400.

    ``gain``: the option helps people with ``G//good`` much; without it nobody differs, and both
    options have the same risk plus ``apart`` of a constant.
    """
    frail, good = rng.random() < 0.5, rng.random() < 0.4
    events = [(f"S//{number % 3}", 10 + number % 300)]
    events += [("H//frail", 100)] if frail else []
    events += [("G//good", 200)] if good else []
    events += [("H//cough", 300)] if rng.random() < 0.5 else []
    new = rng.random() < sigmoid(1.0 * frail - 0.5)
    base = sigmoid(-0.3 + 1.0 * frail)
    risk = base
    if new and gain:
        risk = sigmoid(-0.3 + 1.0 * frail + 0.5 - 2.6 * good)
    elif new:
        risk = base - apart
    events.append(("D//new" if new else "D//old", 400))
    if rng.random() < risk:
        events.append(("O//event", 400 + int(rng.integers(1, 360))))
    falls = 0.2 + (0.5 if confounded and new else 0)
    if rng.random() < falls:
        events.append(("O//fall", 400 + int(rng.integers(1, 360))))
    return [*events, ("S//0", 900)]


def hospital(root: Path, people=900, seed=0, *, synthetic=True, **how):
    """A workspace with the charts of many people, and the charts by patient."""
    rng = np.random.default_rng(seed)
    charts = {f"patient-{number}": chart(number, rng, **how) for number in range(people)}
    lines = ["id,pid,code,when"]
    for pid, events in charts.items():
        rows = [(BIRTH, -20_000 - 10 * int(pid.split("-")[1])), *events]
        for code, day in rows:
            lines.append(f"{len(lines)},{pid},{code},{START + timedelta(days=day):%Y-%m-%d}")
    source = labs_folder(root / "source", "\n".join(lines) + "\n", MAPPING)
    workspace = create(root / "ws", synthetic=synthetic, shards=1)
    imported(workspace.record, source)
    return workspace, charts


def task_file(root: Path, text=TASK) -> Path:
    """A task file."""
    path = root / "task.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def estimated(root: Path, text=TASK, **how):
    """Workspace, charts and what the estimation made."""
    workspace, charts = hospital(root, **how)
    return workspace, charts, estimate(workspace, task_file(root, text), recipe=FAST)
