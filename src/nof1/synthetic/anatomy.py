"""The phantom chest: thickness of soft tissue, air and bone along the beam, one number per pixel.

Not a model of anatomy: a drawing with the parts that a program can find in a chest film (outline,
two lungs with texture, ribs, spine, clavicles, heart on the patient's left, diaphragms, arms).
Coordinates: ``x`` from -1 (the patient's right, left in the picture) to 1, ``y`` from 0 (top) to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]  # float32 as far as numpy keeps it so
LUNG_AIR, BONE = 0.80, 0.55  # thickness of air in a lung, weight of bone


@dataclass(frozen=True, slots=True)
class Build:
    """How one person is built and stands; lengths in units of the picture.

    ``width`` of the chest (half), ``top`` and ``base`` of the lungs, ``heart`` (half its width),
    ``tissue`` (thickness of the trunk), ``breast`` (0: none), ``arms`` (0: out of the picture),
    ``tilt`` in radians, ``shift`` and ``zoom`` of the whole picture.
    """

    width: float
    top: float
    base: float
    heart: float
    tissue: float
    breast: float
    arms: float
    ribs: int
    tilt: float
    shift: tuple[float, float]
    zoom: float


def draw_build(rng: np.random.Generator, age_years: float, sex: str, view: str) -> Build:
    """A random build for an age, a sex (M, F) and a view (PA, AP).

    Children have a relatively wider heart and a shorter chest; AP enlarges the heart and is taken
    lying, with higher diaphragms and more tilt.
    """
    child = float(np.clip(1 - age_years / 16, 0, 1))
    lying = view == "AP"
    big = rng.normal(0, 1)
    return Build(
        width=0.70 + 0.03 * big + rng.normal(0, 0.025) - 0.03 * (sex == "F"),
        top=0.13 + rng.normal(0, 0.02) + 0.03 * lying,
        base=0.78 + rng.normal(0, 0.03) - 0.07 * lying - 0.06 * child,
        heart=0.23 + 0.05 * lying + 0.05 * child + rng.normal(0, 0.02) + 0.0006 * age_years,
        tissue=1.0 + 0.10 * big + rng.normal(0, 0.05),
        breast=float(rng.uniform(0.05, 0.16)) if sex == "F" and age_years > 14 else 0.0,
        arms=float(rng.uniform(0.2, 0.5)) if rng.random() < 0.6 else 0.0,
        ribs=9 + int(rng.integers(0, 3)),
        tilt=rng.normal(0, 0.05 if lying else 0.02),
        shift=(rng.normal(0, 0.05 if lying else 0.025), rng.normal(0, 0.015)),
        zoom=float(rng.uniform(0.92, 1.08)),
    )


@lru_cache(maxsize=4)
def grid(size: int) -> tuple[Plane, Plane]:
    """Coordinates (x, y) of the centres of the pixels, each (size, size)."""
    line = (np.arange(size, dtype=np.float32) + 0.5) / size
    y, x = np.meshgrid(line, 2 * line - 1, indexing="ij")
    return x.astype(np.float32), y.astype(np.float32)


def placed(build: Build, size: int) -> tuple[Plane, Plane]:
    """Coordinates in the person's own frame: turned, shifted and enlarged."""
    x, y = grid(size)
    cos, sin = np.float32(np.cos(build.tilt)), np.float32(np.sin(build.tilt))
    across, down = (x - build.shift[0]) / build.zoom, (y - 0.5 - build.shift[1]) / build.zoom
    return cos * across + 2 * sin * down, cos * down - sin * across / 2 + np.float32(0.5)


def step(value: Plane, soft: float) -> Plane:
    """A smooth step: 0 far below zero, 1 far above, within about ``soft``."""
    rising: Plane = np.clip(value / np.float32(2 * soft) + np.float32(0.5), 0, 1)
    smooth: Plane = rising * rising * (3 - 2 * rising)
    return smooth


def dome(square: Plane) -> Plane:
    """Thickness of a round body where ``square`` is the squared distance from its centre."""
    thick: Plane = np.sqrt(np.maximum(1 - square, 0))
    return thick


def bump(square: Plane) -> Plane:
    """A soft hill of height 1; ``square`` is the squared distance in widths."""
    hill: Plane = np.exp(-square)
    return hill


