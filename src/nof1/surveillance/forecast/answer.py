"""The forecast as a document: rows, members, what the pool did earlier in the season."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from nof1.surveillance import scores
from nof1.surveillance.forecast.learned import Learned
from nof1.surveillance.forecast.members import Origin
from nof1.surveillance.forecast.pool import Mix, pooled
from nof1.surveillance.forecast.run import Made, carried_on, finished
from nof1.surveillance.forecast.scaled import scaled
from nof1.surveillance.hub.baseline import baseline
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import WEEK, Floats, Panel

SHOWN_WEEKS = 60
DIGITS = 4


def parts(
    made: Made,
    panel: Panel,
    learned: Learned,
    earlier: Sequence[Origin],
    reported: Panel | None = None,
) -> dict[str, Any]:
    """The forecast's own keys of the answer (see ``documents.head`` for the others)."""
    forecast = made.forecast
    past, worth = hindsight(made, panel, earlier)
    return {
        "reference_date": forecast.reference_date.isoformat(),
        "target": forecast.target,
        "horizons": list(forecast.horizons),
        "rows": rows(made),
        "members": worth,
        "width": made.mix.width,
        "past": past,
        "taught": {
            "until": learned.until.isoformat(),
            "examples": learned.examples,
            "digest": learned.digest,
        },
        "observed": observed(panel, reported),
    }


def places(panel: Panel) -> list[dict[str, Any]]:
    """Identifier, name and population of each place; null where unknown."""
    people = panel.population
    return [
        {
            "id": place,
            "name": panel.name(place),
            "population": None if people is None else _number(people[i]),
        }
        for i, place in enumerate(panel.places)
    ]


def rows(made: Made) -> list[dict[str, Any]]:
    """One row for each place and horizon that has a forecast, with its 23 quantiles."""
    forecast = made.forecast
    out = []
    for i, place in enumerate(forecast.places):
        for j, horizon in enumerate(forecast.horizons):
            values = forecast.quantiles[i, j]
            if np.isfinite(values).all():
                end = forecast.reference_date + timedelta(days=WEEK * horizon)
                named = zip(LEVELS, values, strict=True)
                out.append(
                    {
                        "place": place,
                        "horizon": horizon,
                        "target_end_date": end.isoformat(),
                        "quantiles": {f"{lv:g}": round(float(v), DIGITS) for lv, v in named},
                    }
                )
    return out


def observed(panel: Panel, reported: Panel | None = None) -> list[dict[str, Any]]:
    """The newest weeks of every place; a missing value is null.

    A value that is a nowcast, not a count, has the count so far beside it as ``reported``.
    """
    first = max(0, len(panel.dates) - SHOWN_WEEKS)
    rows = []
    for i, place in enumerate(panel.places):
        for k in range(first, len(panel.dates)):
            value = _number(panel.values[k, i])
            row = {"place": place, "date": panel.dates[k].item().isoformat(), "value": value}
            so_far = value if reported is None else _number(reported.values[k, i])
            rows.append(row if so_far == value else row | {"reported": so_far})
    return rows


def hindsight(
    made: Made, panel: Panel, earlier: Sequence[Origin]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """How today's pool did in earlier weeks of the season, and with and without each member.

    The weights and the width were chosen on these weeks, so this flatters the pool a little; a
    backtest does not. None, and members without scores, in the first weeks of a season.
    """
    weights = made.mix.weights
    came = _came(earlier, panel)
    if not np.isfinite(came).any():
        return None, [_member(name, weights[name], None, None) for name in weights]
    whole = _wis(earlier, panel, made.mix, came)
    flat = [baseline(panel.until(one.last), range(came.shape[2])) for one in earlier]
    members = []
    for name in weights:
        rest = {other: w for other, w in weights.items() if other != name}
        less = Mix(rest, made.mix.width, made.mix.weeks)
        without = scores.mean(_wis(earlier, panel, less, came)) if rest else None
        members.append(_member(name, weights[name], scores.mean(whole), without))
    quantiles = _quantiles(earlier, panel, made.mix)
    past = {
        "relative_wis": _ratio(whole, scores.wis(came, np.stack(flat)).total),
        "coverage50": _number(scores.coverage(came, quantiles, 0.5)),
        "coverage95": _number(scores.coverage(came, quantiles, 0.95)),
        "weeks": len(earlier),
    }
    return past, members


def _member(name: str, weight: float, with_: float | None, without: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "weight": weight,
        "wis_with": None if with_ is None else _number(with_),
        "wis_without": None if without is None else _number(without),
    }


def _came(earlier: Sequence[Origin], panel: Panel) -> Floats:
    """(weeks, places, steps) what is known today of the weeks that were forecast."""
    steps = next(iter(earlier[0].answers.values())).shape[1] if earlier else 0
    out = np.full((len(earlier), len(panel.places), steps), np.nan)
    for week, origin in enumerate(earlier):
        row = int((np.datetime64(origin.last) - panel.dates[0]).astype(int)) // WEEK
        for step in range(1, steps + 1):
            if row + step < len(panel.values):
                out[week, :, step - 1] = panel.values[row + step]
    return out


def _quantiles(earlier: Sequence[Origin], panel: Panel, mix: Mix) -> Floats:
    """(weeks, places, steps, 23) counts of a pool in earlier weeks."""
    made = []
    for origin in earlier:
        then = panel.until(origin.last)
        whole, carried = carried_on(then)
        units = pooled(origin.answers, mix)
        made.append(finished(units, scaled(whole), carried, then)[0])
    return np.stack(made)


def _wis(earlier: Sequence[Origin], panel: Panel, mix: Mix, came: Floats) -> Floats:
    return scores.wis(came, _quantiles(earlier, panel, mix)).total


def _ratio(one: Floats, other: Floats) -> float | None:
    both = np.isfinite(one) & np.isfinite(other)
    below = other[both].mean() if both.any() else 0.0
    return float(one[both].mean() / below) if below > 0 else None


def _number(value: float) -> float | None:
    return round(float(value), DIGITS) if np.isfinite(value) else None
