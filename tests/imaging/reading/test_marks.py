"""Drawn text is seen, anatomy is not taken for it."""

import numpy as np
from PIL import Image, ImageDraw

from nof1.imaging.reading.marks import text_like_marks
from shared_data import needs


def film(text=None, fill=255, colour=False):
    yy, xx = np.mgrid[:256, :256]
    body = 120 + 80 * np.sin(xx / 40) * np.cos(yy / 30)
    noise = np.random.default_rng(3).normal(0, 6, body.shape)
    picture = Image.fromarray(np.clip(body + noise, 5, 250).astype(np.uint8))
    if text:
        pen = ImageDraw.Draw(picture)
        pen.fontmode = "1"  # as machines draw: one value, no grey edges
        pen.text((20, 230), text, fill=fill)
    pixels = np.asarray(picture, np.float32)
    return np.repeat(pixels[..., None], 3, axis=-1) if colour else pixels


def test_drawn_text_is_noted():
    assert text_like_marks(film("HOSPITAL 12345678"))
    assert text_like_marks(film("HOSPITAL 12345678", fill=0))
    assert text_like_marks(film("HOSPITAL 12345678", colour=True))


def test_a_film_without_text_is_not():
    assert not text_like_marks(film())
    assert not text_like_marks(film("L"))  # the side marker alone names nobody
    assert not text_like_marks(np.zeros((256, 256), np.float32))
    assert not text_like_marks(np.zeros((20, 20), np.float32))


def test_false_notes_on_public_films_are_rare():
    with np.load(needs("imaging/nih_films_160px.npz")) as data:
        films = data["images"][:200].astype(np.float32)
    assert np.mean([bool(text_like_marks(one)) for one in films]) <= 0.02
