"""Gates on real pictures: ./dev bench imaging_gates [door|adults|copies] [nih|child].

door: how often good films of held-out patients are refused by mistake, and how often turned,
inverted and other pictures are refused for the right reason. adults: films of adults shown to the
model of children. copies: changed copies that are found again, false alarms, and the public split
of PneumoniaMNIST. Needs ../shared/data. CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

from bench.measured import ONE_THREAD, ROOT

os.environ.update(ONE_THREAD)  # torch reads it when it is imported

import numpy as np
from numpy.typing import NDArray

from bench.imaging_films import (
    COLLECTIONS,
    DATA,
    Collection,
    Picture,
    changes,
    nih,
    other_pictures,
)
from nof1.imaging.gates import negatives
from nof1.imaging.gates.domain import statistics_of
from nof1.imaging.gates.door import SUBFOLDER, Door, fit_domains
from nof1.imaging.gates.leakage import find_copies, leakage_report, near_pairs
from nof1.imaging.gates.orientation import Orientation
from nof1.imaging.gates.orientation_training import train_orientation
from nof1.imaging.gates.population import GATE as POPULATION
from nof1.imaging.gates.population import Population
from nof1.imaging.gates.quality import Quality
from nof1.imaging.gates.verdict import worst
from nof1.imaging.image import Header
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.export import head_of, to_onnx
from nof1.imaging.nets.folder import read_folder, write_folder
from nof1.imaging.nets.prepare import prepare
from nof1.imaging.nets.residual import Plan
from nof1.imaging.training.course import Course
from nof1.imaging.training.fitting import fit

PLACE = ROOT / ".bench" / "imaging_gates"
CHILDREN = {"age_years": [1, 5], "modalities": ["DX"], "body_parts": ["CHEST"]}
MOST_DESCRIBED = 2500  # films that the domain checks learn from
BASES = 300  # films that are changed and looked for
TURNED = ("upside_down", "rotated_90", "rotated_270", "inverted")
DRAWN = ("ellipses", "limbs", "fan", "body_slice")  # imitations of real pictures of other kinds


@dataclass(frozen=True, eq=False)
class Model:
    """Two small networks that answer, and the door before them."""

    net: Ensemble
    door: Door


@cache
def model_of(name: str) -> Model:
    """Train the answering networks and every gate, store them and open them again."""
    films, out = COLLECTIONS[name](), PLACE / name
    shutil.rmtree(out, ignore_errors=True)
    start = time.process_time()
    squares = np.stack([prepare(image, films.side) for image in films.images])
    net = answering(films, squares, out)
    netted = time.process_time()
    upright = orientation(films, out / SUBFOLDER)
    turned = time.process_time()
    chosen = np.flatnonzero(films.part < 2)
    chosen = np.random.default_rng(1).permutation(chosen)[:MOST_DESCRIBED]
    domains = fit_domains(
        statistics_of(list(films.images[chosen])),
        films.part[chosen] == 1,
        labels=films.labels[chosen],
        features=net.features(squares[chosen][:, None]),
    )
    learned = np.flatnonzero(films.part == 0)
    quality = Quality.fit(list(films.images[learned[:1000]]))
    Door(quality, upright, domains, population(films, learned)).save(out)
    print(
        f"{name}: CPU seconds: networks {netted - start:.0f}, orientation {turned - netted:.0f},"
        f" the rest {time.process_time() - turned:.0f}; films to learn, for limits, shown:"
        f" {np.bincount(films.part).tolist()}",
        flush=True,
    )
    return Model(net, Door.open(read_folder(out)))


def answering(films: Collection, squares: NDArray[np.float32], out: Path) -> Ensemble:
    """Two small networks for pneumonia or not, as a model's folder."""
    learned = films.part == 0
    fitted = fit(
        squares[learned],
        films.labels[learned],
        groups=films.patients[learned],
        seeds=(1, 2),
        classes=("pneumonia",),
        plan=Plan(widths=(16, 32, 64), stem=2 if films.side > 32 else 1),
        course=Course(epochs=films.epochs, patience=films.epochs, precision="float32"),
    )
    heads = [head_of(net) for net in fitted.nets]
    arrays = {
        "head": np.stack([weight for weight, _ in heads]),
        "constant": np.stack([constant for _, constant in heads]),
    }
    about = {"classes": ["pneumonia"], "size": films.side}
    write_folder(out, about, arrays, [to_onnx(net, films.side) for net in fitted.nets])
    return Ensemble.open(out)


def orientation(films: Collection, out: Path) -> Orientation:
    """The orientation check of all films that are not shown."""
    known = films.part < 2
    return train_orientation(
        out,
        list(films.images[known]),
        patients=films.patients[known],
        held_out=films.part[known] == 1,
    )


def population(films: Collection, learned: NDArray[np.int64]) -> Population:
    """Who was in training: from the headers, or what the source says of the children."""
    if films.headers is None:
        return Population.from_dict(CHILDREN)
    return Population.fit([films.headers[row] for row in learned])


def walk(
    model: Model, pictures: Sequence[Picture], headers: Sequence[Header] | None = None
) -> Counter[tuple[str, str]]:
    """How often each (status, code) decided; without headers only the pixels are asked."""
    squares = np.stack([prepare(picture, model.net.size) for picture in pictures])
    features = model.net.features(squares[:, None])
    found: Counter[tuple[str, str]] = Counter()
    for row, picture in enumerate(pictures):
        header = None if headers is None else headers[row]
        verdicts = model.door.check(picture, header, features[:, row])
        if headers is None:
            verdicts = tuple(one for one in verdicts if one.gate != POPULATION)
        decided = worst(verdicts)
        found[("passed", "") if decided is None else (decided.status, decided.code)] += 1
    return found


