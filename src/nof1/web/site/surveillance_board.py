"""What the surveillance pages know of a series on a day: kept answers, reports, revisions.

Nothing here forecasts or estimates: ``nof1 surveillance`` does, and keeps its answers in the
workspace. An answer that was worked out as of a later day than the one asked for is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from nof1.core.errors import InputError, UsageError
from nof1.pictures import atlas
from nof1.pictures.views.surveillance_data import COMMANDS, TOTALS, Report, day_of
from nof1.surveillance import answers
from nof1.surveillance.series import WEEK, Panel
from nof1.surveillance.store import FOLDER, NAME, Signal, Store
from nof1.web.site.house import House
from nof1.web.site.page import Missing
from nof1.web.site.surveillance_small import SPANS, discreet, suppressed, without_small

NAMES = (*COMMANDS, "activity")
LARGEST_MAP = 30_000_000
WEEKS, KEPT_WEEKS = 40, 60  # of history that a curve of weeks shows, and that a board keeps
COUNTS = "1"  # the unit of counts; shares have no small cells
NEXT = "Bring one in: nof1 surveillance import FILE --signal NAME"


@dataclass(frozen=True)
class Board:
    """One series as known on a day.

    Attributes
    ----------
    signal : what is counted. as_of : nothing that became known later is on the board.
    documents : command -> its kept answer, small cells taken out (``discreet``).
    later : command -> as of when its answer was worked out, after ``as_of``: it is not shown.
    panel, before : weeks as known on ``as_of`` and seven days before; None: nothing was known.
    mark : changes when any file behind it changes.
    """

    signal: Signal
    as_of: date
    documents: Mapping[str, Mapping[str, Any]]
    later: Mapping[str, date]
    panel: Panel | None
    before: Panel | None
    mark: str = field(repr=False, default="")

    @cached_property
    def report(self) -> Report:
        """The answers side by side."""
        data = {"signal": self.signal.name, "title": self.signal.words, "only": []}
        return Report.of({**data, "documents": self.documents})

    @property
    def asked(self) -> dict[str, date]:
        """Command -> as of when its answer, which is shown, was worked out."""
        return {name: day_of(one["as_of"]) for name, one in self.documents.items()}

    @property
    def synthetic(self) -> bool:
        """Whether no real people are behind the numbers."""
        return self.signal.synthetic

    def weeks(self, place: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Past and future of a place by whole weeks, for one chart; small counts are gaps."""
        past = self.report.observed(place) or _of_panel(self.shown, place)
        return past, self.report.ahead(place, past[-1]["date"] if past else None)

    @cached_property
    def shown(self) -> Panel | None:
        """The weeks with small counts of single places as gaps (NaN)."""
        return self._without_small(self.panel)

    @cached_property
    def shown_before(self) -> Panel | None:
        """The same as known seven days before."""
        return self._without_small(self.before)

    def _without_small(self, panel: Panel | None) -> Panel | None:
        return panel if panel is None or self.signal.unit != COUNTS else without_small(panel)

    def small(self, place: str, value: float | None) -> bool:
        """Whether a number of a place is a count that is too small to be shown."""
        return self.signal.unit == COUNTS and place not in TOTALS and suppressed(value)

    @cached_property
    def places(self) -> dict[str, str]:
        """Identifier of each place -> its words."""
        found = {place: self.report.name(place) for place in self.report.places}
        if not found and self.panel is not None:
            found = {one: self.panel.name(one) for one in self.panel.places if one not in TOTALS}
        return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))


def store_of(house: House) -> Store:
    """The as-of store of the workspace."""
    return Store(house.workspace.root / FOLDER)


def names(house: House) -> list[str]:
    """Names of all series: those with rows, and those with kept answers alone."""
    store = store_of(house)
    kept = {one.name for one in (store.folder / answers.ANSWERS).glob("*") if one.is_dir()}
    rows = {one.parent.name for one in (store.folder / "signals").glob("*/signal.json")}
    return sorted(one for one in kept | rows if NAME.fullmatch(one))


def board(house: House, name: str, as_of: str = "") -> Board:
    """A series as known on a day (text; empty: the day of its newest answer).

    Raises
    ------
    Missing : there is no such series. UsageError : this is no day, or nothing was known by then.
    """
    if name not in names(house):
        raise Missing("There is no series of this name.", NEXT)
    store = store_of(house)
    mark = _mark(store, name)
    kept = house.kept(("answers", name), lambda: _answers(store, name), mark)
    chosen = parsed(as_of) if as_of else _usual(store, name, kept)
    return house.kept(
        ("board", name, chosen), lambda: _board(store, name, kept, chosen, mark), mark
    )


