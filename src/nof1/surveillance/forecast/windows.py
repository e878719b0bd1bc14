"""What a learner sees: the last sixteen weeks of one place, the calendar, the population.

No learner is told which place, signal or season it looks at: with ten seasons of history such
marks would be learned by heart and fail in the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nof1.surveillance.forecast import season
from nof1.surveillance.forecast.scaled import Scaled
from nof1.surveillance.series import Floats

LENGTH = 16  # weeks in a window
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Inputs:
    """Windows, one a row.

    Attributes
    ----------
    window : (n, 16) on the common scale, the newest week last.
    christmas : (n,) weeks until 25 December; negative after it.
    log_population : (n,) natural logarithm.
    """

    window: Floats
    christmas: Floats
    log_population: Floats

    def __len__(self) -> int:
        return len(self.window)

    def take(self, rows: NDArray[np.bool_] | Ints) -> Inputs:
        """Some of the rows."""
        return Inputs(self.window[rows], self.christmas[rows], self.log_population[rows])


@dataclass(frozen=True)
class Examples:
    """Inputs and what came after them.

    Attributes
    ----------
    change : (n, steps) value ``1..steps`` weeks later minus the newest one; NaN where unknown.
    season : (n,) the season of the newest week.
    """

    inputs: Inputs
    change: Floats
    season: Ints

    def __len__(self) -> int:
        return len(self.inputs)


def now(scaled: Scaled, row: int = -1) -> tuple[Inputs, NDArray[np.bool_]]:
    """The windows of all places that end at ``row``, and (places,) which of them are whole."""
    end = len(scaled.roots) + row + 1 if row < 0 else row + 1
    places = len(scaled.panel.places)
    if end < LENGTH:
        empty = np.full((places, LENGTH), np.nan)
        return Inputs(empty, np.zeros(places), scaled.log_population), np.zeros(places, bool)
    window = scaled.z[end - LENGTH : end].T
    christmas = season.to_christmas(scaled.panel.dates[end - 1 : end])
    inputs = Inputs(window, np.full(places, christmas[0]), scaled.log_population)
    return inputs, np.asarray(np.isfinite(window).all(axis=1))


def examples(scaled: Scaled, steps: int) -> Examples:
    """Every whole window of the taught weeks that has at least one known later week."""
    z, dates = scaled.z, scaled.panel.dates
    if len(z) <= LENGTH:
        return _none(steps)
    windows = sliding_window_view(z, LENGTH, axis=0)[:-1]  # (times - LENGTH, places, LENGTH)
    last = np.arange(LENGTH - 1, len(z) - 1)
    later = np.full((len(last), z.shape[1], steps), np.nan)
    for step in range(1, steps + 1):
        known = last + step < len(z)
        later[known, :, step - 1] = z[last[known] + step]
    change = later - z[last][:, :, None]
    taught = season.within(dates[last], season.TAUGHT)[:, None]
    keep = np.isfinite(windows).all(axis=-1) & np.isfinite(change).any(axis=-1) & taught
    time, place = np.nonzero(keep)
    inputs = Inputs(
        windows[keep], season.to_christmas(dates[last])[time], scaled.log_population[place]
    )
    return Examples(inputs, change[keep], season.seasons(dates[last])[time])


def joined(parts: list[Examples]) -> Examples:
    """Examples of several signals, one below the other."""
    inputs = Inputs(
        np.concatenate([part.inputs.window for part in parts]),
        np.concatenate([part.inputs.christmas for part in parts]),
        np.concatenate([part.inputs.log_population for part in parts]),
    )
    change = np.concatenate([part.change for part in parts])
    return Examples(inputs, change, np.concatenate([part.season for part in parts]))


def _none(steps: int) -> Examples:
    inputs = Inputs(np.empty((0, LENGTH)), np.empty(0), np.empty(0))
    return Examples(inputs, np.empty((0, steps)), np.empty(0, dtype=np.int64))
