"""Volumes of balls, boxes and cylinders whose millilitres are known from geometry."""

import numpy as np

from nof1.imaging.image import Header, Image

AIR, FAT, WATER, LUNG, BONE = -1000.0, -100.0, 40.0, -850.0, 700.0
LPS = np.diag([1.0, 1.0, 1.0])  # column -> L, row -> P, slice -> S


def coordinates(shape, spacing_mm):
    """mm of each voxel's middle from the middle of the volume, along (slice, row, column)."""
    middles = [
        (np.arange(size) - (size - 1) / 2) * step
        for size, step in zip(shape, spacing_mm, strict=True)
    ]
    return np.meshgrid(*middles, indexing="ij", sparse=True)


def ball(shape, spacing_mm, centre_mm, radius_mm):
    """Yes inside a ball (or an ellipsoid, with three radii)."""
    radii = np.broadcast_to(radius_mm, 3)
    parts = coordinates(shape, spacing_mm)
    squares = [((c - m) / r) ** 2 for c, m, r in zip(parts, centre_mm, radii, strict=True)]
    return squares[0] + squares[1] + squares[2] <= 1


def cylinder(shape, spacing_mm, centre_mm, radius_mm):
    """Yes inside an upright (head-foot) cylinder; two radii (back, side) make it elliptic."""
    radii = np.broadcast_to(radius_mm, 2)
    _, back, side = coordinates(shape, spacing_mm)
    inside = ((back - centre_mm[0]) / radii[0]) ** 2 + ((side - centre_mm[1]) / radii[1]) ** 2 <= 1
    return np.broadcast_to(inside, shape)


def affine(spacing_mm, flip_columns=False):
    """Index (slice, row, column) -> mm in (L, P, S); columns run to the left unless flipped."""
    depth, height, width = spacing_mm
    made = np.eye(4)
    made[:3, 0] = (0, 0, depth)
    made[:3, 1] = (0, height, 0)
    made[:3, 2] = (-width if flip_columns else width, 0, 0)
    return made


def image(pixels, spacing_mm, *, flip_columns=False, **changes):
    """A CT volume in Hounsfield units."""
    given = {
        "pixels": pixels.astype(np.float32),
        "unit": "HU",
        "spacing_mm": tuple(spacing_mm),
        "affine": affine(spacing_mm, flip_columns),
        "header": Header(modality="CT"),
    }
    return Image(**{**given, **changes})


CHEST_SHAPE = (40, 130, 160)
CHEST_MM = (3.0, 2.0, 2.0)
LUNG_MM = (48.0, 55.0, 40.0)  # radii
LUNG_ML = 4 / 3 * np.pi * 48 * 55 * 40 / 1000


def chest(rng=None, *, table=True, airway=True, gas=True, spine=True):
    """A chest: elliptic body, two lungs, windpipe, gas bubble, spine, table; what is what."""
    shape, mm = CHEST_SHAPE, CHEST_MM
    parts = {
        "body": cylinder(shape, mm, (0, 0), (95, 140)),
        "low": ball(shape, mm, (0, 0, -65), LUNG_MM),
        "high": ball(shape, mm, (0, 0, 65), LUNG_MM),
        "airway": cylinder(shape, mm, (-10, 0), 9),
        "gas": ball(shape, mm, (30, -50, 0), 18),
        "spine": cylinder(shape, mm, (65, 0), (18, 22)),
        "canal": cylinder(shape, mm, (65, 0), 8),
    }
    pixels = np.full(shape, AIR)
    pixels[parts["body"]] = WATER
    pixels[parts["low"] | parts["high"]] = LUNG
    for name, value in (("airway", AIR), ("gas", AIR)):
        if locals()[name]:
            pixels[parts[name]] = value
    if spine:
        pixels[parts["spine"]] = BONE
        pixels[parts["canal"]] = 10.0
    if table:
        pixels[:, 115:118, 10:150] = 150.0
    if rng is not None:
        pixels = pixels + rng.normal(0, 15, shape)
    return pixels, parts