def trunk(build: Build, x: Plane, y: Plane) -> Plane:
    """Thickness of the body: neck, shoulders, trunk and arms."""
    shoulders = step(y - 0.09, 0.09)
    half = 0.20 + (build.width + 0.12 - 0.20) * shoulders + 0.05 * step(y - 0.6, 0.2)
    body = build.tissue * dome((x / half) ** 2) * (0.55 + 0.45 * shoulders)
    if build.arms:
        centre = build.width + 0.24 + 0.10 * y
        body = body + build.arms * dome(((np.abs(x) - centre) / 0.13) ** 2) * step(y - 0.16, 0.08)
    thick: Plane = body.astype(np.float32)
    return thick


def lungs(build: Build, x: Plane, y: Plane) -> tuple[Plane, Plane]:
    """(Thickness of air 0..1 (both lungs), how far a pixel is below the diaphragm, soft 0..1)."""
    side = np.abs(x)
    left = x > 0
    floor = build.base + np.where(left, 0.02, -0.02).astype(np.float32)
    floor = floor + 0.55 * ((side - 0.30) ** 2) - 0.02
    down = np.clip((y - build.top) / (build.base - build.top), 0, 1.3)
    outer = build.width * (0.50 + 0.47 * np.sqrt(np.clip(down * 1.15, 0, 1)))
    inner = 0.09 + 0.05 * (down - 0.4) ** 2
    across = (2 * side - outer - inner) / np.maximum(outer - inner, 0.05)
    air = dome(np.abs(across) ** 2.6) ** 1.2 * step(y - build.top - 0.01, 0.035)
    below = step(y - floor, 0.012)
    return (air * (1 - below)).astype(np.float32), below


def heart(build: Build, x: Plane, y: Plane) -> Plane:
    """Heart (on the patient's left), vessels of the mediastinum and the aortic knob, 0..1."""
    low = build.base - 0.12
    across, down = x - 0.06, y - low
    turned = 0.88 * across + 0.9 * down
    other = 0.88 * 2 * down - 0.45 * across
    muscle = dome((turned / build.heart) ** 2 + (other / (1.15 * build.heart)) ** 2)
    column = bump((x / 0.10) ** 4) * step(y - 0.05, 0.08) * 0.8
    knob = 0.6 * bump(((x - 0.11) / 0.06) ** 2 + ((y - build.top - 0.16) / 0.035) ** 2)
    shadow: Plane = np.maximum(np.maximum(muscle, column), knob).astype(np.float32)
    return shadow


def bones(build: Build, x: Plane, y: Plane) -> Plane:
    """Ribs (back and front), spine with its discs, clavicles and shoulder blades, 0..1."""
    side = np.abs(x)
    spacing = (build.base + 0.06 - build.top) / build.ribs
    inside = step(build.width * 0.98 - side, 0.03) * step(y - build.top + 0.05, 0.03)
    inside = inside * step(build.base + 0.12 - y, 0.05)
    back = _periodic((y - 0.28 * side + 0.30 * side**2 - build.top) / spacing, 0.20)
    front = _periodic((y + 0.30 * side - 0.25 * side**2 - build.top) / spacing, 0.26)
    cage = (back * (0.35 + 0.5 * side) + 0.45 * front * step(side - 0.2, 0.08)) * inside
    spine = bump((x / 0.075) ** 4) * (0.75 + 0.25 * np.cos(2 * np.pi * y / (spacing * 0.8)))
    line = 0.175 - 0.10 * side + 0.05 * np.sin(5 * side)
    collar = bump(((y - line) / 0.014) ** 2) * step(side - 0.07, 0.02) * step(0.66 - side, 0.03)
    blade = 0.35 * dome(((side - build.width * 0.92) / 0.16) ** 2 + ((y - 0.3) / 0.16) ** 2)
    total: Plane = (cage + 0.9 * spine + 0.7 * collar + 0.5 * blade).astype(np.float32)
    return total


def _periodic(phase: Plane, width: float) -> Plane:
    """A bar of relative ``width`` around each whole number of ``phase``."""
    off = phase - np.round(phase)
    return bump((off / np.float32(width)) ** 4)
