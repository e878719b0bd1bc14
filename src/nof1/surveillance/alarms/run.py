"""Check a panel: every method by name, blocks of series on an engine, and what no method may say.

``check`` tests the newest weeks of every place, replaces a false calm (reporting stopped, too few
reports in yet) by "not checked", and controls the false discovery rate over the places of a week.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nof1.core.engine import Engine, LocalEngine
from nof1.core.errors import UsageError
from nof1.surveillance.alarms import attainable, charts, discoveries, ears, farrington
from nof1.surveillance.alarms.baseline import Windows
from nof1.surveillance.alarms.charts import Chart
from nof1.surveillance.alarms.ears import Ears
from nof1.surveillance.alarms.tested import Bools, Floats, Reason, Tested, beside
from nof1.surveillance.series import Dates, Panel

BLOCK = 250  # series in one piece of work
HISTORY = 104
STOPPED = np.log(1e-4)  # zeros that are less likely than this mean that reporting stopped
LEAST_SHARE = 0.2


@dataclass(frozen=True)
class Settings:
    """How to look for alarms.

    Attributes
    ----------
    method : a name in ``METHODS``.
    alpha : level of one test; None: the method's own.
    fdr : false discovery rate over the places of a week; None: each place at ``alpha``.
    procedure : ``"discrete"``, ``"bh"`` or ``"by"``, see ``discoveries``; the first is used for
        the newest week only, and ``"bh"`` for the weeks before.
    threshold : of the flexible Farrington rule, see ``farrington``.
    windows : the baseline of Farrington's rules.
    limit : of the charts.
    skipped : first and last day of spans that no baseline uses, for example pandemic years.
    history : newest weeks to test.
    least_share : with a smaller part of the reports in, a week is not checked.
    """

    method: str = "farrington-flexible"
    alpha: float | None = None
    fdr: float | None = None
    procedure: discoveries.Procedure = "discrete"
    threshold: farrington.Threshold = "predictive"
    windows: Windows = field(default_factory=Windows)
    limit: float = 5.0
    skipped: tuple[tuple[date, date], ...] = ()
    history: int = HISTORY
    least_share: float = LEAST_SHARE

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(
                f"There is no method {self.method!r}.", where="--method", allowed=list(METHODS)
            )
        if self.alpha is not None and not 0 < self.alpha < 0.5:
            raise UsageError(
                f"Level {self.alpha} is not allowed.", where="--alpha", allowed="between 0 and 0.5"
            )
        if self.fdr is not None and not 0 < self.fdr < 1:
            raise UsageError("This rate is not allowed.", where="--fdr", allowed="0 to 1")
        if self.fdr is not None and not self.has_p:
            raise UsageError(
                f"{self.method} gives no p that holds, so no false discovery rate either.",
                where="--fdr",
                allowed="farrington-flexible with the threshold predictive",
                next_step="Leave --fdr out, or take that method.",
            )
        if self.history < 1:
            raise UsageError("At least one week must be tested.", where="history", allowed=">= 1")

    @property
    def has_p(self) -> bool:
        """Whether the method's p holds far out in the tail."""
        return self.method == "farrington-flexible" and self.threshold == "predictive"


@dataclass(frozen=True)
class Checked:
    """The tests of a panel.

    Attributes
    ----------
    panel : the weekly panel that was tested.
    settings : how.
    tested : see ``Tested``; series are the panel's places.
    p : (tests, places) the p that decides: of the newest week, or of it and the one before
        joined where the false discovery rate is controlled.
    q : (tests, places) adjusted p; NaN without a false discovery rate.
    alarm : (tests, places).
    share : (tests, places) part of the reports expected to be in; 1 where nothing was given.
    """

    panel: Panel
    settings: Settings
    tested: Tested
    p: Floats
    q: Floats
    alarm: Bools
    share: Floats


def check(
    panel: Panel,
    settings: Settings | None = None,
    *,
    known_outbreaks: Bools | None = None,
    complete: Floats | None = None,
    engine: Engine | None = None,
) -> Checked:
    """Test the newest weeks of every place.

    Parameters
    ----------
    panel : weekly; days are summed to weeks that end on Saturday.
    known_outbreaks : (weeks, places) True where a week belongs to a known outbreak: tested, but in
        no baseline.
    complete : (weeks, places) part of the final count that is expected to be in by
        ``panel.known_on``, for example from a nowcast; NaN counts as 1.
    engine : where blocks of series are worked on; this process by default.

    Raises
    ------
    UsageError : shapes that do not fit the weekly panel, or a signal that is not a count.
    """
    settings = settings or Settings()
    if panel.unit == "%":
        raise UsageError(
            "Alarms need counts; this signal is a share in percent.",
            where=panel.signal,
            next_step="Take the signal of cases or visits that the share was made of.",
        )
    panel = panel.weekly()
    shape = panel.values.shape
    for given in (known_outbreaks, complete):
        if given is not None and given.shape != shape:
            raise UsageError(
                "An array does not fit the weekly panel.", where="alarms", allowed=str(shape)
            )
    excluded = _excluded(panel, known_outbreaks, settings.skipped)
    share = np.ones(shape) if complete is None else np.clip(np.nan_to_num(complete, nan=1.0), 0, 1)
    first = max(len(panel.dates) - settings.history - 1, 0)  # one more: two weeks are looked at
    tests = np.arange(first, len(panel.dates))
    work = partial(_block, settings, panel.dates, tests)
    blocks = [
        (panel.values[:, at], excluded[:, at], share[:, at])
        for at in (slice(i, i + BLOCK) for i in range(0, shape[1], BLOCK))
    ]
    names = [f"series {i * BLOCK + 1} and following" for i in range(len(blocks))]
    done = beside((engine or LocalEngine()).map(work, blocks, names))
    number = min(settings.history, len(tests))
    return _decided(panel, settings, done.newest(number), share[tests][-number:])


