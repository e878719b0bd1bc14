"""Compounds: molecules a second, and property models on public tables: ./dev bench compounds.

``./dev bench compounds [rate] [TABLE ...] [--repeats N] [--challenger chemprop]``; tables: esol,
freesolv, bbbp, tox21, of ``../shared/data/molecules``; all of them without a name. Figures are CPU
seconds of one core. With a challenger, both answer about the same splits (extra ``chemprop``).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nof1.medicines.chemistry import descriptors, fingerprints, reading, splits
from nof1.medicines.chemistry.molecules import parse, standardise
from nof1.medicines.chemistry.toolkit import quiet
from nof1.medicines.properties import table
from nof1.medicines.properties.card import challenge_words, shown
from nof1.medicines.properties.compounds import Compounds, Training
from nof1.medicines.properties.evaluate import evaluate
from nof1.medicines.properties.figures import MAIN, auroc
from nof1.medicines.properties.learner import fit
from nof1.medicines.properties.race import Race, challenger
from nof1.medicines.properties.train import seen

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "molecules"
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "esol": ("delaney.csv", ("logp",)),  # the column holds log S
    "freesolv": ("freesolv.csv", ("freesolv",)),
    "bbbp": ("bbbp.csv", ("p_np",)),
    "tox21": (
        "tox21.csv",
        (
            "NR-AR",
            "NR-AR-LBD",
            "NR-AhR",
            "NR-Aromatase",
            "NR-ER",
            "NR-ER-LBD",
            "NR-PPAR-gamma",
            "SR-ARE",
            "SR-ATAD5",
            "SR-HSE",
            "SR-MMP",
            "SR-p53",
        ),
    ),
}


def main(arguments: Sequence[str]) -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="./dev bench compounds")
    parser.add_argument("what", nargs="*", choices=["rate", *TABLES, []], default=[])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--challenger", choices=["chemprop"])
    asked = parser.parse_args(arguments)
    for name in asked.what or ["rate", *TABLES]:
        if name == "rate":
            rates()
        else:
            figures(name, asked.repeats, asked.challenger)
        if name == "bbbp" and asked.challenger is None:
            as_published()


def rates() -> None:
    """Molecules a second for each step, on the drug-like molecules of the HIV table."""
    smiles = [one or "" for one in reading.read(DATA / "hiv.csv.gz").smiles[:10_000]]
    done, standard = timed("standardise", standardise, smiles)
    molecules = [done.molecules[place] for place in done.usable()]
    texts = [str(done.smiles[place]) for place in done.usable()]
    timed("parse + fingerprint, standardised SMILES", fingerprints.morgan, texts)
    _, prints = timed("fingerprint alone", fingerprints.packed, molecules)
    timed("71 descriptors", descriptors.describe, molecules[:3000])
    timed("scaffold", splits.scaffolds, molecules[:3000])
    print(f"raw SMILES to fingerprint, all steps: {1 / (1 / standard + 1 / prints):,.0f} a second")


def timed(name: str, work: Any, items: Sequence[Any]) -> tuple[Any, float]:
    """Run it, print and return items a CPU second."""
    start = time.process_time()
    found = work(items)
    rate = len(items) / (time.process_time() - start)
    print(f"{name:42} {rate:10,.0f} a second")
    return found, rate


def figures(name: str, repeats: int, rival: str | None = None) -> None:
    """The three splits of one table as rows for the documentation."""
    file, labels = TABLES[name]
    other = None if rival is None else challenger(rival)  # its import costs seconds of its own
    start = time.process_time()
    data = table.load(DATA / file, labels)
    begun = time.process_time()
    compounds = seen(data)
    race = None if other is None else Race(other, data, time.process_time() - begun)
    found = evaluate(
        compounds,
        data.labels,
        data.values,
        repeats=repeats,
        tell=lambda text: print(f"{time.process_time() - start:6.0f} s  {text}", flush=True),
        lap=None if race is None else race.lap,
    )
    seconds = time.process_time() - start
    print(f"\n{name}: {data.counts}\n{seconds:,.0f} CPU seconds for all of its splits")
    for label in data.labels:
        for split, one in found[label.name].items():
            if not one["repeats"]:
                print(f"| {label.name} | {split} | {one['why']} |")
                continue
            main = shown(one["metrics"][MAIN[label.kind]])
            covered = " | ".join(
                f"{part['covered']:.1%}" if part["predictions"] else "-"
                for part in (one["coverage"][zone] for zone in ("all", "inside", "edge", "outside"))
            )
            print(
                f"| {label.name} | {split} ({one['repeats']} x {one['test_compounds']:g}) | {main} "
                f"| {one['naive']:.3f} | {one['neighbour']:.3f} | {covered} |"
            )
    for split in ("random", "scaffold", "balanced scaffold"):
        values = [found[label.name][split] for label in data.labels]
        mean = np.mean(
            [
                one["metrics"][MAIN[label.kind]]["value"]
                for one, label in zip(values, data.labels, strict=True)
                if one["repeats"]
            ]
        )
        print(f"mean over labels, {split}: {mean:.3f}")
    if race is not None:
        raced(race.summary())
    sys.stdout.flush()


def raced(summary: dict[str, Any]) -> None:
    """A race as rows for the documentation."""
    for label, by_split in summary["labels"].items():
        for split, one in by_split.items():
            cost = summary["cpu_seconds"][split]
            print(
                f"| {label} | {split} | {shown(one['ours'])} | {shown(one['challenger'])} "
                f"| {shown(one['difference'])} | {one['reading']} "
                f"| {cost['ours']:.1f} ({cost['ours_without_limits']:.1f}) "
                f"| {cost['challenger']:.1f} "
                f"| {cost['times']:.1f} ({cost['times_without_limits']:.1f}) |"
            )
    for sentence in challenge_words(summary):
        print(sentence)


def as_published() -> None:
    """BBBP by the deterministic scaffold split on the table as it is: repeats, conflicts and all.

    Only this compares with published figures, which remove nothing.
    """
    batch = reading.read(DATA / "bbbp.csv")
    with quiet():
        molecules = [parse(str(text)) for text in batch.smiles]
    y = np.array([float(str(one)) for one in batch.columns["p_np"]])
    compounds = Compounds.of(molecules)
    split = splits.scaffold(compounds.shape.scaffolds)
    rows = np.sort(np.concatenate([split.train, split.validation]))
    training = Training(compounds.rows(rows))
    test = training.columns.table(compounds.rows(split.test).raw)
    for seed in range(3):
        learner = fit(training.table, y[rows], classify=True, seed=seed)
        value = float(auroc(y[split.test], learner.predict(test), np.ones(len(split.test))))
        print(f"BBBP as published, deterministic scaffold, seed {seed}: AUROC {value:.3f}")
