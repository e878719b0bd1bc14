"""``nof1 surveillance activity``: level and trend of each region, for who lives there."""

from __future__ import annotations

import textwrap
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import WIDTH, common, table, tell
from nof1.core.errors import UsageError
from nof1.core.finding import NOTICE
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.surveillance.activity import Activity
    from nof1.surveillance.store import Store

REPORTS_COMING = 14  # days in which reports of a week still come, where no nowcast says how many
MOST_DAYS = 600
ROWS_SHOWN = 60
NAME = 16


@click.command()
@common
@click.argument("signal")
@click.option("--as-of", metavar="DATE", help="Nothing reported later is used [default: newest].")
@click.option("--since", metavar="DATE", help="With --out: also each week from this day on.")
@click.option(
    "--lag-days",
    type=click.IntRange(0, 60),
    help="Weeks that ended less than this ago are not used "
    "[default: 14 for reports without a nowcast, else 0].",
)
@click.option(
    "--season-month",
    type=click.IntRange(1, 12),
    default=7,
    show_default=True,
    help="Month with which a season begins.",
)
@click.option("--disease", help="Name in the codes [default: the signal's name].")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write exposures into, for nof1 ingest.",
)
def activity(
    workspace: str | None,
    as_json: bool,
    signal: str,
    as_of: str | None,
    since: str | None,
    lag_days: int | None,
    season_month: int,
    disease: str | None,
    out: Path | None,
) -> None:
    """Level (low to very high, against past seasons) and trend of SIGNAL in each place.

    --out writes a folder that nof1 ingest joins to the patients of each region. Run nowcast and
    transmission first, for the same day: then late reports are allowed for.
    """
    from nof1.surveillance import activity_files, answers
    from nof1.surveillance.store import FOLDER, Store

    found = open_workspace(workspace)
    store = Store(found.root / FOLDER)
    about = store.signal(signal)
    day = _date(as_of, "--as-of") or store.last_day(signal)
    first = _date(since, "--since")
    if first is not None and out is None:
        raise UsageError("--since needs --out.", where="--since", next_step="Add --out DIR.")
    asked = _Asked(store, signal, lag_days, season_month)
    now = asked.on(day)
    word = activity_files.disease_word(disease or signal)
    data = document(store, signal, day, now, synthetic=about.synthetic)
    data |= {"disease": word, "corrected": any(one.corrected for one in now)}
    answers.keep(store.folder, data)
    lines = [*_lines(data, about.words), *_checks(data)]
    if about.kind == "reports" and asked.lag and not data["corrected"]:
        lines += _hint(as_of or day.isoformat(), signal)
    if out is not None:
        days = [asked.on(one) for one in _weeks(first, day)]
        paths = activity_files.write(out, word, [*days, now], synthetic=about.synthetic)
        data["exposures"] = {"folder": str(out), "files": [path.name for path in paths]}
        lines += ["", f"Written: {len(paths)} day(s) of exposures to {out}"]
        lines += [f"Next step: nof1 ingest {out}"]
    tell(data, "\n".join([*lines, "", NOTICE]), as_json=as_json)


class _Asked:
    """One signal, asked about on several days."""

    def __init__(self, store: Store, signal: str, lag_days: int | None, season_month: int) -> None:
        from nof1.surveillance import answers

        self.store, self.signal, self.month = store, signal, season_month
        usual = REPORTS_COMING if store.signal(signal).kind == "reports" else 0
        self.lag = usual if lag_days is None else lag_days
        self.answers = answers.read(store.folder, signal)

    def on(self, day: date) -> list[Activity]:
        """The activity of every place as known on a day."""
        from nof1.surveillance.activity import activity as of_panel

        return of_panel(
            self.store.panel(self.signal, day),
            lag_days=self.lag,
            season_month=self.month,
            nowcast=self.answers.get("nowcast"),
            transmission=self.answers.get("transmission"),
        )


