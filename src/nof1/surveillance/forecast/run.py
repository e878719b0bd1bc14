"""One forecast: from a panel as known on a day to coherent quantiles of the coming weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from nof1.core.errors import InputError
from nof1.surveillance.forecast.coherent import adds_up, reconciled, total_of
from nof1.surveillance.forecast.learned import Learned
from nof1.surveillance.forecast.members import NAMES, Origin, answer
from nof1.surveillance.forecast.pool import KEPT_WEEKS, Mix, pooled, tune
from nof1.surveillance.forecast.scaled import Scaled, scaled
from nof1.surveillance.hub.baseline import baseline
from nof1.surveillance.hub.rows import Forecast
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import WEEK, Floats, Panel

MODEL = "nof1-pool"
MOST_STEPS = 8
CARRIED = 2  # newest weeks that may be missing in a place and are carried on
HALF = 0.5
WIDER = 1.25  # the factor of the width for each carried week


@dataclass(frozen=True)
class Made:
    """A forecast and how it came about.

    Attributes
    ----------
    forecast : the hub rows' content; NaN for a place that could not be answered.
    mix : weights of the members and the factor of the width.
    origin : what the members said, for later weeks.
    scaled : the panel on the common scale.
    carried : place -> newest weeks that were missing and were carried on.
    flat : places that have the flat baseline, because no member could answer.
    silent : places without any forecast.
    """

    forecast: Forecast
    mix: Mix
    origin: Origin
    scaled: Scaled
    carried: dict[str, int]
    flat: tuple[str, ...]
    silent: tuple[str, ...]


def steps_ahead(panel: Panel, reference: date, horizons: Sequence[int]) -> list[int]:
    """How many weeks after the panel's newest week each horizon lies.

    Raises
    ------
    InputError : the reference date lies wrong to the data, or a horizon is too far away.
    """
    if not len(panel.dates):
        raise InputError("The target has no weeks.", where=panel.signal)
    newest: date = panel.dates[-1].item()
    days = (reference - newest).days
    if days % WEEK:
        raise InputError(
            f"The reference date {reference} is no whole number of weeks after {newest}.",
            where="--reference-date",
            allowed=f"for example {newest + timedelta(days=WEEK)}",
            next_step="Weeks are named by their last day, as in the target file.",
        )
    steps = [days // WEEK + horizon for horizon in horizons]
    if min(steps) < 1 or max(steps) > MOST_STEPS:
        raise InputError(
            f"These horizons lie {min(steps)} to {max(steps)} weeks after the newest, {newest}.",
            where="--horizons",
            allowed=f"1 to {MOST_STEPS} weeks after it; horizon 0 is the week of --reference-date",
            next_step="Is the target as old as the reference date says? For a SIGNAL, add --as-of.",
        )
    return steps


def forecast(
    panel: Panel,
    learned: Learned,
    reference: date,
    horizons: Sequence[int] = (0, 1, 2, 3),
    *,
    earlier: Sequence[Origin] | None = None,
    without: Sequence[str] = (),
) -> Made:
    """Forecast all places of a weekly panel.

    Parameters
    ----------
    panel : as known when the forecast is made.
    learned : members that were taught before the season of ``reference``.
    earlier : what the members said in earlier weeks of the season, as known then; None makes
        them again from this panel, cut at those weeks.
    without : members to leave out.

    Raises
    ------
    InputError : dates and horizons that do not fit; nothing could be answered at all.
    """
    ahead = steps_ahead(panel, reference, horizons)
    if max(ahead) > learned.steps:
        raise InputError(
            f"The members know {learned.steps} weeks ahead, and {max(ahead)} are asked for.",
            where="--horizons",
            next_step="Train again without --models, or ask for fewer weeks.",
        )
    whole, carried = carried_on(panel)
    now = scaled(whole)
    names = tuple(name for name in NAMES if name not in without)
    said = answer(now, learned, names)
    before = retrospect(panel, learned, names) if earlier is None else earlier
    past = [origin.past(now) for origin in before]
    mix = tune(past, tuple(name for name in names if name in said.answers))
    silence = np.full((len(panel.places), learned.steps, len(LEVELS)), np.nan)
    units = pooled(said.answers, mix) if said.answers else silence
    counts, flat, silent = finished(units, now, carried, panel)
    made = counts[:, [step - 1 for step in ahead]]
    rows = Forecast(MODEL, reference, panel.places, tuple(horizons), made, panel.signal)
    return Made(rows, mix, said, now, carried, flat, silent)


def retrospect(panel: Panel, learned: Learned, names: tuple[str, ...] = NAMES) -> list[Origin]:
    """What the members would have said in earlier weeks of the season, from this panel's past.

    Values of that time may have been revised since; a backtest uses the versions of each week.
    """
    newest = panel.dates[-1].item()
    origins = []
    for weeks in range(KEPT_WEEKS, 0, -1):
        last = newest - timedelta(days=WEEK * weeks)
        if last > learned.until and last >= panel.dates[0].item():  # what was taught is no test
            cut, _ = carried_on(panel.until(last))
            origins.append(answer(scaled(cut), learned, names))
    return [origin for origin in origins if origin.answers]


def carried_on(panel: Panel) -> tuple[Panel, dict[str, int]]:
    """A panel whose late places carry on as the others went; place -> weeks carried.

    A place that lacks its newest one or two weeks is late, not calm: its last known week is
    multiplied by the growth of the places that did report. Longer silence stays missing.
    """
    values = panel.values.copy()
    carried: dict[str, int] = {}
    for place, name in enumerate(panel.places):
        known = np.flatnonzero(np.isfinite(values[:, place]))
        late = len(values) - 1 - known[-1] if len(known) else CARRIED + 1
        if 0 < late <= CARRIED:
            carried[name] = int(late)
            for row in range(len(values) - late, len(values)):
                values[row, place] = values[row - 1, place] * _growth(panel.values, row)
    return replace(panel, values=values), carried


def _growth(values: Floats, row: int) -> float:
    """All places that reported both weeks: the newer sum by the older one."""
    both = np.isfinite(values[row]) & np.isfinite(values[row - 1])
    older = values[row - 1, both].sum()
    return float(np.clip(values[row, both].sum() / older, 0.5, 2.0)) if older > 0 else 1.0


def finished(
    units: Floats, now: Scaled, carried: dict[str, int], panel: Panel
) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    """(places, steps, 23) units of scale to counts that can be handed out.

    Places without an answer get the flat baseline, and the total and its parts are brought
    together where it is their sum. Where every known value is a whole number, less than half a
    case is none: an interval from 0.1 to 1.4 would miss a week without cases.

    Returns
    -------
    counts, places with the flat baseline, places without any forecast.
    """
    counts = in_counts(units, now, carried)
    flat, silent = fill(counts, panel, units.shape[1])
    total = total_of(panel.places)
    if total is not None and adds_up(panel.values, total):
        counts = reconciled(counts, total)
    made = np.sort(counts, axis=-1)
    none = _whole(panel.values) & (made < HALF)
    return np.where(none, 0.0, made), flat, silent


def _whole(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return bool((known == np.round(known)).all())


def in_counts(units: Floats, now: Scaled, carried: dict[str, int]) -> Floats:
    """(places, steps, 23) units of scale to counts; wider where weeks were carried on."""
    roots = units * now.scale[:, None, None]
    median = roots[..., len(LEVELS) // 2, None]
    factor = np.array([WIDER ** carried.get(place, 0) for place in now.panel.places])
    return now.counts(median + factor[:, None, None] * (roots - median))


def fill(counts: Floats, panel: Panel, steps: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Put the flat baseline where no member answered; places with it, and places with nothing.

    Raises
    ------
    InputError : no place has enough weeks.
    """
    empty = ~np.isfinite(counts).all(axis=(1, 2))
    if not empty.any():
        return (), ()
    names = [panel.places[i] for i in np.flatnonzero(empty)]
    counts[empty] = baseline(panel.only(names), range(steps))
    still = ~np.isfinite(counts).all(axis=(1, 2))
    if still.all():
        raise InputError(
            "No place has enough weeks for a forecast.",
            where=panel.signal,
            next_step="Give a longer history of the target: a season or more.",
        )
    silent = tuple(panel.places[i] for i in np.flatnonzero(still))
    return tuple(name for name in names if name not in silent), silent