def _excluded(panel: Panel, known: Bools | None, skipped: Sequence[tuple[date, date]]) -> Bools:
    excluded = np.zeros(panel.values.shape, bool) if known is None else known.copy()
    for first, last in skipped:
        span = (panel.dates >= np.datetime64(first)) & (panel.dates <= np.datetime64(last))
        excluded[span] = True
    return excluded


def _block(
    settings: Settings, dates: Dates, tests: NDArray[np.int64], data: tuple[Floats, Bools, Floats]
) -> Tested:
    values, excluded, share = data
    result = METHODS[settings.method](settings, dates, values, tests, excluded, share[tests])
    result.refuse(share[tests] < settings.least_share, Reason.TOO_EARLY)
    result.refuse(stopped(result), Reason.STOPPED)
    return result


def stopped(result: Tested) -> Bools:
    """(tests, series) True where the zeros up to this week are next to impossible."""
    over = np.maximum(result.dispersion, 1.0 + 1e-9)
    with np.errstate(all="ignore"):
        chance = -result.expected / (over - 1.0) * np.log(over)
    chance = np.nan_to_num(chance, nan=0.0)
    run = np.zeros(chance.shape[1])
    found = np.zeros(chance.shape, bool)
    for at in range(len(chance)):
        run = np.where(result.observed[at] == 0, run + chance[at], 0.0)
        found[at] = run < STOPPED
    return found


def _decided(panel: Panel, settings: Settings, tested: Tested, share: Floats) -> Checked:
    q = np.full(tested.p.shape, np.nan)
    p, alarm = tested.p, tested.alarm
    if settings.fdr is not None:
        # A week with too few cases may not alarm: its p is 1, and it still counts as a test.
        p = tested.parts["p_recent"]
        with np.errstate(invalid="ignore"):
            counted = np.where(tested.few & ~np.isnan(p), 1.0, p)
            plain = "by" if settings.procedure == "by" else "bh"
            q = np.array([discoveries.adjusted(row, plain) for row in counted])
            if settings.procedure == "discrete" and tested.attainable is not None:
                q[-1] = discoveries.discrete(counted[-1], tested.attainable, attainable.LEVELS)
            alarm = q <= settings.fdr
    return Checked(panel, settings, tested, p, q, alarm, share)


Method = Callable[[Settings, Dates, Floats, NDArray[np.int64], Bools, Floats], Tested]


def _farrington(
    base: farrington.Farrington,
    settings: Settings,
    dates: Dates,
    values: Floats,
    tests: NDArray[np.int64],
    excluded: Bools,
    share: Floats,
) -> Tested:
    windows = settings.windows
    if base.original:
        windows = replace(windows, periods=1, newest_left_out=None)
    else:
        base = replace(base, threshold=settings.threshold)
    rule = replace(base, windows=windows, alpha=settings.alpha or base.alpha)
    return farrington.judge(dates, values, tests, rule, excluded=excluded, share=share)


def _ears(
    kind: str,
    settings: Settings,
    dates: Dates,
    values: Floats,
    tests: NDArray[np.int64],
    excluded: Bools,
    share: Floats,
) -> Tested:
    rule = Ears(kind, settings.alpha)  # type: ignore[arg-type]
    result = ears.judge(dates, values, tests, rule)
    result.refuse(share < 1.0, Reason.TOO_EARLY)  # its baseline would be incomplete as well
    return result


def _chart(
    kind: str,
    settings: Settings,
    dates: Dates,
    values: Floats,
    tests: NDArray[np.int64],
    excluded: Bools,
    share: Floats,
) -> Tested:
    rule = Chart(kind, limit=settings.limit)  # type: ignore[arg-type]
    return charts.judge(dates, values, tests, rule, excluded=excluded, share=share)


METHODS: dict[str, Method] = {
    "farrington-flexible": partial(_farrington, farrington.FLEXIBLE),
    "farrington": partial(_farrington, farrington.ORIGINAL),
    "ears-c1": partial(_ears, "C1"),
    "ears-c2": partial(_ears, "C2"),
    "ears-c3": partial(_ears, "C3"),
    "cusum": partial(_chart, "cusum"),
    "glr": partial(_chart, "glr"),
}
