"""Sudden drops and spikes in monthly counts, with the share of false alarms held down.

Each series (one code at one site) is compared with its own neighbourhood: counts are put on a
scale where chance has the same size everywhere (Anscombe's square root), the median of the six
months on either side is what was expected, and the median absolute deviation says how restless
the series is by itself. Over all series and months together the Benjamini-Hochberg procedure
keeps the expected share of false alarms below ``FALSE_ALARMS``. A change must also matter:
half or less, or twice or more, of what was expected.

References: Anscombe, Biometrika 1948;35:246-254. Benjamini & Hochberg, J R Stat Soc B
1995;57:289-300.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t as student

FALSE_ALARMS = 0.01
NEIGHBOURS = 6
MIN_MONTHS = 12
MIN_EXPECTED = 20.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A run of months in which one series stands out.

    ``events`` were counted where ``expected`` were usual, in the months ``first`` to ``last``
    (both as years x 12 + month - 1); ``kind`` is "drop" or "spike".
    """

    kind: str
    code: str
    site: str
    first: int
    last: int
    events: int
    expected: float


def changes(months: pl.DataFrame) -> list[Change]:
    """Every run of standing-out months, in the order of site and code.

    Parameters
    ----------
    months : code, site, month, events; a month without a row is a month without events between
        the first and last month of its site. The outermost months are partly covered and left out.
    """
    found: list[Change] = []
    tests = []
    for (site,), rows in months.partition_by("site", as_dict=True).items():
        codes, first, counts = _matrix(rows)
        if counts.shape[1] >= MIN_MONTHS:
            usual = counts.sum(axis=1) >= MIN_EXPECTED * MIN_MONTHS / 2
            picked = [code for code, keep in zip(codes, usual, strict=True) if keep]
            tests.append((str(site), picked, first, counts[usual]))
    scores = [_scores(counts) for *_, counts in tests]
    limit = _threshold([p[expected >= MIN_EXPECTED] for p, expected in scores])
    for (site, codes, first, counts), (p, expected) in zip(tests, scores, strict=True):
        flagged = (p <= limit) & (expected >= MIN_EXPECTED)
        for row, code in enumerate(codes):
            found += _runs(flagged[row], counts[row], expected[row], code, site, first)
    return found


def _matrix(rows: pl.DataFrame) -> tuple[list[str], int, Floats]:
    """Codes, first month, and counts of shape (codes, months) without the outermost months."""
    low, high = _covered(rows)
    rows = rows.filter(pl.col("month").is_between(low, high))
    codes = rows["code"].unique().sort()
    counts = np.zeros((len(codes), max(high - low + 1, 0)))
    place = codes.search_sorted(rows["code"]).to_numpy()
    np.add.at(counts, (place, (rows["month"] - low).to_numpy()), rows["events"].to_numpy())
    return codes.to_list(), low, counts


def _covered(rows: pl.DataFrame) -> tuple[int, int]:
    """First and last month that are wholly covered; a few wrong dates do not stretch them."""
    by_month = rows.group_by("month").agg(pl.col("events").sum()).sort("month")
    share = by_month["events"].cum_sum() / by_month["events"].sum()
    inner = by_month.filter((share > 0.0005) & (share.shift(1, fill_value=0.0) < 0.9995))["month"]
    return int(inner[0]) + 1, int(inner[-1]) - 1


def _scores(counts: Floats) -> tuple[Floats, Floats]:
    """Two-sided p-value and expected count of every month of every series."""
    root = 2.0 * np.sqrt(counts + 3.0 / 8.0)  # (series, months), chance has size 1
    padded = np.pad(root, ((0, 0), (NEIGHBOURS, NEIGHBOURS)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1, axis=1).copy()
    windows[:, :, NEIGHBOURS] = np.nan  # a month is no part of its own expectation
    usual = np.nanmedian(windows, axis=2)
    rest = root - usual
    spread = 1.4826 * np.median(np.abs(rest), axis=1, keepdims=True)
    score = np.abs(rest) / np.maximum(spread, np.sqrt(1.0 + np.pi / (4 * NEIGHBOURS)))
    expected = np.maximum((usual / 2.0) ** 2 - 3.0 / 8.0, 0.0)
    return 2.0 * student.sf(score, df=counts.shape[1] - 1), expected


def _threshold(p_values: list[Floats]) -> float:
    """Benjamini-Hochberg: the largest p-value that still counts as an alarm; -1 if none does."""
    ordered = np.sort(np.concatenate([np.empty(0), *p_values]))
    allowed = FALSE_ALARMS * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    passing = ordered[ordered <= allowed]
    return float(passing[-1]) if len(passing) else -1.0


def _runs(
    flagged: NDArray[np.bool_], counts: Floats, expected: Floats, code: str, site: str, first: int
) -> list[Change]:
    """Neighbouring flagged months in one direction become one change."""
    sign = np.where(flagged & (counts <= expected / 2), -1, 0)
    sign = np.where(flagged & (counts >= expected * 2), 1, sign)
    edges = np.flatnonzero(np.diff(sign, prepend=0, append=0))
    runs = [(a, b) for a, b in pairwise(edges) if sign[a]]
    return [
        Change(
            "drop" if sign[a] < 0 else "spike",
            code,
            site,
            first + int(a),
            first + int(b) - 1,
            int(counts[a:b].sum()),
            float(expected[a:b].sum()),
        )
        for a, b in runs
    ]
