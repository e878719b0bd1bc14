"""The as-of store: every number of a signal as it was known on any day.

    surveillance/
      places.parquet            place, name, population, latitude, longitude
      map.geojson               borders, each feature's id is a place
      signals/<name>/signal.json       what the signal is; names the generation in use
      signals/<name>/rows-<n>.parquet  the rows (reports or versions, see below)
      signals/<name>/base-<n>.parquet  what the newest file said; imports compare with it
      quarantine/<name>/*.csv          rows that were not taken: file, row, reason
      answers/<name>/<command>.json    see ``answers``

Two kinds of rows:

* *reports* (line lists, reporting triangles): place, stratum, date, reported, count, outbreak.
  ``count`` is how many NEW reports about ``date`` came in on ``reported``; negative = taken back.
  As of day d: the rows with ``reported <= d``.
* *versions* (tables of values): place, stratum, date, value, known_on. As of day d: for each
  (place, stratum, date) the newest row with ``known_on <= d``. Only changes are stored.

Rows are only ever added, and never with a day before that on which the place was last known, so
what was known on day d stays as it was (see ``intake.merge``).
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.surveillance.series import WEEK, Panel, calendar

Kind = Literal["reports", "versions"]
FOLDER = "surveillance"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KNOWN = {"reports": "reported", "versions": "known_on"}
REPORTS = {
    "place": pl.String,
    "stratum": pl.String,
    "date": pl.Date,
    "reported": pl.Date,
    "count": pl.Int64,
    "outbreak": pl.Int64,
}
VERSIONS = {
    "place": pl.String,
    "stratum": pl.String,
    "date": pl.Date,
    "value": pl.Float64,
    "known_on": pl.Date,
}
PLACES = {
    "place": pl.String,
    "name": pl.String,
    "population": pl.Float64,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
}


@dataclass(frozen=True)
class Signal:
    """What is counted, and how.

    Attributes
    ----------
    name : the word used on the command line and as a folder.
    unit : UCUM unit of a value; ``"1"`` for counts, ``"%"`` for a share.
    step_days : 1 for days, 7 for weeks.
    kind : ``"reports"`` or ``"versions"``, see the module.
    synthetic : no real people are behind the numbers.
    title : words for people, for example ``"influenza admissions"``.
    strata : age groups or other parts; empty when there are none.
    own_total : the files gave a total beside the strata (stratum ``""``); else it is their sum.
    known : the newest known day of each place: nothing is added before it.
    generation : which files of rows are in use.
    """

    name: str
    unit: str = "1"
    step_days: int = 1
    kind: Kind = "versions"
    synthetic: bool = False
    title: str = ""
    strata: tuple[str, ...] = ()
    own_total: bool = False
    known: dict[str, str] = field(default_factory=dict, repr=False)
    generation: int = 0

    @property
    def words(self) -> str:
        """The title, or the name where there is none."""
        return self.title or self.name


def checked_name(name: str) -> str:
    """The name, when it can be a folder on every system.

    Raises
    ------
    UsageError : it cannot.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            "The signal's name has characters that are not allowed.",
            where="--signal",
            allowed="1 to 64 letters, digits, '.', '_' or '-', not beginning with a mark",
        )
    return name


