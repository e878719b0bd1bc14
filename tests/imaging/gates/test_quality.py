"""A picture in which nothing can be seen is refused by name; good films are not."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.gates.quality import Quality
from nof1.synthetic.films import film_set


@pytest.fixture(scope="module")
def films():
    return film_set(120, size=96, seed=4).images


@pytest.fixture(scope="module")
def quality(films):
    return Quality.fit(list(films[:80]))


def test_good_films_pass(quality, films):
    assert all(quality.check(film).passed for film in films[80:])


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        ("blank", lambda f: np.full_like(f, 100)),
        ("too_small", lambda f: f[:20, :20]),
        ("not_grey", lambda f: np.stack([f, f, f], axis=-1)),
        ("clipped", lambda f: np.where(np.arange(96)[:, None] < 90, 255, f)),
        ("noisy", lambda f: f + np.random.default_rng(0).normal(0, 80, f.shape)),
        ("not_finite", lambda f: np.where(f == f.max(), np.nan, f.astype(float))),
    ],
)
def test_a_spoilt_film_is_refused_with_its_reason(quality, films, code, spoil):
    for film in films[80:90]:
        verdict = quality.check(spoil(film))
        assert (verdict.status, verdict.code) == ("refused", code)
        assert verdict.next_step


def test_a_blurred_film_is_refused(quality, films):
    film = films[85].astype(float)
    for _ in range(60):
        film = (film + np.roll(film, 1, 0) + np.roll(film, 1, 1)) / 3
    assert quality.check(film).code in ("blurred", "low_contrast")


def test_a_wide_border_is_no_reason(quality, films):
    film = films[81].copy()
    film[:, :30] = film.min()
    assert quality.basic(film).passed
    assert quality.check(film).code != "clipped"


def test_limits_survive_storing(quality, films):
    again = Quality.from_dict(quality.to_dict())
    assert again == quality
    with pytest.raises(InputError):
        Quality.fit(list(films[:5]))
