"""Small marked volumes: a dark ball (label 1) and a bright rod (label 2) in noisy tissue."""

import numpy as np

from imaging.volumes import phantoms
from nof1.imaging.volumes.segment import Marked

SHAPE, SPACING = (8, 48, 48), (3.0, 2.0, 2.0)


def marked(number, *, unit="HU", rod=True):
    """One patient's volume, another for each number."""
    rng = np.random.default_rng(number)
    back, side = rng.uniform(-22, 22, size=2)
    ball = phantoms.ball(SHAPE, SPACING, (0, back, -16), (11, rng.uniform(9, 14), 12))
    tube = phantoms.cylinder(SHAPE, SPACING, (side, 22), rng.uniform(6, 10))
    pixels = np.full(SHAPE, 40.0)
    pixels[ball] = -80.0
    labels = np.where(ball, 1, 0)
    if rod:
        pixels[tube] = 200.0
        labels[tube] = 2
    pixels += rng.normal(0, 25, SHAPE)
    image = phantoms.image(pixels, SPACING, unit=unit)
    return Marked(image=image, labels=labels, patient=f"p{number}")
