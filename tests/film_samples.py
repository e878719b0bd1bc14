"""Phantom films for the tests of answers."""

from datetime import UTC, datetime

import numpy as np

from nof1.synthetic.films import Person, draw_film

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHO = Person("SYN-9", 55.0, "F", "site-a")


def drawn(seed, *, opacity=False, person=WHO):
    """One film of 512 pixels."""
    return draw_film(np.random.default_rng(seed), person, "PA", size=512, opacity=opacity)
