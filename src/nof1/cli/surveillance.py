"""``nof1 surveillance``: from raw reports to a nowcast, an alarm, a forecast and a plan."""

from __future__ import annotations

import click

from nof1.cli.lazy import Lazy

COMMANDS = {
    "import": ("surveillance_intake", "Read line lists, counts or hub target data."),
    "quality": ("surveillance_intake", "Gaps, drops, delays and revisions of a signal."),
    "nowcast": ("surveillance_nowcast", "What the counts will be when all reports are in."),
    "transmission": ("surveillance_nowcast", "Reproduction number, growth, doubling time."),
    "alarms": ("surveillance_alarms", "Which places have more cases than expected."),
    "forecast": ("surveillance_forecast", "The coming weeks, with intervals, as hub rows."),
    "backtest": ("surveillance_forecast", "A past season, with only what was known."),
    "allocate": ("surveillance_plan", "Beds, vaccines or staff over regions."),
    "activity": ("surveillance_activity", "Each region's level and trend, for its patients."),
    "report": ("surveillance_report", "One offline page: map, curves, alarms, plan."),
    "publish": ("surveillance_intake", "Counts for others: small cells hidden, or with noise."),
    "validate": ("surveillance_plan", "Check hub files before they are handed in."),
    "score": ("surveillance_plan", "Score forecasts against what came."),
}


@click.group(cls=Lazy, table=COMMANDS)
def surveillance() -> None:
    """Transmissible disease in regions: reports, nowcast, alarms, forecasts, plans."""
