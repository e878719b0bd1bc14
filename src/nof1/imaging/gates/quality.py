"""Can anything be seen in this picture at all?

Some limits hold everywhere (a blank picture, a tiny one). Contrast, sharpness and noise depend on
the machine: their limits are the range of the site's own films, widened by half of that range, so
that only a picture far outside is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.imaging.gates.verdict import Verdict
from nof1.imaging.nets.prepare import SMALLEST_SIDE, prepare

GATE = "quality"
FEWEST_LEVELS = 8  # different grey levels in a picture that shows something
MOST_AT_ONE_END = 0.9  # share of pixels with the lowest, or the highest, level
MOST_BORDER = 0.5  # share of one level that a border alone may explain
WIDENED = 0.5  # of the range between the 1 % and the 99 % quantile of the site's films
FEWEST_FILMS = 30
SIDE = 96
NAMES = ("noise", "sharpness", "contrast", "dark_end", "bright_end")  # in order of naming
WORDS = {
    ("dark_end", 1): ("clipped", "too much of the picture is fully black"),
    ("bright_end", 1): ("clipped", "too much of the picture is fully white"),
    ("contrast", 0): ("low_contrast", "there is far less contrast than in the site's films"),
    ("contrast", 1): ("high_contrast", "there is far more contrast than in the site's films"),
    ("sharpness", 0): ("blurred", "it is far less sharp than the site's films (motion, focus)"),
    ("sharpness", 1): ("too_sharp", "its edges are far harder than in the site's films"),
    ("noise", 1): ("noisy", "it is far noisier than the site's films"),
}


@dataclass(frozen=True)
class Quality:
    """Limits of one site and model.

    Attributes
    ----------
    least_side : fewest rows or columns.
    limits : name of :data:`NAMES` -> (lowest, highest); empty: only what holds everywhere.
    """

    least_side: int
    limits: dict[str, tuple[float, float]]

    @classmethod
    def fit(cls, images: Sequence[NDArray[Any]], *, least_side: int | None = None) -> Quality:
        """Learn the limits from good films of the site.

        Parameters
        ----------
        images : grey pictures (rows, columns) as they come, not prepared.
        least_side : default half of the smallest side among them.

        Raises
        ------
        InputError : when there are fewer than 30 films.
        """
        if not len(images):
            return cls.learned([], 0)
        smallest = min(min(np.asarray(image).shape) for image in images)
        found = [measures(np.asarray(image)) for image in images]
        return cls.learned(found, smallest if least_side is None else 2 * least_side)

    @classmethod
    def learned(cls, found: Sequence[dict[str, float]], smallest: int) -> Quality:
        """The same from the ``measures`` of the films and their smallest side.

        Raises
        ------
        InputError : fewer than 30 films.
        """
        if len(found) < FEWEST_FILMS:
            raise InputError(
                f"{len(found)} films are too few to learn what is usual.",
                allowed=f"{FEWEST_FILMS} or more",
            )
        limits = {name: _widened([one[name] for one in found]) for name in NAMES}
        for name in ("dark_end", "bright_end"):
            limits[name] = (0.0, max(limits[name][1], MOST_BORDER))
        return cls(max(SMALLEST_SIDE, smallest // 2), limits)

    def check(self, pixels: NDArray[Any]) -> Verdict:
        """Whether the picture can be used; the first reason that holds."""
        verdict = self.basic(pixels)
        return self.usual(pixels) if verdict.passed else verdict

    def basic(self, pixels: NDArray[Any]) -> Verdict:
        """The limits that hold for every picture."""
        return basic_check(np.asarray(pixels, dtype=np.float32), self.least_side)

    def usual(self, pixels: NDArray[Any]) -> Verdict:
        """The limits learned from the site's films; only for a picture that passed ``basic``."""
        found = measures(np.asarray(pixels))
        for name, (low, high) in self.limits.items():
            for end, limit in ((0, low), (1, high)):
                beyond = found[name] < limit if end == 0 else found[name] > limit
                if beyond and (name, end) in WORDS:
                    code, reason = WORDS[name, end]
                    return refusal(code, reason, found[name], limit)
        return Verdict(gate=GATE, status="passed")

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        limits = {name: list(limit) for name, limit in self.limits.items()}
        return {"least_side": self.least_side, "limits": limits}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Quality:
        """Read back what ``to_dict`` wrote."""
        limits = {name: (low, high) for name, (low, high) in data["limits"].items()}
        return cls(int(data["least_side"]), limits)


def refusal(
    code: str, reason: str, value: float | None = None, limit: float | None = None
) -> Verdict:
    """A picture of bad quality."""
    return Verdict(
        gate=GATE,
        status="refused",
        code=code,
        reason=f"The picture cannot be used: {reason}.",
        next_step="Look at the picture; take or export it again.",
        value=None if value is None else float(value),
        limit=None if limit is None else float(limit),
    )


def basic_check(image: NDArray[np.float32], least_side: int) -> Verdict:
    """The limits that hold for every picture."""
    if image.ndim != 2:
        return refusal("not_grey", "it is not one grey picture")
    if min(image.shape) < least_side:
        return refusal("too_small", "it has too few pixels", min(image.shape), least_side)
    if not np.isfinite(image).all():
        return refusal("not_finite", "some pixels are not numbers")
    low, high = float(image.min()), float(image.max())
    levels = len(np.unique(image[:: max(1, len(image) // 256)]))
    if high <= low or levels < FEWEST_LEVELS:
        return refusal("blank", "it is blank or has only a few grey levels", levels, FEWEST_LEVELS)
    for code, end in (("clipped", low), ("clipped", high)):
        share = float((image == end).mean())
        if share > MOST_AT_ONE_END:
            return refusal(code, "nearly all of it has one grey level", share, MOST_AT_ONE_END)
    return Verdict(gate=GATE, status="passed")


def measures(image: NDArray[Any]) -> dict[str, float]:
    """What is compared with the site's films; ``sharpness`` and ``noise`` are logarithms (base 10).

    Noise is the median size of what three neighbours in both directions do not explain, relative to
    the picture's range (Immerkaer, Comput. Vis. Image Underst. 64 (1996) 300).
    """
    film = np.asarray(image, dtype=np.float32)
    square = prepare(film, SIDE)
    low, high = np.percentile(film, [1, 99])
    part = film[:512, :512] if min(film.shape) > 512 else film
    rest = _second_difference(part)
    noise = float(np.median(np.abs(rest))) / max(float(high - low), 1e-6)
    curve = square[1:-1, 1:-1] * 4 - square[:-2, 1:-1] - square[2:, 1:-1]
    curve = curve - square[1:-1, :-2] - square[1:-1, 2:]
    return {
        "dark_end": float((film <= film.min()).mean()),
        "bright_end": float((film >= film.max()).mean()),
        "contrast": float(square.std()),
        "sharpness": float(np.log10(max(float(curve.var()), 1e-8))),
        "noise": float(np.log10(max(noise, 1e-4))),
    }


def _second_difference(film: NDArray[np.float32]) -> NDArray[np.float32]:
    """Difference of differences along both axes, (rows-2, columns-2): 0 for a smooth slope."""
    down = film[:-2] - 2 * film[1:-1] + film[2:]
    rest: NDArray[np.float32] = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return rest


def _widened(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.01, 0.99])
    more = WIDENED * (high - low)
    return min(float(low - more), min(values)), max(float(high + more), max(values))
