"""Unusual films without labels: ./dev bench imaging_anomaly [child|synthetic|nih] [--nets N].

The trial of a detector that learned from normal films only: planted changes of kinds it never
learned, and films called abnormal, each also against its untrained twin. Then the memory alone, and
three detectors on random weights, one honest about its origin and two that claim a training. child:
PneumoniaMNIST; synthetic: phantom films; nih: films of adults. The first and the last need
../shared/data.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.measured import ONE_THREAD, ROOT

os.environ.update(ONE_THREAD)  # torch reads it when it is imported

import numpy as np
from numpy.typing import NDArray

from nof1.imaging.anomaly.detector import Detector
from nof1.imaging.anomaly.learning import Lesson, learn, plan_for
from nof1.imaging.anomaly.sight import Sight, of_nets
from nof1.imaging.anomaly.trial import Proof
from nof1.imaging.nets.prepare import prepare, stored
from nof1.imaging.nets.residual import build
from nof1.imaging.nets.torchkit import torch
from nof1.synthetic.films import film_set

DATA = ROOT.parent / "shared" / "data" / "imaging"
NIH = DATA / "nih_films_160px.npz"
CHILD = DATA / "pneumoniamnist_train_val.npz"
LEARNED = 0.65  # share of the normal patients to learn from
RANDOM_SEED = 5  # weights of the untrained nets

Films = NDArray[np.uint8]  # (n, size, size)


@dataclass(frozen=True, eq=False)
class Site:
    """Normal films to learn from, others held out, abnormal ones for the trial.

    Without patients each film counts as a patient.
    """

    normal: Films
    held_out: Films
    abnormal: Films
    passes: int
    patients: NDArray[Any] | None = None
    abnormal_patients: NDArray[Any] | None = None


def child() -> Site:
    """PneumoniaMNIST, 28 px: normal films of the train part, the validation part for the trial."""
    data = np.load(CHILD)
    trained, tried = data["train_labels"][:, 0], data["val_labels"][:, 0]
    films = data["val_images"]
    return Site(data["train_images"][trained == 0], films[tried == 0], films[tried == 1], 40)


def synthetic() -> Site:
    """Phantom films, 64 px, against planted opacities."""
    normal = film_set(400, seed=1, size=64, share=0.0).images
    tried = film_set(300, seed=3, size=64, share=0.5)
    ill = tried.truth["opacity"].to_numpy() == 1
    return Site(normal, tried.images[~ill], tried.images[ill], 40)


def nih() -> Site:
    """Films of adults, 80 px, against pneumonia; normal: of patients who never have pneumonia."""
    data = np.load(NIH)
    films = np.stack([stored(prepare(film, 80)) for film in data["images"]])
    whose, ill = data["patient"], data["label"] == "pneumonia"
    well = ~np.isin(whose, whose[ill])
    order = np.random.default_rng(0).permutation(np.unique(whose[well]))
    learned = np.isin(whose, order[: int(LEARNED * len(order))])
    held = well & ~learned
    return Site(films[well & learned], films[held], films[ill], 60, whose[held], whose[ill])


def tried(name: str, site: Site, sight: Sight) -> None:
    """Build a detector and print what it has shown."""
    start = time.process_time()
    proof = Detector.build(
        sight,
        site.normal,
        site.held_out,
        patients=site.patients,
        abnormal=site.abnormal,
        abnormal_patients=site.abnormal_patients,
    ).proof
    spent = time.process_time() - start
    print(f"\n{name}: {'PASSED' if proof.passed else 'withheld'} ({spent:.1f} CPU-s)")
    show(proof)


def show(proof: Proof) -> None:
    """Print the figures of a trial."""
    for kind, found in proof.kinds.items():
        print(f"  {kind:<24}{found}")
    for text, one in (
        ("planted, unseen kinds", proof.planted),
        ("above the twin", proof.planted_gain),
        ("films called abnormal", proof.labelled),
        ("above the twin", proof.labelled_gain),
    ):
        print(f"  {text:<24}{one}")
    print(f"  {proof.reason or 'nothing speaks against it'}", flush=True)


def untrained(size: int, nets: int) -> list[Any]:
    """Nets of the detector's shape with random weights."""
    torch.manual_seed(RANDOM_SEED)
    return [build(plan_for(size), 1).eval() for _ in range(nets)]


def run(name: str, site: Site, nets: int, without: bool) -> None:
    """Learn from one site, then try the detector and those that must be withheld."""
    start = time.process_time()
    learned = learn(site.normal, seeds=range(1, nets + 1), lesson=Lesson(passes=site.passes))
    spent = time.process_time() - start
    films = f"{len(site.normal)} normal films, {len(site.held_out)} held out"
    print(f"\n{name}: {films}, against {len(site.abnormal)} called abnormal")
    print(f"learning: {site.passes} passes, {nets} net(s), {spent:.0f} CPU-s", flush=True)
    sight, size = learned.sight, learned.size
    tried("trained", site, sight)
    tried("trained, memory alone", site, replace(sight, head=None, bias=None))
    if without:
        return
    random, plan = untrained(size, nets), plan_for(size)
    tried("untrained", site, of_nets(random, size, "untrained", plan=plan))
    tried("untrained, says trained", site, of_nets(random, size, "planted changes", plan=plan))
    tried("untrained, says labelled", site, of_nets(random, size, "labelled films", plan=plan))


SITES: dict[str, tuple[Callable[[], Site], Path | None]] = {
    "child": (child, CHILD),
    "synthetic": (synthetic, None),
    "nih": (nih, NIH),
}


def main(arguments: Sequence[str]) -> None:
    """Run one site, or all."""
    reader = argparse.ArgumentParser(prog="./dev bench imaging_anomaly", description=__doc__)
    reader.add_argument("site", nargs="?", choices=tuple(SITES))
    reader.add_argument("--nets", type=int, default=1, help="seeds 1 to N")
    reader.add_argument("--without-untrained", action="store_true", help="leave random nets out")
    chosen = reader.parse_args(arguments)
    for name, (read, file) in SITES.items():
        if chosen.site not in (None, name):
            continue
        if file is not None and not file.is_file():
            raise SystemExit("This needs ../shared/data/imaging.")
        run(name, read(), chosen.nets, chosen.without_untrained)