class Store:
    """The signals of one folder, usually ``workspace.root / "surveillance"``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """The folder of a signal."""
        return self.folder / "signals" / checked_name(name)

    def signals(self) -> list[Signal]:
        """All signals by name."""
        found = sorted((self.folder / "signals").glob("*/signal.json"))
        return [self.signal(path.parent.name) for path in found]

    def signal(self, name: str) -> Signal:
        """What is known about a signal.

        Raises
        ------
        UsageError : there is no such signal; the message lists those there are.
        WorkspaceError : its description is damaged.
        """
        path = self.path(name) / "signal.json"
        try:
            about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return Signal(**{**about, "strata": tuple(about["strata"])})
        except FileNotFoundError:
            there = [one.name for one in self.signals()]
            raise UsageError(
                f"There is no signal {name!r} in this workspace.",
                where="signal",
                allowed=there or "none was imported yet",
                next_step=f"Bring one in: nof1 surveillance import FILE --signal {name}",
            ) from None
        except (ValueError, TypeError, KeyError, OSError):
            raise WorkspaceError(
                "The description of a signal is damaged.",
                where=f"signals/{name}/signal.json",
                next_step="Restore it from a backup, or delete the folder and import again.",
            ) from None

    def has(self, name: str) -> bool:
        """Is there a signal of this name?"""
        return (self.path(name) / "signal.json").is_file()

    def rows(self, name: str, as_of: date | None = None) -> pl.LazyFrame:
        """The stored rows known on ``as_of`` (all when None), in the columns of the kind.

        Raises
        ------
        WorkspaceError : their file is missing.
        """
        signal = self.signal(name)
        path = self.path(name) / f"rows-{signal.generation}.parquet"
        if not path.is_file():
            raise WorkspaceError(
                "The rows of a signal are missing.",
                where=f"signals/{name}/{path.name}",
                next_step="Restore the file from a backup, or delete the folder and import again.",
            )
        rows = pl.scan_parquet(path)
        return rows if as_of is None else rows.filter(pl.col(KNOWN[signal.kind]) <= as_of)

    def known_days(self, name: str) -> list[date]:
        """The days on which something became known, ascending."""
        column = KNOWN[self.signal(name).kind]
        return self.rows(name).select(pl.col(column).unique().sort()).collect()[column].to_list()

    def last_day(self, name: str, as_of: date | None = None) -> date:
        """The newest day on which something became known, not after ``as_of``.

        Raises
        ------
        InputError : nothing was known by then, or the day has not come yet.
        """
        column = KNOWN[self.signal(name).kind]
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)  # it has begun in the far east
        if as_of is not None and as_of > tomorrow:
            raise InputError(
                f"Nobody can know yet what will be known on {as_of}.",
                where=name,
                allowed=f"days up to {tomorrow}",
            )
        last = self.rows(name, as_of).select(pl.col(column).max()).collect().item()
        if not isinstance(last, date):
            first = self.rows(name).select(pl.col(column).min()).collect().item()
            raise InputError(
                f"Nothing of this signal was known{f' on {as_of}' if as_of else ' so far'}.",
                where=name,
                allowed=f"days from {first} on" if first else "a file with at least one value",
                next_step="Ask for a later day." if first else "Import a file with values.",
            )
        return last

    def reports(self, name: str, as_of: date | None = None) -> pl.DataFrame:
        """The reports known on ``as_of``: place, stratum, date, reported, count.

        Stratum ``""`` is always the total over all strata; the rows of the strata stand beside it.

        Raises
        ------
        UsageError : the signal holds values without days of report.
        """
        signal = self._of_kind(name, "reports")
        rows = self.rows(name, as_of).select("place", "stratum", "date", "reported", "count")
        if signal.strata and not signal.own_total:
            rows = pl.concat([_total(rows, ["place", "date", "reported"], "count"), rows])
        return rows.sort("place", "stratum", "date", "reported").collect()

    def outbreaks(self, name: str, as_of: date | None = None) -> pl.DataFrame:
        """Cases that the files marked as part of a known outbreak: place, stratum, date, count.

        Empty when the files have no such mark.
        """
        self._of_kind(name, "reports")
        keys = ["place", "stratum", "date"]
        rows = self.rows(name, as_of).group_by(keys).agg(pl.col("outbreak").sum().alias("count"))
        return rows.filter(pl.col("count") != 0).sort(keys).collect()

    def versions(self, name: str, as_of: date | None = None) -> pl.DataFrame:
        """Every stored version known on ``as_of``: place, stratum, date, value, known_on.

        Raises
        ------
        UsageError : the signal holds reports, not versions.
        """
        self._of_kind(name, "versions")
        return self.rows(name, as_of).collect()

    def _of_kind(self, name: str, kind: Kind) -> Signal:
        signal = self.signal(name)
        if signal.kind != kind:
            has = "days of report" if kind == "reports" else "versions of values"
            raise UsageError(
                f"The signal {name!r} has no {has}.",
                where="signal",
                allowed=f"a signal of the kind {kind!r}",
                next_step="Import a line list, or counts with a column of report days."
                if kind == "reports"
                else "Use the reports of this signal.",
            )
        return signal

    def panel(
        self, name: str, as_of: date | None = None, stratum: str = "", weekly: bool = False
    ) -> Panel:
        """The values as known on ``as_of`` (None: the newest known day), times x places.

        Reports are summed by date, and a day without reports is 0; the last day is the newest
        report day. Of versions a missing value is NaN. ``weekly`` sums days to whole weeks that
        end on Saturday. All strata have the same dates and places.

        Raises
        ------
        InputError : nothing was known by then, or there is no such stratum.
        """
        signal = self.signal(name)
        known = self.last_day(name, as_of)
        if stratum and stratum not in signal.strata:
            raise InputError(
                "The signal has no such stratum.",
                where=name,
                allowed=", ".join(signal.strata) or "none: the signal has no strata",
            )
        last = known if signal.kind == "reports" else None
        panel = self._panel(signal, as_of, stratum, last)
        return panel.weekly() if weekly else panel

    def _values(self, signal: Signal, as_of: date | None, stratum: str) -> pl.LazyFrame:
        """One value for each place and date: place, date, value."""
        rows = self.rows(signal.name, as_of)
        adds = not stratum and bool(signal.strata) and not signal.own_total
        if not adds:
            rows = rows.filter(pl.col("stratum") == stratum)
        if signal.kind == "reports":
            return rows.group_by("place", "date").agg(pl.col("count").sum().alias("value"))
        keys = ["place", "date", "stratum"] if adds else ["place", "date"]
        newest = rows.group_by(keys).agg(pl.col("value").sort_by("known_on").last())
        if not adds:
            return newest
        # a total with a missing part is missing: part of a sum is not a small sum
        parts = newest.group_by("place").agg(pl.col("stratum").n_unique().alias("parts"))
        sums = newest.group_by("place", "date").agg(
            pl.col("value").sum(), pl.col("value").count().alias("there")
        )
        whole = pl.when(pl.col("there") == pl.col("parts")).then("value").alias("value")
        return sums.join(parts, on="place").select("place", "date", whole)

    def _panel(self, signal: Signal, as_of: date | None, stratum: str, last: date | None) -> Panel:
        """The panel of a stratum, on the dates and places of all strata."""
        rows = self._values(signal, as_of, stratum).collect()
        whole = self.rows(signal.name, as_of)
        places = whole.select(pl.col("place").unique().sort()).collect()["place"]
        ends = whole.select(first=pl.col("date").min(), newest=pl.col("date").max()).collect()
        first, newest = ends.row(0)
        dates = calendar(first, last or newest, signal.step_days)
        fill = 0.0 if signal.kind == "reports" else np.nan
        values = np.full((len(dates), len(places)), fill)
        number = {place: at for at, place in enumerate(places)}
        if len(dates):
            # a week that is not over on the newest report day is not shown yet
            rows = rows.filter(pl.col("date") <= dates[-1].item())
            down = (rows["date"].to_numpy() - dates[0]).astype("timedelta64[D]").astype(int)
            across = rows["place"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
            values[down // signal.step_days, across] = rows["value"].cast(pl.Float64).to_numpy()
        about = pl.DataFrame({"place": places}).join(self.places(), on="place", how="left")
        about = about.sort("place")
        people = about["population"].to_numpy().astype(float)
        names = tuple(a or b for a, b in zip(about["name"], about["place"], strict=True))
        return Panel(
            signal=signal.words,
            dates=dates,
            places=tuple(places),
            values=values,
            known_on=as_of or self.last_day(signal.name),
            step_days=signal.step_days,
            population=None if np.isnan(people).all() else people,
            names=names,
            unit=signal.unit,
        )

    def places(self) -> pl.DataFrame:
        """What is known of places: place, name, population, latitude, longitude (null = unknown).

        Empty when no list of places was imported.
        """
        path = self.folder / "places.parquet"
        return pl.read_parquet(path) if path.is_file() else pl.DataFrame(schema=PLACES)

    def map(self) -> Path | None:
        """The GeoJSON file of borders, or None."""
        path = self.folder / "map.geojson"
        return path if path.is_file() else None

    def describe(self, name: str, as_of: date | None = None) -> list[dict[str, Any]]:
        """The places of a signal for ``documents.head``: id, name, population."""
        there = self.rows(name, as_of).select(pl.col("place").unique().sort()).collect()
        rows = there.join(self.places(), on="place", how="left").sort("place")
        kept = rows.select(pl.col("place").alias("id"), "name", "population")
        return kept.to_dicts()


def about(signal: Signal) -> dict[str, Any]:
    """A signal as the JSON of its description."""
    return {**asdict(signal), "strata": list(signal.strata)}


def _total(rows: pl.LazyFrame, keys: list[str], value: str) -> pl.LazyFrame:
    names = rows.collect_schema().names()
    return rows.group_by(keys).agg(pl.col(value).sum(), stratum=pl.lit("")).select(names)


__all__ = ["FOLDER", "WEEK", "Kind", "Signal", "Store", "about", "checked_name"]
