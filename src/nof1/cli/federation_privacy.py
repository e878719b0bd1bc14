"""Options of ``nof1 federation`` for jobs with noise: what they may cost each patient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from nof1.core.errors import UsageError

if TYPE_CHECKING:
    from nof1.federation.algorithms import Algorithm
    from nof1.federation.manifest import Privacy

DELTA = 1e-5
_OPTIONS = (
    click.option("--epsilon", type=float, metavar="NUMBER",
                 help="Job with noise: what it may cost each patient."),
    click.option("--delta", type=float, metavar="NUMBER",
                 help=f"Job with noise: chance beyond epsilon [{DELTA:g}]."),
    click.option("--range", "ranges", multiple=True, metavar="FEATURE=LOW:HIGH",
                 help="Job with noise: usual values of a feature, as the public knows them."),
    click.option("--dishonest", type=int, metavar="SITES",
                 help="Job with noise: sites that may be dishonest [fewer than half]."),
)  # fmt: skip


def privacy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --epsilon, --delta, --range and --dishonest."""
    for one in reversed(_OPTIONS):
        command = one(command)
    return command


def privacy_of(
    entry: Algorithm,
    epsilon: float | None,
    delta: float | None,
    ranges: tuple[str, ...],
    dishonest: int | None,
) -> Privacy | None:
    """What the options ask for; None for an algorithm without noise.

    Raises
    ------
    UsageError : an algorithm with noise without --epsilon, or one without noise with it.
    """
    from nof1.federation.manifest import Privacy

    given = epsilon is not None or delta is not None or bool(ranges) or dishonest is not None
    if not entry.noisy:
        if given:
            raise UsageError(
                f"The algorithm {entry.name} adds no noise.",
                where="--epsilon",
                next_step="Ask for one that does: --algorithm private-glassbox",
            )
        return None
    if epsilon is None:
        raise UsageError(
            f"The algorithm {entry.name} needs to know what it may cost each patient.",
            where="--epsilon",
            allowed="0.1 to 20; 1 is strong, 8 is weak",
            next_step=f"Add: --epsilon 3 --delta {DELTA:g}",
        )
    _plannable(epsilon, DELTA if delta is None else delta)
    return Privacy(epsilon, DELTA if delta is None else delta, dict(map(_range, ranges)), dishonest)


def _plannable(epsilon: float, delta: float) -> None:
    from nof1.federation.private.plan import LEAST_EPSILON, MOST_EPSILON

    if not LEAST_EPSILON <= epsilon <= MOST_EPSILON or not 1e-12 <= delta <= 1e-3:  # NaN, too
        raise UsageError(
            f"Epsilon {epsilon:g} at delta {delta:g} cannot be planned.",
            where="--epsilon, --delta",
            allowed=f"epsilon {LEAST_EPSILON:g} to {MOST_EPSILON:g}, delta 1e-12 to 1e-3",
            next_step=f"For example: --epsilon 3 --delta {DELTA:g}",
        )


def _range(text: str) -> tuple[str, tuple[float, float]]:
    """``FEATURE=LOW:HIGH``; the feature's name may hold "=" and ":" itself."""
    feature, _, limits = text.rpartition("=")
    low, _, high = limits.partition(":")
    try:
        made = float(low), float(high)
    except ValueError:
        made = (1.0, 0.0)
    if not feature or not -math.inf < made[0] < made[1] < math.inf:
        raise UsageError(
            "A range is a feature and two numbers.",
            where="--range",
            allowed="FEATURE=LOW:HIGH, where * in the feature's name stands for anything",
            next_step="For example: --range 'LOINC//8480-6/*=60:220'",
        )
    return feature, made
