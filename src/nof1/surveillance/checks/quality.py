"""The quality report of a signal: all checks, as known on one day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance import documents
from nof1.surveillance.checks import calendar, levels, revisions
from nof1.surveillance.checks.remark import Remark, Spot, found
from nof1.surveillance.series import WEEK, Panel
from nof1.surveillance.store import Signal, Store


def quality(store: Store, name: str, as_of: date | None = None) -> dict[str, Any]:
    """The report as the document ``nof1/surveillance-quality/1``.

    Parameters
    ----------
    as_of : look only at what was known on this day; None: at all.

    Raises
    ------
    InputError : nothing was known by then. UsageError : there is no such signal.
    """
    signal = store.signal(name)
    panel = store.panel(name, as_of)
    if not len(panel.dates):
        raise InputError(
            "No week of this signal was over by then.", where=name, next_step="Ask for a later day."
        )
    remarks = [*_of_kind(store, signal, panel, as_of), *_of_all(panel), set_aside(store, name)]
    waiting = [
        {"what": one.check, "reason": one.words, "resolve": "More data, or another kind of file."}
        for one in remarks
        if one.state == "not_checked"
    ]
    return {
        **documents.head(
            "quality",
            name,
            panel.known_on,
            synthetic=signal.synthetic,
            places=store.describe(name, as_of),
            not_checked=waiting,
        ),
        "title": signal.words,
        "unit": signal.unit,
        "kind": signal.kind,
        "step_days": signal.step_days,
        "steps": len(panel.dates),
        "first": panel.dates[0].item().isoformat() if len(panel.dates) else None,
        "last": panel.dates[-1].item().isoformat() if len(panel.dates) else None,
        "attention": any(one.state == "warning" for one in remarks),
        "checks": [one.to_dict() for one in sorted(remarks, key=_rank)],
    }


_ORDER = ("warning", "note", "not_checked", "clear")


def _rank(remark: Remark) -> tuple[int, str]:
    return _ORDER.index(remark.state), remark.check


def _of_kind(store: Store, signal: Signal, panel: Panel, as_of: date | None) -> list[Remark]:
    """Checks of days of report, or of versions."""
    if signal.kind == "reports":
        reports = store.reports(signal.name, as_of).filter(pl.col("stratum") == "")
        return [
            calendar.stopped_reports(reports, store.last_day(signal.name, as_of)),
            calendar.report_gaps(reports),
            revisions.of_reports(reports),
            revisions.negative_reports(reports),
            _unit_of_reports(reports, panel),
        ]
    versions = store.versions(signal.name, as_of)
    return [
        calendar.missing(panel),
        calendar.stopped(panel),
        calendar.new_places(panel),
        revisions.of_versions(versions),
        levels.unit(panel),
    ]


def _unit_of_reports(reports: pl.DataFrame, panel: Panel) -> Remark:
    if not revisions.cumulative_reports(reports):
        return levels.unit(panel)
    words = "the counts rise with each report day: cumulative instead of new reports?"
    spot = Spot("all places", 1, panel.dates[-1].item(), words)
    return Remark("unit", "warning", words, (spot,))


def _of_all(panel: Panel) -> list[Remark]:
    weekly = panel.weekly()
    shown = weekly if len(weekly.dates) >= 5 else panel
    return [
        levels.drops(_settled(shown, panel)),
        levels.level_change(_settled(shown, panel)),
        levels.negative(panel),
        levels.weekdays(panel),
        calendar.zeros(panel),
        calendar.history(panel),
        calendar.week53(panel),
        calendar.population(panel),
    ]


def _settled(weekly: Panel, panel: Panel) -> Panel:
    """Of reports the newest four weeks are still filling: a drop there is delay, not a fault."""
    if panel.step_days == WEEK or len(weekly.dates) < 9:
        return weekly
    return weekly.until(weekly.dates[-5].item())


def set_aside(store: Store, name: str) -> Remark:
    """The rows that imports set aside: duplicates, impossible days, unreadable values."""
    rows = _quarantine(store.folder / "quarantine" / name)
    counts = rows.group_by("reason").len().sort("len", descending=True)
    spots = [Spot("all places", int(n), None, str(reason)) for reason, n in counts.iter_rows()]
    words = f"rows were set aside; they lie in quarantine/{name} with file, row and reason"
    return found("rows set aside", spots, words, "imports set no row aside")


def _quarantine(folder: Path) -> pl.DataFrame:
    schema = {"file": pl.String, "row": pl.Int64, "reason": pl.String}
    files = sorted(folder.glob("*.csv"))
    frames = [pl.read_csv(path, schema=schema) for path in files]
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)
