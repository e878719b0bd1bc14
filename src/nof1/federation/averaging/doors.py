"""The gates of a federated imaging model, from sums over the films of all sites.

Quality limits and ages come from counts on fixed scales, the check for foreign pictures from summed
means, spreads and ranks. Two things do not: the orientation check is that of the frozen network,
tried on the films of all sites, and words of the header are those that enough pictures of one site
carry.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.federation.averaging.films import Films
from nof1.federation.averaging.joint import Joint
from nof1.imaging.gates.domain import DOMAIN_LEVEL, FEWEST_OF_CLASS, GRID, Domain
from nof1.imaging.gates.door import NETWORK, SECTION, STATISTICS, SUBFOLDER, Door
from nof1.imaging.gates.orientation import ORIENTATION_LEVEL, Orientation
from nof1.imaging.gates.population import AGE_SLACK, SMALLEST_GROUP, Population
from nof1.imaging.gates.quality import FEWEST_FILMS, MOST_BORDER, WIDENED, Quality
from nof1.imaging.gates.ranks import Ranks
from nof1.imaging.nets.prepare import SMALLEST_SIDE
from nof1.learn.sums import FloatArray

# Scales on which films are counted; what lies outside counts at the end.
SCALES = {
    "noise": np.linspace(-4.0, 1.0, 501),
    "sharpness": np.linspace(-8.0, 2.0, 1001),
    "contrast": np.linspace(0.0, 1.0, 501),
    "dark_end": np.linspace(0.0, 1.0, 501),
    "bright_end": np.linspace(0.0, 1.0, 501),
}
SIDES = np.array([32 * 2 ** (step / 2) for step in range(17)])  # pixels
AGES = np.arange(121.0)  # years
TURNED = 3 * ORIENTATION_LEVEL  # share of refused films from which the borrowed check misfits
MOST_TOLD_APART = 3  # findings whose patterns are classes of their own
Ints = NDArray[np.int64]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words of headers that enough pictures of a site carry."""

    modality: tuple[str, ...]
    view: tuple[str, ...]
    body_part: tuple[str, ...]
    sex: tuple[str, ...]


def words(films: Films) -> Words:
    """The site's own words, those of ten pictures or more; names, no counts."""
    heads = [films.data.headers[row] for row in films.taught]
    own = Population.fit(heads)
    kept = (own.modalities, own.views, own.body_parts, own.sexes)
    return Words(*(tuple(sorted(one)) for one in kept))


def door(
    films: Films, said: list[Words], joint: Joint, place: Path
) -> tuple[Door, tuple[str, ...]]:
    """The gates, and a note for each that could not be made; called at every site.

    Parameters
    ----------
    place : the new model's folder; the orientation check is put there.

    Raises
    ------
    ModelError : too few films at all sites together.
    """
    notes: list[str] = []
    domains = {}
    codes, most = patterns(films)
    described = np.stack(films.looks.statistics)[None]
    for name, rows, kinds, count in (
        (NETWORK, films.features, codes, most),
        (STATISTICS, described, np.zeros_like(codes), 1),
    ):
        try:
            domains[name] = domain(rows, kinds, films, joint, count)
        except ModelError as error:
            notes.append(f"foreign pictures cannot be recognised: {error.message}")
    orientation = borrowed(films, joint, place, notes)
    made = Door(quality(films, joint), orientation, domains, population(films, said, joint))
    return made, tuple(dict.fromkeys(notes))


def patterns(films: Films) -> tuple[Ints, int]:
    """(n,) class of each film, the same number for the same labels at all sites; how many."""
    table = films.values.astype(np.int64)
    if films.asked.task.kinds is not None:
        return np.where(table.max(axis=1) < 1, 0, table.argmax(axis=1) + 1), table.shape[1] + 1
    if table.shape[1] > MOST_TOLD_APART:
        return np.zeros(len(table), dtype=np.int64), 1
    return (table + 1) @ 3 ** np.arange(table.shape[1]), 3 ** table.shape[1]


