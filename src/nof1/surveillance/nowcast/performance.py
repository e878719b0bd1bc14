"""How good were the past nowcasts? Each is made again from what was known on its day.

Small counts often fall on an end of an interval, so that nearly all of them seem to be inside
even of an honest 50 % interval. Such a count is taken as inside with the share of its own
probability that belongs there (Czado, Gneiting & Held, Biometrics 65 (2009) 1254).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nof1.surveillance import scores
from nof1.surveillance.nowcast.errors import MEMORY, learn
from nof1.surveillance.nowcast.estimate import SEED, Made
from nof1.surveillance.nowcast.sampling import draw

EVERY_DAYS = 7
MOST = 8  # past nowcasts
NEWEST = 15  # days of each that are scored, as others do: 0 to 14 days back
DRAWS = 500


@dataclass(frozen=True)
class Past:
    """Scores of past nowcasts against counts that are complete by now.

    Attributes
    ----------
    coverage50, coverage95 : share of the final counts inside the intervals; a count on an end is
        inside in part, see ``held``, so that 0.5 and 0.95 are right for small counts as well.
    wis : mean weighted interval score; lower is better.
    wis_reported : the same of the counts as reported on the day, taken for the truth.
    n : scored counts (places or strata x days).
    nowcasts : past nowcasts, one a week.
    """

    coverage50: float
    coverage95: float
    wis: float
    wis_reported: float
    n: int
    nowcasts: int


def performance(made: Made) -> Past | None:
    """Score up to eight weekly nowcasts whose days are complete by now; None if there is none."""
    if made.views is None:
        return None
    newest = int(made.reporting.last.min()) - made.triangle.max_delay
    earliest = made.views.first + MEMORY // 2
    days = [newest - EVERY_DAYS * back for back in range(MOST)]
    days = [day for day in days if day >= earliest]
    if not days:
        return None
    scored = [_scored(made, day) for day in days]
    table = np.concatenate([one.reshape(4, -1) for one in scored], axis=1)
    covered50, covered95, wis, raw = (float(one) for one in table.mean(axis=1))
    return Past(covered50, covered95, wis, raw, table.shape[1], len(days))


def document(past: Past | None) -> dict[str, Any] | None:
    """The JSON form, or None."""
    if past is None:
        return None
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(past).items()
    }


def _scored(made: Made, day: int) -> scores.Floats:
    """(4, units, days back): inside 50 %, inside 95 %, WIS, WIS of the reported counts."""
    assert made.views is not None
    units = len(made.triangle.units)
    at = np.full(units, day)
    learnt = learn(made.views, made.cumulative, at, made.begins)
    seen = day - made.views.first
    reported = made.views.reported[seen]
    drawn = draw(learnt, reported, made.views.kept[seen], DRAWS, SEED)
    back = np.arange(min(NEWEST, reported.shape[1]))
    truth = made.cumulative[:, day - back, -1]
    newest = drawn[..., back]
    quantiles = np.moveaxis(np.quantile(newest, scores.LEVELS, axis=0), 0, -1)
    return np.stack(
        [
            held(newest, truth, 0.5),
            held(newest, truth, 0.95),
            scores.wis(truth, quantiles).total,
            np.abs(truth - reported[:, back]),
        ]
    )


def held(draws: scores.Floats, truth: scores.Floats, level: float) -> scores.Floats:
    """How far each count lies inside the central interval, 0 to 1.

    Parameters
    ----------
    draws : (draws, ...) whole numbers.
    truth : (...) final counts.
    level : share that the interval should hold.

    Notes
    -----
    A count takes the span of probability from "fewer" to "so many or fewer"; the share of that
    span between the interval's ends is counted. Of a count that no draw has, the span is a point.
    """
    fewer, upto = (draws < truth).mean(axis=0), (draws <= truth).mean(axis=0)
    low, high = (1 - level) / 2, (1 + level) / 2
    inside = np.clip(np.minimum(upto, high) - np.maximum(fewer, low), 0, None)
    point = ((fewer > low) & (fewer < high)).astype(float)
    found: scores.Floats = np.divide(inside, upto - fewer, out=point, where=upto > fewer)
    return found
