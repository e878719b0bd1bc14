"""Training on public films: ./dev bench imaging [child|nih] [--seeds N]. Needs ../shared/data.

child: PneumoniaMNIST (train part for training, validation part for the figures), 5 members.
nih: pneumonia or no finding on 760 films of adults, 5 folds by patient, with the frame-only figure
of the shortcut gate beside the full one, also on the matched subset. CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from pathlib import Path
from typing import Any

from bench.measured import ONE_THREAD, ROOT

os.environ.update(ONE_THREAD)  # torch reads it when it is imported

import numpy as np

from nof1.imaging.gates.shortcuts import Question, audit_folds, shortcut_reports
from nof1.imaging.training.calibrating import Calibration
from nof1.imaging.training.crossvalidating import crossvalidated
from nof1.imaging.training.evaluating import FindingFigures, figures
from nof1.imaging.training.loading import load
from nof1.imaging.training.running import run, settings
from nof1.imaging.training.task import ImagingTask

DATA = ROOT.parent / "shared" / "data" / "imaging"
PLACE = ROOT / ".bench" / "imaging"
BUDGET_S = 300
CHILD = f"""
name: child-pneumonia
pictures:
  npz: {DATA / "pneumoniamnist_train_val.npz"}
  array: {{train: train_images, test: val_images}}
findings:
  - name: pneumonia
    column: {{train: train_labels, test: val_labels}}
    present: [1]
    absent: [0]
split: {{arrays: true}}
training: {{size: 28, seeds: 5, epochs: 12, batch: 64}}
"""
NIH = f"""
name: adult-pneumonia
pictures: {{npz: {DATA / "nih_films_160px.npz"}, array: images}}
table: {{csv: {DATA / "nih_entries.csv"}, key: Image Index, name: name}}
findings: [{{name: pneumonia, column: label, present: [pneumonia], absent: [no_findings]}}]
patient: patient
split: {{folds: 5}}
subgroups:
  - {{name: sex, column: Patient Gender}}
  - {{name: view, column: View Position}}
  - {{name: age, column: Patient Age, limits: [18, 40, 60]}}
training: {{size: 96, seeds: 2, epochs: 16, batch: 32, patience: 8}}
"""


def task_of(text: str, name: str) -> ImagingTask:
    """The task, read from a file as a user's is."""
    PLACE.mkdir(parents=True, exist_ok=True)
    (PLACE / f"{name}.yaml").write_text(text)
    return ImagingTask.load(PLACE / f"{name}.yaml")


def show(one: FindingFigures) -> None:
    """Print the figures of one finding."""
    every = one.evaluation.figures
    print(f"AUROC {one.auroc}; members {', '.join(f'{each:.3f}' for each in one.members)}")
    for name in ("brier", "calibration_slope", "calibration_in_the_large", "ece_debiased"):
        print(f"{name:<26}{every[name]}")
    print(f"{'conformal_coverage':<26}{every.get('conformal_coverage')}")
    kept = ", ".join(f"{each.kept:.0%} {each.accuracy:.3f}" for each in one.selective)
    print(f"accuracy of the surest    {kept}")
    print(f"area under risk           {one.area_under_risk:.4f}")
    for row in one.evaluation.subgroups:
        flag = " FLAGGED" if row.flagged else ""
        print(f"  {row.attribute:<6}{row.group:<14}{row.rows!s:>5}  {row.auroc} {row.note}{flag}")


def child(seeds: int | None) -> None:
    """PneumoniaMNIST from the task file to the model folder."""
    task = task_of(
        CHILD if seeds is None else CHILD.replace("seeds: 5", f"seeds: {seeds}"), "child"
    )
    out = PLACE / "child-model"
    shutil.rmtree(out, ignore_errors=True)
    start = time.process_time()
    found = run(task, out)
    spent = time.process_time() - start
    print(f"PneumoniaMNIST, {len(task.seeds)} members, {found.fitted.precision}")
    print(f"CPU seconds, all in       {spent:.0f} (budget {BUDGET_S})")
    show(found.figures[0])
    print(f"model folder              {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB")


def nih(seeds: int | None) -> None:
    """NIH films over the folds of the shortcut gate."""
    text = NIH if seeds is None else NIH.replace("seeds: 2", f"seeds: {seeds}")
    task = task_of(text, "nih")
    data = load(task)
    y = data.labels[:, 0]
    fold = audit_folds(y, data.patients)
    start = time.process_time()
    found = crossvalidated(
        data.images, y, fold=fold, groups=data.patients, classes=task.classes, **settings(task)
    )
    spent = time.process_time() - start
    calibration = Calibration.fit(found.logits, found.values, found.question)
    print(f"NIH films, {len(task.seeds)} members a fold, CPU seconds {spent:.0f}")
    show(figures(found, calibration, data.groups)[0])
    np.savez(PLACE / "nih_scores.npz", risk=found.risk, logits=found.logits, fold=fold, y=y)
    audit(data, y, found.risk[:, 0], fold)


def audit(data: Any, y: Any, risk: Any, fold: Any) -> None:
    """Print the shortcut gate's reports about these scores."""
    question = Question(
        images=list(data.images),
        y=y,
        patients=data.patients,
        views=data.groups["view"],
        ordered=np.array([int(one) for one in data.patients]),
    )
    for report in shortcut_reports(question, full=risk, fold=fold):
        print(f"gate {report.gate}: {report.judgement} {report.because}")
        for part in (report.figures, report.figures.get("matched", {})):
            told = {k: v for k, v in part.items() if isinstance(v, dict) and "value" in v}
            for key, one in told.items():
                pictures = part.get("pictures")
                print(
                    f"  {key:<26}{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"
                    f" of {pictures} pictures"
                )


def main(arguments: list[str]) -> None:
    """Run one part, or both."""
    reader = argparse.ArgumentParser(prog="./dev bench imaging", description=__doc__)
    reader.add_argument("part", nargs="?", choices=("child", "nih"))
    reader.add_argument("--seeds", type=int)
    chosen = reader.parse_args(arguments)
    if not Path(DATA).is_dir():
        raise SystemExit("This needs ../shared/data/imaging.")
    for name, part in (("child", child), ("nih", nih)):
        if chosen.part in (None, name):
            part(chosen.seeds)