def quality(films: Films, joint: Joint) -> Quality:
    """Limits of the films of all sites: their 1 % and 99 % quantiles, widened by half the range.

    Raises
    ------
    ModelError : fewer than 30 films.
    """
    measured = [films.looks.measures[row] for row in films.taught]
    own = [
        np.bincount(
            np.searchsorted(scale, [one[name] for one in measured]), minlength=len(scale) + 1
        ).astype(np.float64)
        for name, scale in SCALES.items()
    ]
    sides = np.array([films.looks.sides[row] for row in films.taught])
    smaller = np.array([float((sides < side).sum()) for side in SIDES])
    *tables, below = joint.sums(*own, smaller)
    if tables[0].sum() < FEWEST_FILMS:
        raise ModelError(
            f"{int(tables[0].sum())} films of all sites are too few to learn what is usual.",
            where="federation",
            allowed=f"{FEWEST_FILMS} or more",
        )
    limits = {
        name: _limits(scale, table)
        for (name, scale), table in zip(SCALES.items(), tables, strict=True)
    }
    for name in ("dark_end", "bright_end"):
        limits[name] = (0.0, max(limits[name][1], MOST_BORDER))
    least = max([float(side) for side, count in zip(SIDES, below, strict=True) if count < 0.5] or
                [0.0])  # fmt: skip
    return Quality(max(SMALLEST_SIDE, int(least) // 2), limits)


def _limits(scale: FloatArray, table: FloatArray) -> tuple[float, float]:
    """As ``gates.quality`` widens values, of counts between the marks of a scale."""
    filled = np.flatnonzero(table > 0.5)
    low_end, high_end = scale[max(filled[0] - 1, 0)], scale[min(filled[-1], len(scale) - 1)]
    low, high = (quantile(scale, table, share) for share in (0.01, 0.99))
    more = WIDENED * (high - low)
    return float(min(low - more, low_end)), float(max(high + more, high_end))


def quantile(scale: FloatArray, table: FloatArray, share: float) -> float:
    """The mark of the scale at which ``share`` of the counts lie below."""
    reached = np.cumsum(table) >= share * float(table.sum()) - 1e-9
    return float(scale[min(int(np.argmax(reached)), len(scale) - 1)])


def population(films: Films, said: list[Words], joint: Joint) -> Population:
    """Whom the films of all sites show."""
    heads = [films.data.headers[row] for row in films.taught]
    ages = [one.age_years for one in heads if one.age_years is not None]
    years = np.clip(np.floor(np.array(ages, dtype=np.float64)), 0, AGES[-1]).astype(np.int64)
    (table,) = joint.sums(np.bincount(years, minlength=len(AGES)).astype(np.float64))
    span = None
    if table.sum() >= SMALLEST_GROUP:
        span = (quantile(AGES, table, AGE_SLACK), quantile(AGES, table, 1 - AGE_SLACK))

    def together(kinds: Iterable[tuple[str, ...]]) -> frozenset[str]:
        return frozenset(word for one in kinds for word in one)

    return Population(
        age_years=span,
        sexes=together(one.sex for one in said),
        modalities=together(one.modality for one in said),
        views=together(one.view for one in said),
        body_parts=together(one.body_part for one in said),
    )


def domain(features: FloatArray, kinds: Ints, films: Films, joint: Joint, most: int) -> Domain:
    """Where the training films of all sites lie, and how strange the inner ones are.

    Parameters
    ----------
    features : (members, n, D). kinds : (n,) class of each film, below ``most``.

    Raises
    ------
    ModelError : too few inner films, or no class with enough films.
    """
    train, inner = features[:, films.train], features[:, films.inner]
    kind = kinds[films.train]
    held = np.stack([kind == one for one in range(most)]).astype(np.float64)  # (classes, n)
    counts, sums = joint.sums(held.sum(axis=1), np.einsum("cn,mnd->mcd", held, train))
    enough = np.flatnonzero(counts >= FEWEST_OF_CLASS)
    if not len(enough):
        raise ModelError("No class has enough films at all sites together.", where="federation")
    means = sums[:, enough] / counts[enough, None]
    inverse = _inverse(train, kind, enough, means, joint)
    empty = Ranks(GRID, np.zeros(len(GRID) + 1))
    shape = Domain(means.astype(np.float32), inverse.astype(np.float32), empty)
    strange = shape.distances(inner)
    cells = np.bincount(np.searchsorted(GRID, strange), minlength=len(GRID) + 1)
    (table,) = joint.sums(cells.astype(np.float64))
    fewest = math.ceil(1 / DOMAIN_LEVEL)
    if table.sum() < fewest:
        raise ModelError(
            f"Only {int(table.sum())} calibration pictures for a gate.", allowed=f"{fewest} or more"
        )
    return Domain(shape.means, shape.inverse, Ranks(GRID, table))


def _inverse(
    train: FloatArray, kind: Ints, enough: Ints, means: FloatArray, joint: Joint
) -> FloatArray:
    """(members, D, D) inverse of the shrunk covariance within the classes (Ledoit & Wolf 2004)."""
    found = []
    for rows, centres in zip(train, means, strict=True):
        rest = np.concatenate(
            [rows[kind == one] - c for one, c in zip(enough, centres, strict=True)]
        )
        wide = rest.shape[1]
        upper = np.triu_indices(wide)
        fourth = (np.square(rest).sum(axis=1) ** 2).sum()
        half, more = joint.sums((rest.T @ rest)[upper], np.array([float(len(rest)), fourth]))
        square = np.zeros((wide, wide))
        square[upper] = half
        covariance = _shrunk(square + np.triu(square, 1).T, float(more[0]), float(more[1]))
        usual = 2.0 ** round(math.log2(max(float(np.trace(covariance)) / wide, 1e-300)))
        floor = 1e-6 * float(np.trace(covariance)) / wide + 1e-12
        own = np.linalg.inv((covariance + floor * np.eye(wide)) / usual)
        found.append(joint.shared(own)[0] / usual)
    return np.stack(found)


def _shrunk(products: FloatArray, rows: float, fourth: float) -> FloatArray:
    """The covariance of centred rows, drawn to a ball; from the sums of their products and of the
    fourth powers of their lengths."""
    wide = len(products)
    plain = products / rows
    mean = float(np.trace(plain)) / wide
    size = float(np.square(plain).sum())
    noise = max((fourth / rows - size) / (wide * rows), 0.0)
    apart = (size - wide * mean**2) / wide
    share = min(noise, apart) / apart if apart > 0 else 0.0
    return np.asarray((1 - share) * plain + share * mean * np.eye(wide))


def borrowed(films: Films, joint: Joint, place: Path, notes: list[str]) -> Orientation | None:
    """The frozen network's orientation check, when it has one that lets the sites' films pass."""
    backbone = films.backbone.folder
    check = Door.open(backbone).orientation if SECTION in backbone.about else None
    if check is None:
        notes.append("orientation cannot be checked: the frozen network has no such check")
        return None
    own = [films.data.images[row] for row in films.inner]
    refused = sum(not one.passed for one in check.check_all(own)) if own else 0
    (total,) = joint.sums(np.array([float(refused), float(len(own))]))
    share = float(total[0] / max(total[1], 1))
    if share > TURNED:
        notes.append(f"orientation cannot be checked: the check refuses {share:.0%} of the films")
        return None
    shutil.copytree(backbone.path / SUBFOLDER, place / SUBFOLDER)
    return Orientation.open(place / SUBFOLDER)
