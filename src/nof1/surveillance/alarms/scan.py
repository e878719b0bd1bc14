"""Space-time scan: is there a group of neighbouring places with too many cases in the last weeks?

Every place is the centre of circles that grow from neighbour to neighbour; each circle with each
of the last 1, 2, ... weeks is a cylinder. The cylinder whose cases are least like chance wins, and
its p comes from the same search in random data, so that the thousands of looks are paid for.

``"poisson"`` (Kulldorff 2001, JRSS A 164:61) compares with given expectations and draws random data
with the same total; ``"permutation"`` (Kulldorff et al. 2005, PLoS Med 2:e59) needs counts only and
shuffles the weeks of the cases, so it finds what is new in one place relative to the others. The p
beyond the number of random data sets comes from a Gumbel distribution fitted to their best values
(Abrams et al. 2010, Int J Health Geogr 9:61). Extra variance between weeks is not modelled: clumped
counts give clusters too easily.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from nof1.core.errors import InputError, UsageError
from nof1.surveillance.alarms.compiled import compiled
from nof1.surveillance.alarms.tested import Floats

EARTH_KM = 6371.0
EULER = 0.5772156649015329
MOST_CLUSTERS = 20
Kind = Literal["poisson", "permutation"]


@dataclass(frozen=True)
class Scan:
    """Settings: kind, longest cylinder in weeks, largest circle, random data sets, level, seed.

    ``most_places`` limits a circle, and so does ``most_share`` of all expected cases.
    """

    kind: Kind = "poisson"
    longest: int = 4
    most_places: int = 50
    most_share: float = 0.5
    replicates: int = 199
    alpha: float = 0.05
    seed: int = 20240601

    def __post_init__(self) -> None:
        good = self.longest > 0 and self.most_places > 0 and self.replicates >= 19
        if not good or not 0 < self.most_share <= 1 or self.kind not in ("poisson", "permutation"):
            raise UsageError(
                "These settings of the scan are not allowed.",
                allowed="kind poisson or permutation, 1 week and 1 place or more, 19 or more "
                "random data sets",
            )


@dataclass(frozen=True)
class Cluster:
    """One cylinder: places, number of weeks up to the newest, cases, expectation, ratio and p."""

    places: tuple[int, ...]
    weeks: int
    observed: float
    expected: float
    relative_risk: float
    statistic: float
    p: float


def by_distance(latitude: Floats, longitude: Floats, most: int) -> NDArray[np.int32]:
    """(places, most) each place and its nearest ones, nearest first; degrees; on a sphere."""
    lat, lon = np.radians(latitude), np.radians(longitude)
    most = min(most, len(lat))
    order = np.empty((len(lat), most), np.int32)
    for i in range(len(lat)):
        half = np.sin((lat - lat[i]) / 2) ** 2
        half = half + np.cos(lat) * np.cos(lat[i]) * np.sin((lon - lon[i]) / 2) ** 2
        distance = 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
        distance[i] = -1.0
        order[i] = np.argsort(distance, kind="stable")[:most]
    return order


def scan(
    counts: Floats, expected: Floats | None, order: NDArray[np.int32], rule: Scan
) -> list[Cluster]:
    """The clusters that end in the newest week, most striking first, none sharing a place.

    Parameters
    ----------
    counts : (weeks, places) whole numbers >= 0. For ``"permutation"`` all weeks teach what is
        usual; for ``"poisson"`` only the last ``longest`` ones are used.
    expected : (weeks, places) for ``"poisson"``; scaled to the total of the cases.
    order : from ``by_distance``.

    Raises
    ------
    InputError : missing or negative counts, or other shapes.
    """
    _check(counts, expected, order, rule)
    if rule.kind == "permutation":
        base = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1.0)
    else:
        counts, base = counts[-rule.longest :], np.asarray(expected)[-rule.longest :]
        base = base * (counts.sum() / base.sum())
    longest = min(rule.longest, len(counts))
    total = float(counts.sum())
    if total == 0:
        return []
    cut = rule.most_share * total
    recent, usual = recent_sums(counts, longest), recent_sums(base, longest)
    none = np.zeros(counts.shape[1], bool)
    rng = np.random.default_rng(rule.seed)
    highest = np.array(
        [
            best_cylinders(recent_sums(drawn, longest), usual, order, total, cut, none)[0].max()
            for drawn in _random(counts, base, rule, rng)
        ]
    )
    return _clusters(highest, recent, usual, order, total, rule)


def recent_sums(counts: Floats, longest: int) -> Floats:
    """(longest, places) cases of the last 1, 2, ... weeks."""
    found: Floats = np.cumsum(counts[::-1][:longest], axis=0)
    return found


@compiled
def excess(cases, usual, total):  # type: ignore[no-untyped-def]
    """Log-likelihood ratio of a cylinder with more cases than usual, else 0."""
    if cases <= usual or usual <= 0.0:
        return 0.0
    value = cases * np.log(cases / usual)
    if cases < total:
        value += (total - cases) * np.log((total - cases) / (total - usual))
    return value


@compiled
def best_cylinders(recent, usual, order, total, cut, taken):  # type: ignore[no-untyped-def]
    """For each centre the best value, its number of places and its weeks: (3, places).

    A circle ends before a place that is ``taken``.
    """
    longest, places = recent.shape
    best = np.zeros((3, places))
    for i in range(places):
        for w in range(longest):
            cases, expected = 0.0, 0.0
            for k in range(order.shape[1]):
                at = order[i, k]
                if at < 0 or taken[at]:
                    break
                cases += recent[w, at]
                expected += usual[w, at]
                if expected > cut:
                    break
                if cases > expected:
                    value = excess(cases, expected, total)
                    if value > best[0, i]:
                        best[0, i], best[1, i], best[2, i] = value, k + 1, w + 1
    return best


def _random(counts: Floats, base: Floats, rule: Scan, rng: np.random.Generator) -> Iterator[Floats]:
    total = int(counts.sum())
    if rule.kind == "poisson":
        chance = (base / base.sum()).ravel()
        for _ in range(rule.replicates):
            yield rng.multinomial(total, chance).reshape(base.shape).astype(float)
        return
    whole = counts.astype(np.int64)
    place = np.repeat(np.arange(whole.shape[1]), whole.sum(axis=0))
    week = np.repeat(np.arange(len(whole)), whole.sum(axis=1))
    for _ in range(rule.replicates):
        flat = rng.permutation(week) * whole.shape[1] + place
        yield np.bincount(flat, minlength=whole.size).reshape(whole.shape).astype(float)


def gumbel_p(value: float, highest: Floats) -> float:
    """Chance of such a value, from a Gumbel distribution with the mean and sd of ``highest``."""
    scale = float(highest.std(ddof=1)) * np.sqrt(6) / np.pi
    if scale == 0:
        return (1.0 + float((highest >= value).sum())) / (len(highest) + 1)
    place = float(highest.mean()) - EULER * scale
    return float(-special.expm1(-np.exp(-(value - place) / scale)))


def _clusters(
    highest: Floats,
    recent: Floats,
    usual: Floats,
    order: NDArray[np.int32],
    total: float,
    rule: Scan,
) -> list[Cluster]:
    """The best cylinder, then the best without its places, and so on while p is small enough."""
    found: list[Cluster] = []
    taken = np.zeros(recent.shape[1], bool)
    while len(found) < MOST_CLUSTERS:
        best = best_cylinders(recent, usual, order, total, rule.most_share * total, taken)
        at = int(best[0].argmax())
        value, weeks = float(best[0, at]), int(best[2, at])
        p = gumbel_p(value, highest)
        if value == 0 or p > rule.alpha:
            break
        places = order[at, : int(best[1, at])]
        taken[places] = True
        cases, mean = float(recent[weeks - 1, places].sum()), float(usual[weeks - 1, places].sum())
        outside = (total - cases) / (total - mean) if total > mean else 1.0
        risk = cases / mean / outside if outside > 0 else float("inf")
        names = tuple(sorted(places.tolist()))
        found.append(Cluster(names, weeks, cases, mean, risk, value, p))
    return found


def _check(counts: Floats, expected: Floats | None, order: NDArray[np.int32], rule: Scan) -> None:
    bad = not np.isfinite(counts).all() or bool((counts < 0).any())
    if bad or len(order) != counts.shape[1]:
        raise InputError(
            "The scan needs a count of 0 or more for every week and place.",
            allowed="weeks and places without missing reports; one row of neighbours a place",
        )
    if rule.kind == "poisson" and (expected is None or expected.shape != counts.shape):
        raise InputError("The Poisson scan needs the expected cases of every week and place.")
