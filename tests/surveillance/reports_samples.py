"""Reports made by hand for the tests of nowcasts; no real people."""

from datetime import date, timedelta

import numpy as np
import polars as pl

FIRST = date(2024, 1, 1)  # a Monday
SHARES = np.array([0.3, 0.25, 0.15, 0.1, 0.08, 0.05, 0.04, 0.03])


def counted(counts, place="A", stratum="", first=FIRST):
    """The reports of a triangle (days, delays) of new counts."""
    day, delay = np.nonzero(counts)
    return pl.DataFrame(
        {
            "place": [place] * len(day),
            "stratum": [stratum] * len(day),
            "date": [first + timedelta(days=int(one)) for one in day],
            "reported": [
                first + timedelta(days=int(a + b)) for a, b in zip(day, delay, strict=True)
            ],
            "count": counts[day, delay].astype(np.int64),
        },
        schema_overrides={"date": pl.Date, "reported": pl.Date},
    )


def epidemic(days=120, level=60.0, growth=0.0, seed=1, place="A", stratum="", first=FIRST):
    """Reports of a SYNTHETIC epidemic with quiet week-ends, and its final counts (days,)."""
    rng = np.random.default_rng(seed)
    weekday = np.array([1.1, 1.2, 1.1, 1.0, 1.0, 0.7, 0.6])
    at = np.arange(days)
    mean = level * np.exp(growth * at) * weekday[(at + first.weekday()) % 7]
    finals = rng.poisson(rng.gamma(50, mean / 50))
    counts = np.array([rng.multinomial(one, SHARES) for one in finals])
    return counted(counts, place, stratum, first), finals.astype(float)


def last_day(days=120, first=FIRST):
    """The last day of ``epidemic``."""
    return first + timedelta(days=days - 1)