def show(title: str, found: Counter[tuple[str, str]], right: Sequence[str] = ()) -> None:
    """Print one row: shares of each status, of the right reason, and every reason."""
    count = sum(found.values())
    words = [f"{title:<34}{count:>5}"]
    for status in ("refused", "not validated", "passed"):
        share = sum(times for (one, _), times in found.items() if one == status) / count
        words.append(f"{status} {share:6.1%}")
    if right:
        met = sum(n for (one, code), n in found.items() if one == "refused" and code in right)
        words.append(f"right {met / count:6.1%}")
    reasons = ", ".join(f"{code} {times}" for (_, code), times in found.most_common() if code)
    print("  ".join(words) + f"  ({reasons})", flush=True)


def door(name: str) -> None:
    """Good, turned, inverted and other pictures at the door of the collection's own model."""
    films, model = COLLECTIONS[name](), model_of(name)
    rows = np.flatnonzero(films.part == 2)
    good = films.images[rows]
    show("upright", walk(model, list(good)))
    if films.headers is not None:
        headers = [films.headers[row] for row in rows]
        show("upright, with header", walk(model, list(good), headers))
    show("turned by 180 degrees", walk(model, list(good[:, ::-1, ::-1])), ["upside_down"])
    show("flipped top to bottom", walk(model, list(good[:, ::-1])), ["upside_down"])
    for code, way in (("rotated_90", -1), ("rotated_270", 1)):
        show(code, walk(model, list(np.rot90(good, way, axes=(1, 2)))), [code])
    show("inverted", walk(model, list(255 - good.astype(np.float32))), ["inverted"])
    others = other_pictures()
    found = walk(model, others)
    show("other pictures", found, sorted({code for _, code in found} - {*TURNED, ""}))
    if name == "nih":
        without_drawn(films, list(good), others)


def without_drawn(films: Collection, good: list[Picture], others: list[Picture]) -> None:
    """The orientation check alone, trained without the drawn imitations of other pictures."""
    out = PLACE / "without_drawn"
    shutil.rmtree(out, ignore_errors=True)
    kept = tuple(kind for kind in negatives.KINDS if kind.__name__ not in DRAWN)
    with patch.object(negatives, "KINDS", kept):
        check = orientation(films, out)
    for title, pictures, right in (("upright", good, []), ("other pictures", others, ["other"])):
        verdicts = check.check_all(pictures)
        found = Counter((str(one.status), one.code) for one in verdicts)
        show(f"without drawings: {title}", found, right)


def adults(name: str) -> None:
    """Films of adults at the door of the model of children."""
    if name != "child":
        print("Adults are shown to the model of children only.")
        return
    films, model = nih(), model_of("child")
    large = list(films.images)
    small = [prepare(image, model.net.size) * 255 for image in films.images]
    silent = [Header(modality="DX", body_part="CHEST")] * len(large)
    show("age known, 160 px", walk(model, large, films.headers))
    show("age known, 28 px", walk(model, small, films.headers))
    show("age not known, 160 px", walk(model, large, silent))
    show("age not known, 28 px", walk(model, small, silent))
    show("pixels alone, 160 px", walk(model, large))
    show("pixels alone, 28 px", walk(model, small))


def copies(name: str) -> None:
    """False alarms of a collection, and changed copies of 300 films that are found among all."""
    films = COLLECTIONS[name]()
    images = list(films.images if name == "nih" else films.images[films.part < 2])
    start, count = time.process_time(), len(images)
    found = find_copies(images)
    print(
        f"{name}: {count * (count - 1) // 2:,} pairs of {count} films: {len(found.exact)} exact and"
        f" {len(found.near)} near copies, CPU seconds {time.process_time() - start:.1f}"
    )
    known = {(a, b) for a, b in np.concatenate([found.exact, found.near]).tolist()}
    for title, changed in changes(np.stack(images[:BASES])):
        pairs = near_pairs([*images, *changed])[0]
        crossing = [(a, b - count) for a, b in pairs.tolist() if a < count <= b]
        right = sum(a == b for a, b in crossing)
        wrong = sum(a != b and (min(a, b), max(a, b)) not in known for a, b in crossing)
        print(f"  {title:<30}found {right / BASES:6.1%}, wrong pairs {wrong}", flush=True)
    if name == "child":
        public_split(films)


def public_split(films: Collection) -> None:
    """Copies between the training and the validation part of PneumoniaMNIST."""
    start = time.process_time()
    words = np.where(films.part == 2, "val", "train")
    report = leakage_report(list(films.images), splits=words, labels=films.labels)
    spent = time.process_time() - start
    print(f"public split: {report.judgement}: {report.because}; CPU seconds {spent:.1f}")
    for name, value in report.figures.items():
        if not name.endswith("rows"):
            print(f"  {name:<34}{value}")


PARTS: dict[str, Callable[[str], None]] = {"door": door, "adults": adults, "copies": copies}


def main(arguments: list[str]) -> None:
    """Run the parts and collections that are asked for; without words, all of them."""
    reader = argparse.ArgumentParser(prog="./dev bench imaging_gates", description=__doc__)
    reader.add_argument("words", nargs="*", choices=[*PARTS, *COLLECTIONS, []])
    words = reader.parse_args(arguments).words
    if not DATA.is_dir():
        raise SystemExit("This needs ../shared/data/imaging.")
    for part in [one for one in PARTS if one in words] or PARTS:
        for name in [one for one in COLLECTIONS if one in words] or COLLECTIONS:
            print(f"\n{part} {name}", flush=True)
            PARTS[part](name)
