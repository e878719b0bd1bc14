"""Past weeks for the regret of a plan: forecasts of then, what was known then, what came."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import numpy as np

from nof1.surveillance.allocate.regret import Week
from nof1.surveillance.allocate.scenarios import DEFAULT, correlation
from nof1.surveillance.allocate.tables import Places
from nof1.surveillance.hub import truth
from nof1.surveillance.hub.rows import Forecast
from nof1.surveillance.series import TOTAL, WEEK, Floats, Panel

TOTALS = (TOTAL, "US")  # sums over places in answers and hub files; they get no share
Known = Callable[[date], Panel | None]


def parts(forecast: Forecast, horizon: int) -> tuple[tuple[str, ...], Floats, tuple[str, ...]]:
    """Places that can get a share, their (places, 23) quantiles, and the places without forecast.

    Raises
    ------
    InputError : the forecast does not have this horizon.
    """
    values = forecast.at(horizon)
    known = ~np.isnan(values.sum(axis=1))
    keep = [i for i, place in enumerate(forecast.places) if known[i] and place not in TOTALS]
    gone = [place for i, place in enumerate(forecast.places) if not known[i]]
    return tuple(forecast.places[i] for i in keep), values[keep], tuple(gone)


def weeks(
    forecasts: Iterable[Forecast],
    came: Panel,
    *,
    horizon: int = 1,
    known: Known | None = None,
    places: Places | None = None,
    factor: float = 1.0,
) -> list[Week]:
    """The weeks for which it is known what came, in the order of the forecasts.

    Places without a forecast, or of which it is not known what came, take no part in their week.

    Parameters
    ----------
    known : gives the panel as known on a reference date; None: the rule "by last week" and the
        correlation of places are not used.
    places : for the rule "by population".
    factor : units needed for one case.
    """
    made = []
    for one in forecasts:
        names, quantiles, _ = parts(one, horizon)
        day = one.reference_date + timedelta(days=WEEK * horizon)
        values = truth.pick(came, names, [day])[:, 0]
        keep = np.flatnonzero(~np.isnan(values))
        if not len(keep):
            continue
        there = tuple(names[i] for i in keep)
        panel = None if known is None else known(one.reference_date)
        last, tied = _history(panel, there)
        made.append(
            Week(
                day=one.reference_date,
                places=there,
                quantiles=factor * quantiles[keep],
                came=factor * values[keep],
                last=last,
                population=None if places is None else places.people(there),
                correlation=tied,
            )
        )
    return made


def _history(panel: Panel | None, places: tuple[str, ...]) -> tuple[Floats | None, Floats | float]:
    """Last known values and the correlation of places, where the panel has all of them."""
    if panel is None or any(place not in panel.places for place in places):
        return None, DEFAULT
    only = panel.only(places)
    return last_known(only), correlation(only)


def last_known(panel: Panel) -> Floats:
    """(places,) the last value of each place that is known; NaN where none is."""
    made = np.full(len(panel.places), np.nan)
    for row in panel.values:
        made = np.where(np.isnan(row), made, row)
    return made
