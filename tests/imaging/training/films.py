"""Small made-up pictures with a square that is bright or not."""

import numpy as np

SIDE = 16


def squares(count=120, seed=0, lift=60):
    """(count, 16, 16) uint8 noise and (count,) labels; label 1 has a bright square."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, count)
    images = rng.integers(0, 120, (count, SIDE, SIDE)).astype(np.uint8)
    images[y == 1, 5:11, 5:11] += lift
    return images, y
