"""Changes planted into normal films: what a net learns from without labels, and is tested with.

To find what it has never seen, a net is trained to tell a normal film from the same film with
something in it that does not belong there. Kinds for *learning* come from films themselves:
``moved`` (a patch of the same film at another place; CutPaste, Li et al., CVPR 2021) and
``foreign`` (the same place of another patient's film, blended in; foreign patch interpolation, Tan
et al., 2020, arXiv 2011.04197). Kinds for the *proof* are drawn and never trained on: ``shade`` (a
soft bright opacity), ``hole`` (a soft dark area) and ``wiped`` (texture smoothed away).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from nof1.core.errors import InputError

Kind = Literal["moved", "foreign", "shade", "hole", "wiped"]
LEARNING: tuple[Kind, ...] = ("moved", "foreign")
PROOF: tuple[Kind, ...] = ("shade", "hole", "wiped")
SIDES = (0.12, 0.4)  # side of a patch, share of the film's side
VISIBLE = 4.0  # mean change inside the patch, levels of 255; a smaller one is drawn again
TRIES = 8

Films = NDArray[np.uint8]  # (n, s, s)
Masks = NDArray[np.bool_]
Picture = NDArray[np.float32]
Change = Callable[[np.random.Generator, NDArray[np.float32], int, NDArray[np.float32]], Picture]


def plant(films: ArrayLike, kinds: Sequence[Kind], *, seed: int) -> tuple[Films, Masks]:
    """One change in each film.

    Parameters
    ----------
    films : (n, s, s) uint8 normal films, 2 or more for ``foreign``.
    kinds : one of these is drawn for each film.

    Returns
    -------
    changed films and (n, s, s) masks of where the change is at least half as strong as at its
    middle. Same seed, same changes.
    """
    stack = np.asarray(films)
    _check(stack, kinds)
    rng = np.random.default_rng(seed)
    values = stack.astype(np.float32)
    changed, masks = np.empty_like(stack), np.empty(stack.shape, dtype=np.bool_)
    for film in range(len(stack)):
        kind = kinds[int(rng.integers(len(kinds)))]
        changed[film], masks[film] = _planted(rng, values, film, CHANGES[kind])
    return changed, masks


def _check(stack: NDArray[np.generic], kinds: Sequence[Kind]) -> None:
    if stack.ndim != 3 or stack.dtype != np.uint8 or stack.shape[1] != stack.shape[2]:
        raise InputError(
            f"Films of shape {stack.shape} and type {stack.dtype}.",
            allowed="(films, side, side) of uint8",
            next_step="Use prepare() and stored() first.",
        )
    if not kinds or set(kinds) - set(CHANGES):
        raise InputError("An unknown kind of change.", allowed=list(CHANGES))
    if "foreign" in kinds and len(stack) < 2:
        raise InputError("A foreign patch needs a second film.", allowed="2 films or more")


def _planted(
    rng: np.random.Generator, films: NDArray[np.float32], film: int, change: Change
) -> tuple[Films, Masks]:
    """Draw until the change can be seen (a black patch on a black border cannot)."""
    whole = films[film]
    for _ in range(TRIES):
        soft = _window(rng, whole.shape[0])
        made = whole + soft * (change(rng, films, film, soft) - whole)
        made = np.clip(np.rint(made), 0, 255)
        mask = soft >= 0.5 * soft.max()
        if np.abs(made - whole)[mask].mean() >= VISIBLE:
            break
    return made.astype(np.uint8), mask


def _window(rng: np.random.Generator, size: int) -> Picture:
    """(s, s) weights 0..1: a turned ellipse with a soft edge, its middle away from the border."""
    long, short = rng.uniform(*SIDES, size=2) * size / 2
    row, column = rng.uniform(0.15, 0.85, size=2) * size
    angle, edge = rng.uniform(0, np.pi), rng.uniform(0.2, 1.2)
    down, across = np.arange(size)[:, None] - row, np.arange(size)[None, :] - column
    turned = np.cos(angle) * across + np.sin(angle) * down
    other = np.cos(angle) * down - np.sin(angle) * across
    away = np.sqrt((turned / long) ** 2 + (other / short) ** 2)
    soft: Picture = np.clip((1 + edge / 2 - away) / edge, 0, 1).astype(np.float32)
    return soft


def _moved(
    rng: np.random.Generator, films: NDArray[np.float32], film: int, soft: Picture
) -> Picture:
    """The same film rolled to another place, with another exposure."""
    size = soft.shape[0]
    here = (int(np.argmax(soft.sum(axis=1))), int(np.argmax(soft.sum(axis=0))))
    source = rng.uniform(0.2, 0.8, size=2) * size
    there = np.roll(films[film], (int(here[0] - source[0]), int(here[1] - source[1])), axis=(0, 1))
    gap = _mean(films[film], soft) - _mean(there, soft)
    moved: Picture = (there + np.float32(gap * rng.uniform(0, 1) + rng.normal(0, 8))).astype(
        np.float32
    )
    return moved


def _foreign(
    rng: np.random.Generator, films: NDArray[np.float32], film: int, soft: Picture
) -> Picture:
    """The same place of another film, blended in with a random weight."""
    other = (film + int(rng.integers(1, len(films)))) % len(films)
    share = np.float32(rng.uniform(0.3, 1.0))
    there = np.roll(films[other], tuple(rng.integers(-3, 4, size=2)), axis=(0, 1))
    mixed: Picture = (share * there + (1 - share) * films[film]).astype(np.float32)
    return mixed


def _shade(
    rng: np.random.Generator, films: NDArray[np.float32], film: int, soft: Picture
) -> Picture:
    """Denser: a part of the way to white, as an opacity that lets less through."""
    share = np.float32(rng.uniform(0.15, 0.45)) * _mottled(rng, soft.shape[0])
    denser: Picture = (films[film] + share * (255 - films[film])).astype(np.float32)
    return denser


def _hole(
    rng: np.random.Generator, films: NDArray[np.float32], film: int, soft: Picture
) -> Picture:
    """Thinner: a part of the way to black, as trapped air."""
    share = np.float32(rng.uniform(0.15, 0.45)) * _mottled(rng, soft.shape[0])
    thinner: Picture = (films[film] * (1 - share)).astype(np.float32)
    return thinner


def _wiped(
    rng: np.random.Generator, films: NDArray[np.float32], film: int, soft: Picture
) -> Picture:
    """Texture gone, level kept."""
    radius = float(rng.uniform(0.05, 0.12)) * soft.shape[0]
    smooth: Picture = ndimage.gaussian_filter(films[film], radius)
    return smooth


def _mottled(rng: np.random.Generator, size: int) -> Picture:
    """(s, s) about 0.6 to 1.4: an uneven density."""
    grain = ndimage.gaussian_filter(rng.standard_normal((size, size)), size / 28)
    uneven = 1 + 0.2 * grain / max(float(grain.std()), 1e-9)
    bounded: Picture = np.clip(uneven, 0.6, 1.4).astype(np.float32)
    return bounded


def _mean(values: Picture, weight: Picture) -> float:
    return float((values * weight).sum() / max(float(weight.sum()), 1e-9))


CHANGES: dict[Kind, Change] = {
    "moved": _moved,
    "foreign": _foreign,
    "shade": _shade,
    "hole": _hole,
    "wiped": _wiped,
}