def parsed(text: str) -> date:
    """A day from an address.

    Raises
    ------
    UsageError : it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("This is no day.", where="as_of", allowed="YYYY-MM-DD") from None


def sheet(house: House, made: Board) -> atlas.Atlas | None:
    """The outlines to draw on: the workspace's map, the United States', or none."""
    path = store_of(house).map()
    places = {place: made.report.names.get(place) for place in made.report.places}
    if path is not None:
        return house.kept("atlas", lambda: atlas.from_geojson(_geojson(path)), _stamp(path))
    return atlas.us_atlas(list(places)) if places and atlas.is_us(places) else None


def revised(made: Board, weeks: int = 8) -> list[dict[str, Any]]:
    """What became of the newest weeks in the last seven days: week, before, now (all places)."""
    now, then = made.panel, made.before
    if now is None or then is None:
        return []
    old = dict(zip(then.dates.tolist(), _sums(then), strict=True))
    rows = []
    for day, value in list(zip(now.dates.tolist(), _sums(now), strict=True))[-weeks:]:
        was = old.get(day)
        change = None if was is None or value is None else value - was
        rows.append({"week_to": day.isoformat(), "before": was, "now": value, "change": change})
    return rows[::-1]


def _sums(panel: Panel) -> list[float | None]:
    """Sums over places; a place that is the sum itself (US, TOTAL) is taken alone."""
    whole = [at for at, place in enumerate(panel.places) if place in TOTALS]
    values = panel.values[:, whole[:1]] if whole else panel.values
    return [None if np.isnan(row).all() else float(np.nansum(row)) for row in values]


def _of_panel(panel: Panel | None, place: str) -> list[dict[str, Any]]:
    if panel is None or place not in (*panel.places, *TOTALS):
        return []
    values = (
        panel.values[:, panel.places.index(place)].tolist()
        if place in panel.places
        else _sums(panel)
    )
    empty = dict.fromkeys(("estimate", *SPANS, "complete"))
    rows = []
    for day, value in list(zip(panel.dates.tolist(), values, strict=True))[-WEEKS:]:
        known = None if value is None or np.isnan(value) else float(value)
        rows.append({"date": day, "reported": known, **empty})
    return rows


def _board(
    store: Store, name: str, kept: Mapping[str, Mapping[str, Any]], as_of: date, mark: str
) -> Board:
    shown = {key: one for key, one in kept.items() if day_of(one["as_of"]) <= as_of}
    hidden = {key: day_of(one["as_of"]) for key, one in kept.items() if key not in shown}
    about = store.signal(name) if store.has(name) else Signal(name)
    if not store.has(name) and shown:
        about = Signal(name, synthetic=any(one.get("synthetic") for one in shown.values()))
    now, before = (_panel(store, name, as_of - timedelta(days=back)) for back in (0, WEEK))
    if now is None and not shown:
        raise UsageError(
            "Nothing of this series was known on this day.",
            where=as_of.isoformat(),
            next_step="Ask for a later day.",
        )
    return Board(about, as_of, shown, hidden, now, before, mark)


def _panel(store: Store, name: str, as_of: date) -> Panel | None:
    """Weeks as known on a day; None where nothing was known, or no week was over."""
    if not store.has(name):
        return None
    try:
        found = store.panel(name, as_of=as_of, weekly=True)
    except InputError:
        return None
    kept = slice(-KEPT_WEEKS, None)
    part = replace(found, dates=found.dates[kept], values=found.values[kept])
    return part if len(part.dates) else None


def history(house: House, made: Board) -> Panel | None:
    """All weeks of the series as known on the board's day; None: nothing was known."""
    store, name = store_of(house), made.signal.name

    def read() -> Panel | None:
        try:
            return store.panel(name, as_of=made.as_of, weekly=True) if store.has(name) else None
        except InputError:
            return None

    return house.kept(("history", name, made.as_of), read, made.mark)


def _usual(store: Store, name: str, kept: Mapping[str, Mapping[str, Any]]) -> date:
    """The day of the newest answer; without any, the last day on which something became known."""
    days = [day_of(one["as_of"]) for one in kept.values()]
    return max(days) if days else store.last_day(name)


def _answers(store: Store, name: str) -> dict[str, dict[str, Any]]:
    """The kept answers, small cells taken out.

    Raises
    ------
    InputError : one is damaged.
    """
    found = {}
    counts = not store.has(name) or store.signal(name).unit == COUNTS
    for command in NAMES:
        path = store.folder / answers.ANSWERS / name / f"{command}.json"
        if not path.is_file():
            continue
        try:
            document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            day_of(document["as_of"])
        except (msgspec.DecodeError, OSError, KeyError, UnicodeDecodeError, RecursionError):
            raise InputError(
                "A kept answer is damaged.",
                where=f"{answers.ANSWERS}/{name}/{path.name}",
                next_step="Delete the file and run the command again.",
            ) from None
        found[command] = discreet(document) if counts and command != "allocation" else document
    return found


def _geojson(path: Path) -> Any:
    if path.stat().st_size > LARGEST_MAP:
        raise InputError("The map is too large for a page.", where=path.name, allowed="30 MB")
    try:
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("The map is not JSON.", where=path.name, allowed="GeoJSON") from None


def _mark(store: Store, name: str) -> str:
    """Stands for all files behind a series."""
    files: Sequence[Path] = sorted((store.folder / answers.ANSWERS / name).glob("*.json"))
    about = (store.folder / "signals" / name / "signal.json", store.folder / "places.parquet")
    return " ".join(_stamp(one) for one in (*files, *about) if one.is_file())


def _stamp(path: Path) -> str:
    found = path.stat()
    return f"{path.name}:{found.st_mtime_ns}:{found.st_size}"
