"""Phantom chest films: drawn, never photographed, so that every truth about them is known.

A film is the body of :mod:`nof1.synthetic.anatomy` seen through: more tissue and bone is brighter,
air is darker. Planted opacities are soft blobs inside a lung, with a mask of where they are. A
``Shortcut`` plants what public collections really have: one site with more cases whose films also
look different *outside* the lungs (a burned-in mark, a border, another exposure). A model then
learns the site instead of the lungs, and an honest audit must say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.synthetic import anatomy
from nof1.synthetic.anatomy import Plane

SITES = ("site-a", "site-b")
VIEWS = ("PA", "AP")
CONTRAST = (0.20, 0.50)  # of an opacity, in units of the thickness of a lung
RADIUS = (0.05, 0.13)  # of an opacity, in units of the picture's height


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What makes one site recognisable outside the lungs.

    ``site`` has opacities in ``share`` of its films, the other site in ``share_elsewhere``;
    ``marker`` a bright burned-in bar in a corner, ``border`` a dark frame, ``exposure`` a factor.
    """

    site: str = SITES[1]
    share: float = 0.8
    share_elsewhere: float = 0.2
    marker: bool = True
    border: bool = False
    exposure: float = 1.0


@dataclass(frozen=True, slots=True)
class Person:
    """Who is on the film. ``patient`` is a made-up id; ``age_years``, ``sex`` M or F."""

    patient: str
    age_years: float
    sex: str
    site: str


@dataclass(frozen=True, eq=False, slots=True)
class Film:
    """One drawn film.

    Attributes
    ----------
    pixels : (size, size) float32, 0 (black, air) to 1 (white, dense).
    mask : (size, size) bool, where the opacity is; all False without one.
    person, view : who, and PA or AP.
    contrast : added by the opacity at its middle (0: none); ``box`` (x, y, w, h) in pixels or None.
    """

    pixels: Plane
    mask: NDArray[np.bool_]
    person: Person
    view: str
    contrast: float
    box: tuple[int, int, int, int] | None


