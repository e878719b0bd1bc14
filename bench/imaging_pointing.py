"""Do heatmaps point into boxes of NIH pneumonia? ./dev bench imaging_pointing [labels|free].

labels: nets that learned "pneumonia or no finding" from whole films and from cut ones. free: a net
that learned, without any label, where a normal film was changed. Both learn from patients other
than those with a box; the free one from none with pneumonia. Needs ../shared/data.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bench.measured import ONE_THREAD, ROOT

os.environ.update(ONE_THREAD)  # torch reads it when it is imported

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nof1.imaging.anomaly.learning import Lesson, learn
from nof1.imaging.anomaly.sight import Sight
from nof1.imaging.explaining.heatmap import heatmaps
from nof1.imaging.explaining.placing import Frame, Grid, measured_grid, on_film
from nof1.imaging.explaining.pointing import Box, pointing_game
from nof1.imaging.nets.prepare import prepare, stored
from nof1.imaging.nets.residual import Plan
from nof1.imaging.nets.torchkit import torch
from nof1.imaging.training.course import Course
from nof1.imaging.training.fitting import Fitted, fit
from nof1.learn.discrimination import auroc_figure

DATA = ROOT.parent / "shared" / "data" / "imaging"
SIDE, BOX_SIDE = 160, 1024  # pixels of our films, and of the films on which boxes were drawn
NOWHERE = -1e9  # evidence where a cut film was not looked at
FREE_SIZE = 64
FREE = Lesson(passes=25, kinds=("shade", "foreign"))

FloatMap = NDArray[np.float64]
Maps = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Recipe:
    """How nets learn from labels: ``cut`` pixels of each border taken off, ``nets`` members."""

    name: str
    plan: Plan
    epochs: int
    nets: int = 1
    cut: int = 0
    size: int = 96


RECIPES = (
    Recipe("whole film, places of 16 px", Plan(widths=(16, 32, 64, 96), stem=2, dropout=0.2), 16),
    Recipe(
        "outer 14 of 160 px cut off, places of 8 px",
        Plan(widths=(16, 32, 64), stem=2, dropout=0.2),
        16,
        nets=2,
        cut=14,
    ),
)


@dataclass(frozen=True, eq=False)
class Films:
    """The 760 NIH films: pixels, patient, pneumonia or not, boxes of pneumonia by row."""

    images: NDArray[np.uint8]
    patients: NDArray[Any]
    ill: NDArray[np.bool_]
    boxes: dict[int, list[Box]]

    @classmethod
    def read(cls) -> Films:
        """From the shared folder."""
        data = np.load(DATA / "nih_films_160px.npz")
        rows = {str(name): row for row, name in enumerate(data["name"])}
        boxes: dict[int, list[Box]] = {}
        with (DATA / "nih_boxes.csv").open(encoding="utf-8", newline="") as lines:
            for name, finding, left, top, width, height, *_ in list(csv.reader(lines))[1:]:
                if finding == "Pneumonia" and name in rows:
                    box = Box(float(top), float(left), float(height), float(width))
                    boxes.setdefault(rows[name], []).append(box.scaled(SIDE / BOX_SIDE))
        return cls(data["images"], data["patient"], data["label"] == "pneumonia", boxes)

    @cached_property
    def tested(self) -> list[int]:
        """Rows with a box."""
        return sorted(self.boxes)

    def squares(self, size: int, cut: int = 0) -> NDArray[np.uint8]:
        """(760, size, size) what a net sees."""
        inner = slice(cut, SIDE - cut)
        return np.stack([stored(prepare(film[inner, inner], size)) for film in self.images])

    def without(self, rows: Any) -> NDArray[np.bool_]:
        """(760,) films of patients who have none of these films."""
        return ~np.isin(self.patients, self.patients[rows])

    def play(self, name: str, places: FloatMap, frame: Frame, grid: Grid, cut: int = 0) -> None:
        """Print the pointing game for maps (films with a box, h, w), and of the maps turned over.

        ``frame`` says where the film lies in the net's square, ``cut`` what was taken off before.
        """
        boxes, whose = [self.boxes[row] for row in self.tested], self.patients[self.tested]
        maps = on_film(places, frame, grid)
        border = ((0, 0), (cut, cut), (cut, cut))
        there, turned = (np.pad(m, border, constant_values=NOWHERE) for m in (maps, -maps))
        found = pointing_game(list(there), boxes, patients=whose)
        print(f"{name:<34}{found.hits} of {found.films} hit; rate {found.rate}")
        print(f"  chance {found.chance:.3f}; rate / chance {found.ratio}")
        print(f"  over the other films' maps ({found.elsewhere:.3f}) {found.over_elsewhere}")
        print(f"  turned over: {pointing_game(list(turned), boxes).hits} hits", flush=True)


def smooth(places: FloatMap) -> FloatMap:
    """Each map (n, h, w) averaged over 3 x 3 places."""
    smoothed: FloatMap = ndimage.uniform_filter(places, (0, 3, 3))
    return smoothed


def grid_by(maps: Maps, size: int) -> Grid:
    """Where the places of nets lie; ``maps`` gives (members, n, D, h, w)."""
    return measured_grid(lambda pictures: np.concatenate(list(maps(pictures)), axis=1), size)


def maps_of(fitted: Fitted, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """(members, n, D, h, w) of pictures (n, 1, size, size) from 0 to 1."""
    with torch.inference_mode():
        seen = [net.eval().maps(torch.from_numpy(pictures)) for net in fitted.nets]
        return np.stack([one.float().numpy() for one in seen])


def labels(films: Films, seed: int) -> None:
    """Nets trained on labels, two recipes."""
    for recipe in RECIPES:
        squares = films.squares(recipe.size, recipe.cut)
        learnt = films.without(films.tested)
        start = time.process_time()
        fitted = fit(
            squares[learnt],
            films.ill[learnt].astype(int),
            groups=films.patients[learnt],
            seeds=range(seed, seed + recipe.nets),
            classes=("pneumonia",),
            plan=recipe.plan,
            course=Course(epochs=recipe.epochs, patience=recipe.epochs),
        )
        spent = time.process_time() - start
        print(f"\nlabels, {recipe.name}: {recipe.nets} net(s) from seed {seed}, {spent:.0f} CPU-s")
        show_skill(films, squares, np.flatnonzero(learnt)[fitted.inner], fitted)
        play_labelled(films, squares[films.tested], fitted, recipe)


def show_skill(films: Films, squares: Any, inner: Any, fitted: Fitted) -> None:
    """Print the AUROC on the inner part, which chose the best pass: a little too good."""
    decided = fitted.decision(squares[inner])[:, 0]
    auroc = auroc_figure(films.ill[inner], decided, patients=films.patients[inner])
    print(f"AUROC, inner part {auroc}; {fitted.precision}")


def play_labelled(films: Films, squares: Any, fitted: Fitted, recipe: Recipe) -> None:
    """The exact split of the logit, on the films with a box."""
    maps = maps_of(fitted, squares[:, None].astype(np.float32) / 255)
    head = np.stack([net.head.weight.detach().numpy() for net in fitted.nets])
    found = heatmaps(maps, head, fitted.logits(squares), fitted.classes)
    places = np.stack([one[0].places for one in found])
    grid = grid_by(lambda pictures: maps_of(fitted, pictures), recipe.size)
    inner = SIDE - 2 * recipe.cut
    films.play("map", places, Frame.of((inner, inner), recipe.size), grid, recipe.cut)


def free(films: Films, seed: int) -> None:
    """A net trained on planted changes in normal films: no label, no film of an ill patient."""
    squares = films.squares(FREE_SIZE)
    learnt = films.without(films.tested) & films.without(films.ill)
    start = time.process_time()
    learned = learn(squares[learnt], seeds=(seed,), lesson=FREE)
    spent = time.process_time() - start
    print(f"\nfree: {learnt.sum()} normal films, seed {seed}, {spent:.0f} CPU-s")
    print(f"loss of the last pass {learned.losses[0][-1]:.4f}")
    sight = learned.sight
    usual = odds(sight, squares[learnt]).mean(axis=0)
    places = odds(sight, squares[films.tested])
    where = (Frame.of((SIDE, SIDE), FREE_SIZE), grid_by(sight.maps, FREE_SIZE))
    films.play("map (the main figure)", places, *where)
    films.play("smoothed 3 x 3", smooth(places), *where)
    films.play("minus normal films at that place", places - usual, *where)
    films.play("both", smooth(places - usual), *where)


def odds(sight: Sight, squares: NDArray[np.uint8]) -> FloatMap:
    """(n, h, w) log odds that a place was changed, mean over the nets."""
    assert sight.head is not None
    assert sight.bias is not None
    seen = sight.look(squares).astype(np.float64)
    members = np.einsum("md,mndhw->mnhw", sight.head, seen) + sight.bias[:, None, None, None]
    mean: FloatMap = members.mean(axis=0)
    return mean


PARTS: dict[str, Callable[[Films, int], None]] = {"labels": labels, "free": free}


def main(arguments: Sequence[str]) -> None:
    """Run one part, or both, for each seed."""
    reader = argparse.ArgumentParser(prog="./dev bench imaging_pointing", description=__doc__)
    reader.add_argument("part", nargs="?", choices=tuple(PARTS))
    reader.add_argument("--seeds", type=int, nargs="+", default=[1], help="each on its own")
    chosen = reader.parse_args(arguments)
    if not DATA.is_dir():
        raise SystemExit("This needs ../shared/data/imaging.")
    films = Films.read()
    whose = len(set(films.patients[films.tested]))
    print(f"{len(films.tested)} films of {whose} patients with a box of pneumonia")
    for part in PARTS:
        for seed in chosen.seeds if chosen.part in (None, part) else ():
            PARTS[part](films, seed)