def document(
    store: Store, signal: str, day: date, found: list[Activity], *, synthetic: bool
) -> dict[str, Any]:
    """The JSON form, ``nof1/surveillance-activity/1``: levels, rows, what was not checked."""
    from nof1.surveillance import documents
    from nof1.surveillance.activity import LEVELS, NOT_KNOWN

    open_questions = Counter(
        (what, reason)
        for one in found
        for what, reason in (("level", one.level_reason), ("trend", one.trend_reason))
        if reason
    )
    head = documents.head(
        "activity",
        signal,
        day,
        synthetic=synthetic,
        places=store.describe(signal, day),
        notes=["The level compares a place with its own past, not with other places."],
        not_checked=[
            {"what": f"{what} in {count} places", "reason": why, "resolve": _resolve(what)}
            for (what, why), count in open_questions.items()
        ],
    )
    return {**head, "levels": [*LEVELS, NOT_KNOWN], "rows": [_row(one) for one in found]}


def _resolve(what: str) -> str:
    if what == "level":
        return "Import older seasons, newer reports, or ask for larger places."
    return "Wait for more cases, import newer reports, or ask for larger places."


def _row(one: Activity) -> dict[str, Any]:
    def rounded(number: float | None, digits: int) -> float | None:
        return None if number is None else round(number, digits)

    limits = one.thresholds
    names = ("moderate", "high", "very_high")
    return {
        "place": one.place,
        "known_on": one.known_on.isoformat(),
        "week_end": one.week.isoformat() if one.week else None,
        "level": one.level,
        "trend": one.trend,
        "cases": rounded(one.cases, 1),
        "incidence": rounded(one.incidence, 2),
        "thresholds": None
        if limits is None
        else {name: round(limit, 1) for name, limit in zip(names, limits, strict=True)},
        "seasons": one.seasons,
        "probability_growing": rounded(one.growing, 4),
        "growth_per_week": rounded(one.growth, 4),
        "level_reason": one.level_reason,
        "trend_reason": one.trend_reason,
    }


def _lines(data: dict[str, Any], words: str) -> list[str]:
    names = {place["id"]: place["name"] or "" for place in data["places"]}
    order = data["levels"]
    rows = sorted(data["rows"], key=lambda row: (order.index(row["level"]) * -1, row["place"]))
    rows.sort(key=lambda row: row["level"] == order[-1])  # what is not known comes last
    head = f"Activity of {words}, as reported up to {data['as_of']}"
    shown = [
        [
            row["place"],
            names.get(row["place"], "")[:NAME],
            row["level"],
            row["trend"],
            _number(row["cases"]),
            _number(row["incidence"]),
            row["week_end"] or "",
        ]
        for row in rows[:ROWS_SHOWN]
    ]
    columns = ("place", "name", "level", "trend", "cases", "per 100k", "week to")
    lines = [f"{head:<{WIDTH - 16}}{'SYNTHETIC DATA':>16}" if data["synthetic"] else head, ""]
    lines += table(shown, columns, right="45").splitlines()
    if len(rows) > ROWS_SHOWN:
        lines.append(f"... and {len(rows) - ROWS_SHOWN} more (--json shows all)")
    return lines


def _checks(data: dict[str, Any]) -> list[str]:
    lines = [""]
    for one in data["not_checked"]:
        lines += textwrap.wrap(
            f"Not known: {one['what']}: {one['reason']}. {one['resolve']}",
            WIDTH,
            subsequent_indent="  ",
        )
    for note in data["notes"]:
        lines += textwrap.wrap(f"Note: {note}", WIDTH, subsequent_indent="  ")
    return lines


def _hint(day: str, signal: str) -> list[str]:
    text = "No nowcast of this day was found, so newer weeks were left out. For them, run: "
    return textwrap.wrap(f"{text}nof1 surveillance nowcast {signal} --as-of {day}", WIDTH)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _date(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "The day cannot be read.", where=option, allowed="YYYY-MM-DD, for example 2024-01-10"
        ) from None


def _weeks(first: date | None, last: date) -> list[date]:
    """Every seventh day back from ``last`` (left out) to ``first``, ascending."""
    if first is None:
        return []
    if not first <= last or (last - first).days > MOST_DAYS:
        raise UsageError(
            "The days from --since on are too many, or none.",
            where="--since",
            allowed=f"at most {MOST_DAYS} days before {last}",
        )
    days = [last - timedelta(days=back) for back in range(7, (last - first).days + 1, 7)]
    return days[::-1]