@dataclass(frozen=True, eq=False)
class FilmSet:
    """Many films: ``images`` uint8 (n, s, s), ``masks`` bool (n, s, s), ``truth`` one row each.

    Columns of ``truth``: film, patient, site, age_years, sex, view, opacity (0/1), contrast, box_x,
    box_y, box_w, box_h (pixels, null without an opacity), origin ("synthetic").
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    truth: pl.DataFrame
    shortcut: Shortcut | None = field(default=None)


def draw_film(
    rng: np.random.Generator,
    person: Person,
    view: str,
    *,
    size: int = 128,
    opacity: bool = False,
    shortcut: Shortcut | None = None,
) -> Film:
    """Draw one film; the same generator state gives the same film."""
    build = anatomy.draw_build(rng, person.age_years, person.sex, view)
    x, y = anatomy.placed(build, size)
    air, below = anatomy.lungs(build, x, y)
    shadow = anatomy.heart(build, x, y)
    lung = air * (1 - np.float32(0.92) * np.minimum(shadow * 1.6, 1))
    blob, contrast = _opacity(rng, lung, x, y) if opacity else (None, 0.0)
    dense = anatomy.trunk(build, x, y) * (1 + np.float32(0.35) * below)
    dense = dense - anatomy.LUNG_AIR * lung * (1 - _texture(rng, x, y, size))
    dense += np.float32(0.30) * shadow + np.float32(0.22) * anatomy.bones(build, x, y)
    dense += _soft_parts(rng, build, x, y)
    if blob is not None:
        dense += np.float32(contrast) * blob
    pixels = _expose(rng, dense, view)
    if shortcut is not None and person.site == shortcut.site:
        pixels = _brand(pixels, shortcut)
    mask = np.zeros((size, size), dtype=bool) if blob is None else blob > 0.5
    return Film(pixels, mask, person, view, contrast, _box(mask))


def _opacity(rng: np.random.Generator, lung: Plane, x: Plane, y: Plane) -> tuple[Plane, float]:
    """A soft blob (0..1) around a random place well inside a lung, and its contrast."""
    places = np.flatnonzero(lung.ravel() > 0.6 * float(lung.max()))
    centre = int(places[int(rng.integers(len(places)))])
    across, down = x - x.flat[centre], y - y.flat[centre]
    angle, radius = rng.uniform(0, np.pi), rng.uniform(*RADIUS)
    long = np.float32(radius * rng.uniform(1.0, 1.5))
    turned = np.float32(np.cos(angle)) * across / 2 + np.float32(np.sin(angle)) * down
    other = np.float32(np.cos(angle)) * down - np.float32(np.sin(angle)) * across / 2
    ragged = 1 + 0.25 * np.sin(3 * np.arctan2(turned, other) + rng.uniform(0, 6))
    square = ((turned / long) ** 2 + (other / np.float32(radius)) ** 2) * ragged
    blob = anatomy.bump((square * np.float32(0.83)) ** 1.5) * np.minimum(lung / 0.3, 1)
    return blob.astype(np.float32), float(rng.uniform(*CONTRAST))


def _texture(rng: np.random.Generator, x: Plane, y: Plane, size: int) -> Plane:
    """Vessels and lung texture, about 0..0.3: rays from the hila and noise of two scales."""
    side = np.where(x > 0, np.float32(1), np.float32(-1))
    across, down = (x - side * np.float32(0.13)) / 2, y - np.float32(0.45)
    angle = np.arctan2(down, across * side)
    far = np.sqrt(across * across + down * down)
    count, turn = rng.integers(9, 15), rng.uniform(0, 6, 2)
    ray = np.sin(count * angle + turn[0] + 6 * far) + np.sin(1.7 * count * angle + turn[1])
    vessels = np.float32(0.10) * np.maximum(ray, 0) * np.exp(-far * 7)
    hila = np.float32(0.25) * np.exp(-((far / 0.07) ** 2))
    fine = _noise(rng, size, 48) * np.float32(0.035) + _noise(rng, size, 14) * np.float32(0.04)
    total: Plane = (vessels + hila + fine + np.float32(0.08)).astype(np.float32)
    return total


def _noise(rng: np.random.Generator, size: int, cells: int) -> Plane:
    """Smooth noise (size, size) of standard deviation about 1, ``cells`` hills across."""
    cells = min(cells, size)
    coarse = rng.standard_normal((cells + 1, cells + 1), dtype=np.float32)
    place = np.linspace(0, cells - 1e-3, size, dtype=np.float32)
    low = place.astype(np.int64)
    part = (place - low).astype(np.float32)
    rows = coarse[low] * (1 - part)[:, None] + coarse[low + 1] * part[:, None]
    smooth: Plane = rows[:, low] * (1 - part) + rows[:, low + 1] * part
    return smooth


def _soft_parts(rng: np.random.Generator, build: anatomy.Build, x: Plane, y: Plane) -> Plane:
    """Breasts, and the air of the stomach under the left diaphragm in some people."""
    side = np.abs(x)
    parts = np.zeros_like(x)
    if build.breast:
        away = ((side - 0.38) / 0.27) ** 2 + ((y - build.base + 0.06) / 0.15) ** 2
        parts += np.float32(build.breast) * anatomy.dome(away)
    if rng.random() < 0.5:
        place = (x - rng.uniform(0.2, 0.35), y - build.base - rng.uniform(0.05, 0.08))
        bubble = anatomy.dome((place[0] / 0.12) ** 2 + (place[1] / 0.035) ** 2)
        parts -= np.float32(0.35) * bubble.astype(np.float32)
    return parts


def _expose(rng: np.random.Generator, dense: Plane, view: str) -> Plane:
    """What the detector shows: curve of exposure, scatter, noise; AP films are flatter."""
    level = rng.uniform(0.85, 1.15) * (1.0 if view == "PA" else 0.9)
    curve = 1 - np.exp(-np.float32(1.3 * level) * np.maximum(dense, 0))
    floor = np.float32(rng.uniform(0.0, 0.06) + (0.05 if view == "AP" else 0.0))
    gain = np.float32(rng.uniform(1.0, 1.12) - (0.12 if view == "AP" else 0.0))
    grain = np.float32(rng.uniform(0.006, 0.02))
    noise = rng.standard_normal(dense.shape, dtype=np.float32) * grain
    shown: Plane = np.clip(floor + gain * curve + noise, 0, 1)
    return shown


def _brand(pixels: Plane, shortcut: Shortcut) -> Plane:
    """The look of the shortcut's site."""
    size = len(pixels)
    branded = np.clip(pixels * np.float32(shortcut.exposure), 0, 1)
    if shortcut.border:
        wide = max(1, size // 40)
        branded[:wide], branded[-wide:], branded[:, :wide], branded[:, -wide:] = 0, 0, 0, 0
    if shortcut.marker:
        branded[size // 24 : size // 12, -size // 6 : -size // 16] = 0.95
    return branded


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


def draw_films(
    count: int,
    *,
    seed: int = 0,
    size: int = 128,
    share: float = 0.5,
    ages: tuple[float, float] = (18.0, 90.0),
    films_each: int = 1,
    shortcut: Shortcut | None = None,
) -> Iterator[Film]:
    """Draw ``count`` films of people aged ``ages``, ``films_each`` films a person.

    Parameters
    ----------
    share : part of the films with an opacity; with a ``shortcut`` its shares count instead.

    Raises
    ------
    UsageError : when the picture is smaller than 32 pixels or a share lies outside 0..1.
    """
    if size < 32 or not 0 <= share <= 1 or films_each < 1:
        raise UsageError(
            "These films cannot be drawn.",
            allowed="size 32 or more, share 0 to 1, films_each 1 or more",
        )
    rng = np.random.default_rng(seed)
    for number in range(count):
        if number % films_each == 0:
            person = _draw_person(rng, number // films_each, seed, ages)
        part = share if shortcut is None else _share(shortcut, person.site)
        view = VIEWS[int(rng.random() < 0.45)]
        ill = bool(rng.random() < part)
        yield draw_film(rng, person, view, size=size, opacity=ill, shortcut=shortcut)


def _share(shortcut: Shortcut, site: str) -> float:
    return shortcut.share if site == shortcut.site else shortcut.share_elsewhere


def _draw_person(
    rng: np.random.Generator, number: int, seed: int, ages: tuple[float, float]
) -> Person:
    age = float(np.round(rng.uniform(*ages), 1))
    sex = "MF"[int(rng.random() < 0.48)]
    return Person(f"SYN-{seed}-{number:05d}", age, sex, SITES[int(rng.random() < 0.5)])


def film_set(count: int, *, shortcut: Shortcut | None = None, **drawing: object) -> FilmSet:
    """Films with their masks and their truth; keyword arguments as in :func:`draw_films`."""
    films = list(draw_films(count, shortcut=shortcut, **drawing))  # type: ignore[arg-type]
    images = np.stack([to_bytes(film.pixels) for film in films])
    return FilmSet(images, np.stack([film.mask for film in films]), truth_table(films), shortcut)


def to_bytes(pixels: Plane) -> NDArray[np.uint8]:
    """Pixels of 0 to 1 as 0 to 255."""
    return np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def truth_table(films: list[Film]) -> pl.DataFrame:
    """The truth about each film; see :class:`FilmSet`."""
    return pl.DataFrame([_truth(number, film) for number, film in enumerate(films)])


def _truth(number: int, film: Film) -> dict[str, object]:
    box = film.box or (None, None, None, None)
    return {
        "film": f"film-{number:05d}",
        "patient": film.person.patient,
        "site": film.person.site,
        "age_years": film.person.age_years,
        "sex": film.person.sex,
        "view": film.view,
        "opacity": int(film.box is not None),
        "contrast": film.contrast,
        **dict(zip(("box_x", "box_y", "box_w", "box_h"), box, strict=True)),
        "origin": "synthetic",
    }
